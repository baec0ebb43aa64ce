"""`adlcalc report`: a page with figures.

Public: register, report, EXAMPLE.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.asking import OWN, Unknown, comparison, one_of
from adlcalc.cli import options
from adlcalc.cli.completion import scenario_files
from adlcalc.cli.exits import INTERRUPTED, RAN, UNUSABLE, explain, note, say
from adlcalc.ground.output import Inputs, OutputError, write

if TYPE_CHECKING:
    from adlcalc.report.compare_view import Comparison
    from adlcalc.report.html.written import Told
    from adlcalc.report.run import Run
    from adlcalc.scenario import Loaded

EXAMPLE = """\b
Examples:
  adlcalc report scenarios/04-fund-half-absorbs.yaml -o page.html
  adlcalc report scenarios/21-who-pays.yaml --compare queue,haircut -o page.html"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report", epilog=EXAMPLE, short_help="Make a page with figures.", no_args_is_help=True)(
        report
    )


def report(
    files: options.Files,
    output: options.Output = None,
    figures: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Write each figure there as well, as Vega-Lite specification, SVG and PNG, and all of them as one picture.",
            autocompletion=scenario_files,
        ),
    ] = None,
    venue: options.Venue = None,
    sets: options.Sets = None,
    accounts: Annotated[
        list[str] | None,
        typer.Option(
            "--account", metavar="ID", help="Show this account over time and mark it everywhere. Repeatable."
        ),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Who pays under these policies or rulebooks; all: every policy that applies.",
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Make one HTML page of one or several scenarios: a verdict, figures, and below each its numbers. It runs
    no script, loads nothing, and is light, dark or paper as its reader likes.

    Needs the extra: pip install 'adlcalc[report]'."""
    raise typer.Exit(
        _work(files, output, figures, venue, tuple(sets or ()), tuple(accounts or ()), compare, quiet)
    )


def _work(
    files: Sequence[str],
    output: str | None,
    folder: str | None,
    venue: str | None,
    sets: Sequence[str],
    accounts: Sequence[str],
    compare: str | None,
    quiet: bool,
) -> int:
    """Nothing is written unless every file could be used."""
    from adlcalc.report.html.extra import MissingExtra, is_there

    if not is_there():
        say(f"adlcalc: {MissingExtra()}")
        return UNUSABLE
    file = files[0]
    try:
        told = []
        with Inputs(output).collected() as inputs:
            inputs.add(files)
            for file in files:
                told.append(_told(file, venue, sets, accounts, compare, quiet))
            from adlcalc import __version__
            from adlcalc.report.html.written import page

            text = page(told, __version__) if output is not None or not quiet else ""
        if folder is not None:
            _figures(told, folder, inputs)
        if text:
            write(text, output, inputs)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (OutputError, Unknown) as error:
        say(f"adlcalc: {error}")
        return UNUSABLE
    except Exception as error:
        return explain(error, file)
    return RAN


def _told(
    file: str,
    venue: str | None,
    sets: Sequence[str],
    accounts: Sequence[str],
    compare: str | None,
    quiet: bool,
) -> Told:
    """Run a scenario and draw it."""
    from adlcalc.cli.progress import through
    from adlcalc.engine.loop import run as run_engine
    from adlcalc.engine.waterfall.state import Observer
    from adlcalc.report import Run
    from adlcalc.report.charts import figures
    from adlcalc.report.html.written import Told
    from adlcalc.scenario import load
    from adlcalc.study.ladder import WATCHED, Ladders, Together
    from adlcalc.study.watch import Watch

    loaded = load(file, sets=tuple(sets), venue=venue)
    if not quiet:
        note(loaded)
    scenario = loaded.scenario
    for name in accounts:
        one_of("account", name, (one.id for one in scenario.accounts))
    ladders, watch = Ladders(), Watch(accounts, accounts) if accounts else None
    looking: list[Observer] = [ladders] if len(scenario.accounts) <= WATCHED else []
    looking += [watch] if watch is not None else []
    events = run_engine(scenario, observer=Together(looking) if looking else None)
    changed = [*(("--venue", venue) if venue is not None else ()), *(w for s in sets for w in ("--set", s))]
    run: Run = Run(
        scenario,
        through(quiet)(events, scenario.path.steps),
        file=loaded.file,
        options=changed,
        watch=watch,
        named=tuple(dict.fromkeys(accounts)),
    )
    compared = _compared(loaded, file, venue, sets, compare) if compare is not None else None
    return Told(run, figures(run, ladders=ladders.found, comparison=compared))


def _compared(loaded: Loaded, file: str, venue: str | None, sets: Sequence[str], names: str) -> Comparison:
    """The same scenario under the policies and rulebooks that are named; a name that is no policy is a
    rulebook."""
    from adlcalc.scenario import load
    from adlcalc.source.problems import closest_hint, quote
    from adlcalc.study.compare import ALL, named
    from adlcalc.venues.rulebook import shipped

    policies, venues = named(names)
    for name in venues:
        if name not in shipped() and not os.path.exists(name):
            known = (*ALL, *shipped())
            hint = (
                closest_hint(name, known) or "adlcalc venues lists rulebooks, adlcalc compare --help policies"
            )
            raise Unknown(f"--compare: there is no policy and no rulebook {quote(name)}\nhint: {hint}")
    loads = [load(file, sets=tuple(sets), venue=one) for one in venues] if venues else [loaded]
    chosen = policies if policies is not None else OWN if venues else None
    return comparison(loads, policies=chosen, accounts=True)


def _figures(told: Sequence[Told], folder: str, inputs: Inputs) -> None:
    """Each as NAME.vl.json, NAME.svg and NAME.png, and all of them on one sheet as page.svg and page.png; of
    several scenarios with its number before it."""
    import json

    from adlcalc.report.charts.figure import NARROW, WIDE
    from adlcalc.report.html.drawn import png, standalone
    from adlcalc.report.html.written import picture

    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from None
    for number, one in enumerate(told, 1):
        start = os.path.join(folder, f"{number}-page" if len(told) > 1 else "page")
        whole = picture(one)
        write(whole, f"{start}.svg", inputs, beside=True)
        write(png(whole), f"{start}.png", inputs, beside=True)
        for figure in one.figures:
            start = os.path.join(folder, f"{number}-{figure.name}" if len(told) > 1 else figure.name)
            spec = figure.spec(NARROW if figure.half else WIDE)
            text = json.dumps(spec, ensure_ascii=False, indent=1) + "\n"
            write(text, f"{start}.vl.json", inputs, beside=True)
            drawing = standalone(spec, figure.title, figure.description)
            write(drawing, f"{start}.svg", inputs, beside=True)
            write(png(drawing, 2), f"{start}.png", inputs, beside=True)
