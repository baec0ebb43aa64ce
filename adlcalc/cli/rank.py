"""`adlcalc rank`: the queue of each market and side, with its reasons.

Public: rank, EXAMPLE.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.cli.batch import Format
from adlcalc.cli.completion import scenario_files, venue_names
from adlcalc.cli.single import Unknown, one_of, work

if TYPE_CHECKING:
    from adlcalc.report.rank_view import Page
    from adlcalc.scenario import Loaded

EXAMPLE = """\b
Example:
  adlcalc rank scenarios/13-bitmex-queue.yaml --side long --account account-4"""


class Side(StrEnum):
    """The side of the positions that stand in a queue."""

    long = "long"
    short = "short"


def rank(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Scenario file; - is standard input.", autocompletion=scenario_files)
    ],
    at: Annotated[str, typer.Option(metavar="STEP", help="At which step: 0, 1, ... or last.")] = "last",
    market: Annotated[str | None, typer.Option(metavar="NAME", help="Only this market.")] = None,
    side: Annotated[Side | None, typer.Option(help="Only this side.")] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Show this account with its neighbors and what would move it back. Repeatable."),
    ] = None,
    venue: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Another rulebook than the file's: a name or a path.", autocompletion=venue_names),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a value: --set accounts.alice.leverage=5. Repeatable."),
    ] = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="How the result is written.")] = Format.table,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of standard output.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="Rows of a queue that are shown; 0 shows all.")] = 50,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors on standard error.")] = False,
) -> None:
    """Show who stands where in the ADL queue and why: score, lights, what is ahead, how large a bankrupt position must be to
    reach each.

    The queue is the one that the engine ranked at that step; where no fill needed one, it is ranked at the step's end. With
    --account: the smallest change of collateral, leverage or size that moves the account one light down and to the back half.
    """

    def result() -> str:
        from adlcalc.report import rank_view
        from adlcalc.scenario import load

        loaded = load(file, sets=tuple(set_ or ()), venue=venue)
        page = _page(loaded, at, market, side, account or (), quiet)
        if format is Format.json:
            return rank_view.write_json(page)
        if format is Format.csv:
            return rank_view.write_csv(page)
        return rank_view.markdown(page, limit) if format is Format.markdown else rank_view.text(page, limit)

    raise typer.Exit(work(file, output, result))


def _page(loaded: Loaded, at: str, market: str | None, side: Side | None, accounts: Sequence[str], quiet: bool) -> Page:
    """Run the scenario up to the step and keep its queues."""
    from adlcalc.cli.progress import with_progress
    from adlcalc.engine.events import StepEnded
    from adlcalc.engine.loop import run
    from adlcalc.engine.model import LONG, SHORT
    from adlcalc.report.rank_view import Page
    from adlcalc.study.rank import Ranker

    scenario = loaded.scenario
    step = step_of(at, scenario.path.steps)
    names = [one.name for one in scenario.markets]
    for name in accounts:
        one_of("account", name, (one.id for one in scenario.accounts))
    markets = names if market is None else [one_of("market", market, names)]
    sides = (LONG, SHORT) if side is None else (LONG,) if side is Side.long else (SHORT,)
    ranker = Ranker(scenario, step, markets, sides, accounts)
    events = run(scenario, observer=ranker)
    for event in events if quiet else with_progress(events, step + 1):
        if isinstance(event, StepEnded) and event.step == step:
            break
    told = loaded.told
    lights, interest = (told.lights, told.open_interest) if told is not None else ({}, {})
    return Page(scenario, loaded.file, step, ranker.rankings, tuple(accounts), lights, interest)


def step_of(text: str, steps: int) -> int:
    """A step as it was typed."""
    if text == "last":
        return steps - 1
    if not (text.isascii() and text.isdigit() and int(text) < steps):
        raise Unknown(f"there is no step {text!r}: the steps are 0 to {steps - 1}, or last")
    return int(text)
