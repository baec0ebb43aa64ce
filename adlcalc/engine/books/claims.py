"""What is taken off accounts: claims, the bankrupt positions that are being closed, and the backstops that take them over.

Public: Claim, Backstop.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from adlcalc.engine.books.holdings import Holder, Holding, MarketBook
from adlcalc.engine.contract import LINEAR, PER_CONTRACT
from adlcalc.engine.formulas.prices import Known
from adlcalc.ground.numbers import ZERO, divide, round_to


class Claim:
    """A position that is being closed. cost = its value at the bankruptcy price, so its pnl is surplus or shortfall.

    `holding` is None where the venue holds it; else it still stands in the account's own name, and the account keeps the result.
    `quote(size)` gives the value of a part at the bankruptcy price where the venue rounds that money itself; else the price does.
    """

    __slots__ = ("account", "book", "cost", "holder", "holding", "id", "price", "quote", "side", "size")

    def __init__(
        self, id: int, account: str, book: MarketBook, side: int, size: Decimal, price: Decimal | None, cost: Decimal
    ) -> None:
        self.id, self.account, self.book, self.side, self.size, self.price, self.cost = id, account, book, side, size, price, cost
        self.holding: Holding | None = None
        self.holder: Holder | None = None
        self.quote: Callable[[Decimal], Decimal] | None = None

    def proceeds(self, size: Decimal, price: Decimal) -> Decimal:
        """What closing a part at `price` brings.

        What the venue holds never brings less than it cost where the price is the bankruptcy price or better: the last part
        costs what the others' rounding has left of the whole, and such dust is the other side's, not a loss of anybody's.
        """
        if self.quote is not None and price == self.price:
            return self.quote(size)
        value = self.book.value(self.side * size, price)
        if self.holding is None and self.better_or_equal(price):
            return max(value, self.cost_of(size))
        return value

    def cost_of(self, size: Decimal) -> Decimal:
        """The cost of a part: its value at the bankruptcy price (pro rata where there is none); the last part takes what is
        left.
        """
        if self.quote is not None:
            return self.quote(size)
        if size == self.size:
            return self.cost
        if self.price is None:
            return round_to(divide(self.cost * size, self.size), self.book.unit)
        return self.book.value(self.side * size, self.price)

    def loss(self, size: Decimal, price: Decimal, whole: bool) -> Decimal:
        """How much worse than at the bankruptcy price `size` closes at `price`, in money (negative: better).

        The whole claim or offer goes by the loss that will be posted; a part by the unrounded one too, so that rounding makes
        no lot cheaper.
        """
        posted = self.cost_of(size) - self.proceeds(size, price)
        if self.price is None or whole or self.book.contract.rounding == PER_CONTRACT:
            return posted
        worse = self.side * (self.price - price) * size * self.book.contract.multiplier
        return max(posted, worse if self.book.contract.kind == LINEAR else divide(worse, self.price * price))

    def known(self) -> Known:
        """What the price of a trade against this claim may be made of."""
        assert self.price is not None
        book = self.book
        return Known(self.price, book.mark, book.previous, self.side, book.tick)

    def at_or_beyond(self, price: Decimal) -> bool:
        """Is `price` no better for closing this claim than its bankruptcy price?"""
        return self.price is None or (price <= self.price if self.side > 0 else price >= self.price)

    def better_or_equal(self, price: Decimal) -> bool:
        """Would a fill at `price` be at the bankruptcy price or better?"""
        return self.price is not None and (price >= self.price if self.side > 0 else price <= self.price)


class Backstop:
    """A backstop provider while it runs: what it has taken over, and the margin it was given with it. left: its capacity in
    this step.
    """

    __slots__ = ("cash", "id", "left", "positions", "taken")

    def __init__(self, id: str) -> None:
        self.id, self.cash, self.taken = id, ZERO, False
        self.positions: dict[MarketBook, list[Decimal]] = {}  # [signed size, cost]
        self.left: dict[MarketBook, Decimal] = {}

    def standing(self) -> Decimal:
        """Cash - cost: what the audit adds up."""
        return self.cash - sum((cost for _size, cost in self.positions.values()), ZERO)
