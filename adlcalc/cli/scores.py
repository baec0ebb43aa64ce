"""`adlcalc test-scores`: published scores held against a venue's real deleveraging fills.

Public: register, scores, EXAMPLE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.cli import options

if TYPE_CHECKING:
    from adlcalc.report.page import Page

EXAMPLE = """\b
Columns: time, account, market, side, size (before; below zero is a short where there is no side), entry, price
(of the fill), equity (of the account), taken (0: it stood there and was spared); leverage, balance, mark and
exposure may be added. A file of the public collection HyperReplay (10 October 2025) is known by its header: its
license keeps it there, download it yourself.

\b
Examples:
  adlcalc test-scores fills.csv --score "effective_leverage"
  printf 'time,account,market,side,size,entry,price,equity,taken\\n1,a,BTC,long,2,90,110,50,2\\n1,b,BTC,long,2,80,110,50,0\\n' \
| adlcalc test-scores -"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    short = "Hold published scores against real fills."
    app.command("test-scores", epilog=EXAMPLE, short_help=short, no_args_is_help=True)(scores)


def scores(
    *,
    file: Annotated[
        str, typer.Argument(metavar="FILLS.csv", help="Deleveraging fills; - is standard input.")
    ],
    score: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EXPRESSION", help="A score of your own as well, as a rulebook writes it. Repeatable."
        ),
    ] = None,
    seed: Annotated[str, typer.Option(metavar="TEXT", help="What the random orders are made from.")] = "1",
    result: options.Result,
) -> None:
    """How many accounts does each published score classify right, as closed wholly or not, in a venue's own
    deleveraging fills? Beside it: random orders, the smallest first, everybody wholly.

    A burst is what was taken at one time in one market. The test can be repeated by anybody who has fills,
    and a score that does no better than a baseline is refuted as a description of what the venue did."""

    def page() -> Page:
        from adlcalc.asking import score_test
        from adlcalc.report.scores_view import scores_page

        return scores_page(score_test(file, score or (), seed), result.limit)

    raise typer.Exit(result.of(file, page))
