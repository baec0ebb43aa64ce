"""`adlcalc compare`: one book and one path under several policies and rulebooks.

Public: register, compare, explained, EXAMPLE.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.asking import OWN, Unknown, choices, comparison, metrics_of, severity_of
from adlcalc.cli import options
from adlcalc.cli.completion import (
    definitions_listed,
    metrics_listed,
    venues_listed,
)
from adlcalc.cli.completion import (
    policies as policy_names,
)
from adlcalc.cli.exits import RAN, UNUSABLE, note, say
from adlcalc.cli.progress import foretell
from adlcalc.ground.output import write

if TYPE_CHECKING:
    from adlcalc.report.page import Page

EXAMPLE = """\b
Example:
  adlcalc compare 05-fund-empty-adl --policies queue,pro-rata"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("compare", epilog=EXAMPLE, short_help="Compare policies on one book.", no_args_is_help=True)(
        compare
    )


def compare(
    *,
    file: options.FileOrNone = None,
    policies: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Policies, as NAME or NAME:ARGUMENT (queue:bitmex). Default: all of them.",
            autocompletion=policy_names,
        ),
    ] = None,
    venues: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Rulebooks: names or paths. Default: the file's. Alone: each under its own policy.",
            autocompletion=venues_listed,
        ),
    ] = None,
    under: options.Under,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Only these metrics, in one table. Default: all, in several.",
            autocompletion=metrics_listed,
        ),
    ] = None,
    severity: Annotated[
        str, typer.Option(metavar="SHARE", help="The share of the loss that haircuts cover.")
    ] = "1",
    markout: Annotated[
        int, typer.Option(metavar="N", min=0, help="After how many steps ADL fills are marked out.")
    ] = 1,
    accounts: Annotated[
        bool, typer.Option("--accounts", help="Show what each account pays under each policy.")
    ] = False,
    axioms: Annotated[
        bool,
        typer.Option(
            "--axioms",
            help="Try out on this book: does splitting pay, does it scale, does it keep the order?",
        ),
    ] = False,
    doubt: Annotated[
        bool, typer.Option("--doubt", help="Metrics under the other readings of assumed rules as well.")
    ] = False,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Print what policies or metrics are, with formula and source; all: every one.",
            autocompletion=definitions_listed,
        ),
    ] = None,
    result: options.Result,
) -> None:
    """Compare policies: the same book and path under each, what it came to, how it is spread, what it leaves.

    Policies that close positions: queue[:SCORE], pro-rata, list-order, seeded-cycle[:SEED],
    top-n-pro-rata[:N], minimax-leverage. Policies that cut profits and close nothing: haircut (socialized),
    capped-haircut[:SHARE], levered-haircut, risk-weighted, risk-weighted-power[:EXPONENT],
    risk-weighted-tail[:LEVERAGE], integer-haircut, floored-gains, cash-queue[:SCORE], hybrid[:SHARE]. own:
    what the rulebook says. CSV has a number a line: venue, policy, measure, account, value."""
    if explain is not None:
        raise typer.Exit(explained(explain))
    if file is None:
        raise typer.BadParameter("is needed unless --explain is given", param_hint="FILE")

    def page() -> Page:
        from adlcalc.report.compare_view import compare_page
        from adlcalc.venues.files import listed

        if under.venue is not None and venues is not None:
            raise Unknown(
                "--venue and --venues do not go together: one is the file's rulebook, the others are compared"
            )
        named = [under.venue] if venues is None else listed("--venues", venues)
        choose = policies if policies is not None or venues is None else OWN
        severity_of(severity), metrics_of(metrics)  # before anything is read
        loads = [replace(under, venue=name).loaded(file, quiet=True) for name in named]
        note(*loads)
        runs = len(loads) * len(choices(choose, loads[0].scenario))
        foretell(result.quiet, loads[0].scenario, runs, "--policies and --venues make them fewer")
        compared = comparison(
            loads,
            policies=choose,
            severity=severity,
            markout=markout,
            accounts=accounts,
            axioms=axioms,
            metrics=metrics,
            doubt=doubt,
        )
        return compare_page(compared, result.limit)

    raise typer.Exit(result.of(file, page))


def explained(names: str) -> int:
    """Print what policies or metrics are, or with 'all' every one of them."""
    from adlcalc.source.problems import nearest, quote
    from adlcalc.study.compare import hint_for, listed
    from adlcalc.study.defined import DEFINED

    asked = list(dict.fromkeys(name.partition(":")[0].strip() for name in listed(names)))  # of hybrid:0.2
    unknown = [name for name in asked if name not in DEFINED and name != "all"]
    for name in unknown:
        known = DEFINED if nearest(name, DEFINED) else ()
        hint = hint_for(name, known) or "adlcalc compare --explain all tells every one"
        say(f"adlcalc: there is no policy and no metric {quote(name)}\nhint: {hint}")
    if unknown:
        return UNUSABLE
    write("\n\n".join(map(_defined, DEFINED if "all" in asked else asked)) + "\n", None)
    return RAN


def _defined(name: str) -> str:
    from adlcalc.report.render import wrapped
    from adlcalc.study.defined import defined

    found = defined(name)
    parameters = (wrapped(one, bullet="- ", indent=2) for one in found.parameters)
    return "\n".join(
        [name, wrapped(found.text, indent=2), *parameters, *(wrapped(one, indent=2) for one in found.papers)]
    )
