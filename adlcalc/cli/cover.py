"""`adlcalc cover`: what the fund would pay if the largest losers defaulted.

Public: register, cover, EXAMPLE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.cli import options

if TYPE_CHECKING:
    from adlcalc.report.page import Page

EXAMPLE = """\b
The words are the standards':
  Cover-1, Cover-2  the default of the one or two participants, with their affiliates, whose exposure would be
                    largest in extreme but plausible markets: CPMI-IOSCO, Principles for financial market
                    infrastructures (2012), principle 4, key consideration 4; EMIR, Regulation (EU) 648/2012,
                    articles 42(3) and 43(2).
  skin in the game  the operator's own money that pays before the participants': EMIR, article 45(4). Of a venue
                    that has put it into its insurance fund it is a part of `fund`.

\b
Example:
  adlcalc cover 19-one-book-many-venues --shock -30%..10%/10% --cover 2"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    short = "What the fund would pay if the largest losers defaulted."
    app.command("cover", epilog=EXAMPLE, short_help=short, no_args_is_help=True)(cover)


def cover(
    *,
    file: options.File,
    shock: Annotated[
        str,
        typer.Option(
            metavar="SHOCKS",
            help="Changes of every mark: FROM..TO/STEP, or several with commas; -30% or -0.3.",
        ),
    ] = "-50%..50%/10%",
    cover: Annotated[
        int,
        typer.Option(metavar="N", min=1, max=100, help="How many owners default; the fund is held to that."),
    ] = 2,
    under: options.Under,
    result: options.Result,
) -> None:
    """What the fund would pay if the one, the two, all largest losers defaulted, at shocks of the opening
    marks, and how many times the book each of them holds.

    Accounts that name the same `owner:` count together, any other is its own. Nothing is run: every margin
    unit is valued at the shocked mark, and what it lacks to zero is the loss."""

    def page() -> Page:
        from adlcalc.asking import covering
        from adlcalc.report.cover_view import cover_page

        loaded = under.loaded(file, quiet=result.quiet)
        return cover_page(covering(loaded, shock, cover), result.limit)

    raise typer.Exit(result.of(file, page))
