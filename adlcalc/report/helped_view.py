"""What would have helped, in two or three sentences, at the end of a page.

Public: helped, kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from adlcalc.engine.declared import name_in
from adlcalc.engine.events import Deleveraged, Liquidated
from adlcalc.engine.formulas.policies import POLICIES
from adlcalc.engine.model import side_name
from adlcalc.report.facts import Facts
from adlcalc.report.given_up import Sentence
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.limits import FUND_LIMITS
from adlcalc.report.verdict import typed
from adlcalc.study.from_the_start import MoveTried
from adlcalc.study.helped import Enough, MovedBack
from adlcalc.study.questions import as_asked
from adlcalc.study.what_if import Move


def helped(
    run: Facts, fund: Enough, moved: Sequence[tuple[Deleveraged, MovedBack | None]], vary: str, curve: str
) -> Iterator[Sentence]:
    """moved: the first fill of each account that is told of, with what moves it back, None where its place was not
    looked at; vary: how solve names the fund; curve: what a curve on the page says of the fund, '' where there
    is none."""
    solve = _command(run, "solve", "--vary", vary, "--until", "no adl")
    who = "The fund" if len(run.scenario.funds) == 1 else f"Fund {clean(fund.fund)}"
    yield Sentence(who, f"had {digits(fund.has)}. {curve or _fund(run, fund, solve)}")
    for fill, back in moved:
        rank = _command(run, "rank", "--account", fill.account, "--step", str(fill.step))
        yield Sentence(clean(fill.account), _account(run, fill, back, rank))


def kept(run: Facts, liquidated: Sequence[tuple[Liquidated, str]]) -> Iterator[Sentence]:
    """Of those who were asked for and liquidated: the first time, and which question tells the margin that would have
    kept them. liquidated: with how solve names that margin, '' where it does not."""
    for one, vary in liquidated:
        text = f"was liquidated {'first ' if one is run.closed[0] else ''}at step {one.step:,}."
        until = f"not liquidated({as_asked(one.account)})"
        asks = _command(run, "solve", "--vary", vary, "--until", until) if vary else ""
        yield Sentence(
            clean(one.account), text + (f" How much more margin would have kept it: {asks}." if asks else "")
        )


def _command(run: Facts, name: str, *words: str) -> str:
    """'`adlcalc solve FILE ...`', '' where there is no file to name."""
    if run.file in (None, "-"):
        return ""
    return f"`{typed(name, str(run.file), *run.options, *words)}`"


def _fund(run: Facts, found: Enough, solve: str) -> str:
    """What it had to hold, and how that is known."""
    if found.rule:
        text = (
            "How large a fund would have spared everybody does not follow from one run: "
            f"{clean(run.scenario.venue)} has `{found.rule}`, under which what a fund pays hangs on more than "
            "what it holds."
        )
        return text + (f" {solve} tries one after the other." if solve else "")
    if found.still is not None:
        return (
            "Even one that never runs short would not have spared everybody: "
            f"{clean(found.still.account)} is deleveraged first, at step {found.still.step:,}."
        )
    assert found.least is not None
    text = (
        f"With {digits(found.least)} at the start nobody would have been deleveraged, nor with any more, for it "
        "never runs short; "
    )
    less = digits(found.least - run.scenario.money_unit)
    if found.tight:
        text += f"with {less} somebody is. "
    else:
        text += f"with {less} it runs short, but nobody is deleveraged either. "
        text += f"{solve} asks of smaller ones. " if solve else ""
    return text + FUND_LIMITS


def _account(run: Facts, fill: Deleveraged, moved: MovedBack | None, rank: str) -> str:
    """What of its own would have moved it back."""
    first = "first, " if fill is run.deleveraged[0] else ""
    policy = name_in(POLICIES, run.scenario.rules.adl.policy)
    if policy != "queue":
        return (
            f"was deleveraged {first}by the policy {policy}: it does not take the positions one after the "
            "other, so that another place in a queue would have saved nobody."
        )
    of = "" if moved is None else f" of {moved.places:,}"
    text = (
        f"was deleveraged {first}at rank {fill.rank:,}{of} in the queue of the {side_name(fill.side)}s at "
        f"step {fill.step:,}."
    )
    if moved is None:
        return text + (f" What would have moved it back: {rank}." if rank else "")
    if moved.alone:
        return f"{text} Nobody else stood there, so nothing of its own could have moved it back."
    if not moved.moves:
        return f"{text} Neither more collateral nor less leverage of its own would have moved it back."
    text += f" {_moved(moved)}, nobody else changing anything.{_over_the_run(moved.tried)}"
    return text + (f" {rank} has the other ways." if rank else "")


def _moved(moved: MovedBack) -> str:
    """'With 2,804.68 more collateral (...) or leverage 23.36 instead of 40 it would have stood at rank 2, with 3
    lights instead of 4'."""
    ends: dict[str, list[Move]] = {}
    for move in moved.moves:
        ends.setdefault(_end(moved, move), []).append(move)
    told = [f"with {' or '.join(map(_change, moves))} it would have {end}" for end, moves in ends.items()]
    text = "; ".join(told)
    return f"{text[:1].upper()}{text[1:]}"


def _end(moved: MovedBack, move: Move) -> str:
    """Where it then stands."""
    if move.then is None:
        return "stood in no queue"
    lights = f", with {counted(move.then.lights, 'light')} instead of {moved.place.lights:,}"
    return f"stood at rank {move.then.rank:,}" + (lights if move.then.lights != moved.place.lights else "")


def _change(move: Move) -> str:
    """'2,804.68 more collateral (6,742.18 instead of 3,937.5)', 'leverage 23.36 instead of 40'."""
    after, before = (_number(x) for x in (move.after, move.before))
    if move.lever == "collateral":
        return f"{_number(move.change)} more collateral ({after} instead of {before})"
    return f"{move.lever} {after} instead of {before}"


def _number(x: Decimal | None) -> str:
    assert x is not None, "a move that reaches its goal has a change"
    return digits(x)


def _over_the_run(tried: Sequence[MoveTried]) -> str:
    """What that comes to where the run begins with it, which is more than one moment."""
    told = {
        so: " or ".join(_begun(one.move) for one in tried if one.deleveraged is so) for so in (False, True)
    }
    same = "it is all the same" if told[False] else "it is deleveraged all the same"
    parts = [
        f"with {told[False]} it is not deleveraged" if told[False] else "",
        f"with {told[True]} {same}" if told[True] else "",
    ]
    text = ", ".join(part for part in parts if part)
    return f" That is one moment: beginning the run {text}." if text else ""


def _begun(move: Move) -> str:
    if move.lever == "collateral":
        return f"{_number(move.change)} more collateral"
    return f"{move.lever} {_number(move.after)}"
