"""What a golden is of: the command in its first line, worked without the command line.

    {"golden": "adlcalc rank --side long", ...      facts
    # adlcalc run --steps --limit 0 --format table  a page, below this line

The file is left out: it is the one beside which the golden stands.

Public: Style, Asked, RUN, asked, page_of, name_of, first_line.
"""

from __future__ import annotations

import re
import shlex
from argparse import ArgumentError, ArgumentParser
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NoReturn

from adlcalc.asking import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from adlcalc.report import Run
    from adlcalc.report.page import Page
    from adlcalc.scenario import Loaded

PROGRAM = "adlcalc"
RUN = "run"
_HEAD = re.compile(r"# (adlcalc [^\n]*)\n")


class Style(StrEnum):
    """The forms of a golden: facts, or what a page or a CSV shows."""

    json = "json"
    table = "table"
    csv = "csv"


@dataclass(frozen=True, slots=True)
class Asked:
    """A command. words: as it was written, without 'adlcalc' and the form; given: its options by name; style:
    the form."""

    words: str
    name: str
    given: dict[str, Any]
    style: Style = Style.json

    @property
    def command(self) -> str:
        """As somebody would type it, but for the file."""
        return f"{PROGRAM} {self.words}"

    @property
    def is_plain(self) -> bool:
        """Is the scenario the one that the file holds, under its own rules?"""
        return not self.given["sets"] and self.given["venue"] is None


class _Parser(ArgumentParser):
    """A parser that raises what it has to say."""

    def error(self, message: str) -> NoReturn:
        raise Unknown(message)


def _parser(name: str) -> _Parser:
    parser = _Parser(prog=f"{PROGRAM} {name}", add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--set", dest="sets", action="append", default=[])
    parser.add_argument("--venue")
    parser.add_argument("--limit", type=int, default=0)
    _OPTIONS[name](parser)
    return parser


def _run(parser: ArgumentParser) -> None:
    parser.add_argument("--steps", action="store_true")


def _rank(parser: ArgumentParser) -> None:
    parser.add_argument("--step", default="last")
    parser.add_argument("--market")
    parser.add_argument("--side", choices=("long", "short"))
    parser.add_argument("--account", dest="accounts", action="append", default=[])


def _margin(parser: ArgumentParser) -> None:
    parser.add_argument("--step", default="0")
    parser.add_argument("--account", dest="accounts", action="append", default=[])


def _explain(parser: ArgumentParser) -> None:
    parser.add_argument("account", nargs="?")
    parser.add_argument("--account", dest="named")
    parser.add_argument("--fund", action="store_true")
    parser.add_argument("--step")


def _compare(parser: ArgumentParser) -> None:
    for name, default in {"policies": None, "venues": None, "severity": "1", "metrics": None}.items():
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--markout", type=int, default=1)
    parser.add_argument("--accounts", action="store_true")
    parser.add_argument("--axioms", action="store_true")


_OPTIONS = {RUN: _run, "margin": _margin, "rank": _rank, "explain": _explain, "compare": _compare}


def asked(command: str) -> Asked:
    """A command as it stands in a golden or behind --golden-of; Unknown where there is no such one."""
    from adlcalc.source.problems import closest_hint, quote

    try:
        words = shlex.split(command)
    except ValueError as error:
        raise Unknown(f"the command {quote(command)} cannot be read: {error}") from None
    words = words[1:] if words[:1] == [PROGRAM] else words
    name = words[0] if words else ""
    if name not in _OPTIONS:
        hint = closest_hint(name, _OPTIONS) or f"there are {', '.join(_OPTIONS)}"
        raise Unknown(f"no golden is of the command {quote(name)}\nhint: {hint}")
    style = Style.json
    if words[-2:-1] == ["--format"] and words[-1] in set(Style):  # as it stands over a page
        style = Style(words[-1])
        del words[-2:]
    try:
        given = vars(_parser(name).parse_args(words[1:]))
    except (ArgumentError, Unknown) as error:
        raise Unknown(f"the command {quote(command)} cannot be read: {error}") from None
    return Asked(shlex.join(words), name, given, style)


def first_line(text: str) -> tuple[str, str] | None:
    """The command over a page and the page; None where no command stands over it."""
    found = _HEAD.match(text)
    return (found[1], text[found.end() :]) if found else None


def name_of(asked: Asked) -> str:
    """What is put between the scenario's name and '.golden': 'rank-side-long'; '' for a plain run."""
    words = asked.words if asked.words != RUN else ""
    return re.sub(r"[^A-Za-z0-9_]+", "-", words).strip("-").lower()


def page_of(asked: Asked, loaded: Loaded, run: Run | None) -> Page:
    """Work the command. run: the file's own run, where there is one already."""
    from adlcalc.scenario import load
    from adlcalc.venues.files import listed

    given = dict(asked.given)
    sets, venue, limit = tuple(given.pop("sets")), given.pop("venue"), given.pop("limit")
    venues = given.pop("venues", None)
    if venue is not None and venues is not None:
        raise Unknown("--venue and --venues do not go together")
    if not asked.is_plain:
        loaded, run = load(loaded.file, sets=sets, venue=venue), None
    if asked.name == "compare":
        names: Sequence[str | None] = [venue] if venues is None else listed("--venues", venues)
        loads = [loaded] if venues is None else [load(loaded.file, sets=sets, venue=name) for name in names]
        return _page_of_comparison(loads, venues is not None, limit, **given)
    if asked.name == RUN:
        return _page_of_run(loaded, run, limit, **given)
    return _PAGES[asked.name](loaded, limit, **given)


def _page_of_run(loaded: Loaded, run: Run | None, limit: int, *, steps: bool) -> Page:
    from os.path import basename

    from adlcalc.engine.loop import run as run_engine
    from adlcalc.report import Run
    from adlcalc.report.run_page import run_page

    worked = run or Run(loaded.scenario, run_engine(loaded.scenario), file=basename(loaded.file))
    return run_page(worked, limit, steps=steps)


def _page_of_rank(loaded: Loaded, limit: int, **given: Any) -> Page:
    from adlcalc.asking import queues
    from adlcalc.report.rank_view import rank_page

    return rank_page(queues(loaded, **given), limit)


def _page_of_margin(loaded: Loaded, limit: int, **given: Any) -> Page:
    from adlcalc.asking import margins
    from adlcalc.report.margin_view import margin_page

    return margin_page(margins(loaded, limit=limit, **given))


def _page_of_story(loaded: Loaded, _: int, *, named: str | None, account: str | None, **given: Any) -> Page:
    from adlcalc.asking import story
    from adlcalc.explain.story_view import story_page

    if named is not None and account not in (None, named):
        raise Unknown("explain tells one account's story at a time")
    return story_page(story(loaded, account=account or named, **given))


def _page_of_comparison(loads: Sequence[Loaded], venues: bool, limit: int, **given: Any) -> Page:
    from adlcalc.asking import OWN, comparison
    from adlcalc.report.compare_view import compare_page

    if given["policies"] is None and venues:
        given["policies"] = OWN
    return compare_page(comparison(loads, **given), limit)


_PAGES: Mapping[str, Callable[..., Page]] = {
    "margin": _page_of_margin,
    "rank": _page_of_rank,
    "explain": _page_of_story,
}
