"""Funding: longs pay rate x notional at the mark to shorts (the other way when the rate is negative), nobody
keeps any of it.

One cumulative index per market, what a single long contract has paid since the start, moves at each payment;
a position settles the difference when it is next touched. So a payment costs the same however many accounts
there are. What the venue holds neither pays nor receives; the rest of the market stands in for it.

Public: payment_per_contract, payment_worked, pending, settled, settler,
settled_worked.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from adlcalc.engine.contract import LINEAR, Contract
from adlcalc.engine.formulas.worked import Worked
from adlcalc.ground.numbers import FLOOR, HALF_EVEN, D, divide, round_to, rounder

INDEX_UNIT = D("1E-24")
"""The index is kept to 24 decimals: finer than any settlement can show, and exact for linear contracts of
ordinary prices."""


def payment_per_contract(contract: Contract, rate: Decimal, mark: Decimal) -> Decimal:
    """What one long contract pays: rate x m x P (linear), rate x m / P (inverse)."""
    if contract.kind == LINEAR:
        return round_to(rate * contract.multiplier * mark, INDEX_UNIT, HALF_EVEN)
    return round_to(divide(rate * contract.multiplier, mark), INDEX_UNIT, HALF_EVEN)


def payment_worked(contract: Contract, rate: Decimal, mark: Decimal, payment: Decimal) -> Worked:
    """How `payment_per_contract` came about."""
    sign = "x" if contract.kind == LINEAR else "/"
    if contract.multiplier == 1:
        return Worked("per contract", payment, f"[rate] {sign} [mark]", (rate, mark), INDEX_UNIT)
    formula = f"[rate] x [multiplier] {sign} [mark]"
    return Worked("per contract", payment, formula, (rate, contract.multiplier, mark), INDEX_UNIT)


def pending(signed_size: Decimal, per_contract: Decimal) -> Decimal:
    """What a position has received (+) or owes (-), unrounded: -s q x what one long contract has paid."""
    return -signed_size * per_contract


def settled(amount: Decimal, unit: Decimal) -> Decimal:
    """What is paid of it: rounded down, against the account."""
    return settler(unit)(amount)


def settler(unit: Decimal) -> Callable[[Decimal], Decimal]:
    """`settled` for one money unit: made once, called often."""
    return rounder(unit, FLOOR)


def settled_worked(side: int, size: Decimal, per_contract: Decimal, amount: Decimal, unit: Decimal) -> Worked:
    """How the settlement of a position came about: -s q x what one long contract has paid, rounded down."""
    formula = "-[size] x [paid by a long contract]" if side > 0 else "[size] x [paid by a long contract]"
    return Worked("funding", amount, formula, (size, per_contract), unit, FLOOR)
