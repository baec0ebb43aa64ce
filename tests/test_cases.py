"""The rule cases in tests/cases: what the rules must give, worked out by hand or taken from a venue's
documents.

A case has a name (its claim), `because` (the arithmetic) and, where its numbers are published, `source`. It
is one of two kinds:

    rule, given, expect    a call of one engine function (`RULES` says which), and its result
    scenario, expect       a whole scenario file, and any part of the JSON of its run; or `error`, a word of
                           the message

Numbers are compared exactly, or `within` a distance where the source prints rounded ones. A list must match
in full length, row by row; `accounts` may be written as a map by account, which then need not be complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from dex_rules import DEX_RULES

import adlcalc
from adlcalc.engine.books import fund
from adlcalc.engine.contract import Commission
from adlcalc.engine.formulas import funding, margin, scores
from adlcalc.engine.model import SMALLEST, Contract, Fund, Maintenance, Tier, side_name
from adlcalc.ground.numbers import ONE, ZERO, D, exact
from adlcalc.source import Problems
from adlcalc.source.nodes import Place, Source
from adlcalc.source.problems import ScenarioErrors
from adlcalc.venues import adl_scale
from adlcalc.venues.rulebook import Rulebook, load_rulebook

CASES = Path(__file__).parent / "cases"
NUMBER = re.compile(r"-?\d[\d_]*(\.\d+)?")
SIDES = {side_name(+1): +1, side_name(-1): -1}


Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the faster one where it is built


class TextLoader(Loader):
    """YAML whose scalars stay text (but for null), so that no number passes through a float; merge keys
    work."""


TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":merge", ":null"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


# --- the rules that a case can call -------------------------------------------------------------------------


class Given:
    """The `given` of a case: its numbers, and the position they describe."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        contract = values.get("contract", {})
        self.contract = Contract(
            contract.get("kind", "linear"),
            D(contract.get("multiplier", "1").replace("_", "")),
            contract.get("rounding", "total"),
        )
        self.side = SIDES[values.get("side", "long")]
        self.unit = self.number("unit", D("0.00000001"))
        self.tick = self.number("tick", D("0.00000001"))
        self.isolated = values.get("margin", "isolated") == "isolated"
        if "venue" in values and "maintenance" not in values:
            book, own, problems = self.rulebook(), None, Problems()
            if "table" in values:
                nowhere = Place(Source("case", "", excerpt=False))
                own = book.table(
                    values["table"],
                    self.contract.kind,
                    problems,
                    nowhere,
                    multiplier=self.contract.multiplier,
                )
            problems.raise_if_any()
            self.maintenance = book.maintenance(
                self.contract.kind, own=own, money_unit=self.unit, lot=SMALLEST
            )
        else:
            self.maintenance = self._maintenance(values.get("maintenance", {"rate": "0.005"}))

    def number(self, key: str, default: Decimal | None = None) -> Decimal:
        """The number that is given under a key."""
        if key in self.values:
            return D(self.values[key].replace("_", ""))
        assert default is not None, f"the case gives no {key}"
        return default

    def rulebook(self) -> Rulebook:
        """The rulebook of the case's venue."""
        problems = Problems()
        found = load_rulebook(self.values["venue"], problems, where=Place(Source("case", "", excerpt=False)))
        problems.raise_if_any()
        assert found is not None
        return found

    def _maintenance(self, rule: dict[str, Any]) -> Maintenance:
        lines = rule["tiers"] if "tiers" in rule else [["0", rule["rate"]]]
        tiers = tuple(Tier(*(D(number.replace("_", "")) for number in line)) for line in lines)
        by, on = rule.get("by", "notional"), rule.get("on", "mark")
        return Maintenance(
            tiers, by if on == "mark" else "entry-value", on, closing_fee=self.number("closing_fee", ZERO),
            isolated=Commission(rule.get("isolated", "maintenance")), cross=Commission(rule.get("cross", "maintenance")),
        )  # fmt: skip

    def value(self, at: str) -> Decimal:
        """Value of the position at the price under a key."""
        return margin.value(self.contract, self.side * self.number("size"), self.number(at), self.unit)

    def collateral(self) -> Decimal:
        """As it is given, or from the leverage; of a cross account its balance."""
        if "collateral" in self.values:
            return self.number("collateral")
        return margin.initial_collateral(self.value("entry"), self.number("leverage"), self.unit)

    def quotes(self) -> margin.Quotes:
        """How the prices of its side are told."""
        return margin.quotes(self.contract, self.side, self.tick, SMALLEST)

    def lines(self) -> margin.Lines:
        """The maintenance lines that hold for the position."""
        return margin.lines_of(
            self.maintenance, self.number("size"), self.value("entry"), isolated=self.isolated
        )

    def fee_inside(self) -> Decimal:
        """The rate of the closing fee that is inside the bankruptcy price."""
        if "venue" not in self.values:
            fee = self.number("bankruptcy_fee", ZERO)
        else:
            fee = self.rulebook().values[self.contract.kind].contract.bankruptcy_fee
        contract = replace(self.contract, bankruptcy_fee=fee)
        return margin.fee_inside(contract, self.maintenance, isolated=self.isolated)


def bankruptcy_price(given: Given) -> Decimal | None:
    target = given.value("entry") - given.collateral()
    return given.quotes().bankruptcy_price(given.number("size"), target, given.fee_inside())


def liquidation_price(given: Given) -> Decimal | None:
    cash = given.collateral() - given.value("entry")
    return given.quotes().liquidation_price(given.number("size"), given.lines(), cash)


def score(given: Given) -> Decimal:
    value, cost = given.value("mark"), given.value("entry")
    inputs = scores.Inputs(
        value - cost, abs(cost), abs(value), given.collateral() + value - cost, abs(value),
        margin.maintenance_margin(given.lines(), abs(value)), given.collateral(), given.collateral(),
        given.number("size"), given.side, given.number("entry"), given.number("mark"),
    )  # fmt: skip
    return scores.SCORES[given.values["score"]](inputs)


def affordable(given: Given) -> Decimal:
    each = given.number("loss_each")
    return fund.largest_affordable(
        given.number("size"), given.number("lot"), lambda part: part * each, given.number("available")
    )


def fund_available(given: Given) -> Decimal:
    """What a venue's fund may pay after its balance was at each of `balances`, an hour apart."""
    first, *later = (D(number.replace("_", "")) for number in given.values["balances"])
    book = fund.FundBook(Fund("fund", first), given.rulebook().engine_rules(("linear",), ()).fund, SMALLEST)
    book.begin(0)
    for hour, balance in enumerate(later, 1):
        book.available()
        book.balance = balance
        book.begin(hour * 3600)
    return book.available()


def lights(given: Given) -> Decimal:
    field, value = given.values.get("field"), given.number("value")
    scale = adl_scale.Scale("field", field) if field else adl_scale.scale_of(given.values["venue"])
    assert scale is not None
    found = scale.lights(value)
    assert found is not None
    return D(found)


RULES: dict[str, Callable[[Given], Any]] = {
    "margin.value": lambda given: given.value("price"),
    "margin.collateral": Given.collateral,
    "margin.pnl": lambda given: given.value("mark") - given.value("entry"),
    "margin.equity": lambda given: given.collateral() + given.value("mark") - given.value("entry"),
    "margin.maintenance": lambda given: margin.maintenance_margin(given.lines(), abs(given.value("mark"))),
    "margin.bankruptcy_price": bankruptcy_price,
    "margin.liquidation_price": liquidation_price,
    "margin.deduction": lambda given: given.maintenance.tiers[int(given.values["tier"]) - 1].deduction,
    "queue.score": score,
    "queue.lights": lights,
    "fund.affordable": affordable,
    "fund.available": fund_available,
    "funding.payment": lambda given: funding.payment_per_contract(
        given.contract, given.number("rate"), given.number("mark")
    ),
}
RULES |= {name: lambda given, rule=rule: rule(given.values) for name, rule in DEX_RULES.items()}


# --- running a case -----------------------------------------------------------------------------------------


@cache
def cases() -> tuple[Any, ...]:
    """Every case of every file, named file: claim."""
    return tuple(
        pytest.param(case, id=f"{path.stem}: {case['name']}")
        for path in sorted(CASES.glob("*.yaml"))
        for case in yaml.load(path.read_text(encoding="utf-8"), TextLoader)
    )


def is_number(x: Any) -> bool:
    return isinstance(x, Decimal) or NUMBER.fullmatch(str(x)) is not None


def differences(expected: Any, got: Any, within: Decimal, where: str = "") -> Iterator[str]:
    """Where `got` is not what was expected, as sentences."""
    if isinstance(expected, dict) and isinstance(got, list):
        got = {row["account"]: row for row in got}
    if isinstance(expected, dict) and isinstance(got, dict) and (expected or not got):
        for key, part in expected.items():
            if key not in got:
                yield f"{where}.{key} is missing"
            else:
                yield from differences(part, got[key], within, f"{where}.{key}")
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for i, (part, row) in enumerate(zip(expected, got, strict=True)):
            yield from differences(part, row, within, f"{where}[{i}]")
    elif is_number(expected) and is_number(got):
        if abs(D(expected.replace("_", "")) - D(got)) > within:
            yield f"{where} is {got}, expected {expected}"
    elif expected != (str(got).lower() if isinstance(got, bool) else got):
        yield f"{where} is {got!r}, expected {expected!r}"


def run_scenario(case: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The JSON of the case's scenario; the run without the index must give the same."""
    file = folder / "scenario.yaml"
    file.write_text(case["scenario"], encoding="utf-8")
    loaded = adlcalc.load(file)
    got = adlcalc.run(loaded).to_dict()
    assert adlcalc.run(loaded, index=False).to_dict() == got
    return got


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    assert case.keys() <= {
        "name",
        "rule",
        "source",
        "within",
        "given",
        "scenario",
        "expect",
        "error",
        "because",
    }
    assert case["because"]
    if "error" in case:
        with pytest.raises(ScenarioErrors, match=case["error"]):
            run_scenario(case, tmp_path)
        return
    within = D(case.get("within", "0"))
    if "scenario" in case:
        got: Any = run_scenario(case, tmp_path)
    else:
        with exact():
            got = RULES[case["rule"]](Given(case["given"]))
    with exact():
        found = list(differences(case["expect"], got, within))
    assert not found, "\n".join([*found, f"because: {case['because']}"])


def test_every_rule_has_a_case() -> None:
    used = {case.values[0].get("rule") for case in cases()}
    assert RULES.keys() <= used


def test_names_are_unique_within_their_file() -> None:
    names = [case.id for case in cases()]
    assert len(names) == len(set(names))


def test_a_case_that_is_wrong_would_be_seen() -> None:
    got = {"rows": [{"account": "a", "size": "2", "tied": True}], "none": []}
    rows = ([], [{"size": "3"}], [{"size": "2"}] * 2, {"b": {}}, [{"tied": "false"}], [{"size": None}])
    for wrong in (*({"rows": row} for row in rows), {"none": ["x"]}, {"other": "1"}):
        assert list(differences(wrong, got, ZERO))
    for right in ({"rows": [{"size": "2.0", "tied": "true"}]}, {"rows": {"a": {"size": "2"}}}, {"none": []}):
        assert not list(differences(right, got, ZERO))
    assert not list(differences("0.1", "0.2", D("0.1")))
    assert list(differences("0.1", "0.2", ONE / 100))
