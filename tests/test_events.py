"""A finished run is plain data: it crosses to another process, can be kept, and holds nothing of the engine
that made it."""

from __future__ import annotations

import pickle
import pickletools
import random
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from books import random_scenario
from rules import under_venue

import adlcalc
from adlcalc.engine import events as ev
from adlcalc.engine.events import AccountEnded, Ended, Event, FundPaid, FundReceived, Started, StepEnded
from adlcalc.engine.formulas.health import Part, Stand
from adlcalc.engine.formulas.margin import Quotes
from adlcalc.engine.formulas.worked import Worked
from adlcalc.engine.loop import run
from adlcalc.engine.quiet import QuietAccounts
from adlcalc.ground.numbers import exact
from adlcalc.scenario.loading import load_source
from adlcalc.source.nodes import Source
from adlcalc.source.problems import ScenarioErrors
from adlcalc.venues.files import shipped

SCENARIOS = sorted((Path(__file__).parent.parent / "scenarios").glob("*.yaml"))
INCIDENTS = sorted(
    path
    for path in (Path(__file__).parent.parent / "scenarios").glob("*/*.yaml")
    if path.parent.name != "large"
)
CONTAINERS = (*get_args(Event), ev.AccountState, ev.PositionState, Worked, Stand, Part)
ATOMS = (type(None), bool, int, str, Decimal, Quotes)


def modules_in(pickled: bytes) -> set[str]:
    """The modules whose types or functions a pickle names."""
    texts: list[str] = []
    for _, argument, _ in pickletools.genops(pickled):
        if isinstance(argument, str):
            texts.append(argument)
    return {text for text in texts if text.startswith("adlcalc.")}


@pytest.mark.slow
@pytest.mark.parametrize("path", [*SCENARIOS, *INCIDENTS], ids=lambda path: path.name)
def test_every_run_survives_a_pickle_and_holds_no_engine(path: Path) -> None:
    done = adlcalc.run(adlcalc.load(str(path)))
    pickled = pickle.dumps(done)
    again = pickle.loads(pickled)
    assert again.events == done.events
    assert again.to_json() == done.to_json()
    engine = {
        "adlcalc.engine.books",
        "adlcalc.engine.waterfall",
        "adlcalc.engine.loop",
        "adlcalc.engine.queue.queue",
    }
    assert not {name for name in modules_in(pickled) if any(name.startswith(room) for room in engine)}
    assert "adlcalc.engine.events" in modules_in(pickled), "the names are found at all"


def test_a_score_that_is_an_expression_survives_too(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        "rules: {adl: {score: 'pnl / size'}}\nfund: 0\nprices: [100, 80]\naccounts:\n"
        "  - {id: a, side: long, size: 1, entry: 100, leverage: 10}\n"
        "  - {id: b, side: short, size: 1, entry: 100, leverage: 2}\n",
        encoding="utf-8",
    )
    done = adlcalc.run(adlcalc.load(str(file)))
    assert pickle.loads(pickle.dumps(done)).to_json() == done.to_json()


def leaves(value: Any) -> list[Any]:
    """What a value is made of, beside tuples and events."""
    if type(value) is tuple or type(value) in CONTAINERS:
        return [leaf for part in value for leaf in leaves(part)]
    return [value]


def records(value: Any) -> list[Any]:
    """All that is an event, or of a named kind inside of one."""
    inside = [one for part in value for one in records(part)] if isinstance(value, tuple) else []
    return [value, *inside] if type(value) in CONTAINERS else inside


@cache
def hints_of(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, localns={"QuietAccounts": QuietAccounts})


def fits(value: Any, hint: Any) -> bool:
    """Is it what the annotation says?"""
    if get_origin(hint) in (Union, UnionType):
        return any(fits(value, one) for one in get_args(hint))
    return isinstance(value, get_origin(hint) or hint)


@pytest.mark.slow
@pytest.mark.parametrize("venue", shipped())
def test_events_are_plain_and_in_their_order(venue: str) -> None:
    """And each has all its fields, of their types: many are made without being asked that (`record`)."""
    for seed in range(8):
        book = random_scenario(seed, inverse=seed % 2 == 0, funding=seed % 4 == 0)
        told = list(run(under_venue(book, venue, random.Random(f"{venue} {seed}"))))
        assert {type(leaf) for leaf in leaves(tuple(told))} <= set(ATOMS)
        for one in records(tuple(told)):
            hints = hints_of(type(one))
            assert len(one) == len(hints)
            assert all(fits(value, hints[name]) for name, value in zip(one._fields, one, strict=True)), one
        assert isinstance(told[0], Started)
        assert isinstance(told[-1], Ended)
        kinds = [type(event) for event in told]
        last_step = len(kinds) - 1 - kinds[::-1].index(StepEnded)
        assert AccountEnded not in kinds[:last_step]
        ended = told[last_step + 1 : -1]
        assert all(isinstance(event, AccountEnded) for event in ended)
        assert {account.id for account in book.accounts} <= {event.state.account for event in ended}


@pytest.mark.slow
@pytest.mark.parametrize("venue", shipped())
def test_postings_to_a_fund_follow_one_another(venue: str) -> None:
    """Each begins with the balance that the one before left, and the step ends with it."""
    for seed in range(8):
        book = random_scenario(seed, inverse=seed % 2 == 1, funding=seed % 4 == 0)
        with exact():
            funds: dict[str, Decimal] = {}
            for event in list(run(under_venue(book, venue, random.Random(f"{venue} fund {seed}")))):
                if isinstance(event, Started):
                    funds = dict(event.funds)
                elif isinstance(event, FundPaid | FundReceived):
                    assert event.before == funds[event.fund]
                    moved = event.amount if isinstance(event, FundReceived) else -event.amount
                    assert event.after == event.before + moved
                    funds[event.fund] = event.after
                elif isinstance(event, StepEnded):
                    assert dict(event.funds) == funds


def test_without_the_accounts_a_run_is_the_same_up_to_there() -> None:
    book = random_scenario(3)
    whole = list(run(book))
    assert list(run(book, accounts=False)) == [
        event for event in whole if not isinstance(event, AccountEnded)
    ]


MOVED = """
venue: generic
accounts:
  - {id: a, side: long, size: 2, entry: 100, leverage: 10, balance: 50}
  - {id: b, side: short, size: 2, entry: 100, leverage: 2}
events:
  - {step: 2, account: a, margin: +10}
  - {step: 1, account: a, trade: {side: short, size: SOLD, price: 104}}
prices: [100, 105, 107]
"""


@pytest.mark.parametrize(
    ("sold", "side"), [("0.5", "long"), ("1.999", "long"), ("2.5, leverage: 10", "short"), ("2", "either")]
)
def test_margin_is_moved_to_the_side_that_is_held(sold: str, side: str) -> None:
    """What sells a part of a long holds no short; what sells more than all of it holds no long; who is flat does
    not say. The order of the lines is that of the file, what happens that of the steps."""
    text = MOVED.replace("SOLD", sold)
    if side == "either":
        with pytest.raises(ScenarioErrors, match="either side"):
            load_source(Source("s.yaml", text), "s.yaml")
        return
    scenario = load_source(Source("s.yaml", text), "s.yaml").scenario
    ((moved,),) = (scenario.path.events[2],)
    assert (moved.side, moved.amount) == ({"long": 1, "short": -1}[side], 10)
