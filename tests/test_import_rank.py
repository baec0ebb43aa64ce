"""A trader's own positions: what the venue's light and the open interest say of the queue, and no more.

Light 4 of 5 of an open interest of 80,000: one fifth of 16,000 is before the own one, so 16,000 to 32,000
contracts stand before it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result

from adlcalc.ground.numbers import D, exact
from adlcalc.study.standing import standing

Command = Callable[..., Result]
GIVEN = Path(__file__).parent / "imports"
MINE = """
venue: gate
markets: {{BTC_USDT: {{lot: 1{interest}}}}}
accounts:
  - {{id: me, side: long, size: 1_000, entry: 50_000, leverage: 10, indicator: {{lights: {lights}}}}}
{others}prices: [{mark}]
"""


def written(
    folder: Path, *, interest: str = "", lights: str = "4", others: str = "", mark: str = "60_000"
) -> str:
    path = folder / "mine.yaml"
    path.write_text(MINE.format(interest=interest, lights=lights, others=others, mark=mark), encoding="utf-8")
    return str(path)


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("lights", "interest", "ends"),
    [
        (4, "80000", ("16000", "32000")),
        (5, "80000", ("0", "16000")),
        (1, "80000", ("64000", "80000")),
        (4, "7", ("1", "3")),  # 1.4 to 2.8, out to whole lots
        (4, None, (None, None)),
    ],
)
def test_what_a_light_says(lights: int, interest: str | None, ends: tuple[str | None, str | None]) -> None:
    with exact():
        found = standing(lights, 5, None if interest is None else D(interest), D(1))
    assert (found.at_least, found.at_most) == tuple(None if end is None else D(end) for end in ends)


def test_the_sentence_with_the_open_interest(adlcalc: Command, tmp_path: Path) -> None:
    out = flat(adlcalc("rank", written(tmp_path, interest=", open_interest: 80_000")).out)
    assert (
        "me, long 1,000 of BTC_USDT: light 4 of 5, open interest 80,000: 16,000 to 32,000 contracts "
        "stand before it if lights are equal parts of all contracts of its side (assumed); "
        "a bankrupt position below 16,000 does not reach it."
    ) in out
    assert (
        "The file holds nobody else: rank, and what would move it, cannot be known without the others." in out
    )


def test_without_open_interest_nothing_is_known(adlcalc: Command, tmp_path: Path) -> None:
    out = flat(adlcalc("rank", written(tmp_path), "--account", "me").out)
    assert "light 4 of 5. What stands before it cannot be known without the market's open_interest." in out
    assert "nothing moves it back" not in out
    assert "The smallest changes" not in out
    assert "ahead" not in out.replace("stands before", "")


def test_a_losing_position_is_told_its_light_too(adlcalc: Command, tmp_path: Path) -> None:
    file = written(tmp_path, interest=", open_interest: 80_000", lights="1", mark="49_000")
    assert "light 1 of 5, open interest 80,000: 64,000 to 80,000 contracts" in flat(adlcalc("rank", file).out)


def test_with_a_crowd_the_queue_is_shown_beside_the_light(adlcalc: Command, tmp_path: Path) -> None:
    others = "  - {id: other, side: long, size: 10, entry: 40_000, leverage: 5}\n"
    out = adlcalc("rank", written(tmp_path, others=others, interest=", open_interest: 80_000")).out
    assert "4 of 5" in out
    assert "rank  account" in out
    assert "cannot be known without the others" not in flat(out)


def test_json_has_it(adlcalc: Command, tmp_path: Path) -> None:
    (row,) = json.loads(
        adlcalc("rank", written(tmp_path, interest=", open_interest: 80_000"), "-f", "json").out
    )["queue"]
    assert row["indicator"] == {"lights": 4, "of": 5, "ahead_at_least": "16000", "ahead_at_most": "32000"}


def test_lights_are_at_most_all(adlcalc: Command, tmp_path: Path) -> None:
    result = adlcalc("rank", written(tmp_path, lights="6"))
    assert result.code == 2
    assert "'lights' is 6, more than all 5" in result.err


@pytest.mark.slow
def test_an_imported_position_keeps_its_light(adlcalc: Command, tmp_path: Path) -> None:
    """Gate's 1 is the front: five lights."""
    (file,) = GIVEN.glob("24-*.json")
    made = tmp_path / "mine.yaml"
    assert adlcalc("import", "ccxt", str(file), "--open-interest", "80000", "-o", str(made)).code == 0
    out = flat(adlcalc("rank", str(made)).out)
    assert "light 5 of 5, open interest 80,000: 0 to 16,000 contracts stand before it" in out
    assert "any bankrupt position may reach it" in out
    assert adlcalc("run", str(made)).code == 0


@pytest.mark.slow
def test_a_market_by_its_description(adlcalc: Command, tmp_path: Path) -> None:
    file = tmp_path / "markets.json"
    file.write_text(
        json.dumps(
            [
                {
                    "symbol": "BTC/USD:BTC",
                    "inverse": True,
                    "contractSize": 100,
                    "precision": {"price": 0.5, "amount": 1},
                }
            ]
        )
    )
    result = adlcalc("import", "ccxt-markets", str(file), "--symbol", "BTC/USD:BTC", "--price", "60000")
    assert result.code == 0
    assert 'markets: {"BTC/USD:BTC": {contract: inverse, multiplier: 100, tick: 0.5, lot: 1}}' in result.out
    assert adlcalc("import", "ccxt-markets", str(file), "--symbol", "ETH", "--price", "1").code == 2
    assert adlcalc("import", "ccxt-markets", str(file), "--symbol", "BTC/USD:BTC", "--price", "x").code == 2


def test_the_example_of_the_readme_is_what_the_import_writes(adlcalc: Command) -> None:
    made = adlcalc("import", "ccxt", "tests/imports/trader/positions.json", "--open-interest", "80000").out
    assert made == (GIVEN / "trader" / "mine.yaml").read_text(encoding="utf-8")
