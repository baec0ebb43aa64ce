"""`adlcalc compare`: one book and one path under several policies and rulebooks.

Public: register, compare, EXAMPLE.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.cli import options
from adlcalc.cli.completion import scenario_files
from adlcalc.cli.exits import RAN, UNUSABLE, note, say
from adlcalc.cli.single import Unknown, show
from adlcalc.ground.output import write

if TYPE_CHECKING:
    from adlcalc.engine.model import Scenario
    from adlcalc.report.compare_view import Comparison
    from adlcalc.report.page import Page
    from adlcalc.study.compare import Choice

OWN = "own"  # each venue under its own policy, where only venues are compared
EXAMPLE = """\b
Example:
  adlcalc compare scenarios/05-fund-empty-adl.yaml --policies queue,pro-rata"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare", epilog=EXAMPLE, short_help="Compare policies on one book.", no_args_is_help=True)(compare)


def compare(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="Scenario file; - is standard input.", autocompletion=scenario_files),
    ] = None,
    policies: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Policies, as NAME or NAME:ARGUMENT (queue:bitmex). Default: all of them."),
    ] = None,
    venues: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Rulebooks: names or paths. Default: the file's. Alone: each under its own policy."),
    ] = None,
    venue: options.Venue = None,
    sets: options.Sets = None,
    metrics: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Only these metrics, in one table. Default: all, in several.")
    ] = None,
    severity: Annotated[str, typer.Option(metavar="SHARE", help="The share of the loss that haircuts cover.")] = "1",
    markout: Annotated[int, typer.Option(metavar="N", min=0, help="After how many steps ADL fills are marked out.")] = 1,
    accounts: Annotated[bool, typer.Option("--accounts", help="Show what each account pays under each policy.")] = False,
    axioms: Annotated[
        bool, typer.Option("--axioms", help="Try out on this book: does splitting pay, does it scale, does it keep the order?")
    ] = False,
    explain: Annotated[
        str | None, typer.Option(metavar="METRIC", help="Print the definition and source of a metric, or of all.")
    ] = None,
    format: options.Format = options.TABLE,
    json: options.Json = False,
    output: options.Output = None,
    limit: options.Limit = options.ROWS,
    quiet: options.Quiet = False,
) -> None:
    """Compare policies: the same book and path under each, what it came to, how it is spread, what it leaves.

    Policies that close positions: queue[:SCORE], pro-rata, list-order, seeded-cycle[:SEED], top-n-pro-rata[:N],
    minimax-leverage. Policies that cut profits and close nothing: haircut (socialized), capped-haircut[:SHARE], levered-haircut,
    risk-weighted, risk-weighted-power[:EXPONENT], risk-weighted-tail[:LEVERAGE], integer-haircut, floored-gains,
    cash-queue[:SCORE], hybrid[:SHARE]. own: what the rulebook says.
    """
    if explain is not None:
        raise typer.Exit(_explain(explain))
    if file is None:
        raise typer.BadParameter("is needed unless --explain is given", param_hint="FILE")

    def page() -> Page:
        from adlcalc.report.compare_view import compare_page

        if venue is not None and venues is not None:
            raise Unknown("--venue and --venues do not go together: one is the file's rulebook, the others are compared")
        named = [venue] if venues is None else [name.strip() for name in venues.split(",")]
        choose = policies if policies is not None or venues is None else OWN
        share, shown = _severity(severity), _metrics(metrics)
        return compare_page(_compared(file, choose, named, sets or (), share, markout, accounts, axioms, shown), limit)

    raise typer.Exit(show(file, output, options.chosen(format, json), page, quiet=quiet))


def _explain(name: str) -> int:
    """The definition of one metric, or with 'all' of every one."""
    from adlcalc.report.text_writer import wrapped
    from adlcalc.source.problems import closest_hint, quote
    from adlcalc.study.metrics import METRICS, explanation

    if name != "all" and name not in METRICS:
        say(f"adlcalc: there is no metric {quote(name)}\nhint: {closest_hint(name, METRICS) or ', '.join(METRICS)}")
        return UNUSABLE
    names = METRICS if name == "all" else [name]
    write("\n\n".join(f"{each}\n{wrapped(explanation(each), indent=2)}" for each in names) + "\n", None)
    return RAN


def _metrics(text: str | None) -> tuple[str, ...]:
    """The metrics that were asked for."""
    from adlcalc.source.problems import closest_hint, quote
    from adlcalc.study.metrics import METRICS

    names = tuple(name.strip() for name in text.split(",")) if text is not None else ()
    for name in names:
        if name not in METRICS:
            hint = closest_hint(name, METRICS) or f"the metrics are {', '.join(METRICS)}"
            raise Unknown(f"there is no metric {quote(name)}\nhint: {hint}")
    return tuple(dict.fromkeys(names))


def _severity(text: str) -> Decimal:
    from adlcalc.source.number import NumberError, number_of

    try:
        found = number_of(text)
    except NumberError as error:
        raise Unknown(f"--severity {error.message}") from None
    if not 0 <= found <= 1:
        raise Unknown(f"--severity must be a fraction from 0 to 1, not {text}")
    return found


def _choices(text: str | None, scenario: Scenario) -> tuple[Choice, ...]:
    """The policies that were asked for: all that apply by default."""
    from adlcalc.source.problems import closest_hint
    from adlcalc.study.compare import PolicyError, applicable, choices_of

    try:
        return choices_of(text if text is not None else applicable(scenario))
    except PolicyError as error:
        hint = closest_hint(error.name, error.known) if error.known else ""
        raise Unknown(f"{error}" + (f"\nhint: {hint}" if hint else "")) from None


def _compared(
    file: str,
    policies: str | None,
    venues: Sequence[str | None],
    sets: Sequence[str],
    severity: Decimal,
    markout: int,
    accounts: bool,
    axioms: bool,
    shown: Sequence[str],
) -> Comparison:
    """Run the scenario under every venue and policy."""
    from adlcalc.report.compare_view import Comparison
    from adlcalc.scenario import load
    from adlcalc.scenario.currencies import ONE_SCENARIO_EACH, mingled
    from adlcalc.source.nodes import Place, Source
    from adlcalc.source.problems import fail
    from adlcalc.study.axioms import findings
    from adlcalc.study.compare import compare as compare_policies

    loads = [load(file, sets=tuple(sets), venue=name) for name in venues]
    scenario = loads[0].scenario
    several = mingled((m.name for m in scenario.markets), {m.name: m.settles for m in scenario.markets})
    if several:
        raise fail(Place(Source(file, "")), f"compare adds up the money of all accounts, and has {several}", ONE_SCENARIO_EACH)
    note(*loads)
    choices = _choices(policies, loads[0].scenario)
    results = [result for loaded in loads for result in compare_policies(loaded.scenario, choices, severity, markout)]
    found = {(r.venue, r.choice.label): findings(r.outcome.scenario, r.outcome) for r in results} if axioms else {}
    return Comparison(loads[0].scenario, loads[0].file, results, accounts, found, markout, shown)
