"""`adlcalc rank`: the queue of each market and side, with its reasons.

Public: register, rank, EXAMPLE.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.cli import options
from adlcalc.cli.completion import accounts, markets

if TYPE_CHECKING:
    from adlcalc.report.page import Page

EXAMPLE = """\b
Example:
  adlcalc rank 13-bitmex-queue --side long --account account-4"""


class Side(StrEnum):
    """The side of the positions that stand in a queue."""

    long = "long"
    short = "short"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "rank", epilog=EXAMPLE, short_help="Show the ADL queue with its reasons.", no_args_is_help=True
    )(rank)


def rank(
    *,
    file: options.File,
    step: options.Step = None,
    at: options.At = None,
    market: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this market.", autocompletion=markets)
    ] = None,
    side: Annotated[Side | None, typer.Option(help="Only this side.")] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="Show this account with its neighbors and what would move it back. Repeatable.",
            autocompletion=accounts,
        ),
    ] = None,
    under: options.Under,
    result: options.Result,
) -> None:
    """Show who stands where in the ADL queue and why: score, lights, what is ahead, how large a bankrupt
    position must be to reach each.

    The queue is the one that the engine ranked at that step (the last where none is given); where no fill
    needed one, it is ranked at the step's end. With --account: the smallest change of collateral, leverage or
    size that moves the account one place back, one light down and to the back half."""

    def page() -> Page:
        from adlcalc.asking import queues
        from adlcalc.cli.progress import through
        from adlcalc.report.rank_view import rank_page

        loaded = under.loaded(file, quiet=result.quiet)
        asked = queues(
            loaded,
            step=step or at or "last",
            market=market,
            side=side,
            accounts=account or (),
            through=through(result.quiet),
        )
        return rank_page(asked, result.limit)

    raise typer.Exit(result.of(file, page))
