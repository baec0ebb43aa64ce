"""adlcalc/venues/validation.csv is what is measured: which number of a venue exercises which of its rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from validation import FILE, measured

from adlcalc.venues.coverage import open_rulebook
from adlcalc.venues.files import shipped
from adlcalc.venues.rulebook import stated
from adlcalc.venues.validation import measurements


def written() -> dict[str, dict[str, list[str]]]:
    measurements.cache_clear()
    return {
        venue: {rule: list(names) for rule, names in rules.items()} for venue, rules in measurements().items()
    }


def test_every_rule_of_every_rulebook_has_been_measured() -> None:
    """A vector that goes asks for a new measurement; the slow test tells a rule that is measured
    otherwise."""
    found = written()
    assert list(found) == shipped()
    for venue in shipped():
        book = open_rulebook(venue)
        assert found[venue].keys() == {rule.name for rule in stated(book)}, venue
        known = [name.partition(" ")[0] for name in book.vectors.met]
        assert {one for names in found[venue].values() for one in names} <= set(known)


@pytest.mark.slow
@pytest.mark.parametrize("venue", shipped())
def test_it_is_so_for_every_venue(request: pytest.FixtureRequest, venue: str) -> None:
    found = measured(venue)
    if request.config.getoption("--update-golden"):
        before = written()
        together = {**before, venue: found}
        rows = [
            f"{name},{rule},{' '.join(names)}\n"
            for name in shipped()
            for rule, names in together.get(name, {}).items()
        ]
        FILE.write_text("venue,rule,vectors\n" + "".join(rows), encoding="utf-8")
        return
    assert written()[venue] == found


@pytest.mark.slow
def test_a_rule_that_is_wrong_in_the_file_would_be_seen() -> None:
    """A number that holds whatever the rule says does not test it: BitMEX's rows are of one market's
    margin."""
    found = measured("bitmex")
    assert found["margin.commission"]
    assert "adl.lights" in found
    assert not found["adl.lights"]


def test_the_page_says_which_rule_no_number_tests(adlcalc: Callable[..., Any]) -> None:
    found = json.loads(adlcalc("venues", "bitmex", "--validation", "--json").out)
    rules = {one["rule"]: one["vectors"] for one in found["rules"]}
    assert rules["margin.commission"] == written()["bitmex"]["margin.commission"]
    text = " ".join(adlcalc("venues", "bitmex", "--validation").out.split())
    assert "No number tests" in text
    assert "not for predicting who is next" in text
