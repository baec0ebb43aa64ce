"""The two invariants, to the last unit: money (in each currency, the sum of cash - cost over everybody) and
open interest (longs = shorts).

After a step only what the step touched is added up; at the end of the run everybody is. A difference stops
the run: it is a bug.

Public: Audit, Differences.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from adlcalc.engine.books.ledger import AuditError, Ledger
from adlcalc.ground.numbers import ZERO, show


class Differences(NamedTuple):
    """What appeared (+) or vanished (-): both are zero, or the run stops."""

    money: Decimal
    open_interest: Decimal


class Audit:
    """Holds the standing of everybody but the accounts and the claims as it was after the last step, and the
    grand total of the opening."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._only = ledger.currencies[0] if len(ledger.currencies) == 1 else None
        self._standing = ledger.system_standing()
        self._contracts = ledger.system_contracts()
        self._total = {
            currency: ledger.roster.opening[currency] + money for currency, money in self._standing.items()
        }

    def step(self, step: int) -> Differences:
        """Compare what this step touched with what it was before; raises AuditError on any difference."""
        ledger, only = self.ledger, self._only
        standing, contracts = ledger.system_standing(), ledger.system_contracts()
        money = {currency: standing[currency] - before for currency, before in self._standing.items()}
        moved = {name: contracts[name] - self._contracts[name] for name in contracts}
        for holder, sizes in ledger.touched.items():
            for holding, size in zip(holder.holdings, sizes, strict=True):
                if (now := holding.signed_size) is not size:
                    moved[holding.book.name] += now - size
            stands = holder.standing()
            money[only or ledger.currency_of(holder)] += stands - holder.stood
            holder.stood = stands
        for claim, (contracts_before, cost_before) in ledger.moved.items():
            # most are taken over and closed in one step: nothing of them is left, as nothing was there
            if cost := claim.cost - cost_before:
                money[claim.book.settles] -= cost
            if contracts_now := claim.size - contracts_before:
                moved[claim.book.name] += claim.side * contracts_now
        for currency, received in ledger.settled.items():
            money[currency] += received
        self._standing, self._contracts = standing, contracts
        found = self._judge(step, money, moved)
        ledger.touched.clear()
        ledger.settled.clear()
        return found

    def everybody(self, step: int) -> Differences:
        """Add up every account, and every claim of the venue, once more, at the end of the run."""
        total, contracts = self.ledger.system_standing(), self.ledger.system_contracts()
        for currency, standing in self.ledger.roster.standing().items():
            total[currency] += standing
        for market, held in self.ledger.roster.contracts().items():
            contracts[market] += held
        for claim in self.ledger.claims:
            total[claim.book.settles] -= claim.cost
            contracts[claim.book.name] += claim.side * claim.size
        return self._judge(
            step, {currency: total[currency] - was for currency, was in self._total.items()}, contracts
        )

    def _judge(
        self, step: int, differences: dict[str, Decimal], contracts: dict[str, Decimal]
    ) -> Differences:
        """Money is held to be the same in each currency, never in their sum."""
        money = max(differences.values(), key=abs, default=ZERO)
        if money or any(contracts.values()):
            worst = max(contracts.items(), key=lambda item: abs(item[1]), default=("", ZERO))
            accounts = ", ".join(holder.id for holder in list(self.ledger.touched)[:5]) or "nobody"
            raise AuditError(
                f"step {step}: the audit does not close: money {show(money)}, "
                f"contracts {show(worst[1])} in {worst[0] or 'no market'}; "
                f"touched: {accounts}"
            )
        return Differences(money, next(iter(contracts.values()), ZERO))
