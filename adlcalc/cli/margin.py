"""`adlcalc margin`: how far every position is from its liquidation, without a path.

Public: register, margin, EXAMPLE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.cli import options
from adlcalc.cli.completion import accounts

if TYPE_CHECKING:
    from adlcalc.report.page import Page

EXAMPLE = """\b
Example:
  adlcalc margin 09-hedged-account --account hedger"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    short = "Show liquidation prices and margin ratios."
    app.command("margin", epilog=EXAMPLE, short_help=short, no_args_is_help=True)(margin)


def margin(
    *,
    file: options.File,
    account: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="Only this account's positions. Repeatable.", autocompletion=accounts
        ),
    ] = None,
    step: options.Step = None,
    under: options.Under,
    result: options.Result,
) -> None:
    """Show the liquidation price of every open position, its bankruptcy price, and the margin ratio of what
    it is liquidated with; nearest to liquidation first.

    It is how accounts stand at a step (0 where none is given), before anybody is liquidated at its marks:
    `prices` may be a single mark."""

    def page() -> Page:
        from adlcalc.asking import margins
        from adlcalc.cli.progress import through
        from adlcalc.report.margin_view import margin_page

        loaded = under.loaded(file, quiet=result.quiet)
        asked = margins(
            loaded,
            step=step or "0",
            accounts=account or (),
            limit=result.limit,
            through=through(result.quiet),
        )
        return margin_page(asked)

    raise typer.Exit(result.of(file, page))
