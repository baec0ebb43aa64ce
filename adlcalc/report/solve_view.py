"""The answer to a question asked backwards, as a page (schema adlcalc.solve/1): the answer with its neighbors
and where their runs part, all intervals, and how it is known.

Public: solve_page, told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from adlcalc.engine import events as e
from adlcalc.engine.events import Event
from adlcalc.engine.model import Depth, Scenario
from adlcalc.ground.numbers import ZERO, D, drawing, round_to
from adlcalc.report.columns.solve import SOLVE
from adlcalc.report.human import clean, counted, digits, position
from adlcalc.report.limits import FUND_LIMITS, in_money, money_in, one_sided, venue_of
from adlcalc.report.page import Block, Page, notes, title_of
from adlcalc.report.table import listed, numbers, right, table, words
from adlcalc.report.verdict import typed
from adlcalc.study.assumptions import used_assumptions
from adlcalc.study.differs import Part, PartKind
from adlcalc.study.solve import Method, Solution

BARS = 60
HOLDS, FAILS, REFUSED = "█", "▁", "·"
SHOWN = D("0.00000001")


def solve_page(solved: Any, limit: int = 0, *, drawn: bool = False) -> Page:
    """drawn: with little bars, for a terminal."""
    asking = solved.asking
    found: Solution = solved.solution
    asked = f"{'When' if asking.when else 'Until'} {asking.question}: {solved.what}"
    if not solved.columns:
        asked += f", from {digits(found.low)} to {digits(found.high)}"
    return Page(
        title=title_of(solved.scenario, asking.file),
        subtitle=clean(f"{asked}, venue {venue_of(solved.scenario)}, {money_in(solved.scenario)}"),
        blocks=lambda _: _blocks(solved, limit, drawn),
        document=SOLVE,
        about=solved,
    )


def _blocks(solved: Any, limit: int, drawn: bool) -> Iterator[Block]:
    if solved.columns:
        yield from _frontier(solved, limit)
    else:
        yield from _answer(solved)
        yield from _intervals(solved, limit)
        if drawn and solved.solution.changes:
            yield _bars(solved.solution)
    yield from _readings(solved, limit)
    yield from _known(solved)
    found = [one.solution for one in solved.columns] or [solved.solution]
    used = {
        n.rule: n
        for one in found
        for _, events in one.ends
        for n in used_assumptions(solved.scenario, events)
    }
    yield notes("Assumed rules behind this", used.values())


def _readings(solved: Any, limit: int) -> Iterator[Block]:
    """The answers under other readings, and their range beside the one as written."""
    if not solved.readings:
        return
    if solved.columns:
        yield from _ranges(solved, limit)
        return
    rows = solved.readings[: limit or None]
    yield table(
        "Under other readings of assumed rules",
        "",
        [words("reading", [one.reading for one in rows]), numbers("holds", [one.holds for one in rows])],
        more=len(solved.readings) - len(rows),
    )
    answers = [one.holds for one in solved.readings] + [solved.solution.holds]
    there = [one for one in answers if one is not None]
    none = ", under some no value does" if len(there) < len(answers) else ""
    if there:
        ends = " to ".join(dict.fromkeys((digits(min(there)), digits(max(there)))))
        yield f"As written {digits(solved.solution.holds)}; under all readings {ends}{none}."
    else:
        yield "No value does, under any of these readings."


def _ranges(solved: Any, limit: int) -> Iterator[Block]:
    """For each value of --across its answer, and from where to where it goes under other readings."""
    rows = solved.columns[: limit or None]
    answers = [
        [one.solution.holds, *(other.holds for other in solved.readings if other.across == one.at)]
        for one in rows
    ]
    there = [[x for x in found if x is not None] for found in answers]
    yield table(
        "Under other readings of assumed rules",
        "",
        [
            numbers(clean(solved.across), [one.at for one in rows]),
            numbers("as written", [one.solution.holds for one in rows]),
            numbers("least", [min(found, default=None) for found in there]),
            numbers("most", [max(found, default=None) for found in there]),
            right("readings\nwithout", [str(len(a) - len(b)) for a, b in zip(answers, there, strict=True)]),
        ],
        more=len(solved.columns) - len(rows),
    )
    if solved.readings:
        readings = dict.fromkeys(one.reading for one in solved.readings)
        yield f"Readings, one at a time: {clean('; '.join(readings))}."


# --- the answer ---------------------------------------------------------------------------------------------


def _answer(solved: Any) -> Iterator[Block]:
    found: Solution = solved.solution
    if found.ends:
        yield table(
            in_money("Answer" if found.changes else "The ends of the range", solved.scenario),
            "",
            [
                words("", ["holds" if found.outcome(x) else "fails" for x, _ in found.ends]),
                numbers(clean(solved.asking.vary), [x for x, _ in found.ends]),
                listed(
                    "liquidated",
                    [_names(e.Liquidated, events) for _, events in found.ends],
                    hide=True,
                    drop=3,
                ),
                listed("deleveraged", [_deleveraged(events) for _, events in found.ends], hide=True, drop=2),
                numbers("fund paid", [_sum(e.FundPaid, events) for _, events in found.ends], drop=1),
                numbers("bad debt", [_bad_debt(events) for _, events in found.ends], drop=1),
            ],
        )
    if early := _due_early(found, solved.scenario):
        yield f"{counted(early, 'account is', 'accounts are')} due at the opening marks already, whatever is varied."
    yield from _refused(found, solved)
    if found.holds is None:
        yield _none_does(solved)
        if len(found.ends) > 1 and _alike(found.ends[0][1], found.ends[-1][1]):
            yield f"The same happens at both ends of the range: nothing hangs on {clean(solved.asking.vary)}."
        if "adl" in str(solved.asking.question) and (alone := one_sided(solved.scenario)) is not None:
            yield alone
        return
    if not found.changes:
        yield f"It is so for every value from {digits(found.low)} to {digits(found.high)}{_tried(found)}."
        return
    first = next(one for one in found.changes if (one.before, one.after) == found.first)
    if first.differs is not None:
        yield _parted(first.differs, first.before, first.after, solved)
    now = found.knob.now
    if now is not None and found.holds != now:
        apart = digits(abs(found.holds - now))
        how = "more" if found.holds > now else "less"
        yield f"The file has {digits(now)}; {digits(found.holds)} is {apart} {how}."
    yield from _left_open(found, solved)


def _alike(first: Sequence[Event], second: Sequence[Event]) -> bool:
    """Does the same happen to positions and funds in both?"""
    kinds = TOLD.keys() - {e.Refused}
    mine, theirs = ([one for one in events if type(one) in kinds] for events in (first, second))
    return mine == theirs


def _refused(found: Solution, solved: Any) -> Iterator[str]:
    """What the venue refuses at every end, or at the last one where nothing helps: that much does not happen."""
    told_of = [[one for one in events if isinstance(one, e.Refused)] for _, events in found.ends]
    if told_of and told_of[-1] and (found.holds is None or all(told_of)):
        (at, _), last = found.ends[-1], told_of[-1]
        rest = f", and {len(last) - 1:,} more" if len(last) > 1 else ""
        yield f"With {digits(at)}, {told(last[0], solved)}{rest}: adlcalc explain has the arithmetic."


def _due_early(found: Solution, scenario: Scenario) -> int:
    """How many accounts are due at the opening marks, whatever is varied."""
    if scenario.path.steps < 2:
        return 0
    due = (
        {one.account for one in events if isinstance(one, e.Liquidated) and not one.step}
        for _, events in found.ends
    )
    return min(map(len, due), default=0)


def _left_open(found: Solution, solved: Any) -> Iterator[str]:
    """What the venue still holds at the end of the path under the answer: what becomes of it is not asked."""
    last = solved.scenario.path.steps - 1
    ended = next((events for x, events in found.ends if x == found.holds), ())
    held = [event for event in ended if isinstance(event, e.Held) and event.step == last]
    if held:
        pnl = digits(sum((event.unrealized_pnl for event in held), ZERO))
        size = digits(sum((event.size for event in held), ZERO))
        what = f"{size} contracts" if len({event.market for event in held}) == 1 else "positions"
        yield (
            f"With {digits(found.holds)} the venue still holds {what} at the end of the path, {pnl} at the "
            "last mark."
        )


def _tried(found: Solution) -> str:
    return " that was tried" if found.method is Method.SAMPLED else ""


def _names(kind: type[Any], events: Sequence[Event]) -> str:
    names = list(dict.fromkeys(event.account for event in events if isinstance(event, kind)))
    return _few([clean(name) for name in names])


def _few(told: Sequence[str]) -> str:
    """Three of them; of many one, so that a narrow page has room for what they cost."""
    shown = told[: 1 if len(told) > MANY_NAMES else 3]
    return (
        ", ".join(shown) + (f" and {len(told) - len(shown):,} more" if len(told) > len(shown) else "") or "-"
    )


def _deleveraged(events: Sequence[Event]) -> str:
    """'bob 0.001, carol 2'."""
    sizes: dict[str, Decimal] = {}
    for event in events:
        if isinstance(event, e.Deleveraged):
            sizes[event.account] = sizes.get(event.account, ZERO) + event.size
    told = [f"{clean(name)} {digits(size)}" for name, size in sizes.items()]
    return _few(told)


def _sum(kind: type[Any], events: Sequence[Event]) -> Decimal:
    return sum((event.amount for event in events if isinstance(event, kind)), ZERO)


def _bad_debt(events: Sequence[Event]) -> Decimal:
    ended = [event for event in events if isinstance(event, e.StepEnded)]
    return ended[-1].bad_debt if ended else ZERO


def _line(told: str) -> str:
    """What a file was refused with, its hints in the same line."""
    return ", ".join(clean(line) for line in told.splitlines())


def _may_hold(solved: Any) -> str:
    """Which rule would let a fund be enough, where that was tried."""
    if not solved.helped:
        return ""
    return (
        " That is rule fund.holds, which is none: a fund that keeps what it can bear may be enough, --set "
        f"{solved.helped} (adlcalc venues --rules fund.holds says whose does)."
    )


def _none_does(solved: Any) -> str:
    """That nothing helps; why, at the end of the range; and whether more of a fund would."""
    found: Solution = solved.solution
    larger = f" up to {digits(found.high)}" if found.endless else ""
    tried = " of those that were tried" if found.method is Method.SAMPLED else ""
    text = f"None does{larger}{tried}: {_why(solved)}"
    if found.endless:
        return f"{text} With a fund that is large enough it is so: leave --to out, or give more."
    if found.endless is False and found.not_by:
        return f"{text} With an endless fund it is not so either."
    return text


def _why(solved: Any) -> str:
    """What happens at the end of the range all the same."""
    found: Solution = solved.solution
    if not found.ends:
        refused = next((one.why for one in found.stretches if one.why), "")
        return f"the scenario refuses them. {_line(refused)}" if refused else "nothing was tried."
    at, events = found.ends[-1]
    fill = next((event for event in events if isinstance(event, e.Deleveraged)), None)
    start = f"with {digits(at)}"
    if "adl" in {part.word for part in found.question.parts} and fill is not None:
        market = next(one for one in solved.scenario.markets if one.name == fill.market)
        book = market.liquidity
        takes = sum((size for _, size in book.levels), ZERO)
        # only an endless fund shows that it is not for want of money
        if found.endless is False and not found.not_by and book.kind == Depth.LEVELS:
            return (
                f"the book of {clean(market.name)} takes {digits(takes)} in a step, and what it does not "
                "take "
                "goes to the "
                f"queue, however much the fund holds ({told(fill, solved)}).{_may_hold(solved)}"
            )
        return (
            f"{start}, {told(fill, solved)}.{_stopped_by(found.knob.fund, events, fill)}{_may_hold(solved)}"
        )
    hit = next((event for event in events if isinstance(event, e.Liquidated)), None)
    if hit is not None:
        return f"{start}, {told(hit, solved)}."
    return f"{start}, nothing happens."


def _stopped_by(fund: str | None, events: Sequence[Event], fill: e.Deleveraged) -> str:
    """That the fund was stopped before that fill."""
    found = None
    for event in events[: events.index(fill)]:
        if isinstance(event, e.FundStopped | e.FundResumed) and event.fund == fund:
            found = event
    if not isinstance(found, e.FundStopped) or (found.left and found.step != fill.step):
        return ""
    left = f"no more than {digits(found.left)}" if found.left else "nothing"
    return f" Rule fund.drawdown let the fund give {left} then: its limit is {digits(found.limit)}."


# --- events in words ----------------------------------------------------------------------------------------


def _parted(part: Part, before: Decimal, after: Decimal, solved: Any) -> str:
    """Where two runs part, in words."""
    if part.kind is PartKind.LACKS:
        alone, other = (before, after) if part.first is not None else (after, before)
        return (
            f"With {digits(alone)}, {told(part.event, solved)}. With {digits(other)}, that does not happen."
        )
    assert part.first is not None
    assert part.second is not None
    first, second = (told(one, solved) for one in (part.first, part.second))
    return f"With {digits(before)}, {first}. With {digits(after)}, {second}."


MANY_NAMES = 10
BORDERS = 3
"""Further borders whose reason is told; the table has where all of them lie."""
NOT_ALLOWED = {
    "withdraw": "a withdrawal",
    "margin": "a move of margin",
    "trade": "a trade that needs a margin",
}
Tell = Callable[[Any, bool], str]
TOLD: Mapping[type[Any], Tell] = {
    e.Liquidated: lambda x, several: (
        f"{clean(x.account)}'s {_held(x, several)} is liquidated (mark {digits(x.mark_price)})"
    ),
    e.Deleveraged: lambda x, several: (
        f"{clean(x.account)} is deleveraged, {digits(x.size)}{_in(x, several)} at {digits(x.price)}"
    ),
    e.Skipped: lambda x, several: f"{clean(x.account)} is passed over in the queue{_in(x, several)}",
    e.BookFilled: lambda x, several: f"the book takes {digits(x.size)}{_in(x, several)} at {digits(x.price)}",
    e.BackstopTook: lambda x, several: (
        f"{clean(x.provider)} takes {digits(x.size)}{_in(x, several)} at {digits(x.price)}"
    ),
    e.Refused: lambda x, _: (
        f"the venue refuses {clean(x.account)} {NOT_ALLOWED[x.what]} of {digits(x.amount)}: {digits(x.allowed)} at most"
    ),
    e.FundPaid: lambda x, _: f"the fund pays {digits(x.amount)}",
    e.FundReceived: lambda x, _: f"the fund receives {digits(x.amount)}",
    e.FundStopped: lambda x, _: "the fund stops paying",
    e.FundResumed: lambda x, _: "the fund pays again",
    e.LossSocialized: lambda x, _: f"{clean(x.account)} bears {digits(x.amount)} of a loss",
    e.BadDebt: lambda x, _: f"{digits(x.amount)} become bad debt",
    e.Held: lambda x, several: f"the venue is left with {_held(x, several)}",
    e.Owed: lambda x, _: f"{clean(x.account)} owes {digits(x.amount)}",
    e.OrderFilled: lambda x, several: (
        f"the {x.order} of {clean(x.account)} closes {digits(x.size)}{_in(x, several)} at {digits(x.price)}"
    ),
    e.StopMissed: lambda x, _: f"the stop of {clean(x.account)} is missed (mark {digits(x.mark)})",
}
WORDS = re.compile(r"(?<!^)(?=[A-Z])")


def _held(x: Any, several: bool) -> str:
    return position(x.side, x.size, x.market if several else None)


def _in(x: Any, several: bool) -> str:
    return f" {clean(x.market)}" if several else ""


def told(event: Event, solved: Any) -> str:
    """'at step 2 bob is deleveraged, 0.001 at 54,000'."""
    tell = TOLD.get(type(event))
    several = len(solved.scenario.markets) > 1
    said = (
        f"otherwise: {WORDS.sub(' ', type(event).__name__).lower()}" if tell is None else tell(event, several)
    )
    return f"at step {event.step} {said}"


# --- all of the range ---------------------------------------------------------------------------------------


def _intervals(solved: Any, limit: int) -> Iterator[Block]:
    rows = solved.solution.stretches
    if len(rows) < 2:
        return
    kept = rows[:limit] if limit else rows
    intervals = next(one for one in SOLVE.sections if one.name == "intervals")
    yield table("Intervals", "", intervals.columns(kept, solved), len(rows) - len(kept))
    further = [
        one
        for one in solved.solution.changes
        if one.differs and (one.before, one.after) != solved.solution.first
    ]
    for one in further[:BORDERS]:
        yield _parted(one.differs, one.before, one.after, solved)
    refused = next((one.why for one in rows if one.why), "")
    if refused:
        yield f"Refused: {_line(refused)}"


def _bars(found: Solution) -> str:
    """The range from left to right: full where it is so. A part that has both is shown as the first of it."""
    cells = []
    for i in range(BARS):
        with drawing():
            at = found.low + i * (found.high - found.low) / BARS
        holds = next((one.holds for one in found.stretches if one.low <= at <= one.high), False)
        cells.append(REFUSED if holds is None else HOLDS if holds else FAILS)
    return "".join(cells)


def _frontier(solved: Any, limit: int) -> Iterator[Block]:
    kept = solved.columns[:limit] if limit else solved.columns
    frontier = next(one for one in SOLVE.sections if one.name == "frontier")
    columns = [
        column and type(column)(clean(solved.across), *_rest(column)) if i == 0 else column
        for i, column in enumerate(frontier.columns(kept, solved))
    ]
    yield table(
        f"{clean(solved.asking.vary)} by {clean(solved.across)}", "", columns, len(solved.columns) - len(kept)
    )
    lowest = [one for one in solved.columns if one.solution.holds == one.solution.low]
    if lowest:
        yield (
            f"{counted(len(lowest), 'row holds', 'rows hold')} from the lowest value on that was asked, "
            f"{digits(lowest[0].solution.low)}: what is less may do as well (--from)."
        )
    left = [one for one in solved.columns if any(_left_open(one.solution, solved))]
    if left:
        yield (
            f"Under {counted(len(left), 'answer', 'answers')} the venue still holds positions at the end of the "
            "path; solve without --across says how many contracts, and what they have lost."
        )
    early = [one for one in solved.columns if _due_early(one.solution, solved.scenario)]
    if early:
        most = max(_due_early(one.solution, solved.scenario) for one in early)
        yield (
            f"{counted(len(early), 'row', 'rows')} with accounts that are due at the opening marks already, up "
            f"to {most:,}: a book on another scale than its prices?"
        )
    many = [one for one in solved.columns if len(one.solution.changes) > 1]
    if many:
        yield (
            f"{counted(len(many), 'row has', 'rows have')} more than one change, and the first is shown: "
            "solve without --across shows all."
        )


def _rest(column: Any) -> tuple[Any, ...]:
    return column.cells, column.right, column.drop, column.point, column.ids


# --- how it is known ----------------------------------------------------------------------------------------


def _known(solved: Any) -> Iterator[Block]:
    found: Solution = solved.solution
    total = sum(one.solution.runs for one in solved.columns) or found.runs
    runs = counted(total, "run")
    if found.interrupted or any(one.solution.interrupted for one in solved.columns):
        yield "Interrupted: this is what was known by then."
    elif not found.whole:
        yield (
            "The budget of runs was used up: changes may be missing, and those told may be wide. --budget "
            "gives more."
        )
    yield _method(solved, runs)
    if found.not_by and found.method is not Method.THEOREM:
        yield (
            f"A larger fund may be worse here: rule {found.not_by} looks at more of the fund than whether it "
            "can pay."
        )
    if found.knob.fund is not None:
        yield FUND_LIMITS
    if solved.verified:
        yield "Held against the file: loaded with --set, it makes the same runs."
        if command := _loaded(solved):
            yield f"In a file it is: {command}"
    elif solved.verified is None and found.ends and not found.interrupted:
        yield "Not held against the file: --set cannot name what was varied there."


def _loaded(solved: Any) -> str:
    """The command that makes the run of the answer, where --set has to say more than the number."""
    said, file = solved.said.get(solved.solution.holds, ()), solved.asking.file
    return "" if len(said) < 2 or file in (None, "-") else typed("run", file, *solved.options(said))


def _begun(found: Solution) -> str:
    """What a search was about to do that did not come to its end."""
    unit = found.knob.unit
    if found.method is Method.EXHAUSTIVE:
        count = int((found.high - found.low) // unit) + 1
        return f"Of {count:,} values, {digits(unit)} apart, {found.values:,} were run"
    apart = digits(round_to(found.spacing, max(unit, SHOWN)))
    return (
        f"Sampled, not to the end: {found.values:,} values were run, of those {apart} apart and those between"
    )


def _method(solved: Any, runs: str) -> str:
    found: Solution = solved.solution
    if found.method is Method.THEOREM:
        if found.holds is None or not found.changes:
            return f"Proven for every value of the range: the fund pays to its floor. {runs}."
        return f"Every larger fund does too, and no smaller one: the fund pays to its floor. Proven; {runs}."
    proven = (
        f" From {digits(found.proven_from)} on it is proven: the fund pays to its floor."
        if found.proven_from is not None
        else ""
    )
    if proven and found.open_below:
        proven += f" Below it nothing is proven: {found.open_below}."
    if not found.whole:
        return f"{_begun(found)}: {runs}.{proven}"
    if found.method is Method.EXHAUSTIVE:
        return f"Every value was run, {digits(found.knob.unit)} apart: {runs}.{proven}"
    apart = digits(round_to(found.spacing, max(found.knob.unit, SHOWN)))
    return (
        f"Sampled: values {apart} apart were run, and every change between two of them followed to the unit "
        f"({digits(found.knob.unit)}). An interval narrower than that may be missing. {runs}.{proven}"
    )
