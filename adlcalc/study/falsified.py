"""Published scores held against a venue's real deleveraging fills: how many accounts does each classify
right?

    burst          the rows of one time, market and side, one for each account: several fills of an account
                   are one
    prediction     the accounts in the order of a score, each closed wholly until what was taken in the burst
                   is used up; the last one in part, the rest not at all
    right          an account that was closed wholly and should have been, or was not and should not have been
    correlation    Kendall's tau-b of the order with the share that was taken, over the pairs within bursts: 1
                   the score puts those first who gave more, 0 it says nothing, -1 it puts them last
    baselines      the order of no score: at random (the mean of many orders from a seed), the smallest first;
                   and everybody wholly, which needs no order

Public: Burst, InBurst, Verdict, Tested, held_against, bursts_of, BASELINES."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from math import isqrt

from adlcalc.engine.formulas.scores import SCORES, Score
from adlcalc.ground.numbers import ZERO, D, divide, exact, round_to
from adlcalc.study.fills import VenueFill

RANDOM, SMALLEST, EVERYBODY = "random order", "smallest first", "everybody wholly"
BASELINES = (RANDOM, SMALLEST, EVERYBODY)
DRAWS = 200
SHOWN = D("0.0001")
ROOT = 10**20


@dataclass(frozen=True)
class Burst:
    """Who was hit at once in a market."""

    time: str
    market: str
    side: int
    fills: tuple[VenueFill, ...]

    @cached_property
    def taken(self) -> Decimal:
        """All of it."""
        return sum((one.taken for one in self.fills), ZERO)

    @property
    def accounts(self) -> int:
        """How many stood there."""
        return len(self.fills)

    @property
    def wholly(self) -> int:
        """How many were closed wholly."""
        return sum(one.wholly for one in self.fills)

    @property
    def one_enough(self) -> bool:
        """Had an account that was not closed wholly more than all that was taken?"""
        return any(one.size >= self.taken for one in self.fills if not one.wholly)

    def predicted(self, order: Sequence[int]) -> list[bool]:
        """By account, in the order of the file: is it closed wholly, if they are taken in this order?"""
        left, found = self.taken, [False] * len(self.fills)
        for i in order:
            found[i] = self.fills[i].size <= left
            left = max(left - self.fills[i].size, ZERO)
        return found


@dataclass(frozen=True, slots=True)
class InBurst:
    """A score in a burst. right: by account, in the order of the file; pairs: concordant less discordant
    pairs, pairs that the score does not tie, pairs that the shares do not tie."""

    score: str
    right: tuple[bool, ...]
    pairs: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A score over all bursts, or over one. right: accounts (of random orders the mean); correlation: None
    where all gave the same share, or the score is no order."""

    score: str
    right: Decimal
    accounts: int
    correlation: Decimal | None
    burst: Burst | None = None

    @property
    def share(self) -> Decimal:
        """Of the accounts."""
        return round_to(divide(self.right, D(self.accounts)), SHOWN)


@dataclass(frozen=True)
class Tested:
    """All bursts under all scores. results[i]: those of burst i."""

    file: str
    bursts: Sequence[Burst]
    results: Sequence[Mapping[str, InBurst]]
    random: Sequence[Decimal]
    seed: str

    @property
    def accounts(self) -> int:
        """Over all bursts."""
        return sum(one.accounts for one in self.bursts)

    @property
    def spared(self) -> int:
        """Accounts of the file that were not hit."""
        return sum(not one.taken for burst in self.bursts for one in burst.fills)

    @cached_property
    def verdicts(self) -> Sequence[Verdict]:
        """Over all bursts, the best first."""
        return _sorted(self._verdicts(range(len(self.bursts)), None))

    @cached_property
    def by_burst(self) -> Sequence[Verdict]:
        """Burst by burst."""
        return [one for i, burst in enumerate(self.bursts) for one in _sorted(self._verdicts([i], burst))]

    def _verdicts(self, which: Iterable[int], burst: Burst | None) -> list[Verdict]:
        places = list(which)
        if not places:
            return []
        accounts = sum(self.bursts[i].accounts for i in places)
        wholly = sum(self.bursts[i].wholly for i in places)
        found = []
        with exact():
            for name in self.results[0]:
                results = [self.results[i][name] for i in places]
                right = sum(sum(one.right) for one in results)
                pairs = [sum(column) for column in zip(*(one.pairs for one in results), strict=True)]
                found.append(Verdict(name, D(right), accounts, _correlation(*pairs), burst))
            random = sum((self.random[i] for i in places), ZERO)
            found.append(Verdict(RANDOM, random, accounts, None, burst))
            found.append(Verdict(EVERYBODY, D(wholly), accounts, None, burst))
        return found

    @cached_property
    def unexplained(self) -> Sequence[VenueFill]:
        """The accounts that no score classifies right."""
        return [
            one
            for burst, results in zip(self.bursts, self.results, strict=True)
            for i, one in enumerate(burst.fills)
            if not any(result.right[i] for name, result in results.items() if name not in BASELINES)
        ]


def _sorted(found: list[Verdict]) -> list[Verdict]:
    return sorted(found, key=lambda one: -one.right)


def _correlation(concordance: int, of_score: int, of_shares: int) -> Decimal | None:
    """Kendall's tau-b: (concordant - discordant pairs) / root of (pairs not tied by x, times those not tied
    by y)."""
    both = of_score * of_shares
    root = isqrt(both * ROOT**2)  # of an integer, to twenty digits behind the point
    return round_to(divide(D(concordance * ROOT), D(root)), SHOWN) if both else None


def bursts_of(fills: Iterable[VenueFill]) -> list[Burst]:
    """The rows of one time, market and side together; several fills of an account are one, of its size before
    the first."""
    found: dict[tuple[str, str, int], dict[str, VenueFill]] = {}
    for one in fills:
        burst = found.setdefault((one.time, one.market, one.side), {})
        first = burst.get(one.account)
        burst[one.account] = one if first is None else first._replace(taken=first.taken + one.taken)
    return [Burst(*key, tuple(burst.values())) for key, burst in found.items()]


def held_against(
    fills: Iterable[VenueFill],
    *,
    own: Sequence[Score] = (),
    seed: str = "1",
    draws: int = DRAWS,
    file: str = "",
) -> Tested:
    """Every published score and one's own against the fills."""
    with exact():
        bursts = bursts_of(fills)
        scores = {**SCORES, **{score.name: score for score in own}}
        results = [_results(burst, scores) for burst in bursts]
        random = [_random(burst, seed, draws) for burst in bursts]
        return Tested(file, bursts, results, random, seed)


def _results(burst: Burst, scores: Mapping[str, Score]) -> dict[str, InBurst]:
    inputs = [one.inputs() for one in burst.fills]
    found = {name: _result(burst, name, [score(x) for x in inputs]) for name, score in scores.items()}
    found[SMALLEST] = _result(burst, SMALLEST, [-one.size for one in burst.fills])
    return found


def _result(burst: Burst, name: str, values: Sequence[Decimal]) -> InBurst:
    """Ties as the engine has them: the larger position, then the order of the file."""
    order = sorted(range(len(values)), key=lambda i: (-values[i], -burst.fills[i].size))
    predicted = burst.predicted(order)
    right = tuple(closed == one.wholly for closed, one in zip(predicted, burst.fills, strict=True))
    return InBurst(name, right, _pairs(values, [one.share for one in burst.fills]))


def _pairs(x: Sequence[Decimal], y: Sequence[Decimal]) -> tuple[int, int, int]:
    """Concordant less discordant pairs, pairs that x does not tie, pairs that y does not tie.

    The few shares that are not whole or nothing make y's classes few: pairs are counted class by class."""
    ranks = {value: i for i, value in enumerate(sorted(set(x)))}
    places = [ranks[value] for value in x]
    classes: dict[Decimal, list[int]] = {}
    for place, share in zip(places, y, strict=True):
        classes.setdefault(share, []).append(place)
    groups = [sorted(classes[share]) for share in sorted(classes)]
    concordance = 0
    for i, low in enumerate(groups):
        for high in groups[i + 1 :]:
            concordance += _above(high, low) - _above(low, high)
    pairs = len(x) * (len(x) - 1) // 2
    counts: dict[int, int] = {}
    for place in places:
        counts[place] = counts.get(place, 0) + 1
    return (
        concordance,
        pairs - sum(n * (n - 1) // 2 for n in counts.values()),
        pairs - sum(len(group) * (len(group) - 1) // 2 for group in groups),
    )


def _above(one: Sequence[int], other: Sequence[int]) -> int:
    """Pairs in which a member of the first is above one of the second; both are sorted."""
    count = below = 0
    for place in one:
        while below < len(other) and other[below] < place:
            below += 1
        count += below
    return count


def _random(burst: Burst, seed: str, draws: int) -> Decimal:
    """The mean of accounts that are right under orders from a seed: the same on every machine."""
    right = 0
    wholly = [one.wholly for one in burst.fills]
    for draw in range(draws):
        key = f"{seed}/{burst.time}/{burst.market}/{burst.side}/{draw}/".encode()
        order = sorted(range(len(wholly)), key=lambda i: sha256(key + str(i).encode()).digest())
        right += sum(a == b for a, b in zip(burst.predicted(order), wholly, strict=True))
    return round_to(divide(D(right), D(draws)), D("0.01"))
