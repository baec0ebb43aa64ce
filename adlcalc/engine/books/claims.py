"""What is being closed, and the backstops that take it over.

A position is closed either in the account's own name (`OwnOrder`: the account keeps what its fills bring) or
by the venue, which has taken it over (`VenueClaim`: the fund keeps it). For the stages of the waterfall the
two are one thing, a `Closing`.

Public: Closing, Unnumbered, OwnOrder, VenueClaim, VaultOrder, Number, Backstop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from adlcalc.engine.books.holdings import Holder, Holding, MarketBook
from adlcalc.engine.contract import LINEAR, PER_CONTRACT
from adlcalc.engine.events import How
from adlcalc.engine.formulas.prices import Known
from adlcalc.ground.numbers import ZERO, divide, round_to
from adlcalc.ground.objects import record


class Number:
    """The number under which an order is told, whatever becomes of its size and its price; None until the
    ledger gives it the next one (`Ledger.number_of`)."""

    __slots__ = ("given",)

    def __init__(self) -> None:
        self.given: int | None = None


@dataclass(slots=True, eq=False)
class Closing:
    """A position that is being closed. price: its bankruptcy price (None where there is none); size, cost:
    the contracts that are still to be closed, and their value there, so that what closing them brings beyond
    it is surplus or shortfall. Only the ledger changes these two, and nobody the others. (A frozen one takes
    thrice as long to make.)"""

    holder: Holder
    book: MarketBook
    side: int
    price: Decimal | None
    size: Decimal
    cost: Decimal

    def proceeds(self, size: Decimal, price: Decimal) -> Decimal:
        """What closing a part at `price` brings."""
        return self.book.value(self.side * size, price)

    def pnl(self) -> Decimal:
        """What is still to be closed at the mark, less what it costs at the bankruptcy price."""
        return self.book.value(self.side * self.size, self.book.mark) - self.cost

    def cost_of(self, size: Decimal) -> Decimal:
        """The cost of a part: its value at the bankruptcy price (pro rata where there is none); the last part
        takes what is left."""
        if size == self.size:
            return self.cost
        if self.price is None:
            return round_to(divide(self.cost * size, self.size), self.book.unit)
        return self.book.value(size if self.side > 0 else -size, self.price)

    def loss(self, size: Decimal, price: Decimal, whole: bool) -> Decimal:
        """How much worse than at the bankruptcy price `size` closes at `price`, in money (negative: better).

        The whole claim or offer goes by the loss that will be posted; a part by the unrounded one too, so
        that rounding makes no lot cheaper."""
        return self._worse(self.cost_of(size) - self.proceeds(size, price), size, price, whole)

    def loss_kept(self, size: Decimal, price: Decimal) -> Decimal:
        """How much worse than at the bankruptcy price `size` will close at `price` once the rest is gone: by
        the cost that the rest leaves with it, whose rounding is not that of a part closed now. (By that of a
        part, a claim of which one lot too much is kept gives up one lot, and is one lot too large again.)"""
        whole = size == self.size
        return self._worse(self.cost_kept(size) - self.proceeds(size, price), size, price, whole)

    def cost_kept(self, size: Decimal) -> Decimal:
        """What `size` will cost once the rest is gone."""
        whole = size == self.size
        return self.cost if whole else self.cost - self.cost_of(self.size - size)

    def _worse(self, posted: Decimal, size: Decimal, price: Decimal, whole: bool) -> Decimal:
        if self.price is None or whole or self.book.contract.rounding == PER_CONTRACT:
            return posted
        worse = self.side * (self.price - price) * size * self.book.contract.multiplier
        return max(posted, worse if self.book.contract.kind == LINEAR else divide(worse, self.price * price))

    def known(self) -> Known:
        """What the price of a trade against it may be made of."""
        assert self.price is not None
        book = self.book
        return record(Known, (self.price, book.mark, book.previous, self.side, book.tick))

    def at_or_beyond(self, price: Decimal) -> bool:
        """Is `price` no better for closing it than its bankruptcy price?"""
        return self.price is None or (price <= self.price if self.side > 0 else price >= self.price)

    def better_or_equal(self, price: Decimal) -> bool:
        """Would a fill at `price` be at the bankruptcy price or better?"""
        return self.price is not None and (price >= self.price if self.side > 0 else price <= self.price)


@dataclass(slots=True, eq=False)
class VenueClaim(Closing):
    """A position that the venue has taken over, and closes. number: under which it is told."""

    number: int

    def proceeds(self, size: Decimal, price: Decimal) -> Decimal:
        """What closing a part at `price` brings; never less than it cost where that is the bankruptcy price
        or better: the last part costs what the others' rounding has left of the whole, and such dust is the
        other side's, not a loss of anybody's."""
        value = self.book.value(size if self.side > 0 else -size, price)
        if size == self.size and value >= self.cost:
            return value
        if not self.better_or_equal(price) or (price == self.price and size != self.size):
            return value  # a part at the bankruptcy price costs just that
        return max(value, self.cost_of(size))


@dataclass(slots=True, eq=False)
class Unnumbered(Closing):
    """One that is told once something of it is closed."""

    number: Number


@dataclass(slots=True, eq=False)
class OwnOrder(Unnumbered):
    """An order to close `holding` in the account's own name. quote(size): the value of a part at the
    bankruptcy price, where the venue rounds that money itself; else the price does. how: of its bankruptcy
    price."""

    holding: Holding
    how: How = ()
    quote: Callable[[Decimal], Decimal] | None = None

    def proceeds(self, size: Decimal, price: Decimal) -> Decimal:
        """What closing a part at `price` brings."""
        if self.quote is not None and price == self.price:
            return self.quote(size)
        return self.book.value(size if self.side > 0 else -size, price)

    def cost_of(self, size: Decimal) -> Decimal:
        """The cost of a part, by the venue's own rounding where it has one."""
        return self.quote(size) if self.quote is not None else Closing.cost_of(self, size)

    def of_size(self, size: Decimal) -> OwnOrder:
        """The same order for `size` contracts."""
        cost = self.cost if self.price is None else self.proceeds(size, self.price)
        return self._again(self.price, size, cost, self.quote)

    def at_the_mark(self) -> OwnOrder:
        """The same order, with the mark for its bankruptcy price."""
        value = self.book.value(self.side * self.size, self.book.mark)
        return self._again(self.book.mark, self.size, value, None)

    def _again(
        self,
        price: Decimal | None,
        size: Decimal,
        cost: Decimal,
        quote: Callable[[Decimal], Decimal] | None,
    ) -> OwnOrder:
        """The same order but for these. (`replace` takes thrice as long.)"""
        who = self.holder, self.book, self.side
        return OwnOrder(*who, price, size, cost, self.number, self.holding, self.how, quote)


@dataclass(slots=True, eq=False)
class VaultOrder(Unnumbered):
    """A position of a vault that is deleveraged itself; what closing it brings is the vault's."""

    vault: Backstop
    how: How = ()


class Backstop:
    """A backstop provider while it runs: what it has taken over, and the margin it was given with it.
    capital: the money that it began with, where it has some of its own; left: its capacity in this step."""

    __slots__ = ("capital", "cash", "id", "left", "positions", "settles", "taken")

    def __init__(self, id: str, settles: str, capital: Decimal = ZERO) -> None:
        self.id, self.settles, self.capital, self.cash, self.taken = id, settles, capital, capital, False
        self.positions: dict[MarketBook, list[Decimal]] = {}  # [signed size, cost]
        self.left: dict[MarketBook, Decimal] = {}

    def standing(self) -> Decimal:
        """Cash - cost: what the audit adds up."""
        return self.cash - sum((cost for _size, cost in self.positions.values()), ZERO)

    def equity(self) -> Decimal:
        """Its cash and the pnl at the marks of what it holds."""
        return self.standing() + sum(
            (book.value(size, book.mark) for book, (size, _cost) in self.positions.items()), ZERO
        )

    def notional(self) -> Decimal:
        """Of all that it holds, at the marks."""
        return sum((abs(book.value(size, book.mark)) for book, (size, _) in self.positions.items()), ZERO)
