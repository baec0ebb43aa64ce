"""`adlcalc explain`: a run told line by line, with formulas, numbers and sources.

Public: register, explain, EXAMPLE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.asking import Unknown
from adlcalc.cli import options
from adlcalc.cli.completion import accounts as account_ids
from adlcalc.cli.completion import markets
from adlcalc.cli.single import show

if TYPE_CHECKING:
    from adlcalc.report.page import Page

EXAMPLE = """\b
Examples:
  adlcalc explain 04-fund-half-absorbs bob
  adlcalc explain 04-fund-half-absorbs --fund
  adlcalc explain 04-fund-half-absorbs --step 2
  adlcalc explain incidents/2025-10-hyperliquid early --market AVAX"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    short = "Tell a run line by line, with formulas and sources."
    app.command("explain", epilog=EXAMPLE, short_help=short, no_args_is_help=True)(explain)


def explain(
    *,
    file: options.File,
    account: Annotated[
        str | None, typer.Argument(metavar="[ACCOUNT]", help="Whose story.", autocompletion=account_ids)
    ] = None,
    accounts: Annotated[
        list[str] | None,
        typer.Option(
            "--account", metavar="ID", help="Whose story, as an option.", autocompletion=account_ids
        ),
    ] = None,
    fund: Annotated[bool, typer.Option("--fund", help="The story of the insurance fund.")] = False,
    rules: Annotated[
        bool, typer.Option("--rules", help="All rules behind it, with values and sources.")
    ] = False,
    market: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only what happened in this market.", autocompletion=markets),
    ] = None,
    step: options.Step = None,
    at: options.At = None,
    under: options.Under,
    format: options.Format = options.TABLE,
    json: options.Json = False,
    output: options.Output = None,
    width: options.Width = None,
    quiet: options.Quiet = False,
) -> None:
    """Tell what happened to an account, to the insurance fund, or to everybody at a step: each event with its
    formula, the numbers put in. First comes the rule that made the difference, with its source; --rules shows
    all of them. With --step only that step, with --market only that market; without an account, what happened
    to everybody then.

    It is told from the events of the run and from what the engine was seen to look at, so it cannot disagree
    with the result."""

    def page() -> Page:
        from adlcalc.asking import check_subject, story
        from adlcalc.cli.progress import through
        from adlcalc.explain.story_view import story_page

        named = [*([account] if account is not None else []), *(accounts or ())]
        if len(set(named)) > 1:
            raise Unknown("explain tells one account's story at a time")
        who = named[0] if named else None
        check_subject(who, fund, step or at)
        loaded = under.loaded(file, quiet=quiet)
        return story_page(
            story(loaded, account=who, fund=fund, step=step or at, market=market, through=through(quiet)),
            rules=rules,
        )

    raise typer.Exit(show(file, output, options.chosen(format, json), page, quiet=quiet, width=width))
