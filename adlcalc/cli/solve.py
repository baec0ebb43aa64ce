"""`adlcalc solve`: for which values of one thing is something so?

Public: register, solve, EXAMPLE.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.asking import Unknown
from adlcalc.cli import options
from adlcalc.cli.completion import questions
from adlcalc.cli.exits import FAILED, INTERRUPTED, RAN, note, say
from adlcalc.cli.progress import counting, foretell
from adlcalc.ground.output import write

if TYPE_CHECKING:
    from adlcalc.report.page import Page
    from adlcalc.scenario import Loaded

EXAMPLE = """\b
Examples:
  adlcalc solve 04-fund-half-absorbs --vary fund --until 'no adl'
  adlcalc solve 21-who-pays --vary prices.1 --when 'adl(early)'"""
METHODS = ("theorem", "exhaustive", "sampled")


def register(app: typer.Typer) -> None:
    """Add the command."""
    short = "Ask backwards: which fund, price or leverage makes it so."
    app.command("solve", epilog=EXAMPLE, short_help=short, no_args_is_help=True)(solve)


def _method(text: str) -> str:
    if text not in METHODS:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(map(repr, METHODS))}.")
    return text


def solve(
    *,
    file: options.FileOrNone = None,
    vary: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What is varied, as --set names it: fund, prices.2, accounts.alice.leverage, liquidity, a "
            "fee; "
            "prices* scales a whole path, prices+ shifts it.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="QUESTION",
            help="From where on is it so? 'no adl', for example.",
            autocompletion=questions,
        ),
    ] = None,
    when: Annotated[
        str | None,
        typer.Option(
            metavar="QUESTION", help="Where is it so? 'adl(bob)', for example.", autocompletion=questions
        ),
    ] = None,
    low: Annotated[
        str | None, typer.Option("--from", metavar="VALUE", help="Where the range begins.")
    ] = None,
    high: Annotated[str | None, typer.Option("--to", metavar="VALUE", help="Where it ends.")] = None,
    unit: Annotated[
        str | None,
        typer.Option(
            metavar="STEP", help="The smallest step: the money unit, the tick, the lot, 0.01 of leverage."
        ),
    ] = None,
    across: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=RANGE",
            help="An answer for each value of something else: prices.2=50_000..56_000/100.",
        ),
    ] = None,
    asserted: Annotated[
        str | None,
        typer.Option(
            "--assert", metavar="COMPARISON", help="Exit with 1 unless the answer is '<= 5_000_000'."
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD",
            help=f"{', '.join(METHODS)}; the surest that applies by default.",
            parser=_method,
        ),
    ] = None,
    values: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=2,
            help="How many values are tried where not all are: 1,000, of a large book fewer.",
        ),
    ] = None,
    budget: Annotated[int, typer.Option(metavar="RUNS", min=2, help="How many runs it may take.")] = 20_000,
    jobs: options.Jobs = 1,
    doubt: Annotated[
        bool, typer.Option("--doubt", help="The answer under the other readings of assumed rules as well.")
    ] = False,
    names: Annotated[bool, typer.Option("--list", help="Print what can be asked, and end.")] = False,
    under: options.Under,
    result: options.Result,
) -> None:
    """Ask backwards: how large a fund, which price, which leverage makes it so?

    Nothing here is monotone unless it is proven (a larger fund can cause deleveraging, a deeper crash can
    spare an account), so every answer says how it was found: theorem (proven for every value), exhaustive
    (every value was run), sampled (some were, and each change between two was followed to the unit). All
    intervals are told, each with its neighbors and the first event in which their runs differ.

    --across gives an answer for each value of something else; adlcalc report FILE --solve fund draws how
    large a fund keeps everybody from ADL, by how deep the crash is.

    Exit code: 0 there is an answer; 1 no value does, or --assert is false; 2 it cannot be asked like that."""
    if names:
        raise typer.Exit(_list())
    if file is None:
        raise typer.BadParameter("is needed unless --list is given", param_hint="FILE")
    if vary is None:
        raise typer.BadParameter("says what is varied, and is needed", param_hint="--vary")
    if (until is None) == (when is None):
        raise typer.BadParameter("one of the two says what is asked", param_hint="--until / --when")
    code = RAN

    def page() -> Page:
        from adlcalc.report.solve_view import solve_page
        from adlcalc.solving import Asking, doubted, grid_of, may_be_proven, solved
        from adlcalc.study.solve import Limits, Method, Unsolvable, values_for

        nonlocal code
        asking = Asking(
            file=file,
            vary=vary,
            question=until if until is not None else when or "",
            when=when is not None,
            low=low,
            high=high,
            unit=unit,
            across=across,
            asserted=asserted,
            sets=tuple(under.sets or ()),
            venue=under.venue,
            as_of=under.as_of,
            limits=Limits(None if method is None else Method(method), values, budget, jobs),
        )

        def loaded(one: Loaded) -> None:
            if not result.quiet:
                note(one)
            columns = 1 if across is None else len(grid_of(across)[1])
            least = values if values is not None else values_for(one.scenario)
            if method is None and may_be_proven(one.scenario, vary):
                least = 1
            foretell(result.quiet, one.scenario, columns * least, "--values and --budget make them fewer")

        try:
            found = solved(asking, through=counting(result.quiet), note=loaded)
            if doubt:
                found = doubted(found)
        except Unsolvable as error:
            raise Unknown(str(error)) from None
        code = RAN if found.answered else FAILED
        if found.interrupted:
            code = INTERRUPTED
        if found.asserted is False and not result.quiet:
            say(f"{file}: --assert {asserted}: it is not so")
        return solve_page(found, result.limit, drawn=result.output is None and sys.stdout.isatty())

    done = result.of(file, page)
    raise typer.Exit(done or code)


def _list() -> int:
    """All that can be asked, with what it means."""
    from adlcalc.report.render import wrapped
    from adlcalc.study.questions import MEASURES, OPERATORS, PREDICATES

    def told(word: str, takes: str, needed: bool, note: str) -> str:
        of = f"({takes.upper()})" if takes and needed else f"[({takes.upper()})]" if takes else ""
        return f"  {word}{of}\n" + wrapped(note, indent=6)

    parts = [
        "Predicates: so or not. With @STEP: in that step.",
        *(told(word, kind.takes, kind.needed, kind.note) for word, kind in PREDICATES.items()),
        "",
        f"Measures: numbers, to compare with one of {' '.join(OPERATORS)}. With @STEP: until its end, or "
        "then.",
        *(told(word, kind.takes, kind.needed, kind.note) for word, kind in MEASURES.items()),
        "",
        "Together: not, no, and, or, ( ). Names with blanks or brackets stand in quotes.",
    ]
    write("\n".join(parts) + "\n", None)
    return RAN
