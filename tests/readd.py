"""Adds the JSON of a run up again, knowing nothing of how it was made: `python readd.py run.json` (or `-`),
standard library.

Prints one line for every sum that does not come out and exits 1; prints nothing and exits 0 when all do.
Money that rounding to the money unit can move is allowed for where it is said; sizes never move.

Public: faults_of(run) -> list of sentences.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

Run = dict[str, Any]
OUTSIDERS = ("rest of market", "venue", "venue revenue", "outside money")


def faults_of(run: Run) -> list[str]:
    """Every sum of the run that does not come out."""
    return [fault for check in CHECKS for fault in check(run)]


def number(x: str | None) -> Fraction:
    return Fraction(x or "0")


def total(rows: list[dict[str, Any]], key: str) -> Fraction:
    return sum((number(row[key]) for row in rows), Fraction())


def sign(row: dict[str, Any]) -> int:
    return {"long": 1, "short": -1}[row["side"]]


def unit_of(run: Run) -> Fraction:
    return number(run["scenario"]["money_unit"])


def value(run: Run, market: str, size: Fraction, price: Fraction) -> Fraction:
    """What `size` contracts are worth at `price`, not rounded."""
    contract = next(m for m in run["scenario"]["markets"] if m["market"] == market)
    contracts = size * number(contract["multiplier"])
    return contracts * price if contract["contract"] == "linear" else -contracts / price


def shape(run: Run) -> Iterator[str]:
    if run["schema"] != "adlcalc.run/1":
        yield f"the schema is {run['schema']}"
    steps = [step["step"] for step in run["steps"]]
    if steps != list(range(len(steps))):
        yield f"steps are not 0, 1, 2, ...: {steps}"
    for name in ("liquidations", "deleveraged"):
        for step in run["steps"]:
            told = step["liquidated" if name == "liquidations" else name]
            rows = list(dict.fromkeys(row["account"] for row in run[name] if row["step"] == step["step"]))
            if sorted(told) != sorted(rows):
                yield f"step {step['step']} tells {told}, {name} has {rows}"


def funds(run: Run) -> Iterator[str]:
    """opening + received - paid = closing, closing = next opening, the steps tell the same balances, nothing
    is below zero."""
    balances: dict[str, Fraction] = {}
    for row in run["fund"]:
        name, closing = row["fund"], number(row["closing"])
        where = f"fund {name} at step {row['step']}"
        if number(row["opening"]) + number(row["received"]) - number(row["paid"]) != closing:
            yield f"{where}: {row['opening']} + {row['received']} - {row['paid']} is not {row['closing']}"
        if balances.get(name, number(row["opening"])) != number(row["opening"]):
            yield f"{where} opens with {row['opening']}, but closed with {float(balances[name])} before"
        if min(number(row["received"]), number(row["paid"]), closing) < 0:
            yield f"{where} has a number below zero: {row}"
        if number(run["steps"][row["step"]]["funds"][name]) != closing:
            yield (
                f"{where} closes with {row['closing']}, its step says "
                f"{run['steps'][row['step']]['funds'][name]}"
            )
        balances[name] = closing
    for name in balances:
        if len([row for row in run["fund"] if row["fund"] == name]) != len(run["steps"]):
            yield f"fund {name} does not have a row for every step"


def claims(run: Run) -> Iterator[str]:
    """book + backstop + deleveraged + held = size; the deleveraged rows add up to it; one price tells the
    book's result."""
    for row in run["liquidations"]:
        name = f"claim {row['claim']} ({row['account']})"
        parts = {
            key: number(row[key]) for key in ("book_size", "backstop_size", "deleveraged_size", "held_size")
        }
        if min(parts.values()) < 0 or sum(parts.values()) != number(row["size"]):
            yield f"{name}: {row['size']} is not {' + '.join(str(float(p)) for p in parts.values())}"
        taken = [fill for fill in run["deleveraged"] if fill["claim"] == row["claim"]]
        if total(taken, "size") != parts["deleveraged_size"]:
            yield (
                f"{name}: the counterparties gave {float(total(taken, 'size'))}, it says "
                f"{row['deleveraged_size']}"
            )
        if (row["book_price"] is None) != (parts["book_size"] == 0):
            yield f"{name}: book_size {row['book_size']} at book_price {row['book_price']}"
        moved = {(one["step"], one["market"]) for one in run.get("events", ()) if one["kind"] == "mark moved"}
        followed = (row["step"], row["market"]) in moved  # of such a step only the last mark is told
        if not followed and row["mark_price"] != run["steps"][row["step"]]["marks"][row["market"]]:
            yield f"{name}: its mark {row['mark_price']} is not the step's"
        elsewhere = any(
            fill["price"] != row["bankruptcy_price"] for fill in taken
        )  # at the mark, say: that has a result too
        if (
            None not in (row["bankruptcy_price"], row["book_price"])
            and not parts["backstop_size"]
            and not elsewhere
        ):
            told = number(row["surplus"]) - number(row["shortfall"])
            if abs(book_result(run, row) - told) > slack(run, row):
                yield (
                    f"{name}: {row['book_size']} at {row['book_price']} is not {row['surplus']} - "
                    f"{row['shortfall']}"
                )


def book_result(run: Run, row: dict[str, Any]) -> Fraction:
    """What the book paid more than the bankruptcy price, from the average price."""
    size = number(row["book_size"])
    at_book = value(run, row["market"], size, number(row["book_price"]))
    return sign(row) * (at_book - value(run, row["market"], size, number(row["bankruptcy_price"])))


def slack(run: Run, row: dict[str, Any]) -> Fraction:
    """The average price is rounded to 0.00000001, every fill to the money unit; some venues round each
    contract."""
    size, price = number(row["book_size"]), number(row["book_price"])
    of_price = value(run, row["market"], size, price + Fraction(1, 10**8)) - value(
        run, row["market"], size, price
    )
    return of_price + rounding(run, size, 8 * len(run["steps"]))


def rounding(run: Run, size: Fraction, fills: int) -> Fraction:
    return unit_of(run) * (fills if run["scenario"]["venue"] == "generic" else fills + size)


def fund_and_claims(run: Run) -> Iterator[str]:
    """What the funds paid is the shortfalls that are not bad debt; what they received, the surpluses and
    dust.

    Each fill may leave a unit of rounding to the fund.
    """
    if any(number(row["rate"]) for row in run["funding"]) or run["scenario"]["venue"] != "generic":
        return
    for fund in dict.fromkeys(row["fund"] for row in run["fund"]):
        behind = [m["market"] for m in run["scenario"]["markets"] if m["fund"] == fund]
        mine = [row for row in run["liquidations"] if row["market"] in behind]
        numbers = {row["claim"] for row in mine}
        closed = [row for row in run["bad_debt"] if row["why"] == "closed" and row["claim"] in numbers]
        rows = [row for row in run["fund"] if row["fund"] == fund]
        covered, surplus = total(mine, "shortfall") - total(closed, "amount"), total(mine, "surplus")
        fills = sum(1 for fill in run["deleveraged"] if fill["claim"] in numbers)
        if abs(total(rows, "paid") - covered) > fills * unit_of(run):
            yield (
                f"fund {fund} paid {float(total(rows, 'paid'))}, the shortfalls that are not bad debt are "
                f"{float(covered)}"
            )
        if total(rows, "received") < surplus:
            yield f"fund {fund} received {float(total(rows, 'received'))}, the surpluses are {float(surplus)}"


def counterparties(run: Run) -> Iterator[str]:
    """Nobody gives up more than it has, nothing flips; what is left stands at the end or was taken over."""
    left: dict[tuple[str, str, str], Fraction] = {}
    of_claim = {row["claim"]: row for row in run["liquidations"]}
    gone = {
        (row["account"], row["market"], row["side"]): row
        for row in run["liquidations"]
        if row["method"] == "takeover"
    }
    for row in run["deleveraged"]:
        seat, claim = (row["account"], row["market"], row["side"]), of_claim[row["claim"]]
        name = f"{row['account']}, deleveraged at step {row['step']}"
        before, size = number(row["size_before"]), number(row["size"])
        if not 0 < size <= before:
            yield f"{name}: {row['size']} of {row['size_before']}"
        if left.get(seat, before) != before:
            yield f"{name}: had {row['size_before']}, should have {float(left[seat])}"
        left[seat] = before - size
        if (
            row["market"] != claim["market"]
            or row["side"] == claim["side"]
            or row["bankrupt"] != claim["account"]
        ):
            yield f"{name}: on the wrong side of claim {row['claim']}"
        if run["scenario"]["venue"] == "generic" and row["price"] != claim["bankruptcy_price"]:
            yield f"{name}: at {row['price']}, not at the bankruptcy price {claim['bankruptcy_price']}"
        mark = number(run["steps"][row["step"]]["marks"][row["market"]])
        missed = value(run, row["market"], size, mark) - value(run, row["market"], size, number(row["price"]))
        if abs(sign(row) * missed - number(row["forgone_pnl"])) > rounding(run, size, 2):
            yield (
                f"{name}: {row['forgone_pnl']} is not what {row['size']} from {float(mark)} to "
                f"{row['price']} costs"
            )
    at_end = {
        (a["account"], p["market"], p["side"]): number(p["size"])
        for a in run["accounts"]
        for p in a["positions"]
    }
    reduced = {
        (row["account"], row["market"], row["side"])
        for row in run["liquidations"]
        if row["method"] != "takeover"
    }
    for seat, size in left.items():
        stands, taken = (
            at_end.get(seat, Fraction()),
            number(gone[seat]["size"]) if seat in gone else Fraction(),
        )
        if seat not in reduced and stands + taken != size:
            yield (
                f"{seat}: {float(size)} left of it, {float(stands)} stands and {float(taken)} was taken over"
            )


def open_interest(run: Run) -> Iterator[str]:
    """Signed sizes add up to zero; the rest of the market grew by what the book took and accounts sold, the
    venue has what it holds; of a settled market nothing stands."""
    for market in (m["market"] for m in run["scenario"]["markets"]):
        sizes: dict[str, Fraction] = defaultdict(Fraction)
        for account in run["accounts"]:
            group = account["account"] if account["account"] in OUTSIDERS else "accounts"
            for p in account["positions"]:
                if number(p["size"]) <= 0:
                    yield f"{account['account']} stands with {p['size']} of {market}"
                if p["market"] == market:
                    sizes[group] += sign(p) * number(p["size"])
        if sum(sizes.values()) != 0:
            yield f"open interest of {market}: {dict(sizes)} does not add up to zero"
        events = [row for row in run.get("events", ()) if row["market"] == market]
        if any(row["kind"] == "settle" for row in events):
            if any(sizes.values()):
                yield f"{market} is settled, but {dict(sizes)} stand"
            continue
        mine = [row for row in run["liquidations"] if row["market"] == market]
        held = sum((sign(row) * number(row["held_size"]) for row in mine), Fraction())
        booked = sum((sign(row) * number(row["book_size"]) for row in mine), Fraction())
        if sizes["venue"] != held:
            yield f"the venue holds {float(sizes['venue'])} of {market}, its claims {float(held)}"
        to_rest = {
            "trade": -1,
            "stop": 1,
            "take-profit": 1,
        }  # the side of a trade is bought, of a stop closed
        for row in events:
            booked += to_rest.get(row["kind"], 0) * sign(row) * number(row["size"]) if row["side"] else 0
        if sizes["rest of market"] != number(run["audit"]["rest_of_market"].get(market)) + booked:
            yield f"the rest of {market} is {float(sizes['rest of market'])}, the book took {float(booked)}"


def money(run: Run) -> Iterator[str]:
    """Equity at the end + funds - bad debt = equity at the start + funds; an account's equity is its parts;
    nobody else lost."""
    start, end = total(run["accounts"], "equity_start"), total(run["accounts"], "equity_end")
    last = len(run["steps"]) - 1
    opening = total([row for row in run["fund"] if row["step"] == 0], "opening")
    closing = total([row for row in run["fund"] if row["step"] == last], "closing")
    bad_debt = number(run["audit"]["bad_debt"])
    if end + closing - bad_debt != start + opening:
        yield (
            f"money: {float(end)} + {float(closing)} - {float(bad_debt)} is not {float(start)} + "
            f"{float(opening)}"
        )
    if total(run["bad_debt"], "amount") != bad_debt:
        yield f"bad debt: the rows say {float(total(run['bad_debt'], 'amount'))}, the audit {float(bad_debt)}"
    for name in ("money_difference", "open_interest_difference"):
        if any(number(row[name]) for row in [*run["steps"], run["audit"]]):
            yield f"{name} is not zero"
    for account in run["accounts"]:
        margin = [number(p["unrealized_pnl"]) + number(p["collateral"]) for p in account["positions"]]
        parts = number(account["balance"]) + sum(margin)
        if account["account"] not in OUTSIDERS and parts != number(account["equity_end"]):
            yield f"{account['account']}: equity_end {account['equity_end']} is not {float(parts)}"
        if not account["positions"] and account["status"] == "open" and account["account"] not in OUTSIDERS:
            yield f"{account['account']} is open without a position"
    due = {row["account"] for row in run["liquidations"]}
    if due != {a["account"] for a in run["accounts"] if a["status"] == "liquidated"}:
        yield f"liquidated are {sorted(due)}, the accounts' status says otherwise"
    if {row["account"] for row in run["deleveraged"]} != {
        a["account"] for a in run["accounts"] if a["deleveraged"]
    }:
        yield "the accounts that were deleveraged are not the ones of the rows"


CHECKS = (shape, funds, claims, fund_and_claims, counterparties, open_interest, money)


def main(path: str) -> int:
    with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
        faults = faults_of(json.load(file))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
