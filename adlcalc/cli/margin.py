"""`adlcalc margin`: how far every position is from its liquidation, without a path.

Public: register, margin, EXAMPLE.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.cli import options
from adlcalc.cli.exits import note
from adlcalc.cli.single import one_of, show, step_of

if TYPE_CHECKING:
    from adlcalc.report.margin_view import Margins
    from adlcalc.report.page import Page
    from adlcalc.scenario import Loaded

EXAMPLE = """\b
Example:
  adlcalc margin scenarios/09-hedged-account.yaml --account hedger"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    short = "Show liquidation prices and margin ratios."
    app.command("margin", epilog=EXAMPLE, short_help=short, no_args_is_help=True)(margin)


def margin(
    file: options.File,
    account: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this account's positions. Repeatable.")
    ] = None,
    step: options.Step = None,
    venue: options.Venue = None,
    sets: options.Sets = None,
    format: options.Format = options.TABLE,
    json: options.Json = False,
    output: options.Output = None,
    limit: options.Limit = options.ROWS,
    quiet: options.Quiet = False,
) -> None:
    """Show the liquidation price of every open position, its bankruptcy price, and the margin ratio of what it is liquidated
    with; nearest to liquidation first.

    It is how accounts stand at a step (0 where none is given), before anybody is liquidated at its marks: `prices` may be a
    single mark.
    """

    def page() -> Page:
        from adlcalc.report.margin_view import margin_page
        from adlcalc.scenario import load

        loaded = load(file, sets=tuple(sets or ()), venue=venue)
        if not quiet:
            note(loaded)
        return margin_page(_margins(loaded, step or "0", account or (), limit, quiet))

    raise typer.Exit(show(file, output, options.chosen(format, json), page, quiet=quiet))


def _margins(loaded: Loaded, at: str, accounts: Sequence[str], limit: int, quiet: bool) -> Margins:
    """Run the scenario up to the step and look at its margins."""
    from adlcalc.cli.progress import with_progress
    from adlcalc.engine.events import StepEnded
    from adlcalc.engine.loop import run
    from adlcalc.report.margin_view import Margins
    from adlcalc.study.health import Nearest

    scenario = loaded.scenario
    step = step_of(at, scenario.path.steps)
    for name in accounts:
        one_of("account", name, (one.id for one in scenario.accounts))
    nearest = Nearest(scenario, step, accounts, limit)
    events = run(scenario, observer=nearest)
    for event in events if quiet else with_progress(events, step + 1):
        if isinstance(event, StepEnded) and event.step == step:
            break
    marks = {market.name: scenario.path.marks[market.name][step] for market in scenario.markets}
    more = nearest.count - len(nearest.found)
    return Margins(scenario, loaded.file, step, marks, nearest.found, accounts, more)
