"""A run in one sentence, and the command that asks why.

Public: verdict, ask_why, ask_what_rests, at_steps, each_step, typed, named, gain, worth_of_held, who_backed,
pnl_of_backstops.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from adlcalc.engine.events import BackstopTook, Deleveraged, FundPaid, FundReceived, FundResumed, FundStopped
from adlcalc.engine.formulas.prices import CLAMPED
from adlcalc.engine.model import VAULT
from adlcalc.ground.numbers import ZERO, exact
from adlcalc.report.facts import Facts
from adlcalc.report.human import clean, counted, digits
from adlcalc.study.assumptions import spared_funds

NAMED = 3
"""Names that a sentence lists; of more it says how many there are."""


CLAMP = "adl.clamp"
FOLDED = 5
"""Markets, and funds, that a sentence tells one by one; of more it tells how many there are."""


def verdict(run: Facts) -> str:
    """'2 of 5 liquidated at step 2; the fund paid 1,000 and is empty; 1 contract deleveraged from bob at
    54,000.'"""
    with exact():
        parts = [
            _liquidated(run),
            *_stopped(run),
            *_funds(run),
            *_backstops(run),
            *_deleveraged(run),
            *_held(run),
            *_losses(run),
        ]
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def ask_why(run: Facts) -> str:
    """'Why: adlcalc explain FILE bob', about the first who was deleveraged, else liquidated; '' where nobody
    was, or where the run has no file."""
    rows: Sequence[Any] = run.deleveraged or run.closed
    if not rows or run.file in (None, "-"):
        return ""
    return "Why: " + typed("explain", str(run.file), rows[0].account, *run.options)


def ask_what_rests(run: Facts) -> str:
    """'What hangs on them: adlcalc doubt FILE', behind the assumed rules of a run; '' where there are none,
    where it is told already, or where the run has no file."""
    if not run.assumptions or run.rests is not None or run.file in (None, "-"):
        return ""
    return "What hangs on them: " + typed("doubt", str(run.file), *run.options)


def typed(*words: str) -> str:
    """A command as somebody would type it."""
    from shlex import quote

    return " ".join(quote(clean(word)) for word in ("adlcalc", *words))


def _liquidated(run: Facts) -> str:
    accounts = dict.fromkeys(one.account for one in run.closed if one.method != "vault")
    if not accounts:
        return "nobody was liquidated"
    told = (
        f"{len(accounts):,} of {len(run.scenario.accounts):,} liquidated "
        f"{at_steps(one.step for one in run.closed)}"
    )
    due = dict.fromkeys(one.account for one in run.closed if one.step == 0 and one.method != "vault")
    # a book on another scale than its prices is due before anything has moved
    early = due if run.scenario.path.steps > 1 else {}
    return told + (f" ({named(early)} at the opening marks)" if early else "")


def _stopped(run: Facts) -> Iterator[str]:
    """What stops and take-profits have closed."""
    for kind in ("stop", "take-profit"):
        own = [row for row in run.happened if row.kind == kind]
        if own:
            size = sum((row.size or ZERO for row in own), ZERO)
            prices = sorted({row.price for row in own if row.price is not None})
            at = " to ".join(digits(price) for price in dict.fromkeys((prices[0], prices[-1])))
            yield f"{kind}s closed {digits(size)} of {named(row.account or '' for row in own)} at {at}"


def at_steps(steps: Iterable[int]) -> str:
    """'at step 2', 'at steps 2 to 5'."""
    found = sorted(set(steps))
    return f"at step {found[0]:,}" if len(found) == 1 else f"at steps {found[0]:,} to {found[-1]:,}"


def each_step(steps: Sequence[int]) -> str:
    """'at steps 3 and 12'; of many from the first to the last."""
    found = sorted(set(steps))
    if not 1 < len(found) <= NAMED:
        return at_steps(found)
    return f"at steps {', '.join(f'{one:,}' for one in found[:-1])} and {found[-1]:,}"


def _funds(run: Facts) -> Iterator[str]:
    """What each fund paid, and where that leaves it."""
    names = dict.fromkeys(row.fund for row in run.fund)
    moved = dict.fromkeys(row.fund for row in run.fund if row.paid or row.received)
    if len(moved) > FOLDED:
        yield from _many_funds(run, moved)
        return
    deposited: dict[str, Decimal] = {}
    for event in run.told(FundReceived) if run.scenario.path.events else ():
        if event.why == "deposit":
            deposited[event.fund] = deposited.get(event.fund, ZERO) + event.amount
    spared = _spared(run)
    for name in names:
        own = [row for row in run.fund if row.fund == name]
        paid, received, left = (
            sum((r.paid for r in own), ZERO),
            sum((r.received for r in own), ZERO),
            own[-1].closing,
        )
        who = "the fund" if len(names) == 1 else f"fund {clean(name)}"
        done = [f"paid {digits(paid)}"] if paid else []
        brought = f" ({digits(deposited[name])} of it deposited)" if name in deposited else ""
        done += [f"received {digits(received)}{brought}"] if received else []
        if not done:
            continue
        holds = f"holds {digits(left)}" if left else "is empty"
        why = _by_its_drawdown(run, name, left) or spared.get(name, "")
        yield f"{who} {', '.join(done)} and {holds}{why}"


def _spared(run: Facts) -> dict[str, str]:
    """Why funds that had money paid no more, where somebody was deleveraged instead."""
    if not run.deleveraged:
        return {}
    funds = spared_funds(run.scenario, run.in_order(FundPaid, FundReceived, Deleveraged))
    keeps = run.scenario.rules.fund.holds.held
    why = "could keep no more of the positions" if keeps else "keeps no positions (fund.holds)"
    return dict.fromkeys(funds, f", for it {why}")


def _by_its_drawdown(run: Facts, fund: str, left: Decimal) -> str:
    """That its drawdown has kept a fund from paying: to the end, or at steps after which it paid again."""
    told = [one for one in run.in_order(FundStopped, FundResumed, FundPaid) if one.fund == fund]
    stops = [one.step for one in told if isinstance(one, FundStopped)]
    if not stops:
        return ""
    last = max(i for i, one in enumerate(told) if isinstance(one, FundStopped))
    if left and not any(isinstance(one, FundPaid | FundResumed) for one in told[last:]):
        return ", for its drawdown stopped it"
    return f" (its drawdown stopped it {each_step(stops)})"


def _many_funds(run: Facts, moved: Collection[str]) -> Iterator[str]:
    """How many of them paid, how many received, and how many are empty."""
    paid = {row.fund for row in run.fund if row.paid}
    received = {row.fund for row in run.fund if row.received}
    left = {row.fund: row.closing for row in run.fund}
    told = [f"{counted(len(moved), 'fund')} moved"]
    told += [f"{len(paid):,} paid"] if paid else []
    told += [f"{len(received):,} received"] if received else []
    yield f"{', '.join(told)} and {sum(not left[name] for name in moved):,} are empty"


def _backstops(run: Facts) -> Iterator[str]:
    """What backstops took over, and what that has brought them: no bad debt tells it."""
    took = run.told(BackstopTook)
    if not took:
        return
    size = sum((one.size for one in took), ZERO)
    contracts = f"{digits(size)} {'contract' if size == 1 else 'contracts'}"
    what = contracts if len({one.market for one in took}) == 1 else "positions"
    pnl, told = pnl_of_backstops(run), ""
    if pnl:
        has = "has" if len({one.provider for one in took}) == 1 else "have"
        told = f" and {has} {gain(pnl)} by the last mark"
    yield f"{who_backed(run)} took over {what}{told}"


def who_backed(run: Facts) -> str:
    """'the vault', 'lena and omar', '4 backstops': who took something over."""
    names = dict.fromkeys(one.provider for one in run.told(BackstopTook))
    if [*names] == [VAULT]:
        return "the vault"
    return named(names) if len(names) <= NAMED else counted(len(names), "backstop")


def pnl_of_backstops(run: Facts) -> Decimal:
    """What backstops have won or lost at the last mark by what they took over, with the margin that they got;
    zero where there are several currencies."""
    if len(run.scenario.currencies) != 1:
        return ZERO
    return sum((one.equity_end - one.equity_start for one in run.backstops), ZERO)


def _deleveraged(run: Facts) -> Iterator[str]:
    """How many contracts, from whom, at which prices: market by market."""
    several = len(run.scenario.markets) > 1
    markets = dict.fromkeys(row.market for row in run.deleveraged)
    closed = {one.claim: one.step for one in run.closed}
    if len(markets) > FOLDED:
        fills = counted(len(run.deleveraged), "fill")
        yield (
            f"{fills} deleveraged contracts from {named(row.account for row in run.deleveraged)} in "
            f"{len(markets):,} markets"
        )
        return
    for market in dict.fromkeys(row.market for row in run.deleveraged):
        own = [row for row in run.deleveraged if row.market == market]
        size = sum((row.size for row in own), ZERO)
        contracts = _contracts(size) + (f" of {clean(market)}" if several else "")
        prices = sorted({row.price for row in own})
        at = digits(prices[0]) if len(prices) == 1 else f"{digits(prices[0])} to {digits(prices[-1])}"
        late = {closed.get(row.claim, row.step) for row in own if closed.get(row.claim, row.step) < row.step}
        since = f", for what the venue had held since {at_steps(late).removeprefix('at ')}" if late else ""
        whom = named(row.account for row in own)
        yield f"{contracts} deleveraged from {whom} at {at}{_clamped(own, run)}{since}"


def _contracts(size: Decimal) -> str:
    """'1 contract', '0.5 contracts'."""
    return f"{digits(size)} {'contract' if size == 1 else 'contracts'}"


def _clamped(fills: Sequence[Any], run: Facts) -> str:
    """That the clamp, and not the price by the rule, made the prices: what winners forgo hangs on it."""
    if not any(step.name == CLAMPED for fill in fills for step in fill.how):
        return ""
    assumed = ", which is assumed" if any(one.rule == CLAMP for one in run.assumptions) else ""
    return f", the mark, by {CLAMP}{assumed}"


def named(accounts: Iterable[str]) -> str:
    """'bob', 'ann, bob and carol', '4 accounts'."""
    names = list(dict.fromkeys(accounts))
    if len(names) > NAMED:
        return counted(len(names), "account")
    *first, last = map(clean, names)
    return f"{', '.join(first)} and {last}" if first else last


def _held(run: Facts) -> Iterator[str]:
    """What the venue is left with: neither the book nor anybody else has taken it."""
    held = [event for event in run.held.values() if event.size]
    if held:
        size = "positions"
        if len({one.market for one in held}) == 1:
            size = _contracts(sum((one.size for one in held), ZERO))
        told = [gain(pnl) for pnl in run.pnl_of_held.values() if len(run.pnl_of_held) == 1 and pnl]
        at = "".join(f", which has {one} at the last mark" for one in told)
        whose = named(one.account for one in run.closed if one.claim in run.held)
        yield f"{size} of {whose} still held by the venue{at}"


def gain(pnl: Decimal) -> str:
    """'lost 10,000', 'won 10,000'."""
    return f"{'lost' if pnl < 0 else 'won'} {digits(abs(pnl))}"


def worth_of_held(run: Facts) -> Decimal:
    """What the fund's positions have won or lost at the last mark; zero where a fund keeps none, or where
    there are several funds."""
    if not run.scenario.rules.fund.holds.held or len(run.scenario.funds) != 1:
        return ZERO
    return sum(run.pnl_of_held.values(), ZERO)


def _losses(run: Facts) -> Iterator[str]:
    shared: Decimal = sum((row.amount for row in run.socialized), ZERO)
    if shared:
        yield (
            f"{counted(len({row.account for row in run.socialized}), 'account')} bore {digits(shared)} of "
            "the loss"
        )
    if run.audit.bad_debt:
        yield f"bad debt {run.audit.told}"
