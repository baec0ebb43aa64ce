"""`adlcalc report`: a page with figures.

Public: register, report, EXAMPLE.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adlcalc.asking import Unknown
from adlcalc.cli import options
from adlcalc.cli.completion import scenario_files
from adlcalc.cli.exits import INTERRUPTED, RAN, UNUSABLE, explain, note, say
from adlcalc.ground.objects import no_collections
from adlcalc.ground.output import Inputs, OutputError, write
from adlcalc.ground.text import clean
from adlcalc.report.writers import ENDINGS

if TYPE_CHECKING:
    from adlcalc.engine.model import Scenario
    from adlcalc.report.html.written import Pictured
    from adlcalc.scenario import Loaded

EXAMPLE = """\b
Examples:
  adlcalc report 04-fund-half-absorbs -o page.html
  adlcalc report 21-who-pays --compare queue,haircut -o page.html"""


TABLES, PICTURES = "adlcalc run -o FILE writes the tables", "--figures DIR writes the pictures"
OTHERS = dict.fromkeys(ENDINGS, TABLES) | dict.fromkeys((".png", ".svg"), PICTURES)


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
            help="Write each figure there as well, as Vega-Lite specification, SVG and PNG, and all of them "
            "as one picture.",
            autocompletion=scenario_files,
        ),
    ] = None,
    venue: options.Venue = None,
    as_of: options.AsOf = None,
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
    solve: Annotated[
        str | None,
        typer.Option(
            metavar="fund", help="How large a fund keeps everybody from ADL, by how deep the crash is."
        ),
    ] = None,
    values: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=2,
            help="How many funds --solve tries at each mark: 100, of a large book fewer, and fewer marks.",
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The store of a sweep: how its measures are spread."),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", min=1, help="In how many processes --solve works.")
    ] = 1,
    quiet: options.Quiet = False,
) -> None:
    """Make one HTML page of one or several scenarios: a verdict, figures, and below each its numbers. It runs
    no script, loads nothing, and is light, dark or paper as its reader likes.

    Needs the extra: pip install 'adlcalc[report]'."""
    wanted = {
        "venue": venue,
        "as_of": as_of,
        "sets": tuple(sets or ()),
        "accounts": tuple(dict.fromkeys(accounts or ())),
        "compare": compare,
        "solve": solve,
        "values": values,
        "jobs": jobs,
        "store": store,
    }
    if output is None and sys.stdout.isatty():
        say("adlcalc: a page is a file\nhint: -o page.html, or > page.html")
        raise typer.Exit(UNUSABLE)
    if output and (other := OTHERS.get(os.path.splitext(output)[1].lower())):
        say(f"adlcalc: a page is HTML, and {clean(output)} is named as if it were not\nhint: {other}")
        raise typer.Exit(UNUSABLE)
    with no_collections():  # what it imports stays, and a page makes hardly any cycles
        exit_code = _work(files, output, figures, wanted, quiet)
    raise typer.Exit(exit_code)


def _work(
    files: Sequence[str], output: str | None, folder: str | None, wanted: Mapping[str, Any], quiet: bool
) -> int:
    """Nothing is written unless every file could be used."""
    from adlcalc.report.html.extra import MissingExtra, is_there

    if not is_there():
        say(f"adlcalc: {MissingExtra()}")
        return UNUSABLE
    from adlcalc import __version__
    from adlcalc.cli.progress import foretell, through
    from adlcalc.report.html.written import page
    from adlcalc.reporting import Wanted, told

    file, found = files[0], []

    def foretold(scenario: Scenario, runs: int) -> None:
        foretell(quiet, scenario, runs, "--values makes them fewer")

    try:
        with Inputs(output).collected() as inputs:
            inputs.add(files)
            for file in files:
                said = _silent if quiet else note
                found.append(
                    told(file, Wanted(**wanted), note=said, through=through(quiet), foretell=foretold)
                )
            text = page(found, __version__) if output is not None or not quiet else ""
        if folder is not None:
            _figures(found, folder, inputs)
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


def _silent(loaded: Loaded) -> None:
    """Nothing is to be said."""


def _figures(told: Sequence[Pictured], folder: str, inputs: Inputs) -> None:
    """Each as NAME.vl.json, NAME.svg and NAME.png, and all of them on one sheet as page.svg and page.png; of
    several scenarios with its number before it."""
    import json

    from adlcalc.report.charts.alone import alone
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
        for figure in one.drawn:
            start = os.path.join(folder, f"{number}-{figure.name}" if len(told) > 1 else figure.name)
            spec = alone(figure)
            text = json.dumps(spec, ensure_ascii=False, indent=1) + "\n"
            write(text, f"{start}.vl.json", inputs, beside=True)
            drawing = standalone(spec, figure.title, figure.description)
            write(drawing, f"{start}.svg", inputs, beside=True)
            write(png(drawing, 2), f"{start}.png", inputs, beside=True)
