"""Published scores against real fills, as a page (schema adlcalc.test-scores/1).

Public: scores_page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adlcalc.ground.numbers import D, round_to, show
from adlcalc.report.columns.scores import SCORE_TEST
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.page import Block, Page
from adlcalc.report.table import Column, counts, names, right, table, words
from adlcalc.study.falsified import BASELINES, EVERYBODY, RANDOM, Tested, Verdict

METHOD = (
    "Right: closed wholly and predicted so, or neither. A score orders each burst and closes wholly until "
    "what was taken "
    "is used up. Correlation: Kendall's tau-b of the order with the share taken. Scores that differ only in "
    "what the file "
    "does not hold (leverage chosen, tiers) come out alike."
)
SELECTED = (
    "Every account of the file was hit: it tests who was closed wholly among them, and says nothing of those "
    "whom the venue "
    "spared."
)


def scores_page(tested: Tested, limit: int) -> Page:
    """All bursts, then burst by burst, then those whom nothing explains."""
    accounts, bursts = counted(tested.accounts, "account"), counted(len(tested.bursts), "burst")
    return Page(
        title="Published scores against real fills",
        subtitle=f"{clean(tested.file)}: {accounts} in {bursts}",
        blocks=lambda _: _blocks(tested, limit),
        document=SCORE_TEST,
        about=tested,
    )


def _blocks(tested: Tested, limit: int) -> Iterator[Block]:
    yield table(
        "Who is closed wholly, by score",
        "There is no fill in the file.",
        _columns(tested.verdicts) if tested.bursts else (),
    )
    if not tested.bursts:
        return
    bursts = tested.bursts[: limit or None]
    best = {id(burst): [one for one in tested.by_burst if one.burst is burst] for burst in bursts}
    scores = [next(one for one in best[id(b)] if one.score not in BASELINES) for b in bursts]
    others = {n: [next(one for one in best[id(b)] if one.score == n) for b in bursts] for n in BASELINES}
    yield table(
        "Burst by burst",
        "",
        [
            words("time", [one.time for one in bursts], drop=1),
            words("market", [one.market for one in bursts]),
            counts("accounts", [one.accounts for one in bursts]),
            counts("wholly\nclosed", [one.wholly for one in bursts]),
            words("one was\nenough", ["yes" if one.one_enough else "no" for one in bursts], drop=2),
            words("best score", [one.score for one in scores]),
            right("right", [digits(one.right) for one in scores]),
            right("random", [digits(one.right) for one in others[RANDOM]]),
            right("everybody", [digits(one.right) for one in others[EVERYBODY]]),
        ],
        more=len(tested.bursts) - len(bursts),
    )
    left = tested.unexplained[: limit or None]
    yield table(
        "Accounts that no score classifies right",
        "Every account is classified right by some score.",
        [
            words("time", [one.time for one in left], drop=1),
            words("market", [one.market for one in left]),
            names("account", [one.account for one in left]),
            right("had", [digits(one.size) for one in left]),
            right("gave", [digits(one.taken) for one in left]),
        ]
        if left
        else (),
        more=len(tested.unexplained) - len(left),
    )
    yield METHOD
    if not tested.spared:
        yield SELECTED


def _columns(rows: Sequence[Verdict]) -> Iterator[Column | None]:
    yield words("score", [one.score for one in rows])
    yield right("right", [digits(one.right) for one in rows])
    yield right("accounts", [digits(D(one.accounts)) for one in rows])
    yield right("share", [f"{show(round_to(one.share * 100, D('0.1')))} %" for one in rows])
    yield right(
        "corre\xad\nlation",
        ["-" if one.correlation is None else f"{one.correlation:+.2f}" for one in rows],
        drop=1,
    )
