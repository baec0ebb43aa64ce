"""Random books under every rulebook, with random `rules:` of every value that the published schema allows, in
any combination.

What is written is a scenario file; it ends in located errors or in a run, and of a run the invariants hold:
money and contracts, no claim and no counterparty filled beyond its size, no position turned round, nobody
below zero without a row, the same events with the index as without it and when run again. The rules are
generated from the JSON Schema, so that a new one is fuzzed by itself.

    python -m tests.fuzz_rules --seconds 600 --seed 1     what is found is shrunk and written to a file of its
                                                          own

`tests/test_fuzz_rules.py` runs a few hundred of the same cases; ADLCALC_FUZZ_CASES=20000 makes them more.

Public: case, attempt, shrunk, Refused.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

TESTS = Path(__file__).parent
if str(TESTS) not in sys.path:  # `python -m tests.fuzz_rules` stands one folder above
    sys.path.insert(0, str(TESTS))

from books import as_tree, d, flow, random_scenario  # noqa: E402  (the path comes first)

SCHEMA = TESTS.parent / "adlcalc" / "scenario.schema.json"
SLOWEST = 20  # seconds a case may take, both runs and the reading
NUMBERS = (
    *("0", "0.00000001", "0.001", "0.01", "0.1", "0.2", "0.3", "0.5", "0.9", "0.99"),
    *("1", "1.5", "2", "5", "10", "100", "100000"),
)
WORDS = (
    *(
        "generic",
        "pnl_percent * effective_leverage",
        "1 / 0",
        "-pnl",
        "pnl / (size - 1)",
        "0",
        "1e300 * pnl",
        "balance",
    ),
    *("entry_price", "size"),
)


class Refused(Exception):
    """The scenario is refused with located errors, which is an answer."""


class TooSlow(Exception):
    """The case did not end in time."""


# --- a case -------------------------------------------------------------------------------------------------


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return found


def case(seed: int) -> dict[str, Any]:
    """The tree of one scenario file."""
    from adlcalc.venues.files import shipped

    rng = random.Random(f"rules {seed}")
    book = random_scenario(
        rng.randrange(10**9), inverse=rng.random() < 0.4, funding=rng.random() < 0.3, most_accounts=12
    )
    tree = as_tree(book)
    tree["venue"] = rng.choice(shipped())
    sizes, prices = (
        d(rng.choice([1, 1, 1, 1, "0.000001", 1000, 10_000_000])),
        d(rng.choice([1, 1, 1, 1, "0.001", 1000])),
    )
    unit = d(rng.choice(["0.00000001"] * 6 + ["0.01", "0.5", "1"]))
    scale(tree, sizes, prices, unit)
    for market in tree["markets"].values():
        if rng.random() < 0.6:
            del market["maintenance"]
    if unit != d("0.00000001"):
        tree["money_unit"] = unit
    sections = schema()["properties"]["rules"]["properties"]
    tree["rules"] = {
        name: rules
        for name, section in sections.items()
        if rng.random() < 0.6 and (rules := some_of(rng, section["properties"], rng.choice([0.15, 0.4, 0.9])))
    }
    if rng.random() < 0.5:
        tree["backstop"] = [
            {"id": f"p{i}", "market": rng.choice(sorted(tree["markets"])), "size": d(rng.choice([1, 5, "0.5"])) * sizes,
             "distance": d(rng.choice([0, 1, 3])) * prices}
            for i in range(rng.randint(1, 3))
        ]  # fmt: skip
    if rng.random() < 0.4:
        paths(rng, tree)
    return tree if rng.random() < 0.1 else fitting(tree)


def paths(rng: random.Random, tree: dict[str, Any]) -> None:
    """What a path may bring besides marks, drawn from the schema: events that name what there is, books that
    change, exempt accounts."""
    names, steps = sorted(tree["markets"]), len(next(iter(tree["prices"].values()), ()))
    ids, kinds = [one["id"] for one in tree["accounts"]], schema()["properties"]["events"]["items"]["anyOf"]
    unit = tree.get("money_unit", d("0.00000001"))
    if not ids or not steps:
        return
    tree["events"] = events = []
    for _ in range(rng.randint(1, 6)):
        one = value_of(rng, rng.choice(kinds))
        step, market = rng.randrange(steps), rng.choice(names)
        one["step"] = step
        for key, name in (("account", rng.choice(ids)), ("market", market), ("fund", market)):
            if key in one or (key == "market" and {"trade", "margin", "settle", "halt"} & one.keys()):
                one[key] = name
        mark = d(tree["prices"][market][step])
        for holder, key in ((one, "settle"), (one.get("trade", {}), "price")):
            if key in holder:
                holder[key] = mark * d(rng.choice(["0.8", "0.99", "1", "1.02", "1.3"]))
        for key in ("deposit", "withdraw", "margin"):
            if key in one:
                one[key] = d(one[key]) * rng.choice([1, -1 if key == "margin" else 1]) // unit * unit or unit
        if one.get("account") in ids:
            held = {
                position["market"] for position in tree["accounts"][ids.index(one["account"])]["positions"]
            }
            if "market" in one and held and rng.random() < 0.8:
                one["market"] = rng.choice(sorted(held))
        events.append(one)
    for account in tree["accounts"]:
        if rng.random() < 0.1:
            account["exempt"] = "true"
        for position in account["positions"]:
            for key in ("stop", "take_profit"):
                if rng.random() < 0.15:
                    position[key] = position["entry"] * d(rng.choice(["0.9", "0.99", "1", "1.05"]))
    for market in tree["markets"].values():
        book = market["liquidity"]
        moves = isinstance(book, dict) or (isinstance(book, list) and any(level[0] for level in book))
        if moves and rng.random() < 0.5:
            market["feedback"] = value_of(rng, schema()["definitions"]["FeedbackSpec"])
        if rng.random() < 0.3:
            market["liquidity"] = {
                str(i): market["liquidity"] if rng.random() < 0.5 else "none" for i in range(steps)
            }


def fitting(tree: dict[str, Any]) -> dict[str, Any]:
    """The case without the rules that a load says have no place in it, one round after the other; what is
    left may still be refused."""
    for _ in range(6):
        told, lines = messages(tree)
        wrong = set(lines)
        if "events" in tree:
            first = flow(tree).splitlines().index("events:") + 2 if tree["events"] else 0
            tree["events"] = [one for i, one in enumerate(tree["events"], first) if i not in wrong]
        named = {
            (section, rule)
            for text in told
            for section, rules in tree["rules"].items()
            for rule in rules
            if f"{section}.{rule} " in text
            or (f"'{rule}'" in text and f"'{section}'" in text and "plays no part" not in text)
        }
        if not named and not (wrong and tree.get("events")):
            break
        for section, rule in named:
            del tree["rules"][section][rule]
        tree["rules"] = {section: rules for section, rules in tree["rules"].items() if rules}
    return tree


def messages(tree: dict[str, Any]) -> tuple[list[str], list[int]]:
    """What a load says is wrong with it, and on which lines; nothing where it crashes, which `attempt` will
    see."""
    import adlcalc
    from adlcalc.source import ScenarioErrors

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "case.yaml"
        file.write_text(flow(tree), encoding="utf-8")
        try:
            adlcalc.load(str(file))
        except ScenarioErrors as errors:
            return [one.message for one in errors.problems], [one.line for one in errors.problems]
        except Exception:  # a fault of ours: the case is tried as it is
            return [], []
    return [], []


def scale(tree: dict[str, Any], sizes: Any, prices: Any, unit: Any) -> None:
    """The same book in other magnitudes: sizes, prices and the money of both; money in whole units."""

    def money(x: Any, market: str) -> Any:
        inverse = tree["markets"][market]["contract"] == "inverse" if market else False
        worth = x * sizes / prices if inverse else x * sizes * prices
        return (worth / unit).to_integral_value() * unit

    first = next(iter(tree["markets"]), "")
    for market in tree["markets"].values():
        market["tick"], market["lot"] = market["tick"] * min(prices, 1), market["lot"] * min(sizes, 1)
        if isinstance(market["liquidity"], list):
            market["liquidity"] = [
                [distance * prices, size * sizes] for distance, size in market["liquidity"]
            ]
        elif isinstance(market["liquidity"], dict):
            market["liquidity"] = {"impact": market["liquidity"]["impact"] * prices / sizes}
    for account in tree["accounts"]:
        account["balance"] = money(
            account["balance"], account["positions"][0]["market"] if account["positions"] else first
        )
        for position in account["positions"]:
            position["size"], position["entry"] = position["size"] * sizes, position["entry"] * prices
            if "collateral" in position:
                position["collateral"] = max(money(position["collateral"], position["market"]), unit)
    tree["prices"] = {name: [mark * prices for mark in marks] for name, marks in tree["prices"].items()}


def some_of(rng: random.Random, properties: dict[str, Any], share: float) -> dict[str, Any]:
    """Some of the rules of a section, each with a value that its schema allows; most of the choices, which
    open up the others."""
    chances = {
        name: max(share, 0.6) if '"enum"' in json.dumps(part) else share for name, part in properties.items()
    }
    return {name: value_of(rng, part) for name, part in properties.items() if rng.random() < chances[name]}


def value_of(rng: random.Random, part: dict[str, Any]) -> Any:
    """A value that a part of the schema allows: any of its words, its bounds and what lies between."""
    while "$ref" in part:
        part = schema()["definitions"][part["$ref"].rpartition("/")[2]]
    for choice in ("anyOf", "oneOf"):
        if choice in part:
            return value_of(rng, rng.choice([part[choice][0], rng.choice(part[choice])]))
    if "allOf" in part:
        return value_of(rng, part["allOf"][0])
    if "enum" in part:
        return rng.choice(part["enum"])
    if "const" in part:
        return part["const"]
    kinds = part.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "object" in kinds:
        needed, known = part.get("required", ()), part.get("properties", {})
        return {key: value_of(rng, known[key]) for key in known if key in needed or rng.random() < 0.5}
    if "array" in kinds:
        return [value_of(rng, part["items"]) for _ in range(rng.randint(part.get("minItems", 0), 3))]
    if "boolean" in kinds:
        return rng.choice(["true", "false"])
    if "null" in kinds and rng.random() < 0.2:
        return "null"
    if "integer" in kinds or "number" in kinds:
        low, high = part.get("minimum", part.get("exclusiveMinimum")), part.get("maximum")
        fits = [x for x in NUMBERS if (low is None or float(x) >= low) and (high is None or float(x) <= high)]
        if "exclusiveMinimum" in part:
            fits = [x for x in fits if float(x) > part["exclusiveMinimum"]]
        if "integer" in kinds:
            fits = [x for x in fits if "." not in x]
        return rng.choice([*fits, *([str(high)] if high is not None else [])])
    return json.dumps(rng.choice(WORDS))


# --- what must hold -----------------------------------------------------------------------------------------


def attempt(tree: dict[str, Any]) -> str:
    """'run', or 'refused'; any other exception is a fault of ours."""
    with tempfile.TemporaryDirectory() as folder, in_time(SLOWEST):
        file = Path(folder) / "case.yaml"
        file.write_text(flow(tree), encoding="utf-8")
        try:
            _hold(str(file))
        except Refused:
            return "refused"
    return "run"


def _hold(file: str) -> None:
    from test_properties import (
        in_any_order,
        money_is_conserved,
        nobody_is_below_zero_without_a_row,
        nothing_is_closed_twice,
        worked,
    )

    import adlcalc
    from adlcalc.engine.declared import name_in
    from adlcalc.engine.events import Liquidated
    from adlcalc.engine.formulas.haircuts import FlooredGains, InUnits
    from adlcalc.engine.formulas.policies import POLICIES
    from adlcalc.engine.loop import PrecisionError
    from adlcalc.engine.model import SMALLEST
    from adlcalc.source import ScenarioErrors

    try:
        loaded = adlcalc.load(file)
    except ScenarioErrors as errors:
        if any(problem.line <= 0 for problem in errors.problems):
            raise AssertionError("an error that is not located") from errors
        raise Refused from errors
    one = loaded.scenario
    try:
        events, accounts = worked(one)
    except PrecisionError as error:
        raise Refused from error
    assert (events, accounts) == worked(one, index=False), "the index changes the events"
    assert (events, accounts) == worked(one), "a second run differs"
    money_is_conserved(one, events, accounts)
    nothing_is_closed_twice(one, events, accounts)
    nobody_is_below_zero_without_a_row(one, events, accounts)
    # in coarser money many things are alike, as are stops; at a settlement and in a list the file's order is
    # the rule
    by_list = name_in(POLICIES, one.rules.adl.policy) in ("list-order", "seeded-cycle") or one.orders
    by_list = by_list or isinstance(
        one.rules.last_resort.policy, InUnits | FlooredGains
    )  # their dust is by the list
    if (
        one.money_unit == SMALLEST
        and not by_list
        and "settled" not in {e.method for e in events if isinstance(e, Liquidated)}
    ):
        with suppress(PrecisionError):  # of other sizes than those that have run
            in_any_order(one, len(events))
    page = adlcalc.run(loaded)
    assert page.to_text()
    assert page.to_json()


@contextmanager
def in_time(seconds: float) -> Iterator[None]:
    """Raise TooSlow after so many seconds, where the system can tell."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def late(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# --- making it small ----------------------------------------------------------------------------------------


def fault_of(tree: dict[str, Any]) -> str:
    """What is wrong with a case, without its numbers; 'run' or 'refused' where nothing is."""
    try:
        return attempt(tree)
    except Exception as error:
        trace, where = error.__traceback__, ""
        while trace is not None:
            name = trace.tb_frame.f_code.co_filename
            where = (
                f"{Path(name).name}:{trace.tb_frame.f_code.co_name}"
                if "adlcalc" in name or "test" in name
                else where
            )
            trace = trace.tb_next
        return f"{type(error).__name__} in {where}: {re.sub(r'[0-9]+', 'N', str(error))[:60]}"


def shrunk(tree: dict[str, Any], fault: str, tries: int = 400) -> dict[str, Any]:
    """A smaller case with the same fault: parts are left out one after the other, the largest first, until
    none can be."""
    changed = True
    while changed and tries > 0:
        changed = False
        for cut in list(cuts(tree)):
            smaller = copy.deepcopy(tree)
            try:
                cut(smaller)
            except (KeyError, IndexError):
                continue
            tries -= 1
            if smaller != tree and fault_of(smaller) == fault:
                tree, changed = smaller, True
            if tries <= 0:
                break
    return tree


def cuts(tree: dict[str, Any]) -> Iterator[Callable[[dict[str, Any]], Any]]:
    """What may be left out."""
    yield lambda t: t.update(accounts=t["accounts"][: len(t["accounts"]) // 2])
    yield lambda t: t.update(accounts=t["accounts"][len(t["accounts"]) // 2 :])
    for key in ("backstop", "rules", "events", "funding", "money_unit", "fund"):
        yield lambda t, key=key: t.pop(key)
    yield lambda t: t.update(venue="generic")
    for i in reversed(range(len(tree.get("events", ())))):
        yield lambda t, i=i: t["events"].pop(i)
    for section, rules in tree.get("rules", {}).items():
        yield lambda t, section=section: t["rules"].pop(section)
        for rule in rules:
            yield lambda t, section=section, rule=rule: t["rules"][section].pop(rule)
    for i in reversed(range(len(tree["accounts"]))):
        yield lambda t, i=i: t["accounts"].pop(i)
        for j in reversed(range(len(tree["accounts"][i]["positions"]))):
            yield lambda t, i=i, j=j: t["accounts"][i]["positions"].pop(j)
    for name, market in tree["markets"].items():
        yield lambda t, name=name: (
            t["markets"].pop(name),
            t["prices"].pop(name),
            t.get("funding", {}).pop(name, None),
        )
        for key in market:
            yield lambda t, name=name, key=key: t["markets"][name].pop(key)
    for step in reversed(range(max((len(marks) for marks in tree["prices"].values()), default=0))):
        yield lambda t, step=step: [
            marks.pop(step) for part in ("prices", "funding") for marks in t.get(part, {}).values()
        ]


def main() -> None:
    """Until the time is over; what is found is shrunk, written to fuzz-SEED.yaml and told."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_rules", description=main.__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0, help="the first case")
    parser.add_argument(
        "--into", type=Path, default=Path(), help="the folder that small files are written to"
    )
    options = parser.parse_args()
    end, seed, seen = time.monotonic() + options.seconds, options.seed, {"run": 0, "refused": 0, "faults": 0}
    told: set[str] = set()
    while time.monotonic() < end:
        tree = case(seed)
        fault = fault_of(tree)
        if fault in seen:
            seen[fault] += 1
        else:
            seen["faults"] += 1
            if fault not in told:
                told.add(fault)
                file = options.into / f"fuzz-{seed}.yaml"
                file.write_text(
                    f"# {fault}\n{flow(tree if 'TooSlow' in fault else shrunk(tree, fault))}",
                    encoding="utf-8",
                )
                print(f"seed {seed}: {fault}: {file}", flush=True)
        seed += 1
    counts = ", ".join(f"{n} {name}" for name, n in seen.items())
    print(f"{seed - options.seed} cases from seed {options.seed}: {counts} of {len(told)} kinds")
    sys.exit(bool(told))


if __name__ == "__main__":
    main()
