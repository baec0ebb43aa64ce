"""What the engine tells: one frozen record for each thing that happened, in order. Every table, JSON,
explanation, chart and metric is a view of these and of nothing else.

`claim` numbers the positions that the venue closed (1, 2, ... in the order in which they were taken over or
reduced); every fill, fund posting and deleveraging that follows carries the claim it was for. Money in the
settlement currency, sizes positive.

`how`: how the number that the rule is about was worked out; later ones build on earlier ones.

Public: FeePaid, MoneyMoved, MarginMoved, Traded, Refused, Settled, PositionSettled, Halted, Spared,
OrderFilled, StopMissed, MarkPushed, MarkMoved, FundingPaid, FundingSettled, Liquidated, MarginTaken,
BookFilled, FundReceived, FundPaid, FundStopped, FundResumed, BackstopTook, Deleveraged, Skipped,
LossSocialized, BadDebt, Held, Owed, StepEnded, AccountEnded, AccountState, PositionState, Started, Ended,
Event, How."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from adlcalc.engine.formulas.health import Stand
from adlcalc.engine.formulas.worked import How as How
from adlcalc.ground.numbers import ZERO

if TYPE_CHECKING:
    from adlcalc.engine.quiet import QuietAccounts


class Started(NamedTuple):
    """Step 0 before anything is worked: the funds' opening balances, and the size of the rest of the market
    (signed) per market."""

    step: int
    funds: tuple[tuple[str, Decimal], ...]
    rest: tuple[tuple[str, Decimal], ...]


class MarkMoved(NamedTuple):
    step: int
    market: str
    mark: Decimal
    time: str | None


class FundingPaid(NamedTuple):
    """A funding payment fell due: longs pay rate x notional to shorts (rate < 0: the other way). amount: what
    the payers owe together."""

    step: int
    market: str
    rate: Decimal
    mark: Decimal
    amount: Decimal
    how: How = ()


class FundingSettled(NamedTuple):
    """What one position has paid (negative) or received since it was last settled, rounded down (against the
    account); the rest of the market is the other side, and what rounding leaves with a rest that holds
    nothing goes to the fund at the end. per_contract: what one long contract has paid since; size: of the
    position."""

    step: int
    account: str
    market: str
    side: int
    amount: Decimal
    per_contract: Decimal
    size: Decimal = ZERO


class MoneyMoved(NamedTuple):
    """A deposit, or a withdrawal (amount below zero). balance: the account's, after it."""

    step: int
    account: str
    amount: Decimal
    balance: Decimal


class MarginMoved(NamedTuple):
    """Margin was added to an isolated position out of the free balance, or taken back (amount below zero)."""

    step: int
    account: str
    market: str
    side: int
    amount: Decimal
    collateral: Decimal
    balance: Decimal


class Traded(NamedTuple):
    """An account bought (side +1) or sold against the rest of the market: `closed` contracts of what it held
    on the other side, which realized a pnl, and `opened` more of its own. margin_held: what the opened part
    took from its free balance (isolated)."""

    step: int
    account: str
    market: str
    side: int
    size: Decimal
    price: Decimal
    closed: Decimal
    opened: Decimal
    realized_pnl: Decimal
    margin_held: Decimal
    how: How = ()


class Refused(NamedTuple):
    """What the venue does not allow, and so nothing of it is done. what: 'withdraw', 'margin' or 'trade'; of
    a trade the amount is the margin that it needs. allowed: how much might have been."""

    step: int
    account: str
    what: str
    amount: Decimal
    allowed: Decimal
    market: str | None = None
    side: int | None = None
    how: How = ()


class Settled(NamedTuple):
    """A market is settled: everybody in it is closed at the price. contracts: of all accounts, per side."""

    step: int
    market: str
    price: Decimal
    long: Decimal
    short: Decimal


class PositionSettled(NamedTuple):
    """A position closed at the settlement price of its market."""

    step: int
    account: str
    market: str
    side: int
    size: Decimal
    price: Decimal
    realized_pnl: Decimal


class Halted(NamedTuple):
    """From here on nothing in the market is liquidated (halted), or it is again."""

    step: int
    market: str
    halted: bool


class Spared(NamedTuple):
    """A margin unit is due and not liquidated: its account is exempt, or a market of it is halted (why).
    market: of its first position."""

    step: int
    account: str
    market: str
    why: str
    equity: Decimal
    maintenance: Decimal


class OrderFilled(NamedTuple):
    """A stop or a take-profit (order) closed `size` of a position in the book. gap: what the fill brought
    less than the trigger would have (below zero: more); left: what the book did not take, tried again at the
    next step."""

    step: int
    account: str
    market: str
    side: int
    order: str
    trigger: Decimal
    mark: Decimal
    size: Decimal
    price: Decimal
    realized_pnl: Decimal
    gap: Decimal
    left: Decimal
    how: How = ()


class StopMissed(NamedTuple):
    """The mark has jumped past a stop to where the position is liquidated. previous: the mark before; gap:
    the value at the trigger less that at the mark."""

    step: int
    account: str
    market: str
    side: int
    trigger: Decimal
    previous: Decimal
    mark: Decimal
    size: Decimal
    gap: Decimal


class MarkPushed(NamedTuple):
    """Fills in the book have moved the mark (market's feedback): by `share` of the way to the farthest of
    them. recovering: at the beginning of a step, what is left of it from the step before (farthest: the
    path's mark)."""

    step: int
    market: str
    before: Decimal
    after: Decimal
    farthest: Decimal
    recovering: bool = False
    how: How = ()


class Liquidated(NamedTuple):
    """A position is closed by the venue. method 'takeover': moved to the venue at its bankruptcy price;
    'reduced': part of it closed in the book for the account, which keeps the rest. equity and maintenance are
    those of the margin unit (the isolated position, or the cross account). how: of the bankruptcy price;
    stood: how the unit did before it, None where it is told no liquidation price."""

    step: int
    claim: int
    account: str
    market: str
    side: int
    size: Decimal
    entry_price: Decimal
    mark_price: Decimal
    bankruptcy_price: Decimal | None
    equity: Decimal
    maintenance: Decimal
    margin: str
    method: str
    how: How = ()
    stood: Stand | None = None

    @property
    def liquidation_price(self) -> Decimal | None:
        """The mark at which the position was to be liquidated; None where no mark of this market alone would
        do it."""
        how = self.liquidation_how
        return how[-1].result if how else None

    @property
    def liquidation_how(self) -> How:
        """How the liquidation price comes about; it is worked out here, as few are ever asked for."""
        return self.stood.liquidation_how(self.market, self.side) if self.stood else ()


class MarginTaken(NamedTuple):
    """A unit was taken over at the mark, and what was left of its margin with it; below zero: a debt."""

    step: int
    claim: int
    account: str
    market: str
    amount: Decimal


class BookFilled(NamedTuple):
    """size closed in the book at price; result > 0 is better than the bankruptcy price (surplus), < 0 worse
    (shortfall).
    proceeds: what the fill brought; result = proceeds - what that part cost at the bankruptcy price."""

    step: int
    claim: int
    market: str
    side: int
    size: Decimal
    price: Decimal
    result: Decimal
    how: How = ()
    proceeds: Decimal = ZERO


class FundReceived(NamedTuple):
    """why: 'surplus' (a fill better than the bankruptcy price), 'dust' (rounding), 'fee', 'deposit' (from
    outside; claim 0). before, after: the fund's balance."""

    step: int
    fund: str
    claim: int
    amount: Decimal
    why: str
    before: Decimal
    after: Decimal
    how: How = ()


class FundPaid(NamedTuple):
    """The fund pays for a claim, before and after: its balance."""

    step: int
    fund: str
    claim: int
    amount: Decimal
    before: Decimal
    after: Decimal


class FundStopped(NamedTuple):
    """The fund pays no more because it has fallen too far from its peak (rule fund.drawdown): its fall has
    reached the limit, or what is left to it is not enough (left: what it might still pay). window: over how
    many seconds the peak is taken, None: the whole run. market: the contract whose own pnl fell, from its
    best (drawdown.measure: contract-pnl); '' and None: the fund's worth fell, from its peak."""

    step: int
    fund: str
    balance: Decimal
    peak: Decimal
    fall: Decimal
    limit: Decimal
    window: int | None
    left: Decimal
    how: How = ()
    market: str = ""
    best: Decimal | None = None


class FundResumed(NamedTuple):
    """The fund pays again: its fall from the peak is less than the limit (rule fund.drawdown)."""

    step: int
    fund: str
    balance: Decimal
    peak: Decimal
    fall: Decimal
    limit: Decimal
    window: int | None
    how: How = ()
    market: str = ""
    best: Decimal | None = None


class FeePaid(NamedTuple):
    """A fee on a forced trade. account: who pays it, the counterparty (below zero: gets a rebate) or whose
    order it was; None: it is taken out of the surplus of a claim. to: 'fund' or 'venue'. rule: of a fee of an
    account."""

    step: int
    claim: int
    account: str | None
    market: str
    amount: Decimal
    to: str
    how: How = ()
    rule: str = ""


class BackstopTook(NamedTuple):
    """A backstop provider took `size` of the claim over at `price`."""

    step: int
    claim: int
    provider: str
    market: str
    side: int
    size: Decimal
    price: Decimal
    result: Decimal
    how: How = ()
    proceeds: Decimal = ZERO


class Deleveraged(NamedTuple):
    """`account` gave up `size` of its position (side is its own side) against the claim of `bankrupt`.

    forgone_pnl = |mark - price| x size as money, what the fill cost it against the mark (negative: it
    gained). score is rounded for reading only; tied: a neighbor in the queue had exactly the same score.
    result: what the fill brought more (+) or less (-) than the bankruptcy price, where it was made at another
    price. rule_price: what the rule adl.price alone would have made it, where a bankrupt account was to get
    no more than its bankruptcy price. proceeds: what the fill brought the closed account, and cost this one.
    entry_value: the signed cost of the position before."""

    step: int
    claim: int
    bankrupt: str
    account: str
    market: str
    side: int
    rank: int
    score: Decimal
    size_before: Decimal
    size: Decimal
    price: Decimal
    mark: Decimal
    realized_pnl: Decimal
    forgone_pnl: Decimal
    tied: bool
    result: Decimal = ZERO
    rule_price: Decimal | None = None
    how: How = ()
    proceeds: Decimal = ZERO
    entry_value: Decimal = ZERO


class Skipped(NamedTuple):
    """`account` stood in the queue at `rank` but the fill would have left it with `equity_after` < 0."""

    step: int
    claim: int
    account: str
    market: str
    side: int
    rank: int
    score: Decimal
    size: Decimal
    price: Decimal
    equity_after: Decimal
    how: How = ()


class LossSocialized(NamedTuple):
    """`account` lost `amount` of its profit to cover a loss that the fund could not; base is the profit it
    was a share of."""

    step: int
    account: str
    market: str
    amount: Decimal
    base: Decimal
    how: How = ()


class BadDebt(NamedTuple):
    """Money that nobody covered, booked when a claim was closed at a loss."""

    step: int
    claim: int
    market: str
    amount: Decimal


class Held(NamedTuple):
    """What the venue still holds of a claim at the end of a step; told when it has changed, and at the end of
    the run. uncovered: the part of a loss at the mark that nobody covers; all of it, but where the fund holds
    it (rule fund.holds)."""

    step: int
    claim: int
    market: str
    side: int
    size: Decimal
    bankruptcy_price: Decimal | None
    unrealized_pnl: Decimal
    uncovered: Decimal = ZERO


class Owed(NamedTuple):
    """What an account that was not closed lacks at the end of a step, and nobody covers: an isolated
    position's equity below zero (market: its), or that of the cross account (the market of its first
    position). The account keeps its equity, and the venue has a claim on it for as long as it is below
    zero."""

    step: int
    account: str
    market: str
    amount: Decimal


class StepEnded(NamedTuple):
    """The audit of the step. Differences are zero or the run has stopped; bad_debt is cumulative, with the
    loss of held inventory at the mark and what open accounts owe as they stand now; of several currencies it
    is only told apart from zero: bad_debts has it by currency. held: the pnl at the mark of what the venue
    holds, by fund."""

    step: int
    funds: tuple[tuple[str, Decimal], ...]
    money_difference: Decimal
    open_interest_difference: Decimal
    bad_debt: Decimal
    bad_debts: tuple[tuple[str, Decimal], ...] = ()
    held: tuple[tuple[str, Decimal], ...] = ()


class PositionState(NamedTuple):
    """A position at a moment; `collateral` is None where it is cross. `cost` is the signed entry value of
    what is still open; `pending`: funding received (+) or owed (-) since it was last settled."""

    market: str
    side: int
    size: Decimal
    entry: Decimal
    cost: Decimal
    collateral: Decimal | None
    mark: Decimal
    unrealized_pnl: Decimal
    pending: Decimal = ZERO


class AccountState(NamedTuple):
    """An account at the end of the run. status: 'open', 'closed' (no position left, never bankrupt),
    'liquidated' (any position was), 'backstop' (a provider that took something over).

    The rest of the market ('rest of the market') and what the venue still holds ('venue') are accounts of
    this list too, at its end, where they hold anything, and so are the money outside ('outside money': what
    was deposited there, below zero) and the venue's fees ('venue revenue'), so that sum(equity_end) + funds -
    bad debt = sum(equity_start) + opening funds, exactly."""

    account: str
    status: str
    deleveraged: bool
    equity_start: Decimal
    equity_end: Decimal
    balance: Decimal
    positions: tuple[PositionState, ...]


class AccountEnded(NamedTuple):
    """How an account stands when the last step has been worked; one for everybody, by name."""

    step: int
    state: AccountState


class Ended(NamedTuple):
    """The last event. evaluations: how many exact margin evaluations the run took. quiet: the accounts that
    nothing happened to, where they are told together."""

    step: int
    evaluations: int
    quiet: QuietAccounts | None = None


Event = (
    Started
    | MarkMoved
    | MoneyMoved
    | MarginMoved
    | Traded
    | Refused
    | Settled
    | PositionSettled
    | Halted
    | Spared
    | OrderFilled
    | StopMissed
    | MarkPushed
    | FundingPaid
    | FundingSettled
    | Liquidated
    | MarginTaken
    | BookFilled
    | FundReceived
    | FundPaid
    | FundStopped
    | FundResumed
    | FeePaid
    | BackstopTook
    | Deleveraged
    | Skipped
    | LossSocialized
    | BadDebt
    | Held
    | Owed
    | StepEnded
    | AccountEnded
    | Ended
)
