"""The page: title, verdict, figures, their numbers, notes.

Everything that a file says goes through jinja2, which escapes it; what does not (the drawings, the signs) is
made and escaped in drawn.py.

Public: Pictured, Leading, page, picture, style, rows, halves, few, coded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from adlcalc.engine.rules import Assumption
from adlcalc.ground.numbers import ZERO, exact
from adlcalc.report.charts.canvas import COLORS, FONT, short
from adlcalc.report.charts.figure import NARROW, WIDE, Figure
from adlcalc.report.facts import Facts
from adlcalc.report.given_up import Sentence
from adlcalc.report.html.decided import Decided
from adlcalc.report.html.drawn import SIGNS, svg
from adlcalc.report.html.extra import needed
from adlcalc.report.html.words import words_of
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.limits import money_in, venue_of
from adlcalc.report.page import title_of, under_title
from adlcalc.report.table import Table
from adlcalc.report.verdict import ask_why, pnl_of_backstops, verdict, who_backed, worth_of_held
from adlcalc.study.assumptions import SHOWN_BY_LIGHTS

DARK = {
    "fg": "#e6eaf0",
    "muted": "#9eaaba",
    "line": "#2a323d",
    "card": "#161b22",
    "mark": "#7fb2ff",
    "area": "#1c2738",
    "liq": "#fb923c",
    "adl": "#b794f6",
    "adlbg": "#282039",
    "fund": "#2dd4bf",
    "fundbg": "#16302f",
    "up": "#4ade80",
    "down": "#f98080",
    "track": "#212833",
    "kept": "#3b4656",
    "edge": "#8290a3",
    "loss": "#a5b1c2",
}
"""The colors of a dark page, by the same names."""
HERE = Path(__file__).parent
CODE = re.compile("`([^`]+)`")
SOME = 6
"""Values, and reasons why points failed, that are told one by one."""


@dataclass(frozen=True, slots=True)
class Leading:
    """A sweep, with which a page begins, and its figures. path: what the run below it is; beside: what of it is
    no part of the sweep, '' where nothing is."""

    swept: Any
    figures: Sequence[Figure]
    path: str
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Pictured:
    """A run, its figures, the rules that decided, what deleveraging cost whom, and what would have helped;
    leading: what comes before the run."""

    run: Facts
    own: Sequence[Figure]
    decided: Sequence[Decided] = ()
    leading: Leading | None = None
    given_up: Sequence[Sentence] = ()
    helped: Sequence[Sentence] = ()

    @property
    def figures(self) -> list[Figure]:
        """All of them, as they stand on the page."""
        return [*(self.leading.figures if self.leading else ()), *self.own]

    @property
    def drawn(self) -> list[Figure]:
        """Those that have a drawing."""
        return [figure for figure in self.figures if figure.draw is not None]

    @property
    def verdict(self) -> str:
        """The sentence with which the page begins."""
        if self.leading is None:
            return verdict(self.run)
        from adlcalc.report.sweep_told import sweep_verdict

        return sweep_verdict(self.leading.swept)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A figure as the page has it: drawn for half a page, which is also a phone, or twice, of which the
    reader sees the one that fits (wide: '' where one is enough)."""

    id: str
    figure: Figure
    half: bool
    wide: str
    narrow: str

    @property
    def keys(self) -> list[tuple[str, str]]:
        return [(SIGNS[key.sign], key.text) for key in self.figure.keys]


def page(told: Sequence[Pictured], version: str) -> str:
    """The HTML of one or several runs. version: of adlcalc."""
    jinja2 = needed("jinja2")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["rows"] = rows
    environment.filters["coded"] = coded
    sections = [_section(one, i) for i, one in enumerate(told, 1)]
    title = sections[0]["title"] if len(told) == 1 else counted(len(told), "scenario")
    text: str = environment.get_template("page.html.j2").render(
        title=title,
        sections=sections,
        several=len(told) > 1,
        css=style(),
        words=words_of(
            (one.run.scenario.rules.adl.lights for one in told),
            swept=any(one.leading is not None for one in told),
        ),
        version=version,
    )
    return text


def picture(told: Pictured) -> str:
    """All figures of a run on one sheet, as SVG."""
    from adlcalc.report.html.sheet import sheet

    return sheet(title_of(told.run.scenario, told.run.file), told.verdict, list(halves(told.drawn)))


def style() -> str:
    """The style, with the colors of both pages."""

    def variables(colors: dict[str, str]) -> str:
        return "".join(f"--{name}:{color};" for name, color in colors.items())

    text = (HERE / "page.css").read_text(encoding="utf-8").replace("/*font*/", FONT)
    return text.replace("/*light*/", variables(dict(COLORS))).replace("/*dark*/", variables(DARK))


def _section(told: Pictured, number: int) -> dict[str, Any]:
    """What the template needs of a run."""
    run = told.run
    with exact():
        return {
            "id": f"run-{number}",
            "title": title_of(run.scenario, run.file),
            "venue": venue_of(run.scenario),
            "accounts": counted(len(run.scenario.accounts), "account"),
            "steps": counted(run.step_count, "step"),
            "money": money_in(run.scenario),
            "file": clean(run.file or ""),
            "changes": " ".join(map(clean, run.options)),
            "verdict": told.verdict,
            "description": [*under_title(run.scenario)],
            "leading": None if told.leading is None else _leading(told.leading, run, number),
            "why": ask_why(run),
            "asking": ask_why(run).removeprefix("Why: "),
            "numbers": list(_numbers(run)),
            "figures": list(_shown(told.own, f"f{number}")),
            "decided": [_followed(one) for one in told.decided],
            "given_up": told.given_up,
            "helped": told.helped,
            "score": next((clean(one.note) for one in told.decided if one.rule == "adl.score"), ""),
            "notes": [(clean(note.rule), clean(note.note)) for note in _assumed(told)],
            "rest": _rest(run),
        }


def _assumed(told: Pictured) -> Iterator[Assumption]:
    """What the run assumes, and what a light is where one is shown."""
    yield from told.run.assumptions
    if any(" light" in one.text for one in told.helped):
        yield from (one for one in told.run.scenario.rules.assumptions if one.rule == SHOWN_BY_LIGHTS)


def _leading(leading: Leading, run: Facts, number: int) -> dict[str, Any]:
    """What the template needs of a sweep, and of the run that is told after it."""
    swept = leading.swept
    return {
        "numbers": list(_numbers_of(swept)),
        "figures": list(_shown(leading.figures, f"s{number}")),
        "path": leading.path,
        "beside": leading.beside,
        "failed": [
            f"{clean(why)} ({counted(many, 'point')})" for why, many in list(swept.errors.items())[:SOME]
        ],
        "verdict": verdict(run),
    }


def _numbers_of(swept: Any) -> Iterator[tuple[str, str, str]]:
    """Of a sweep: how many points and paths there are, and what is varied."""
    from adlcalc.report.sweep_view import label_of

    yield "Points", f"{swept.points:,}", f"{swept.failed:,} failed" if swept.failed else "none failed"
    if swept.drawn is not None:
        yield "Paths", f"{swept.drawn:,}", f"seed {clean(swept.seed)}"
    for name in swept.names[:3]:
        texts = list(dict.fromkeys(one.by[name] for one in swept.figures))
        yield clean(name), counted(len(texts), "value"), few(map(label_of, texts))


def few(texts: Iterable[str]) -> str:
    """'5, 10, 20, 50', '0 to 1,000,000' of more."""
    found = list(texts)
    return ", ".join(found) if len(found) <= SOME else f"{found[0]} to {found[-1]}"


def _numbers(run: Facts) -> Iterator[tuple[str, str, str]]:
    """The five numbers at the top: name, number, what it is of."""
    closed = {one.account for one in run.closed}
    yield "Liquidated", f"{len(closed):,}", "of " + counted(len(run.scenario.accounts), "account")
    if len(run.scenario.currencies) == 1:
        paid = sum((row.paid for row in run.fund), ZERO)
        left = sum((row.closing for row in run.fund if row.step == run.fund[-1].step), ZERO)
        worth = worth_of_held(run)
        yield (
            "Fund paid",
            short(paid),
            f"{short(left)} left" + (f", {_gain(worth)} on what it holds" if worth else ""),
        )
    else:
        funds = {row.fund for row in run.fund if row.paid}
        yield "Funds that paid", f"{len(funds):,}", f"of {len(run.scenario.funds):,}"
    given = {row.account for row in run.deleveraged}
    yield "Deleveraged", f"{len(given):,}", counted(len(run.deleveraged), "fill")
    bad: Decimal = run.audit.bad_debt
    covered = "nobody covered it" if bad else "all is covered"
    yield "Bad debt", run.audit.told if bad else "0", covered + "".join(_backed(run))
    audit = run.audit
    if not (audit.money_difference or audit.open_interest_difference):
        yield "Audit", "exact", "money and open interest balance to the last unit"
    else:
        told = f"{digits(audit.money_difference)} / {digits(audit.open_interest_difference)}"
        yield "Audit", told, "money / open interest do not balance"


def _backed(run: Facts) -> Iterator[str]:
    """', the vault lost 944,420': a loss of a backstop is no bad debt, and is told beside it."""
    if pnl := pnl_of_backstops(run):
        yield f", {who_backed(run)} {_gain(pnl)}"


def _gain(pnl: Decimal) -> str:
    """'lost 1,234', as short as a card has room."""
    return f"{'lost' if pnl < 0 else 'won'} {short(abs(pnl))}"


def _followed(one: Decided) -> Decided:
    """Its texts cleaned; only an address of the web is one that a reader can follow."""
    cleaned = Decided(*map(clean, one))
    return cleaned if one.url.startswith(("https://", "http://")) else cleaned._replace(url="")


def _rest(run: Facts) -> str:
    """What the audit says of a book that does not balance."""
    return (
        ""
        if not run.audit.rest
        else "Longs and shorts of the scenario do not balance; the rest of the market is an account of its "
        "own."
    )


def halves(figures: Sequence[Figure]) -> Iterator[tuple[Figure, bool]]:
    """Each figure with whether it stands beside another: halves in pairs; one that is left alone takes the
    whole width."""
    start = 0
    while start < len(figures):
        end = start
        while end < len(figures) and figures[end].half:
            end += 1
        paired = (end - start) // 2 * 2
        yield from ((figure, i < paired) for i, figure in enumerate(figures[start : max(end, start + 1)]))
        start = max(end, start + 1)


def _shown(figures: Sequence[Figure], name: str) -> Iterator[_Shown]:
    for i, (figure, half) in enumerate(halves(figures), 1):
        id_ = f"{name}-{i}"
        yield _Shown(
            id_,
            figure,
            half,
            "" if half else _svg(figure, WIDE, f"{id_}w"),
            _svg(figure, NARROW, f"{id_}n"),
        )


def _svg(figure: Figure, width: int, name: str) -> str:
    """Its drawing, '' where it has none."""
    if figure.draw is None:
        return ""
    return svg(figure.spec(width), name, figure.title, figure.description)


def coded(text: str) -> Iterator[tuple[str, bool]]:
    """A text of a rulebook in pieces, each with whether it stands in `backticks`, which are then gone: what a
    reader may type looks like it."""
    for i, piece in enumerate(CODE.split(text)):
        if piece:
            yield piece, i % 2 == 1


def rows(table: Table) -> Iterator[list[tuple[str, bool]]]:
    """The cells of a table row by row, each with whether it stands to the right."""
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        yield [(cell, column.right) for cell, column in zip(cells, table.columns, strict=True)]
