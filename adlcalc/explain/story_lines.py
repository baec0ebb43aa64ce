"""An event as a line of a story: what happened, and the formulas behind it with the numbers put in.

Public: Teller, fund_name, over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from adlcalc.engine import events as ev
from adlcalc.engine.events import Event
from adlcalc.engine.formulas.funding import settled_worked
from adlcalc.engine.formulas.margin import valuer, worth
from adlcalc.engine.formulas.worked import rounded
from adlcalc.engine.happenings import Trade
from adlcalc.engine.model import Scenario, side_name
from adlcalc.engine.rules import PerContract
from adlcalc.engine.waterfall.facts import PlaceFact
from adlcalc.engine.waterfall.liquidation import VALUE
from adlcalc.explain.formula import added, formula, formulas, less, money
from adlcalc.explain.happened_lines import HAPPENED_LINES, before_margin
from adlcalc.explain.margin_lines import margin_line
from adlcalc.explain.story import Line
from adlcalc.explain.witness import Witness
from adlcalc.ground.numbers import ZERO, divide, round_to
from adlcalc.report.human import clean, digits, position
from adlcalc.report.score_formula import score_text

WHOLE = ("backstop", "shared", "network")
"""Ways to be closed in which a vault or the venue takes the position at the mark."""
PLACE_RULES = ("adl.policy", "adl.eligible", "adl.score")


def fund_name(name: str) -> str:
    """'the fund', or 'fund BTC-PERP' where markets have their own."""
    return "the fund" if name == "fund" else f"fund {clean(name)}"


def over(window: int | None) -> str:
    """'of 8 hours', 'of the run'."""
    if window is None:
        return "of the run"
    return f"of {window // 3600:,} hours" if window % 3600 == 0 else f"of {window:,} seconds"


SHOWN_STEPS = 3


def _settled_before(events: Sequence[Event]) -> Iterator[tuple[tuple[str, str, int, int], int]]:
    """(account, market, side, step) of each settlement of funding -> the step of the one before; -1 where it is the
    first."""
    last: dict[tuple[str, str, int], int] = {}
    for event in events:
        if isinstance(event, ev.FundingSettled):
            place = event.account, event.market, event.side
            before = last.get(place, -1)
            if before < event.step:  # twice in a step is once
                yield (*place, event.step), before
            last[place] = event.step


class Teller:
    """Tells the events of one run, in order."""

    def __init__(self, scenario: Scenario, witness: Witness, events: Sequence[Event]) -> None:
        self.scenario, self.witness = scenario, witness
        self.markets = {market.name: market for market in scenario.markets}
        self.several = len(self.markets) > 1
        self._markets_of: dict[str, set[str]] = {}
        self.value = {
            market.name: valuer(market.contract, scenario.money_unit) for market in scenario.markets
        }
        self.marks = dict(_marks(events))
        last = events[-1].step if events else 0
        self.last_mark = {
            name: self.marks.get((last, name), path[last]) for name, path in scenario.path.marks.items()
        }
        self.claims = {event.claim: event for event in events if isinstance(event, ev.Liquidated)}
        self._dust = dict(_dust_of(events))
        self._settled_before = dict(_settled_before(events))
        self._held: dict[int, Decimal] = {}
        self._tell: dict[type, Callable[[Any], Line]] = {
            ev.Liquidated: self._liquidated,
            ev.MarginTaken: self._margin_taken,
            ev.BookFilled: self._book_filled,
            ev.BackstopTook: self._backstop_took,
            ev.FundPaid: self._fund_paid,
            ev.FundReceived: self._fund_received,
            ev.FundStopped: self._fund_stopped,
            ev.FundResumed: self._fund_resumed,
            ev.Deleveraged: self._deleveraged,
            ev.Skipped: self._skipped,
            ev.FundingPaid: self._funding_paid,
            ev.FundingSettled: self._funding_settled,
            ev.LossSocialized: self._loss_socialized,
            ev.BadDebt: self._bad_debt,
            ev.Held: self._held_line,
            ev.Owed: self._owed,
            **HAPPENED_LINES,
        }

    def owner(self, claim: int | None) -> str | None:
        """Whose position a claim was."""
        found = self.claims.get(claim) if claim is not None else None
        return found.account if found else None

    def market_of(self, event: Event) -> str | None:
        """The market that an event is about, its own or its claim's; None where it is about none."""
        found = self.claims.get(getattr(event, "claim", None) or -1)
        return getattr(event, "market", "") or (found.market if found else None)

    def markets_of(self, account: str) -> set[str]:
        """Where an account holds something at the start, or trades."""
        found = self._markets_of.get(account)
        if found is None:
            held = next((one.positions for one in self.scenario.accounts if one.id == account), ())
            happenings = (one for several in self.scenario.path.events.values() for one in several)
            traded = {one.market for one in happenings if isinstance(one, Trade) and one.account == account}
            found = self._markets_of[account] = traded | {position.market for position in held}
        return found

    def held_changed(self, event: ev.Held) -> bool:
        """Is this the first time that the venue holds so much of the claim?"""
        before = self._held.get(event.claim)
        self._held[event.claim] = event.size
        return before != event.size

    def stood(self, step: int, account: str) -> bool:
        """Was the account in a queue that was used at the step?"""
        return (step, account) in self.witness.places

    def chapter(self, step: int, own: Sequence[Event], account: str | None) -> Iterator[Line]:
        """The lines of a step: what the path brought besides marks, margins before what follows from them,
        places before what they led to."""
        judged: set[str] = set()
        reached: set[tuple[str, int]] = set()
        yield from (HAPPENED_LINES[type(event)](event) for event in own if before_margin(event))
        if account is not None:
            judged.add(account)
            yield from self._margins(step, account)
        for event in own:
            if before_margin(event):
                continue
            who = getattr(event, "account", None)
            if isinstance(event, ev.Liquidated) and event.account not in judged:
                judged.add(event.account)
                yield from self._margins(step, event.account)
            if isinstance(event, ev.Deleveraged | ev.Skipped) and account in (None, who):
                reached.add((event.market, event.side))
                place = self.place(event)
                if place is not None:
                    yield self._placed(place, event.tied if isinstance(event, ev.Deleveraged) else False)
            yield self._tell.get(type(event), _anything)(event)
        for fact in self.witness.places.get((step, account or ""), ()):
            if (fact.market, fact.side) not in reached:
                yield self._not_reached(fact)

    def _margins(self, step: int, account: str) -> Iterator[Line]:
        """The account's margin units as they were judged at the marks."""
        for fact in self.witness.margins.get((step, account), ()):
            yield margin_line(fact, self.scenario, self.witness.market)

    def _position(self, market: str, side: int, size: Decimal) -> str:
        return position(side, size, market if self.several else None)

    # --- liquidation ----------------------------------------------------------------------------------------

    def _liquidated(self, e: ev.Liquidated) -> Line:
        how = {
            "takeover": "is taken over by the venue",
            "network": "is taken over by the venue at the mark",
            "reduced": "is reduced",
            "vault": f"is deleveraged itself, equity {digits(e.equity)} being at or below "
            f"{digits(e.maintenance)},",
        }.get(e.method, f"is liquidated ({e.method})")
        text = (
            f"{clean(e.account)}: {self._position(e.market, e.side, e.size)} {how} at mark "
            f"{digits(e.mark_price)}"
        )
        if e.bankruptcy_price is not None:
            text += f", bankruptcy price {digits(e.bankruptcy_price)}"
        told = [*e.how, *(e.liquidation_how if len(e.how) > 1 or len(e.liquidation_how) > 1 else ())]
        amounts = {"size": e.size, "equity": e.equity, "maintenance": e.maintenance}
        if e.bankruptcy_price is not None:
            amounts["bankruptcy_price"] = e.bankruptcy_price
        rules: tuple[str, ...] = (
            "liquidation.method",
            "liquidation.reduce",
            "liquidation.size",
            "liquidation.share",
        )
        if e.method == "vault":
            rules = ("backstop.vault_capital", "backstop.vault_threshold")
        return Line(e.step, "liquidated", text, tuple(formulas(told)), amounts, rules, e.account)

    def _margin_taken(self, e: ev.MarginTaken) -> Line:
        what = f"all its margin, {digits(e.amount)}" if e.amount >= 0 else f"its debt, {digits(-e.amount)}"
        text = f"{clean(e.account)}: the venue takes {what}, with its position"
        rules = ("liquidation.takeover_at", "liquidation.surplus")
        return Line(e.step, "margin taken", text, (), {"amount": e.amount}, rules, e.account)

    def _book_filled(self, e: ev.BookFilled) -> Line:
        text = (
            f"{self._claim(e.claim)}{digits(e.size)} closed in the book at {digits(e.price)}: "
            f"{_worth(e.result)}"
        )
        told = (
            *formulas(e.how),
            *self._result(e.market, e.side, e.size, e.price, e.result, e.proceeds, e.claim),
        )
        amounts = {"size": e.size, "price": e.price, "result": e.result}
        return Line(e.step, "in the book", text, told, amounts, ("contract.rounding",))

    def _backstop_took(self, e: ev.BackstopTook) -> Line:
        taken = f"{digits(e.size)} taken by backstop {clean(e.provider)} at {digits(e.price)}"
        text = f"{self._claim(e.claim)}{taken}: {_worth(e.result)}"
        told = (
            *formulas(e.how),
            *self._result(e.market, e.side, e.size, e.price, e.result, e.proceeds, e.claim),
        )
        amounts = {"size": e.size, "price": e.price, "result": e.result}
        return Line(e.step, "backstop", text, told, amounts, ("backstop.kind", "backstop.price"))

    def _value(
        self, name: str, market: str, size: Decimal, price: Decimal, told: Decimal, otherwise: str
    ) -> list[str]:
        """What a size is worth at a price, and where it counts for something else: for what, and why."""
        there = worth(self.markets[market].contract, size, price, self.scenario.money_unit)._replace(
            name=name
        )
        lines = [formula(there)]
        if there.result != told:
            lines.append(f"counted as {digits(told)}: {otherwise}")
        return lines

    def _result(
        self,
        market: str,
        side: int,
        size: Decimal,
        price: Decimal,
        result: Decimal,
        proceeds: Decimal,
        number: int,
    ) -> list[str]:
        """result = value at the price - value at the bankruptcy price."""
        claim = self.claims[number]
        least = "what is closed at its bankruptcy price or better brings no less than it costs there"
        lines = self._value(f"value at {digits(price)}", market, size, price, abs(proceeds), least)
        cost, name = proceeds - result, "value at the bankruptcy price"
        if claim.method in WHOLE:  # it goes to the vault at the mark, which is what it is worth there
            return lines
        if claim.bankruptcy_price is not None:
            rest = "what the parts before it have left of the whole, or the venue's own rounding"
            lines += self._value(name, market, size, claim.bankruptcy_price, abs(cost), rest)
        lines.append(less("result", f"value at {digits(price)}", proceeds, name, cost))
        return lines

    def _fund_paid(self, e: ev.FundPaid) -> Line:
        text = f"{self._claim(e.claim)}{fund_name(e.fund)} pays {digits(e.amount)}"
        told = f"fund = {money(e.before)} - {digits(e.amount)} = {digits(e.after)}"
        rules = ("fund.negative", "fund.drawdown")
        return Line(e.step, "fund pays", text, (told,), {"amount": -e.amount, "fund": e.after}, rules)

    def _fund_received(self, e: ev.FundReceived) -> Line:
        text = f"{self._claim(e.claim)}{fund_name(e.fund)} receives {digits(e.amount)} ({e.why})"
        made = formulas(e.how) if e.how else self._of_dust(e)
        told = (*made, f"fund = {money(e.before)} + {digits(e.amount)} = {digits(e.after)}")
        return Line(
            e.step,
            "fund receives",
            text,
            told,
            {"amount": e.amount, "fund": e.after},
            ("liquidation.surplus",),
        )

    def _of_dust(self, e: ev.FundReceived) -> list[str]:
        """What a rounded bankruptcy price is worth beyond the value that it was rounded from: of all
        positions that were taken over together, or of the part that a fill closed."""
        lines, parts = [], []
        for one in self._dust.get(e, ()):
            if isinstance(one, ev.Deleveraged):
                whole, part = f"value at {digits(one.price)}", "its part of the value at the bankruptcy price"
                return [less("dust", whole, one.proceeds, part, one.proceeds - e.amount)]
            value = next((made for made in one.how if made.name == VALUE), None)
            if value is None or one.bankruptcy_price is None:
                return []
            contract, price = self.markets[one.market].contract, one.bankruptcy_price
            there = worth(contract, one.size, price, self.scenario.money_unit)
            there = there._replace(name=f"value at {digits(price)}")
            gains = self.value[one.market](one.side * one.size, price) > 0  # else it costs that much less
            pair = ((there.name, there.result), (VALUE, value.result))
            (more, a), (fewer, b) = pair if gains else reversed(pair)
            parts.append(a - b)
            lines += [formula(there), less("dust", more, a, fewer, b)]
        if (
            round_to(sum(parts, ZERO), self.scenario.money_unit) != e.amount
        ):  # shares of the equity are cut off
            return []
        return [*lines, f"dust = {added(parts)} = {digits(e.amount)}"] if len(parts) > 1 else lines

    def _fund_stopped(self, e: ev.FundStopped) -> Line:
        gives = "bears" if self.scenario.rules.fund.holds.held else "pays"
        text = f"{gives} no more, and keeps {digits(e.balance)}"
        if e.left:
            text = f"{gives} {digits(e.left)} more at most of the {digits(e.balance)} that it holds"
        return self._fall(e, "fund stops", f"{fund_name(e.fund)} {text}", {"left": e.left})

    def _fund_resumed(self, e: ev.FundResumed) -> Line:
        return self._fall(
            e, "fund pays again", f"{fund_name(e.fund)} pays again, out of {digits(e.balance)}", {}
        )

    def _fall(
        self, e: ev.FundStopped | ev.FundResumed, kind: str, text: str, more: dict[str, Decimal]
    ) -> Line:
        peak, limit = f"its peak {over(e.window)}", f"the limit is {digits(e.limit)}"
        if e.best is None:
            text = f"{text}: it is {digits(e.fall)} below {peak}, {digits(e.peak)}; {limit}"
            fell = less("fall", "peak", e.peak, "balance", e.balance)
        else:
            below = f"which has brought it {digits(e.fall)} less than its best {over(e.window)}"
            text = f"{text} for {clean(e.market)}, {below}; {limit}"
            fell = less("fall", "best pnl", e.best, "pnl", e.best - e.fall)
        told = (fell, *formulas(e.how))
        amounts = {"balance": e.balance, "peak": e.peak, "fall": e.fall, "limit": e.limit, **more}
        return Line(e.step, kind, text, told, amounts, ("fund.drawdown",))

    def _bad_debt(self, e: ev.BadDebt) -> Line:
        text = f"{self._claim(e.claim)}{digits(e.amount)} that nobody covers: bad debt"
        return Line(e.step, "bad debt", text, (), {"amount": e.amount}, ("last_resort.policy",))

    def _owed(self, e: ev.Owed) -> Line:
        text = f"{clean(e.account)} stands {digits(e.amount)} below zero, which nobody covers: bad debt"
        return Line(e.step, "owed", text, (), {"amount": e.amount})

    def _held_line(self, e: ev.Held) -> Line:
        held = f"{self._position(e.market, e.side, e.size)}, {digits(e.unrealized_pnl)} at the mark"
        text = f"{self._claim(e.claim)}the venue holds {held}"
        mark = self.scenario.path.marks[e.market][e.step]
        value = self.value[e.market](e.side * e.size, mark)
        told = tuple(self._result(e.market, e.side, e.size, mark, e.unrealized_pnl, value, e.claim))
        return Line(e.step, "held", text, told, {"size": e.size, "unrealized_pnl": e.unrealized_pnl})

    def _claim(self, claim: int) -> str:
        """'alice's position: ', for a line about a claim."""
        owner = self.owner(claim)
        return f"{clean(owner)}'s position: " if owner is not None else ""

    # --- deleveraging ---------------------------------------------------------------------------------------

    def place(self, e: ev.Deleveraged | ev.Skipped) -> PlaceFact | None:
        """The place in the queue that the event speaks of."""
        facts = self.witness.places.get((e.step, e.account), ())
        there = (e.market, e.side, e.rank, e.score)
        return next((f for f in facts if (f.market, f.side, f.rank, f.score.result) == there), None)

    def _placed(self, fact: PlaceFact, tied: bool) -> Line:
        """Why the account stood where it did."""
        held = self._position(fact.market, fact.side, fact.inputs.size)
        text = (
            f"{clean(fact.account)}, {held}: rank {fact.rank:,} of {fact.positions:,} in the queue,"
            f" {digits(fact.ahead)} of {digits(fact.whole)} contracts before it, score "
            f"{score_text(fact.score.result)}"
        )
        rules = (*PLACE_RULES, "adl.ties") if tied else PLACE_RULES
        amounts = {
            "rank": Decimal(fact.rank),
            "score": fact.score.result,
            "ahead": fact.ahead,
            **_amounts(fact.inputs),
        }
        return Line(fact.step, "queue", text, (formula(fact.score),), amounts, rules, fact.account)

    def _not_reached(self, fact: PlaceFact) -> Line:
        line = self._placed(fact, False)
        return Line(
            line.step,
            line.kind,
            f"{line.text}; it was not reached",
            line.formulas,
            line.amounts,
            line.rules,
            line.account,
        )

    def _deleveraged(self, e: ev.Deleveraged) -> Line:
        value, part = self.value[e.market], e.side * e.size
        at_price, at_mark = -e.proceeds, value(part, e.mark)
        last = self.last_mark[e.market]
        kept = value(part, last) - at_price
        text = (
            f"{clean(e.account)} gives up {digits(e.size)} of "
            f"{self._position(e.market, e.side, e.size_before)}"
            f" at {digits(e.price)} against {clean(e.bankrupt)}: realized pnl {digits(e.realized_pnl)}"
        )
        if e.rule_price is not None:
            text += f" (not at {digits(e.rule_price)}, which would leave a bankrupt account with money)"
        here, entry_value = f"value at {digits(e.price)}", at_price - e.realized_pnl
        told = formulas(e.how)
        told += self._value(
            here,
            e.market,
            e.size,
            e.price,
            abs(at_price),
            "what it brings the closed account, to the last unit",
        )
        if e.size != e.size_before:
            parts = (abs(e.entry_value), e.size, e.size_before)
            share, exactly = (
                "[entry value] x [size] / [size before]",
                divide(parts[0] * e.size, e.size_before),
            )
            told.append(formula(rounded("its entry value", share, parts, exactly, self.scenario.money_unit)))
        told.append(less("realized pnl", here, at_price, "entry value", entry_value))
        if e.result:
            cost, name = e.proceeds - e.result, "value at the bankruptcy price"
            told.append(less("result for the closed account", here, e.proceeds, name, cost))
        told.append(
            less("forgone against the mark", f"value at the mark {digits(e.mark)}", at_mark, here, at_price)
        )
        told.append(
            less(
                "forgone against holding on",
                f"value at the last mark {digits(last)}",
                at_price + kept,
                here,
                at_price,
            )
        )
        amounts = {
            "size": e.size,
            "price": e.price,
            "realized_pnl": e.realized_pnl,
            "forgone_pnl": e.forgone_pnl,
            "kept": kept,
        }
        return Line(e.step, "deleveraged", text, tuple(told), amounts, ("adl.when", "adl.price"), e.account)

    def _skipped(self, e: ev.Skipped) -> Line:
        held = self._position(e.market, e.side, e.size)
        fill = f"giving up {held} at {digits(e.price)}"
        text = f"{clean(e.account)} is passed over: {fill} would leave it {digits(e.equity_after)}"
        amounts = {"size": e.size, "equity_after": e.equity_after}
        return Line(
            e.step, "passed over", text, tuple(formulas(e.how)), amounts, ("adl.would_bankrupt",), e.account
        )

    # --- the rest -------------------------------------------------------------------------------------------

    def _funding_paid(self, e: ev.FundingPaid) -> Line:
        payers = "longs pay shorts" if e.rate > 0 else "shorts pay longs"
        text = f"funding of {clean(e.market)} at rate {digits(e.rate)}: {payers} {digits(e.amount)}"
        return Line(e.step, "funding due", text, tuple(formulas(e.how)), {"rate": e.rate, "amount": e.amount})

    def _funding_settled(self, e: ev.FundingSettled) -> Line:
        verb = "receives" if e.amount > 0 else "pays"
        text = (
            f"{clean(e.account)} {verb} {digits(abs(e.amount))} of funding on its {side_name(e.side)} "
            f"{clean(e.market)}{self._due_at(e)}"
        )
        told = formula(settled_worked(e.side, e.size, e.per_contract, e.amount, self.scenario.money_unit))
        return Line(e.step, "funding", text, (told,), {"amount": e.amount}, (), e.account)

    def _due_at(self, e: ev.FundingSettled) -> str:
        """', due at step 1': a position is settled when something happens to it, or at the end, for all funding
        that fell due since it was settled before."""
        before = self._settled_before[e.account, e.market, e.side, e.step]
        rates = self.scenario.path.funding.get(e.market, {})
        steps = [step for step, rate in rates.items() if rate and before < step <= e.step]
        if not steps or steps == [e.step]:
            return ""
        if len(steps) > SHOWN_STEPS:
            return f", due at {len(steps):,} steps, {steps[0]:,} to {steps[-1]:,}"
        *most, last = (f"{step:,}" for step in steps)
        return f", due at step {last}" if not most else f", due at steps {', '.join(most)} and {last}"

    def _loss_socialized(self, e: ev.LossSocialized) -> Line:
        by_contract = isinstance(self.scenario.rules.last_resort.policy, PerContract)
        by = f"its {digits(e.base)} contracts" if by_contract else f"its profit of {digits(e.base)}"
        text = (
            f"{clean(e.account)} bears {digits(e.amount)} of a loss that nobody covered, as its share by {by}"
        )
        amounts = {"amount": -e.amount, "base": e.base}
        return Line(
            e.step, "shared loss", text, tuple(formulas(e.how)), amounts, ("last_resort.policy",), e.account
        )


def _marks(events: Iterable[Event]) -> Iterator[tuple[tuple[int, str], Decimal]]:
    """The mark of a step and market as it was in the end: fills may have moved it (feedback)."""
    for event in events:
        if isinstance(event, ev.MarkMoved):
            yield (event.step, event.market), event.mark
        elif isinstance(event, ev.MarkPushed):
            yield (event.step, event.market), event.after


def _dust_of(
    events: Iterable[Event],
) -> Iterator[tuple[ev.FundReceived, tuple[ev.Liquidated | ev.Deleveraged, ...]]]:
    """The dust that the fund received, with what it is of: the positions that were taken over just before, or
    the fill of that claim."""
    before: list[ev.Liquidated] = []
    fill: ev.Deleveraged | None = None
    for event in events:
        if isinstance(event, ev.FundReceived) and event.why == "dust":
            if before and before[-1].claim == event.claim:
                yield event, tuple(before)
            elif fill is not None and fill.claim == event.claim:
                yield event, (fill,)
        if not isinstance(event, ev.Liquidated):
            before = []
        elif event.method == "takeover":
            before = [*(one for one in before if one.account == event.account), event]
        if isinstance(event, ev.Deleveraged | ev.LossSocialized):  # what a levy brings too much is of no fill
            fill = event if isinstance(event, ev.Deleveraged) else None


def _anything(event: Event) -> Line:
    """An event that has no telling of its own: its fields as they are."""
    fields = event._asdict()
    text = ", ".join(
        f"{key} {digits(x) if isinstance(x, Decimal) else clean(str(x))}"
        for key, x in fields.items()
        if key != "step"
    )
    amounts = {key: x for key, x in fields.items() if isinstance(x, Decimal)}
    return Line(event.step, type(event).__name__, text, (), amounts, (), fields.get("account"))


def _worth(result: Decimal) -> str:
    """'surplus 20', 'shortfall 1,000', 'neither surplus nor shortfall'."""
    if not result:
        return "neither surplus nor shortfall"
    return f"surplus {digits(result)}" if result > 0 else f"shortfall {digits(-result)}"


def _amounts(record: Any) -> dict[str, Decimal]:
    return {key: x for key, x in record._asdict().items() if isinstance(x, Decimal)}
