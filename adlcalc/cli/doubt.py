"""`adlcalc doubt`: what an outcome rests on among the assumed rules.

Public: register, doubt, EXAMPLE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.asking import Unknown
from adlcalc.cli import options
from adlcalc.cli.exits import FAILED, RAN, say

if TYPE_CHECKING:
    from decimal import Decimal

    from adlcalc.report.page import Page
    from adlcalc.study.doubt import Doubt

EXAMPLE = """\b
Example:
  adlcalc doubt 19-one-book-many-venues --venue hyperliquid --measure bad_debt --measure fund_paid"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    short = "Run again under the other readings of assumed rules."
    app.command("doubt", epilog=EXAMPLE, short_help=short, no_args_is_help=True)(doubt)


def doubt(
    *,
    file: options.File,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MEASURE",
            help="What is measured: bad_debt, fund_paid, adl_size, equity(ID), ... Repeatable. Default: "
            "those "
            "three.",
        ),
    ] = None,
    budget: Annotated[
        int, typer.Option(metavar="RUNS", min=1, help="At most so many runs: single readings, then pairs.")
    ] = 200,
    within: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT", help="How far --strict lets a measure move: 100, or 5% of it. Default: 0."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if a measure moves by more than --within.")
    ] = False,
    jobs: options.Jobs = 1,
    under: options.Under,
    result: options.Result,
) -> None:
    """Run a scenario again with every assumed rule that its run uses replaced by its other readings
    (`alternatives:` of the rulebook), one at a time and in pairs, and say what the outcome rests on.

    The arithmetic is exact; the rules may not be. Exit code: 0 answered; 1 --strict, and a measure moves by
    more than --within; 2 the scenario or the command line cannot be used."""
    found: list[Doubt] = []

    def page() -> Page:
        from adlcalc.asking import doubting
        from adlcalc.report.doubt_view import doubt_page

        if within is not None and not strict:
            raise Unknown("--within says how far --strict lets a measure move: give --strict too, or neither")
        _within(within or "0")  # before anything is run
        loaded = under.loaded(file, quiet=result.quiet)
        found.append(doubting(loaded, measures=measure or (), budget=budget, jobs=jobs))
        return doubt_page(found[0], result.limit)

    code = result.of(file, page)
    if code == RAN and strict and found:
        from adlcalc.study.doubt import beyond

        for text in beyond(found[0], *_within(within or "0")):
            code = FAILED
            if not result.quiet:
                say(f"{file}: --strict: {text}")
    raise typer.Exit(code)


def _within(text: str) -> tuple[Decimal, bool]:
    """The tolerance, and whether it is a share."""
    from adlcalc.source.number import NumberError, number_of

    share = text.strip().endswith("%")
    try:
        found = number_of(text.strip().removesuffix("%"))
    except NumberError as error:
        raise Unknown(f"--within {error.message}: 100, or 5%") from None
    if found < 0:
        raise Unknown(f"--within must be zero or more, not {text}")
    return found, share
