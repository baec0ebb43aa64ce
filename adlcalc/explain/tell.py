"""Which events belong to a story, its chapters, how it adds up, and what the rulebook says of its rules.

Everything told is either an event of the run or a number that the engine was seen to look at, with the
formula that the engine handed over with it.

Public: tell, rule_note.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import is_dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from adlcalc.engine import events as ev
from adlcalc.engine.columns import Columns
from adlcalc.engine.declared import Word, meaning_of
from adlcalc.engine.events import AccountState, Event
from adlcalc.engine.formulas.margin import lines_of, value
from adlcalc.engine.model import Market, Position, RateOf, Scenario
from adlcalc.explain.formula import added
from adlcalc.explain.story import Chapter, Line, RuleNote, Story, Subject
from adlcalc.explain.story_lines import Teller, fund_name
from adlcalc.explain.why import reasons
from adlcalc.explain.witness import Witness
from adlcalc.ground.numbers import ZERO, exact, round_to
from adlcalc.report.human import digits, position
from adlcalc.report.run_view import fund_rows
from adlcalc.study.assumptions import no_times, no_window
from adlcalc.study.health import SHOWN, Health

if TYPE_CHECKING:
    from adlcalc.scenario import Loaded

E = TypeVar("E", bound=Event)
FUND_EVENTS = (ev.FundReceived, ev.FundPaid, ev.FundStopped, ev.FundResumed, ev.LossSocialized, ev.BadDebt)


def tell(
    subject: Subject,
    loaded: Loaded,
    events: Sequence[Event],
    witness: Witness,
) -> Story:
    """The story of a run that `witness` has seen."""
    scenario = loaded.scenario
    with exact():
        teller = Teller(scenario, witness, events)
        chapters = tuple(_chapters(subject, scenario, events, teller))
        sums: tuple[Line, ...] = ()
        if subject.step is None and (subject.market is None or not subject.fund):
            sums = tuple(
                _fund_sums(events)
                if subject.fund
                else (
                    *(
                        _account_sums(subject.account or "", events, witness, chapters)
                        if subject.market is None
                        else ()
                    ),
                    *_standing(subject.account or "", events, scenario, subject.market),
                )
            )
        why = (
            ()
            if subject.account is None
            else tuple(
                _at(subject.step, reasons(subject.account, events, scenario, teller.place, subject.market))
            )
        )
        told = (*why, *(line for chapter in chapters for line in chapter.lines))
        used = dict.fromkeys(rule for line in told for rule in line.rules)
        notes = (rule_note(rule, loaded, subject) for rule in used)
        return Story(
            scenario,
            loaded.file,
            subject.name(),
            chapters,
            sums,
            tuple(note for note in notes if note is not None),
            why,
        )


def _at(step: int | None, lines: Iterable[Line]) -> Iterator[Line]:
    return (line for line in lines if step in (None, line.step))


# --- chapters -----------------------------------------------------------------------------------------------


def _chapters(
    subject: Subject, scenario: Scenario, events: Sequence[Event], teller: Teller
) -> Iterator[Chapter]:
    """The steps at which something happened to the subject; the first and the last one of an account too."""
    ends = (0, scenario.path.steps - 1)
    by_step: dict[int, list[Event]] = {}
    for event in events:
        by_step.setdefault(event.step, []).append(event)
    for step, happened in by_step.items():
        if subject.step not in (None, step):
            continue
        own = [event for event in happened if _concerns(event, subject, teller)]
        lines = list(teller.chapter(step, own, subject.account))
        if (
            own
            or step == subject.step
            or (subject.account is not None and (step in ends or teller.stood(step, subject.account)))
        ):
            marks = {market: path[step] for market, path in scenario.path.marks.items()}
            marks |= {event.market: event.mark for event in happened if isinstance(event, ev.MarkMoved)}
            if subject.market is not None:
                marks = {subject.market: marks[subject.market]}
            yield Chapter(step, scenario.path.time(step), marks, tuple(lines))


def _concerns(event: Event, subject: Subject, teller: Teller) -> bool:
    """Is this event part of the story?"""
    if isinstance(event, ev.Started | ev.MarkMoved | ev.StepEnded | ev.AccountEnded | ev.Ended):
        return False
    if subject.market is not None and teller.market_of(event) != subject.market:
        return False
    if subject.fund:
        if isinstance(event, ev.BookFilled | ev.BackstopTook):
            return bool(event.result)
        if isinstance(event, ev.Held):  # what it keeps is its own
            return bool(event.size) and teller.scenario.rules.fund.holds.held
        return isinstance(event, FUND_EVENTS)
    if subject.account is None:
        return True
    if isinstance(event, ev.Settled | ev.Halted | ev.MarkPushed):
        return event.market in teller.markets_of(subject.account)
    owner = teller.owner(getattr(event, "claim", None))
    if isinstance(event, ev.Held):  # told once, and again when it has changed
        return owner == subject.account and teller.held_changed(event)
    return subject.account in (getattr(event, "account", None), getattr(event, "provider", None), owner)


# --- how it adds up -----------------------------------------------------------------------------------------


def _account_sums(
    account: str, events: Sequence[Event], witness: Witness, chapters: Sequence[Chapter]
) -> Iterator[Line]:
    """From the equity at the start to that at the end; what deleveraging cost, against the mark and against
    holding on.

    Margin lost in liquidations is what the other parts leave: zero for an account that was not liquidated.
    """
    state = _final(account, events)
    last = events[-1].step
    parts = {
        "equity at the start": state.equity_start,
        "realized by deleveraging": _total(
            event.realized_pnl for event in _of(events, ev.Deleveraged, account)
        ),
        "deposited": _total(event.amount for event in _of(events, ev.MoneyMoved, account)),
        "realized by trades": _total(event.realized_pnl for event in _of(events, ev.Traded, account)),
        "realized by stops": _total(event.realized_pnl for event in _of(events, ev.OrderFilled, account)),
        "realized at settlement": _total(
            event.realized_pnl for event in _of(events, ev.PositionSettled, account)
        ),
        "fees": -_total(event.amount for event in _of(events, ev.FeePaid, account)),
        "funding": _total(event.amount for event in _of(events, ev.FundingSettled, account)),
        "share of others' losses": -_total(event.amount for event in _of(events, ev.LossSocialized, account)),
        "change of unrealized pnl": _total(p.unrealized_pnl for p in state.positions)
        - witness.pnl_at_start.get(account, ZERO),
    }
    rest = state.equity_end - _total(parts.values())
    if rest or state.status == "liquidated":
        parts["liquidations"] = rest
    told = {name: x for name, x in parts.items() if x or name == "equity at the start"}
    formula = f"equity at the end = {' + '.join(told)} = {added(told.values())} = {digits(state.equity_end)}"
    status = f"{state.status}, deleveraged" if state.deleveraged else state.status
    text = (
        f"equity {digits(state.equity_start)} at the start, {digits(state.equity_end)} at the end: {status}"
    )
    yield Line(
        last, "result", text, (formula,), {**parts, "equity at the end": state.equity_end}, account=account
    )
    fills = [
        line
        for chapter in chapters
        for line in chapter.lines
        if line.kind == "deleveraged" and line.account == account
    ]
    if fills:
        forgone, kept = (_total(line.amounts[name] for line in fills) for name in ("forgone_pnl", "kept"))
        text = f"deleveraging cost {digits(forgone)} against the mark, "
        text += f"and {digits(kept)} against holding on to the end of the path"
        yield Line(
            last, "cost of deleveraging", text, (), {"forgone_pnl": forgone, "kept": kept}, account=account
        )


def _standing(
    account: str, events: Sequence[Event], scenario: Scenario, market: str | None
) -> Iterator[Line]:
    """How what it still holds stands at the end: the mark at which each position is due."""
    last, several = events[-1].step, len(scenario.markets) > 1
    for one in Health(scenario).of(_final(account, events)):
        if one.equity is None or one.unit_maintenance is None or market not in (None, one.market):
            continue
        held = position(one.side, one.size, one.market if several else None)
        numbers = {
            "mark": one.mark,
            "liquidation_price": one.liquidation_price,
            "bankruptcy_price": one.bankruptcy_price,
            "equity": one.equity,
            "maintenance": one.unit_maintenance,
        }
        formulas = []
        if one.equity > 0:
            words, above, below = "maintenance margin / equity", one.unit_maintenance, one.equity
            formulas.append(_quotient("margin ratio", words, digits(above), digits(below), one.margin_ratio))
        if one.due:
            text = f"{held} is due for liquidation at the last mark, {digits(one.mark)}"
        elif one.liquidation_price is None:
            text = f"{held} is not due at any mark on its losing side"
        else:
            beyond, price = "below" if one.side > 0 else "above", digits(one.liquidation_price)
            text = (
                f"{held} is due for liquidation at a mark of {price} or {beyond}"
                if one.due_there
                else f"{held} is due for liquidation at marks {beyond} {price}, not at {price} itself"
            )
            marks = {"liquidation price": one.liquidation_price, "mark": one.mark}
            far, near = sorted(marks, key=lambda name: -marks[name])
            gap = f"({digits(marks[far])} - {digits(marks[near])})"
            formulas.append(
                _quotient("away", f"({far} - {near}) / mark", gap, digits(one.mark), one.distance)
            )
        told = {name: x for name, x in numbers.items() if x is not None}
        yield Line(last, "health", text, tuple(formulas), told, account=account)


def _quotient(name: str, words: str, above: str, below: str, result: Decimal | None) -> str:
    """'margin ratio = maintenance margin / equity = 265 / 13,000 = 0.02038462, rounded half even to ...'."""
    shown = round_to(result or ZERO, SHOWN)
    text = f"{name} = {words} = {above} / {below} = {digits(shown)}"
    return text if shown == result else f"{text}, rounded half even to {digits(SHOWN)}"


def _fund_sums(events: Sequence[Event]) -> Iterator[Line]:
    """Opening + received - paid = closing, for each fund."""
    rows = fund_rows(events)
    for name in dict.fromkeys(row.fund for row in rows):
        own = [row for row in rows if row.fund == name]
        opening, closing = own[0].opening, own[-1].closing
        received, paid = _total(row.received for row in own), _total(row.paid for row in own)
        formula = (
            f"closing = opening + received - paid = {digits(opening)} + {digits(received)} - {digits(paid)}"
        )
        formula += f" = {digits(closing)}"
        amounts = {"opening": opening, "received": received, "paid": paid, "closing": closing}
        text = f"{fund_name(name)}: {digits(opening)} at the start, {digits(closing)} at the end"
        yield Line(own[-1].step, "result", text, (formula,), amounts)


def _final(account: str, events: Sequence[Event]) -> AccountState:
    ended = (event.state for event in reversed(events) if isinstance(event, ev.AccountEnded))
    return next(state for state in ended if state.account == account)


def _of(events: Sequence[Event], kind: type[E], account: str) -> list[E]:
    """The account's events of a kind."""
    return [
        event for event in events if isinstance(event, kind) and getattr(event, "account", None) == account
    ]


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


# --- rules --------------------------------------------------------------------------------------------------


def rule_note(rule: str, loaded: Loaded, subject: Subject | None = None) -> RuleNote | None:
    """What the rulebook says of a rule, for the contract kind of the first market that it is about, or what
    holds where it says nothing; None where it has no such rule."""
    scenario, rulebook = loaded.scenario, loaded.rulebook
    market = _markets(scenario, subject)[0]
    kind = market.contract.kind
    entry = rulebook.rules[kind].get(rule) or rulebook.unsaid.get(rule)
    if rule == "margin.maintenance" and entry is not None:
        said, given = _maintenance(loaded, subject), _given(loaded, market)
        if given is not None:
            return replace(given, value=said)
    elif entry is not None:
        from adlcalc.venues.coverage import lines_of as written

        said = "; ".join(line.strip() for line in written(entry.node))
    if entry is None:
        section, _, name = rule.partition(".")
        word = getattr(getattr(scenario.rules, section, None), name, None)
        if not isinstance(word, Word) and not is_dataclass(word):
            return None
        from adlcalc.venues.coverage import defaults_of

        return RuleNote(rule, dict(defaults_of(rulebook))[rule], "default", "", meaning_of(word))
    found = rulebook.sources.get(entry.source) if entry.source is not None else None
    source = "the scenario's rules" if entry.status == "given" else ""
    if found is not None:
        source = ", ".join(part for part in (found.title, found.url, f"seen {found.seen}") if part)
    here = no_window(scenario.rules).note if rule == "fund.drawdown" and no_times(scenario) else ""
    told = " ".join(filter(None, (entry.note, here)))
    note = RuleNote(entry.name, said, entry.status, source, told, taken=rulebook.taken_from(entry))
    return note if found is None else replace(note, title=found.title, url=found.url or "")


def _markets(scenario: Scenario, subject: Subject | None) -> Sequence[Market]:
    """The markets that a story is about: the one that was asked for, or those in which its account has a
    position; else all."""
    found = [one for one in scenario.markets if subject is not None and one.name == subject.market]
    if not found and subject is not None and subject.account is not None:
        held = {one.market for one in _positions(scenario, subject.account)}
        found = [one for one in scenario.markets if one.name in held]
    return found or scenario.markets


def _positions(scenario: Scenario, account: str) -> Sequence[Position]:
    """What an account begins with."""
    accounts = scenario.accounts
    if isinstance(accounts, Columns):
        return accounts[accounts.ids.index(account)].positions if account in accounts.ids else ()
    return next((one.positions for one in accounts if one.id == account), ())


def _given(loaded: Loaded, market: Market) -> RuleNote | None:
    """Where the maintenance of a market is from that does not have the rulebook's; None of one that has."""
    rulebook, table = loaded.rulebook, loaded.tables.get(market.name)
    if rulebook.maintenance_of(market, loaded.scenario.money_unit) == market.maintenance:
        return None
    if table is None:
        return RuleNote("margin.maintenance", "", "given", "the scenario's markets", "")
    document = table.file.source
    source = ", ".join(part for part in (document.title, document.url, f"seen {document.seen}") if part)
    note = table.entry.note or ""
    return RuleNote("margin.maintenance", "", "given", source, note, document.title, document.url or "")


def _maintenance(loaded: Loaded, subject: Subject | None) -> str:
    """'table BTC-USDT-SWAP as of 2026-05-28, rate 0.004 at the start': the venue's table of each market, and
    the rates of the tiers that the positions of an account begin in."""
    scenario = loaded.scenario
    markets = _markets(scenario, subject)
    held = () if subject is None or subject.account is None else _positions(scenario, subject.account)
    parts = []
    for market in markets:
        table = loaded.tables.get(market.name)
        rates = dict.fromkeys(_rate(scenario, market, one) for one in held if one.market == market.name)
        told = [f"table {table.name} as of {table.as_of}"] if table is not None else []
        told += (
            [f"rate{'s' * (len(rates) > 1)} {', '.join(map(digits, rates))} at the start"] if rates else []
        )
        if told:
            parts.append(", ".join(told) + (f" in {market.name}" if len(markets) > 1 else ""))
    return "; ".join(parts)


def _rate(scenario: Scenario, market: Market, position: Position) -> Decimal:
    """The rate of the tier that a position begins in, without the fee of closing."""
    rule = replace(market.maintenance, closing_fee=ZERO, on=RateOf.MARK)
    mark = scenario.path.marks[market.name][0]
    entry, notional = (
        abs(value(market.contract, position.size, price, scenario.money_unit))
        for price in (position.entry, mark)
    )
    lines = lines_of(rule, position.size, entry, isolated=position.collateral is not None)
    return max(lines, key=lambda line: line[0] * notional - line[1])[0]
