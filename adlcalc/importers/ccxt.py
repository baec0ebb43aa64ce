"""Positions as ccxt or a venue gives them (JSON) -> a scenario file that runs and ranks as it is; each
assumption is a comment in it.

Accepted are the list that fetch_positions returns, {positions: [...]}, one position, {exchange: [...], ...},
what Python prints of any of them, and the answers of venues that raw.py knows. Positions of one venue that
settle in one currency are one account; a second position in the same market and side goes to a second
account.

    shapes.py       where the rows are           exchanges.py  whose they are, and what its words mean
    positions.py    a row                        maintenance.py, tiers.py  the maintenance margin
    touchstone.py   its liquidation price        scenario_text.py  the file

Public: import_positions, Options.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from adlcalc.engine.model import SMALLEST, Maintenance
from adlcalc.ground.numbers import ZERO, D, exact, round_to, show
from adlcalc.importers.exchanges import EXCHANGES, named, rulebook_of
from adlcalc.importers.fields import Fields
from adlcalc.importers.guard import Imported, OptionError, account_id, assure
from adlcalc.importers.maintenance import Judged, Reading, chosen
from adlcalc.importers.markets import MarketFile
from adlcalc.importers.positions import Found, Skipped, from_leverage, read_position
from adlcalc.importers.scenario_text import Account, Plan, write_scenario
from adlcalc.importers.shapes import Entry, entries
from adlcalc.importers.tiers import TiersFile
from adlcalc.importers.touchstone import TOLERANCE, Unit, liquidation_of, off, wallet_at
from adlcalc.source.document import read_document
from adlcalc.source.nodes import Map, Node, Place, Source
from adlcalc.source.problems import Problems, closest_hint, fail, quote
from adlcalc.venues.rulebook import Rulebook, load_rulebook

PERCENT, HUNDREDTH, SHOWN = 100, D("0.01"), D("0.0001")


@dataclass(frozen=True, slots=True)
class Options:
    """account: the id to give; balances: the wallet balance of cross accounts, by id ('' where there is one);
    rulebooks: the names there are; venue: the exchange or rulebook, where the rows shall not say; margin: the
    mode of rows that say none; strict: one bad row refuses all; markets: ccxt's markets, for tick, lot and
    contract size."""

    account: str = "me"
    balances: Mapping[str, Decimal] = field(default_factory=dict)
    rulebooks: Sequence[str] = ()
    venue: str | None = None
    margin: str | None = None
    strict: bool = False
    markets: Source | None = None
    open_interest: Mapping[str, Decimal] = field(default_factory=dict)


def import_positions(source: Source, tiers: Source | None, options: Options) -> Imported:
    """The scenario as YAML; ScenarioErrors with everything that is wrong with the files."""
    account_id("--account", options.account)
    problems = Problems()
    with exact():
        root = read_document(source, problems)
        problems.raise_if_any()
        assert root is not None
        read = _read(root, options, problems)
        if not read.found and not len(problems):
            left = f"; left out: {'; '.join(read.left)}" if read.left else ""
            problems.add(root, f"there is no open position in the file{left}")
        problems.raise_if_any()
        tables = _opened(tiers, problems)
        markets = MarketFile(options.markets, problems) if options.markets is not None else None
        problems.raise_if_any()
        try:
            plan = _plan(source, read, tables, markets, options, problems)
            problems.raise_if_any()
            text = write_scenario(plan)
        except ArithmeticError:
            message = "the positions multiply to numbers of more digits than can be held exactly"
            raise fail(Place(source), message) from None
    assure(text)
    return Imported(text, {}, tuple(plan.warnings))


# --- reading ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Read:
    """found: the open positions; flat: how many rows hold nothing; left: what was left out, as sentences;
    raw: rows of a venue's own answer; money: of the cross account, where an answer tells it."""

    found: list[Found] = field(default_factory=list)
    flat: int = 0
    left: list[str] = field(default_factory=list)
    raw: bool = False


def _read(root: Node, options: Options, problems: Problems) -> _Read:
    """Row by row; a bad one does not refuse the rest, unless `strict`, or nothing is left."""
    venue = None
    if options.venue is not None:
        venue = named(options.venue) or named(options.venue.partition("-")[0])
        if venue is None and options.venue not in options.rulebooks:
            names = sorted({*EXCHANGES, *options.rulebooks})
            near = closest_hint(options.venue, names) or f"known are {', '.join(names)}"
            raise OptionError(f"--venue: there is no exchange or rulebook {quote(options.venue)}; {near}")
    read, faults = _Read(), Problems()
    for number, entry in enumerate(entries(root, problems, venue), 1):
        if not isinstance(entry.node, Map):
            faults.add(
                entry.node, "must be a position as ccxt gives it: {symbol, side, contracts, entryPrice, ...}"
            )
            read.left.append(f"row {number} is no position")
            continue
        own = Problems()
        row = Fields(entry.node, own)
        name = row.text("symbol") or f"row {number}"
        try:
            position = read_position(row, venue=entry.venue, margin=options.margin)
        except Skipped as why:
            read.left.append(f"{name}: {why}")
            continue
        if len(own):
            _tell(entry, own, read, faults, name)
        elif position is None:
            read.flat += 1
        else:
            _add(read, entry, position)
    if len(faults) and (options.strict or not read.found):
        faults.raise_if_any()
    return read


def _tell(entry: Entry, own: Problems, read: _Read, faults: Problems, name: str) -> None:
    """A bad row: a problem of the file if it comes to that, else a sentence."""
    from adlcalc.source.problems import ScenarioErrors

    try:
        own.raise_if_any()
    except ScenarioErrors as error:
        read.left.append(f"{name}: {error.problems[0].message}")
        for problem in error.problems:
            where = Place(entry.node.source, problem.line, problem.column, problem.length)
            faults.add(where, problem.message, problem.hint)


def _add(read: _Read, entry: Entry, position: Found) -> None:
    read.raw = read.raw or entry.raw
    if position.cross:
        position.wallet = entry.wallet if entry.wallet is not None else position.wallet
        position.equity = entry.equity if entry.equity is not None else position.equity
    read.found.append(position)


def _opened(tiers: Source | None, problems: Problems) -> TiersFile | None:
    if tiers is None:
        return None
    tree = read_document(tiers, problems)
    return TiersFile(tree, problems) if tree is not None else None


# --- deciding -----------------------------------------------------------------------------------------------


def _plan(
    source: Source,
    read: _Read,
    tables: TiersFile | None,
    markets: MarketFile | None,
    options: Options,
    problems: Problems,
) -> Plan:
    """Everything that the file says, decided."""
    found = read.found
    if markets is not None:
        for one in found:
            markets.correct(one)
    plan = Plan(source.name, found, read.flat, read.left, raw=read.raw)
    plan.rulebook, plan.venue_note = _rulebook(found, options)
    rulebook = load_rulebook(plan.rulebook, problems, where=Place(source))
    problems.raise_if_any()
    assert rulebook is not None
    plan.markets = _markets(found)
    plan.open_interest = options.open_interest
    rules = {}
    for name, held in plan.markets.items():
        judged = _maintenance(plan, name, held, rulebook, tables)
        rules[name] = judged.rule
        plan.maintenance[name] = judged.reading
        plan.ticks[name] = markets.ticks(held[0].symbol) if markets is not None else None
    for name, held in _accounts(found, options).items():
        account = Account(name, held)
        plan.accounts.append(account)
        by_symbol = {
            one.symbol: rules[market]
            for market, several in plan.markets.items()
            for one in several
            if one in held
        }
        _isolated(plan, account, by_symbol)
        _cross(plan, account, by_symbol, options)
    _check_balances(plan, options)
    return plan


def _rulebook(found: Sequence[Found], options: Options) -> tuple[str, str]:
    """(rulebook, comment): that of --venue or of the one exchange there is; generic where there is none."""
    if options.venue is not None:
        name = (
            options.venue
            if options.venue in options.rulebooks
            else rulebook_of(named(options.venue), options.rulebooks)
        )
        if name is not None:
            return name, "# the venue is that of --venue"
        return "generic", f"# assumed: there is no rulebook for {options.venue}; the generic rules stand in"
    venues = list(dict.fromkeys(one.venue for one in found))
    name = rulebook_of(venues[0], options.rulebooks) if len(venues) == 1 else None
    if name is not None:
        fields = next((one.evidence for one in found if one.evidence), "")
        told = f"by the fields {fields} of its rows" if fields else "by the file"
        return name, f"# the venue is {venues[0]}, {told}; --venue says otherwise"
    if len(venues) > 1:
        return (
            "generic",
            "# assumed: there is no rulebook for all of these venues together; the generic rules stand in",
        )
    known = venues[0] or "an unknown venue"
    more = "" if venues[0] else "; --venue names it"
    return "generic", f"# assumed: there is no rulebook for {known}; the generic rules stand in{more}"


def _markets(found: Sequence[Found]) -> dict[str, list[Found]]:
    """Positions by market; with several venues the market's name begins with the venue's."""
    several = len({one.venue for one in found}) > 1
    markets: dict[str, list[Found]] = {}
    for one in found:
        markets.setdefault(f"{one.venue or 'unknown'} {one.symbol}" if several else one.symbol, []).append(
            one
        )
    return markets


def _maintenance(
    plan: Plan, name: str, held: Sequence[Found], rulebook: Rulebook, tables: TiersFile | None
) -> Judged:
    """The table of --tiers, else the reading of the largest position that agrees with itself."""
    largest = max(held, key=lambda one: one.size)
    if tables is not None:
        tiers = tables.of(largest.symbol, largest.leverage)
        if tiers is not None:
            rule = rulebook.maintenance(
                largest.contract.kind, own=tiers.table, money_unit=SMALLEST, lot=SMALLEST
            )
            plan.tiers_notes[name] = tiers.notes
            return Judged(Reading(tiers.table, ""), rule, None)
        if largest.symbol not in tables.lists:
            plan.warn(
                f"the tiers file has no {largest.symbol}: its maintenance margin is not that of the "
                "venue's table"
            )
    judged = chosen(largest, rulebook)
    others = {one.percent for one in held if one.percent is not None}
    if len(others) > 1 and judged.reading.value is not None:
        rates = ", ".join(show(rate) for rate in sorted(others))
        why = f"{judged.reading.why}, of the largest position (the rows give {rates})"
        return judged._replace(reading=judged.reading._replace(why=why))
    return judged


def _accounts(found: Sequence[Found], options: Options) -> dict[str, list[Found]]:
    """Positions by account: one for each venue and currency, further ones for a second position in the same
    place."""
    venues, settles = {one.venue for one in found}, {one.settle for one in found}
    accounts: dict[str, list[Found]] = {}
    for one in found:
        parts = [options.account]
        if len(venues) > 1:
            parts.append(one.venue or "unknown")
        if len(settles) > 1:
            parts.append(one.settle)
        name, number = "-".join(parts), 1
        while any(
            (held.symbol, held.side) == (one.symbol, one.side)
            for held in accounts.get(_numbered(name, number), ())
        ):
            number += 1
        accounts.setdefault(_numbered(name, number), []).append(one)
    return accounts


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def _isolated(plan: Plan, account: Account, rules: Mapping[str, Maintenance]) -> None:
    """The collateral that a row does not tell; the liquidation price of each position against its own."""
    for one in account.positions:
        if one.cross:
            continue
        rule = {one.symbol: rules[one.symbol]}
        solved = False
        if one.margin is None and one.liquidation is not None:
            money = wallet_at(Unit([one], rule, ZERO), one, one.liquidation)
            if money > 0:
                one.margin, solved = money, True
                one.notes.append(
                    "no collateral is given: what makes the row's own liquidation price is taken, "
                    "which so is no check"
                )
        if one.margin is None and one.hint is not None:
            one.margin = one.hint[1]
            one.notes.append(f"no collateral is given: {one.hint[0]} is taken")
        if one.margin is None:
            one.margin = from_leverage(one, "collateral")
        _compare(plan, Unit([one], rule, one.margin), [] if solved else [one])


def _cross(plan: Plan, account: Account, rules: Mapping[str, Maintenance], options: Options) -> None:
    """The wallet of the account: given, told by the rows, solved from a liquidation price, or guessed."""
    cross = [one for one in account.positions if one.cross]
    if not cross:
        return
    unit = Unit(cross, rules, ZERO)
    pnl = sum((one.pnl for one in cross), ZERO)
    given = options.balances.get(account.id, options.balances.get(""))
    wallet = next((one.wallet for one in cross if one.wallet), None)
    equity = next((one.equity for one in cross if one.equity), None)
    told = [one for one in cross if one.liquidation is not None and _is_beyond(unit, one)]
    solved: Found | None = None
    if given is not None:
        account.balance, account.source = given, ""
    elif wallet is not None:
        account.balance, account.source = (
            wallet,
            "the balance is the wallet of the account that the rows tell",
        )
    elif equity is not None:
        account.balance = equity - pnl
        account.source = (
            "the balance is the equity of the account that the rows tell, less the unrealized pnl"
        )
    elif told:
        solved = min(told, key=lambda one: (_worst_miss(unit, told, one), -one.notional))
        assert solved.liquidation is not None
        account.balance = wallet_at(unit, solved, solved.liquidation)
        account.source = (
            f"the balance is what makes the liquidation price of {solved.symbol} {show(solved.liquidation)}, "
        )
        account.source += "which so is no check"
    else:
        _guess(account, cross, pnl)
    _compare(plan, unit.with_money(account.balance), [one for one in cross if one is not solved])


def _is_beyond(unit: Unit, one: Found) -> bool:
    """Whether a row's liquidation price lies where the mark has not come yet: with a wallet by it, nothing is
    due."""
    assert one.liquidation is not None
    solved = unit.with_money(wallet_at(unit, one, one.liquidation))
    return solved.equity > solved.needed


def _worst_miss(unit: Unit, told: Sequence[Found], by: Found) -> Decimal:
    """How far the liquidation prices of all rows are off if the wallet is solved from one of them."""
    assert by.liquidation is not None
    solved = unit.with_money(wallet_at(unit, by, by.liquidation))
    return max(
        off(liquidation_of(solved, one), one.liquidation) for one in told if one.liquidation is not None
    )


def _guess(account: Account, cross: Sequence[Found], pnl: Decimal) -> None:
    """Figures of the rows that may stand in for the equity; told loudly."""
    figures = [one.hint if one.hint is not None else None for one in cross]
    amounts = [
        figure[1] if figure else from_leverage(one, "balance")
        for figure, one in zip(figures, cross, strict=True)
    ]
    names = list(dict.fromkeys(figure[0] for figure in figures if figure)) or ["entry value / leverage"]
    once = all(one.shared for one in cross) and len(set(amounts)) == 1
    account.balance = (amounts[0] if once else sum(amounts, ZERO)) - pnl
    account.source = (
        f"the balance of the account is not given: {' and '.join(names)} is taken as its equity at the "
        "mark, and the "
    )
    account.source += "unrealized pnl is taken off; --balance gives it"
    account.guessed = True


def _compare(plan: Plan, unit: Unit, checked: Sequence[Found]) -> None:
    """What comes out against what the rows say; a unit that is due at its own mark is told."""
    for one in checked:
        if one.liquidation is None:
            continue
        ours = liquidation_of(unit, one)
        miss = off(ours, one.liquidation)
        if miss > TOLERANCE:
            text = (
                "no price"
                if ours is None
                else show(round_to(ours, SHOWN if ours >= 1 else SMALLEST.scaleb(-4)))
            )
            plan.warn(
                f"{one.symbol} {'long' if one.side > 0 else 'short'}: the liquidation price comes out "
                f"as {text}, the row says "
                f"{show(one.liquidation)} ({show(round_to(miss * PERCENT, HUNDREDTH))} % off): "
                f"{_reason(plan, unit, one)}"
            )
    if unit.equity <= unit.needed:
        names = ", ".join(dict.fromkeys(one.symbol for one in unit.positions))
        plan.warn(
            f"{names}: due at the mark right after the import: equity {show(unit.equity)}, maintenance "
            "margin "
            f"{show(round_to(unit.needed, SMALLEST))}: a margin, balance or maintenance rate is not "
            "what the venue has"
        )


def _reason(plan: Plan, unit: Unit, one: Found) -> str:
    """The likeliest cause of a difference."""
    market = next(name for name, held in plan.markets.items() if one in held)
    if one.mode_assumed:
        return "the margin mode is assumed (--margin)"
    is_guess = plan.maintenance[market].why.startswith("no maintenance margin")
    if is_guess and plan.rulebook != "generic":
        return "the maintenance margin is the rulebook's, of another contract perhaps (--tiers)"
    if is_guess:
        return "no maintenance margin is given, the generic one stands in (--tiers)"
    if one.cross:
        return "the account holds money, positions or orders that the file does not tell (--balance)"
    return "the venue counts fees or funding that the row does not tell, or the mark has moved"


def _check_balances(plan: Plan, options: Options) -> None:
    """--balance names accounts that there are and that need one."""
    cross = [account.id for account in plan.accounts if any(one.cross for one in account.positions)]
    if "" in options.balances and len(cross) != 1:
        hint = (
            f"--balance ID=AMOUNT, of {', '.join(cross)}"
            if cross
            else "leave --balance out, or say --margin cross"
        )
        raise fail(
            Place(Source(plan.file, "")),
            f"a balance is given, but there are {len(cross)} cross accounts in the file",
            hint,
        )
    for name in options.balances:
        if name and name not in cross:
            known = ", ".join(cross) or "none"
            raise fail(
                Place(Source(plan.file, "")),
                f"--balance: there is no cross account {quote(name)}",
                f"there is {known}",
            )
