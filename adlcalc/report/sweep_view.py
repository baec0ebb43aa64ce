"""What many points came to, as a page (schema adlcalc.sweep/1): a table for each measure, little bars where
two things are varied, and what the probabilities are of.

Public: sweep_page, columns_of, label_of, are_numbers, probability, percent, rounded,
six_digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from adlcalc.ground.numbers import CEILING, FLOOR, HALF_EVEN, D, round_to
from adlcalc.report.columns.sweep import SWEEP, number
from adlcalc.report.human import NOTHING, clean, counted, digits
from adlcalc.report.limits import LEAST_FUND_LIMITS, frequencies, money_in
from adlcalc.report.page import Block, Item, Listing, Page
from adlcalc.report.table import Column, counts, right, table, words
from adlcalc.study.least import LEAST
from adlcalc.study.sample import BEYOND
from adlcalc.study.sweep import Figure, Moved

BARS = "▁▂▃▄▅▆▇█"
SIX = 6
NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
NOT_ESTIMABLE = "not estimable"
MOST_ERRORS = MOST_NAMED = 5


def sweep_page(swept: Any, limit: int = 0) -> Page:
    """limit: rows of a table that are shown."""
    return Page(
        title=clean(swept.title or swept.file or "Sweep"),
        subtitle=_subtitle(swept),
        blocks=lambda _: _blocks(swept, limit),
        document=SWEEP,
        about=swept,
    )


def _subtitle(swept: Any) -> str:
    by = ", ".join(map(clean, swept.names))
    money = f", {money_in(swept.notes[0].scenario)}" if swept.notes else ""  # a store alone does not know it
    venue = f", venue {clean(swept.venues[0])}" if len(swept.venues) == 1 else ""
    return counted(swept.points, "point") + (f", by {by}" if by else "") + venue + money


def _blocks(swept: Any, limit: int) -> Iterator[Block]:
    by_measure: dict[str, list[Figure]] = {}
    for one in swept.figures:
        by_measure.setdefault(one.measure, []).append(one)
    if swept.drawn is None and all(one.n + one.failed + one.none <= 1 for one in swept.figures):
        yield from _values(swept, by_measure, limit)
    else:
        for measure, figures in by_measure.items():
            yield _table(swept, measure, figures, limit)
    for measure, figures in by_measure.items():
        if len(swept.names) == 2 and len(figures) > 1:
            yield _pivot(swept.names, measure, figures)
    yield from _doubts(swept, limit)
    yield from _sentences(swept)
    yield from _errors(swept)


def _groups(names: Sequence[str], figures: Sequence[Figure]) -> Iterator[Column | None]:
    """What the points have in common."""
    for name in names:
        texts = [one.by[name] for one in figures]
        look = right if are_numbers(texts) else words
        yield look(clean(name), [label_of(text) for text in texts])


def are_numbers(texts: Iterable[str]) -> bool:
    """Are all values that are varied numbers?"""
    return all(map(NUMBER.fullmatch, texts))


def label_of(text: str) -> str:
    """A value that is varied, a number with its separators."""
    return digits(D(text)) if NUMBER.fullmatch(text) else clean(text)


def _values(swept: Any, by_measure: Mapping[str, Sequence[Figure]], limit: int) -> Iterator[Block]:
    """Where every group is one point: its values."""
    first = next(iter(by_measure.values()), ())
    shown = first[: limit or None]
    columns = [*_groups(swept.names, shown)]
    for measure, figures in by_measure.items():
        columns.append(right(clean(measure), [_value(one) for one in figures[: limit or None]]))
    yield table("Points", "There is no point.", columns if shown else (), more=len(first) - len(shown))


def _value(one: Figure) -> str:
    if one.share is not None:
        return "yes" if one.share.hits else "no"
    return "failed" if one.failed else six_digits(one.mean)


def _table(swept: Any, measure: str, figures: Sequence[Figure], limit: int) -> Block:
    shown = figures[: limit or None]
    columns = columns_of(swept.names, shown, swept.each)
    return table(clean(measure), "There is no point.", columns, more=len(figures) - len(shown))


def columns_of(names: Sequence[str], figures: Sequence[Figure], each: int = 0) -> list[Column | None]:
    """The groups of a measure, a row each: what their points have in common, and what they come to. each: how
    many points a group is to have, where not all are worked."""
    share = any(one.share is not None for one in figures)
    worked = [right("worked", [f"{one.worked:,} of {each:,}" for one in figures], drop=4)] if each else []
    return [*_groups(names, figures), *worked, *(_shares(figures) if share else _numbers(figures))]


def _shares(figures: Sequence[Figure]) -> Iterator[Column | None]:
    """Hits, probability, interval. No hit is never 0 %: what is told is the end of the interval."""
    yield right(
        "true in", [NOTHING if one.share is None else f"{one.share.hits:,}" for one in figures], drop=2
    )
    yield right("points", [f"{one.n:,}" for one in figures], drop=3)
    yield right("probability", [probability(one) for one in figures])
    yield right(
        "95% from", [_end(one, "low", one.share is not None and one.share.hits > 0) for one in figures]
    )
    yield right(
        "to", [_end(one, "high", one.share is not None and one.share.hits < one.n) for one in figures]
    )
    yield counts("failed", [one.failed or None for one in figures], hide=True, drop=1)


def probability(one: Figure) -> str:
    """Of hits among points; none of them is never 0%, and all are never 100%: there it is told what they exclude."""
    if one.share is None:
        return NOTHING
    share = one.share
    if share.low is not None and share.high is not None and one.n > 1:
        if not share.hits:
            return f"< {percent(share.high, CEILING)}"
        if share.hits == share.n:
            return f"> {percent(share.low, FLOOR)}"
    return percent(number(share.share) or D(0))


def _end(one: Figure, name: str, inside: bool) -> str:
    found = None if one.share is None else getattr(one.share, name)
    return NOTHING if found is None or not inside else percent(found, FLOOR if name == "low" else CEILING)


def percent(x: Decimal, rounding: str = HALF_EVEN) -> str:
    """'0.17%': to a hundredth of a percent, finer where that would be nothing."""
    percent = x * 100
    places = D("0.01") if percent >= D("0.01") or not percent else D("0.0001")
    return f"{digits(round_to(percent, places, rounding))}%"


def _numbers(figures: Sequence[Figure]) -> Iterator[Column | None]:
    yield right("points", [f"{one.n:,}" for one in figures])
    only = figures[0].only
    if not only:
        yield right("mean", [six_digits(one.mean) for one in figures])
        yield right("least", [six_digits(one.least) for one in figures], drop=3)
    for at, level in enumerate(one.level for one in _first(figures)):
        label = f"{digits(level * 100)}%"
        if not only and not _estimable(figures, at):
            continue
        if only != "shortfall":
            yield right(
                label,
                [_quantile(one, at, "value", "low", "high", wide=bool(only)) for one in figures],
                drop=_drop(only, level),
            )
        if only == "shortfall" or (not only and level * 2 > 1):
            heading = f"mean\nbeyond {label}"
            yield right(
                heading,
                [
                    _quantile(one, at, "beyond", "beyond_low", "beyond_high", wide=bool(only))
                    for one in figures
                ],
                drop=0 if only else 1,
            )
    if not only:
        yield right("most", [six_digits(one.most) for one in figures], drop=3)
    yield counts("no\nnumber", [one.none or None for one in figures], hide=True, drop=1)
    yield counts("failed", [one.failed or None for one in figures], hide=True, drop=1)


def _drop(only: str, level: Decimal) -> int:
    return 0 if only or level == D("0.5") else 5 if level * 2 < 1 else 4 if level < D("0.99") else 2


def _estimable(figures: Sequence[Figure], at: int) -> bool:
    """Is the quantile known of any of them?"""
    return any(one.quantiles and one.quantiles[at].value is not None for one in figures)


def _first(figures: Sequence[Figure]) -> Sequence[Any]:
    return next((one.quantiles for one in figures if one.quantiles), ())


def _quantile(one: Figure, at: int, value: str, low: str, high: str, *, wide: bool) -> str:
    """'120 (100 to 150)': with its interval where it was asked for by itself."""
    if not one.quantiles:
        return NOTHING
    found, least, most = (getattr(one.quantiles[at], name) for name in (value, low, high))
    if found is None:
        return NOT_ESTIMABLE
    return six_digits(found) + (
        f" ({six_digits(least)} to {six_digits(most)})" if wide and least is not None else ""
    )


def six_digits(x: Fraction | None) -> str:
    """To six digits, but never above the decimal point."""
    return rounded(number(x))


def rounded(found: Decimal | None) -> str:
    """The same of a number as it is written."""
    if found is None:
        return NOTHING
    if not found.is_finite():
        return "inf" if found > 0 else "-inf"
    places = min(max(SIX - 1 - found.adjusted(), 0), 8) if found else 0
    return digits(round_to(found, D(1).scaleb(-places)).normalize() + 0) if found else "0"


def _pivot(names: Sequence[str], measure: str, figures: Sequence[Figure]) -> Block:
    """The thing of more values goes across: a bar a cell, from the least of the grid to its most."""
    of = [len({one.by[name] for one in figures}) for name in names]
    down, across = names if of[0] <= of[1] else reversed(names)
    rows = list(dict.fromkeys(one.by[down] for one in figures))
    columns = list(dict.fromkeys(one.by[across] for one in figures))
    cells = {(one.by[down], one.by[across]): one.headline for one in figures}
    there = [x for x in cells.values() if x is not None]
    low, high = (min(there), max(there)) if there else (Fraction(0), Fraction(0))

    def bar(row: str, column: str) -> str:
        x = cells.get((row, column))
        if x is None:
            return "·"
        return BARS[0] if high == low else BARS[int((x - low) * (len(BARS) - 1) / (high - low))]

    is_share = any(one.share is not None for one in figures)

    def show(x: Fraction) -> str:
        return percent(number(x) or D(0)) if is_share else six_digits(x)

    heading = f"{label_of(columns[0])} to {label_of(columns[-1])}"
    return table(
        f"{clean(measure)}: {clean(across)} from left to right; {BARS[0]} is {show(low)}, {BARS[-1]} is "
        f"{show(high)}",
        "",
        [
            right(clean(down), [label_of(row) for row in rows]),
            words(heading, ["".join(bar(row, column) for column in columns) for row in rows]),
        ],
    )


def _doubts(swept: Any, limit: int) -> Iterator[Block]:
    """The figures under other readings: those that move, each with the reading at its far end."""
    if swept.readings is None:
        return
    if not swept.readings:
        yield "The points use no assumed rule that has another reading."
        return
    tried = counted(len(swept.readings), "other reading")
    moving = [one for one in swept.doubts if one.moves]
    if not moving:
        yield f"Under {tried} of the assumed rules that the points use, every figure is the same."
        return
    rows = moving[: limit or None]
    yield table(
        "Under other readings of assumed rules",
        "",
        [
            words("measure", [one.figure.measure for one in rows]),
            *_groups(swept.names, [one.figure for one in rows]),
            right("as written", [_told(one, one.value) for one in rows]),
            right("range", [_range(one) for one in rows]),
        ],
        more=len(moving) - len(rows),
    )
    ends = dict.fromkeys(under for one in moving for under in (one.low_under, one.high_under) if under)
    still = len(swept.doubts) - len(moving)
    same = f"; {counted(still, 'figure')} the same under all" if still else ""
    yield clean(f"{tried[0].upper()}{tried[1:]}, one at a time{same}. Rests on {'; '.join(ends)}.")


def _told(one: Moved, x: Fraction | None) -> str:
    """A figure's headline, a share in percent, of a single point yes or no."""
    if one.figure.share is not None and one.figure.share.n == 1 and x is not None:
        return "yes" if x else "no"
    return percent(number(x) or D(0)) if one.figure.share is not None and x is not None else six_digits(x)


def _range(one: Moved) -> str:
    """'0..1,000', 'or none' where some reading has no such number."""
    ends = f"{_told(one, one.low)}..{_told(one, one.high)}" if one.low != one.high else _told(one, one.low)
    return f"{ends} or none" if one.missing else ends


def _sentences(swept: Any) -> Iterator[Block]:
    if swept.each:
        yield _unfinished(swept)
    if said := frequencies(swept):
        yield clean(said)
    if any(LEAST in one.measure for one in swept.figures):
        yield LEAST_FUND_LIMITS
    if any(not one.sample and one.n > 1 for one in swept.figures):
        yield (
            "Points of different things that are varied are counted together: no sample, and so no interval."
        )
    run = "a run of the file as it is" if swept.drawn is None else "the run of the first path"
    for venue, rules in swept.assumed.items():
        under = f" under {clean(venue)}" if len(swept.venues) > 1 else ""
        yield clean(
            f"Assumed rules that {run} uses{under}: {', '.join(rules)}. How far the "
            "figures "
            "hang on them: the same with --doubt."
        )
    missing = {found.level: None for one in swept.figures for found in one.quantiles if found.value is None}
    if missing and swept.drawn is not None:
        which = ", ".join(f"{digits(level * 100)}%" for level in sorted(missing))
        several = "s" * (len(missing) > 1)
        yield f"Not estimable, as fewer than {BEYOND} paths lie beyond: the quantile{several} of {which}."


def _unfinished(swept: Any) -> str:
    """What is there of a sweep that was stopped, and of what there is nothing."""
    groups = list({tuple(one.by.items()): one for one in swept.figures}.values())
    total = swept.each * len(groups)
    text = f"Not all points are worked: {swept.points:,} of {total:,}"
    if swept.names:
        whole = sum(one.worked == swept.each for one in groups)
        text += f"; {whole:,} of {counted(len(groups), 'group')} {'is' if whole == 1 else 'are'} whole"
        none = [
            ", ".join(f"{k}={label_of(v)}" for k, v in one.by.items()) for one in groups if not one.worked
        ]
        if none:
            more = f" and {len(none) - MOST_NAMED:,} more" if len(none) > MOST_NAMED else ""
            text += f", and none is worked of {'; '.join(none[:MOST_NAMED])}{more}"
    return clean(f"{text}.")


def _errors(swept: Any) -> Iterator[Block]:
    if not swept.failed:
        return
    reasons = [f"{clean(why)} ({counted(count, 'point')})" for why, count in swept.errors.items()]
    items = [Item(one) for one in reasons[:MOST_ERRORS]]
    more = f" ({len(reasons) - MOST_ERRORS} more reasons)" if len(reasons) > MOST_ERRORS else ""
    yield Listing(f"{swept.failed:,} of {counted(swept.points, 'point')} failed{more}", items)
