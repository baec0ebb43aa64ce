"""An event as a line of a story: what happened, and the formulas behind it with the numbers put in.

Public: Teller, fund_name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from adlcalc.engine import events as ev
from adlcalc.engine.events import Event
from adlcalc.engine.formulas.margin import valuer
from adlcalc.engine.model import Scenario, side_name
from adlcalc.explain.margin_lines import bankruptcy_formulas, margin_line, money
from adlcalc.explain.running_sums import fund_balances, funding_since, shared_losses
from adlcalc.explain.story import Line
from adlcalc.explain.witness import PlaceFact, Witness
from adlcalc.ground.numbers import FLOOR, D, divide, round_to
from adlcalc.report.human import clean, digits, position
from adlcalc.report.score_formula import score_formula, score_text

PLACE_RULES = ("adl.policy", "adl.eligible", "adl.score")


def fund_name(name: str) -> str:
    """'the fund', or 'fund BTC-PERP' where markets have their own."""
    return "the fund" if name == "fund" else f"fund {clean(name)}"


class Teller:
    """Tells the events of one run, in order."""

    def __init__(self, scenario: Scenario, witness: Witness, events: Sequence[Event]) -> None:
        self.scenario, self.witness = scenario, witness
        self.markets = {market.name: market for market in scenario.markets}
        self.several = len(self.markets) > 1
        self.value = {market.name: valuer(market.contract, scenario.money_unit) for market in scenario.markets}
        self.last_mark = {name: path[events[-1].step] for name, path in scenario.path.marks.items()} if events else {}
        self.claims = {event.claim: event for event in events if isinstance(event, ev.Liquidated)}
        self._funds = dict(fund_balances(events))
        self._funding = dict(funding_since(events, scenario))
        self._losses = dict(shared_losses(events))
        self._held: dict[int, Decimal] = {}
        self._tell: dict[type, Callable[[Any], Line]] = {
            ev.Liquidated: self._liquidated,
            ev.BookFilled: self._book_filled,
            ev.BackstopTook: self._backstop_took,
            ev.FundPaid: self._fund_paid,
            ev.FundReceived: self._fund_received,
            ev.Deleveraged: self._deleveraged,
            ev.Skipped: self._skipped,
            ev.FundingPaid: self._funding_paid,
            ev.FundingSettled: self._funding_settled,
            ev.LossSocialized: self._loss_socialized,
            ev.BadDebt: self._bad_debt,
            ev.Held: self._held_line,
            ev.Owed: self._owed,
        }

    def owner(self, claim: int | None) -> str | None:
        """Whose position a claim was."""
        found = self.claims.get(claim) if claim is not None else None
        return found.account if found else None

    def held_changed(self, event: ev.Held) -> bool:
        """Is this the first time that the venue holds so much of the claim?"""
        before = self._held.get(event.claim)
        self._held[event.claim] = event.size
        return before != event.size

    def stood(self, step: int, account: str) -> bool:
        """Was the account in a queue that was used at the step?"""
        return (step, account) in self.witness.places

    def chapter(self, step: int, own: Sequence[Event], account: str | None) -> Iterator[Line]:
        """The lines of a step: margins before what follows from them, places before what they led to."""
        judged: set[str] = set()
        reached: set[tuple[str, int]] = set()
        if account is not None:
            judged.add(account)
            yield from self._margins(step, account)
        for event in own:
            who = getattr(event, "account", None)
            if isinstance(event, ev.Liquidated) and event.account not in judged:
                judged.add(event.account)
                yield from self._margins(step, event.account)
            if isinstance(event, ev.Deleveraged | ev.Skipped) and account in (None, who):
                reached.add((event.market, event.side))
                place = self._place(event)
                if place is not None:
                    yield self._placed(place, event.tied if isinstance(event, ev.Deleveraged) else False)
            yield self._tell.get(type(event), _anything)(event)
        for fact in self.witness.places.get((step, account or ""), ()):
            if (fact.market, fact.side) not in reached:
                yield self._not_reached(fact)

    def _margins(self, step: int, account: str) -> Iterator[Line]:
        """The account's margin units as they were judged at the marks."""
        for fact in self.witness.margins.get((step, account), ()):
            yield margin_line(fact, self.scenario)

    def _position(self, market: str, side: int, size: Decimal) -> str:
        return position(side, size, market if self.several else None)

    # --- liquidation -------------------------------------------------------------------------------------------------

    def _liquidated(self, e: ev.Liquidated) -> Line:
        how = {"takeover": "is taken over by the venue", "reduced": "is reduced"}.get(e.method, f"is liquidated ({e.method})")
        text = f"{clean(e.account)}: {self._position(e.market, e.side, e.size)} {how} at mark {digits(e.mark_price)}"
        if e.bankruptcy_price is not None:
            text += f", bankruptcy price {digits(e.bankruptcy_price)}"
        formulas = []
        if e.liquidation_price is not None:
            formulas.append(f"liquidation price = mark at which equity is the maintenance margin = {digits(e.liquidation_price)}")
        formulas += bankruptcy_formulas(e, self.witness.margins.get((e.step, e.account), ()), self.markets[e.market])
        amounts = {"size": e.size, "equity": e.equity, "maintenance": e.maintenance}
        if e.bankruptcy_price is not None:
            amounts["bankruptcy_price"] = e.bankruptcy_price
        rules = ("liquidation.method", "liquidation.reduce", "liquidation.size", "liquidation.share")
        return Line(e.step, "liquidated", text, tuple(formulas), amounts, rules, e.account)

    def _book_filled(self, e: ev.BookFilled) -> Line:
        text = f"{self._claim(e.claim)}{digits(e.size)} closed in the book at {digits(e.price)}: {_worth(e.result)}"
        formulas = self._result(e.claim, e.market, e.side, e.size, e.price, e.result)
        return Line(
            e.step, "in the book", text, formulas, {"size": e.size, "price": e.price, "result": e.result}, ("contract.rounding",)
        )

    def _backstop_took(self, e: ev.BackstopTook) -> Line:
        taken = f"{digits(e.size)} taken by backstop {clean(e.provider)} at {digits(e.price)}"
        text = f"{self._claim(e.claim)}{taken}: {_worth(e.result)}"
        formulas = self._result(e.claim, e.market, e.side, e.size, e.price, e.result)
        amounts = {"size": e.size, "price": e.price, "result": e.result}
        return Line(e.step, "backstop", text, formulas, amounts, ("backstop.kind", "backstop.price"))

    def _result(self, claim: int, market: str, side: int, size: Decimal, price: Decimal, result: Decimal) -> tuple[str, ...]:
        """result = value at the price - value at the bankruptcy price, where it is that."""
        bankrupt = self.claims.get(claim)
        if bankrupt is None or bankrupt.bankruptcy_price is None:
            return ()
        value = self.value[market]
        at_price, at_bankruptcy = value(side * size, price), value(side * size, bankrupt.bankruptcy_price)
        if at_price - at_bankruptcy != result:
            return ()
        words = f"value at {digits(price)} - value at the bankruptcy price {digits(bankrupt.bankruptcy_price)}"
        return (f"result = {words} = {money(at_price)} - {money(at_bankruptcy)} = {digits(result)}",)

    def _fund_paid(self, e: ev.FundPaid) -> Line:
        before, after = self._funds[id(e)]
        text = f"{self._claim(e.claim)}{fund_name(e.fund)} pays {digits(e.amount)}"
        formula = f"fund = {digits(before)} - {digits(e.amount)} = {digits(after)}"
        return Line(
            e.step, "fund pays", text, (formula,), {"amount": -e.amount, "fund": after}, ("fund.negative", "fund.drawdown")
        )

    def _fund_received(self, e: ev.FundReceived) -> Line:
        before, after = self._funds[id(e)]
        text = f"{self._claim(e.claim)}{fund_name(e.fund)} receives {digits(e.amount)} ({e.why})"
        formula = f"fund = {digits(before)} + {digits(e.amount)} = {digits(after)}"
        return Line(e.step, "fund receives", text, (formula,), {"amount": e.amount, "fund": after}, ("liquidation.surplus",))

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
        formulas = self._result(e.claim, e.market, e.side, e.size, mark, e.unrealized_pnl)
        return Line(e.step, "held", text, formulas, {"size": e.size, "unrealized_pnl": e.unrealized_pnl})

    def _claim(self, claim: int) -> str:
        """'alice's position: ', for a line about a claim."""
        owner = self.owner(claim)
        return f"{clean(owner)}'s position: " if owner is not None else ""

    # --- deleveraging ------------------------------------------------------------------------------------------------

    def _place(self, e: ev.Deleveraged | ev.Skipped) -> PlaceFact | None:
        """The place in the queue that the event speaks of."""
        facts = self.witness.places.get((e.step, e.account), ())
        return next((f for f in facts if (f.market, f.side, f.rank, f.score) == (e.market, e.side, e.rank, e.score)), None)

    def _placed(self, fact: PlaceFact, tied: bool) -> Line:
        """Why the account stood where it did."""
        held = self._position(fact.market, fact.side, fact.inputs.size)
        text = (
            f"{clean(fact.account)}, {held}: rank {fact.rank:,} of {fact.positions:,} in the queue,"
            f" {digits(fact.ahead)} of {digits(fact.whole)} contracts before it, score {score_text(fact.score)}"
        )
        formulas = score_formula(self.scenario.rules.adl.score, fact.inputs, fact.score)
        rules = (*PLACE_RULES, "adl.ties") if tied else PLACE_RULES
        amounts = {"rank": Decimal(fact.rank), "score": fact.score, "ahead": fact.ahead, **_amounts(fact.inputs)}
        return Line(fact.step, "queue", text, formulas, amounts, rules, fact.account)

    def _not_reached(self, fact: PlaceFact) -> Line:
        line = self._placed(fact, False)
        return Line(
            line.step, line.kind, f"{line.text}; it was not reached", line.formulas, line.amounts, line.rules, line.account
        )

    def _deleveraged(self, e: ev.Deleveraged) -> Line:
        value, part = self.value[e.market], e.side * e.size
        at_price, at_mark = value(part, e.price), value(part, e.mark)
        last = self.last_mark[e.market]
        kept = value(part, last) - at_price
        text = (
            f"{clean(e.account)} gives up {digits(e.size)} of {self._position(e.market, e.side, e.size_before)}"
            f" at {digits(e.price)} against {clean(e.bankrupt)}: realized pnl {digits(e.realized_pnl)}"
        )
        if e.rule_price is not None:
            text += f" (not at {digits(e.rule_price)}, which would leave a bankrupt account with money)"
        cost = at_price - e.realized_pnl
        formulas = [
            f"realized pnl = value at {digits(e.price)} - cost = {money(at_price)} - {money(cost)} = {digits(e.realized_pnl)}"
        ]
        if at_mark - at_price == e.forgone_pnl:
            words = f"value at the mark {digits(e.mark)} - value at {digits(e.price)}"
            formulas.append(
                f"forgone against the mark = {words} = {money(at_mark)} - {money(at_price)} = {digits(e.forgone_pnl)}"
            )
        words = f"value at the last mark {digits(last)} - value at {digits(e.price)}"
        formulas.append(f"forgone against holding on = {words} = {money(at_price + kept)} - {money(at_price)} = {digits(kept)}")
        amounts = {"size": e.size, "price": e.price, "realized_pnl": e.realized_pnl, "forgone_pnl": e.forgone_pnl, "kept": kept}
        return Line(e.step, "deleveraged", text, tuple(formulas), amounts, ("adl.when", "adl.price"), e.account)

    def _skipped(self, e: ev.Skipped) -> Line:
        held = self._position(e.market, e.side, e.size)
        fill = f"giving up {held} at {digits(e.price)}"
        text = f"{clean(e.account)} is passed over: {fill} would leave it {digits(e.equity_after)}"
        amounts = {"size": e.size, "equity_after": e.equity_after}
        return Line(e.step, "passed over", text, self._equity_after(e), amounts, ("adl.would_bankrupt",), e.account)

    def _equity_after(self, e: ev.Skipped) -> tuple[str, ...]:
        """Equity less what the fill would forgo, where the equity is still that of the ranking."""
        place, value, part = self._place(e), self.value[e.market], e.side * e.size
        forgone = value(part, self.scenario.path.marks[e.market][e.step]) - value(part, e.price)
        if place is None or place.inputs.equity - forgone != e.equity_after:
            return ()
        numbers = f"{money(place.inputs.equity)} - {money(forgone)} = {digits(e.equity_after)}"
        return (f"equity after = equity - forgone pnl = {numbers}",)

    # --- the rest ----------------------------------------------------------------------------------------------------

    def _funding_paid(self, e: ev.FundingPaid) -> Line:
        payers = "longs pay shorts" if e.rate > 0 else "shorts pay longs"
        text = f"funding of {clean(e.market)} at rate {digits(e.rate)}: {payers} {digits(e.amount)}"
        formula = f"per contract = rate x notional of one contract at {digits(e.mark)}"
        return Line(e.step, "funding due", text, (formula,), {"rate": e.rate, "amount": e.amount})

    def _funding_settled(self, e: ev.FundingSettled) -> Line:
        verb = "receives" if e.amount > 0 else "pays"
        text = f"{clean(e.account)} {verb} {digits(abs(e.amount))} of funding on its {side_name(e.side)} {clean(e.market)}"
        paid = self._funding[id(e)]
        formulas = [f"a long contract has paid {digits(paid)} since it was last settled"]
        for fact in self.witness.margins.get((e.step, e.account), ()):
            for p in fact.positions:
                owed = -p.side * p.size * paid
                if (p.market, p.side) == (e.market, e.side) and round_to(owed, self.scenario.money_unit, FLOOR) == e.amount:
                    numbers = f"{money(D(-p.side))} x {digits(p.size)} x {money(paid)} = {digits(owed)}"
                    formulas.append(f"funding = -side x size x paid = {numbers}")
                    if owed != e.amount:
                        formulas.append(f"rounded down to the money unit: {digits(e.amount)}")
        return Line(e.step, "funding", text, tuple(formulas), {"amount": e.amount}, (), e.account)

    def _loss_socialized(self, e: ev.LossSocialized) -> Line:
        text = f"{clean(e.account)} bears {digits(e.amount)} of a loss that nobody covered, as its share by {digits(e.base)}"
        loss, bases = self._losses[id(e)]
        share = divide(loss * e.base, bases)
        formulas = []
        if abs(share - e.amount) < self.scenario.money_unit:
            numbers = f"{digits(loss)} x {digits(e.base)} / {digits(bases)}"
            formulas.append(f"share = loss x base / all bases = {numbers} = {digits(e.amount)}")
        amounts = {"amount": -e.amount, "base": e.base}
        return Line(e.step, "shared loss", text, tuple(formulas), amounts, ("last_resort.policy",), e.account)


def _anything(event: Event) -> Line:
    """An event that has no telling of its own: its fields as they are."""
    fields = event._asdict()
    text = ", ".join(
        f"{key} {digits(x) if isinstance(x, Decimal) else clean(str(x))}" for key, x in fields.items() if key != "step"
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
