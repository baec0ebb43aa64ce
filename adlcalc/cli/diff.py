"""`adlcalc diff`: what happens otherwise in a second run, in the words of `adlcalc check`.

Public: register, diff, EXAMPLE.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from adlcalc.asking import Unknown
from adlcalc.cli import options
from adlcalc.cli.completion import scenario_files, venue_names
from adlcalc.cli.exits import FAILED, RAN, note, say
from adlcalc.cli.single import work
from adlcalc.cli.usual import facts_in

if TYPE_CHECKING:
    from adlcalc.check.golden import Difference

EXAMPLE = """\b
Examples:
  adlcalc diff 04-fund-half-absorbs 05-fund-empty-adl
  adlcalc diff 04-fund-half-absorbs --set fund=0
  adlcalc diff 04-fund-half-absorbs --both fund=0 --set accounts.bob.leverage=3
  adlcalc diff 04-fund-half-absorbs --both venue=bybit --set fund=0
  adlcalc diff okx-2024 okx
  adlcalc diff 04-fund-half-absorbs --venue bybit --venue okx"""


class OneRun(NamedTuple):
    """One of the two runs."""

    file: str
    sets: tuple[str, ...] = ()
    venue: str | None = None

    def told(self, apart: Sequence[str], venue: bool) -> str:
        """Its name, with what it has that the other one has not."""
        under = [f"under {self.venue}"] if venue and self.venue else []
        given = [f"with {', '.join(apart)}"] if apart else []
        return " ".join([self.file, *under, *given])


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "diff", epilog=EXAMPLE, short_help="Tell what differs between two runs.", no_args_is_help=True
    )(diff)


def diff(
    files: Annotated[
        list[str],
        typer.Argument(metavar="A [B]", help="One scenario file, or two.", autocompletion=scenario_files),
    ],
    sets: options.Sets = None,
    both: Annotated[
        list[str] | None,
        typer.Option(
            "--both",
            metavar="KEY=VALUE",
            help="Set a value in both of the two, as --set does elsewhere. Repeatable.",
        ),
    ] = None,
    venues: Annotated[
        list[str] | None,
        typer.Option(
            "--venue",
            metavar="NAME",
            help="Another rulebook, which is a change too (--both venue=NAME is none); twice: one against the "
            "other.",
            autocompletion=venue_names,
        ),
    ] = None,
    output: options.Output = None,
    limit: options.Limit = options.ROWS,
    width: options.Width = None,
    quiet: options.Quiet = False,
) -> None:
    """Tell what happens otherwise in the second of two runs: each fact that differs, in the order in which
    things happen, and each run in a sentence (on standard error).

    Two files are held against each other, both with what --set and --venue say. One file is held against
    itself with that change; where --set or --venue is given twice, the first against the second. What --both
    says holds for the two in every case: what does a change do where the fund is empty as well? Two
    rulebooks (names or files), as the editions of a venue, are told apart rule by rule. Exit code: 0
    the same happens, 1 something differs, 2 a file or the command line cannot be used."""
    found: list[Difference | str] = []

    def text() -> str | None:
        if output is not None and output.endswith((".json", ".csv", ".md")):
            raise Unknown(f"diff writes lines of text, which {output} does not look like: -o FILE.txt")
        if books := _rulebooks(files, [*(both or ()), *(sets or ())], venues):
            found.extend(_by_rule(*books))
            return None if quiet and output is None else facts_in(_lines(found, limit), width, output)
        one, two = (
            side._replace(sets=(*(both or ()), *side.sets))
            for side in _sides(files, tuple(sets or ()), tuple(venues or ()))
        )
        differences, sentences, by_rule = _differences(one, two, quiet)
        found.extend(_once(differences))
        if not quiet:
            say(f"adlcalc diff: {_told(one, two, tuple(both or ()))}")
            if sentences[0] != sentences[1]:
                say(f"first: {sentences[0]}\nsecond: {sentences[1]}")
            elif differences:
                say(f"both: {sentences[0]}")
            if by_rule:
                say(f"Which rules differ: {by_rule}")
        return None if quiet and output is None else facts_in(_lines(found, limit), width, output)

    code = work(files[0], output, text)
    if code == RAN and not found and not quiet:
        say("adlcalc diff: the same happens in both")
    elif code == RAN and not quiet and all(getattr(one, "is_assumption", False) for one in found):
        say("adlcalc diff: nothing that happens changes, only what is assumed")
    raise typer.Exit(FAILED if code == RAN and found else code)


def _told(one: OneRun, two: OneRun, both: tuple[str, ...]) -> str:
    """The two sides: 'book.yaml → book.yaml with fund=0'."""
    shared = one.sets if one.sets == two.sets else both
    venue = one.venue != two.venue
    sides = " → ".join(side.told(side.sets[len(shared) :], venue) for side in (one, two))
    alone = len(one.sets) > len(shared) and _key(one) != _key(two)
    under = [f"under {two.venue}"] if two.venue and not venue else []
    given = [f"with {', '.join(shared)}"] if shared else []
    held = [" ".join(["both", *under, *given])] if under or given else []
    apart = ["each without the other; --both gives a value to the two"] if alone else []
    if venue and one.venue is None and len(two.sets) > len(shared):
        apart = [f"two changes at once; --both venue={two.venue} leaves the second alone"]
    return "; ".join([sides, *held, *apart])


def _key(side: OneRun) -> str:
    """What its last --set changes."""
    return side.sets[-1].partition("=")[0].strip()


def _lines(found: Sequence[object], limit: int) -> str:
    """What differs, a line each."""
    lines = list(map(str, found[: limit or None]))
    if len(lines) < len(found):
        lines.append(f"… {len(found) - len(lines):,} more, use --limit 0")
    return "".join(f"{line}\n" for line in lines)


def _rulebooks(
    files: Sequence[str], sets: Sequence[str] | None, venues: Sequence[str] | None
) -> tuple[str, str] | None:
    """The two rulebooks that are to be held against each other, rule by rule; None where they are
    scenarios."""
    from adlcalc.source.problems import closest_hint, quote
    from adlcalc.venues.files import is_rulebook, shipped

    which = [is_rulebook(file) for file in files]
    if not any(which):
        return None
    if not all(which) or len(files) != 2:
        other = next((file for file, one in zip(files, which, strict=True) if not one), "")
        hint = closest_hint(other, shipped()) if other and len(files) == 2 else ""
        raise Unknown(
            "a rulebook is held against another one: adlcalc diff okx-2024 okx"
            + (f"\nhint: {quote(other)} is no rulebook; {hint}" if hint else "")
        )
    if sets or venues:
        raise Unknown("two rulebooks are held against each other as they stand, without --set and --venue")
    return files[0], files[1]


def _by_rule(one: str, other: str) -> list[str]:
    """The rules in which two rulebooks differ."""
    from adlcalc.venues.coverage import open_rulebook, rule_differences

    return list(rule_differences(open_rulebook(one), open_rulebook(other)))


def _sides(files: Sequence[str], sets: tuple[str, ...], venues: tuple[str, ...]) -> tuple[OneRun, OneRun]:
    """The two runs that are asked for."""
    if len(files) > 2:
        raise Unknown("diff takes one file or two")
    if list(files).count("-") > 1:
        raise Unknown("standard input can be read once")
    if len(files) == 2:
        if len(venues) > 1:
            raise Unknown("two files and two rulebooks are four runs; give one --venue for both")
        venue = venues[0] if venues else None
        return OneRun(files[0], sets, venue), OneRun(files[1], sets, venue)
    (file,) = files
    if file == "-":
        raise Unknown("standard input can be read once: name a file, which is read for each run")
    if len(venues) > 2 or (len(venues) < 2 and len(sets) > 2):
        raise Unknown(
            "one file is held against itself with one change, or under two --set or two --venue\n"
            "hint: what both are to have is given with --both"
        )
    if len(venues) == 2:  # what --set says holds for both
        return OneRun(file, sets, venues[0]), OneRun(file, sets, venues[1])
    venue = venues[0] if venues else None
    if len(sets) == 2:
        return OneRun(file, sets[:1], venue), OneRun(file, sets[1:], venue)
    if not sets and venue is None:
        raise Unknown("one file alone is the same as itself: give a second one, --set or --venue")
    return OneRun(file), OneRun(file, sets, venue)


OF_STEPS = ("liquidated", "deleveraged", "fund")
"""Columns of the path step by step that sum up the table of their name."""
BALANCES = ("opening", "closing")


def _once(found: Sequence[Difference]) -> Iterator[Difference]:
    """What is not told by another difference: the path step by step sums up the tables, and a fund opens with what it
    closed with, and closes with it where nothing moves."""
    told = {(one.table, one.step) for one in found}
    balances = {
        (one.row, one.step): (one.old, one.new)
        for one in found
        if (one.table, one.column) == ("fund", "closing")
    }
    for one in found:
        of = one.column.partition(" ")[0]  # 'fund NAME' where there are several
        summed = one.table == "steps" and of in OF_STEPS and (of, one.step) in told
        before = balances.get((one.row, (one.step or 0) - 1))
        carried = one.table == "fund" and one.column in BALANCES and before == (one.old, one.new)
        if not (summed or carried):
            yield one


def _differences(one: OneRun, two: OneRun, quiet: bool) -> tuple[Sequence[Difference], list[str], str]:
    """The facts of both runs, held against each other; each in a sentence; and the command that holds their rulebooks
    against each other, '' where that is one, or one is no rulebook of ours."""
    from adlcalc.check.facts import facts_of
    from adlcalc.check.golden import compare
    from adlcalc.engine.loop import run
    from adlcalc.report import Run
    from adlcalc.report.run_page import run_page
    from adlcalc.report.verdict import typed, verdict
    from adlcalc.scenario import load
    from adlcalc.venues.files import shipped

    loads = [load(side.file, sets=side.sets, venue=side.venue) for side in (one, two)]
    if not quiet:
        note(*loads)
    runs = [Run(loaded.scenario, run(loaded.scenario), file=loaded.file) for loaded in loads]
    pages = [run_page(made) for made in runs]
    old = facts_of(pages[0])
    found = compare(old, facts_of(pages[1], like=old), pages[0].document, of_now=True)
    venues = [made.scenario.venue for made in runs]
    ours = len(set(venues)) > 1 and all(venue in shipped() for venue in venues)
    return found, [verdict(made) for made in runs], typed("diff", *venues) if ours else ""
