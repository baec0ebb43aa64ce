"""As of when: a rulebook's editions, the path that is of another time, two editions told apart by rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adlcalc.venues.coverage import open_rulebook
from adlcalc.venues.editions import Edition, date_of, fitting, period_of
from adlcalc.venues.files import shipped

MARCH, BOOK = "scenarios/18-march-2020.yaml", "scenarios/19-one-book-many-venues.yaml"


@pytest.mark.parametrize(
    ("as_of", "since", "until"),
    [
        ("2025", date(2025, 1, 1), None),
        ("2025-08", date(2025, 8, 1), None),
        ("2025-08-31", date(2025, 8, 31), None),
        ("2018 to 2020", date(2018, 1, 1), date(2021, 1, 1)),
        ("2019-09 to 2020-12", date(2019, 9, 1), date(2021, 1, 1)),
        ("2019-09 to 2020-02-28", date(2019, 9, 1), date(2020, 2, 29)),
        ("before 2025-09", None, date(2025, 9, 1)),
    ],
)
def test_a_period_is_read(as_of: str, since: date | None, until: date | None) -> None:
    assert period_of(as_of) == (since, until)


@pytest.mark.parametrize(
    "text", ["", "once", "2025-13", "2025-02-30", "25", "2020 to", "to 2020", "2020 to then", "0000"]
)
def test_what_is_no_period_fits_any_date(text: str) -> None:
    assert period_of(text) is None
    assert date_of(text) is None


@pytest.mark.slow
def test_every_shipped_rulebook_says_when_it_held() -> None:
    for name in shipped():
        book = open_rulebook(name)
        assert book.timeless or period_of(book.as_of) is not None, name
        for edition in book.editions:
            assert edition.period is not None
            assert open_rulebook(edition.name).as_of == edition.as_of


@pytest.mark.slow
def test_every_older_rulebook_of_a_venue_is_an_edition() -> None:
    """A name with a year behind it is an older rulebook of the venue before it."""
    older = {name for name in shipped() if name[-5:-4] == "-" and name[-4:].isdigit()}
    assert older == {one.name for name in shipped() for one in open_rulebook(name).editions}


def test_of_several_the_one_that_began_last_fits() -> None:
    editions = [Edition("new", "2025-06"), Edition("old", "2020 to 2025"), Edition("first", "before 2020-06")]
    days = {
        date(2026, 1, 1): "new",
        date(2025, 7, 1): "new",
        date(2025, 5, 1): "old",
        date(2020, 3, 1): "old",
    }
    assert {day: fitting(editions, day) for day in days} == {
        day: next(one for one in editions if one.name == name) for day, name in days.items()
    }
    assert fitting(editions, date(2019, 1, 1)) == editions[2]
    assert fitting(editions[:2], date(2019, 1, 1)) is None


@pytest.mark.slow
def test_a_path_outside_is_told(adlcalc: Callable[..., Any]) -> None:
    told = adlcalc("run", MARCH, "--venue", "okx", "-o", "/dev/null").err
    assert "path 2020-03-12..13, rulebook okx as of 2025-11-05; no earlier edition fits" in told
    told = adlcalc("run", MARCH, "--venue", "bybit", "-o", "/dev/null").err
    assert "edition bybit-2024 (as of 2020 to 2025) fits: --as-of 2020-03-12" in told
    assert "rulebook" not in adlcalc("run", MARCH, "-o", "/dev/null").err  # BitMEX, 2018 to 2020
    assert "rulebook" not in adlcalc("run", MARCH, "--venue", "generic", "-o", "/dev/null").err


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [("run",), ("margin",), ("rank",), ("cover",), ("compare", "--policies", "own")]
)
def test_as_of_takes_the_edition_of_the_day(adlcalc: Callable[..., Any], command: tuple[str, ...]) -> None:
    words = (command[0], BOOK, *command[1:])
    chosen = adlcalc(*words, "--venue", "okx", "--as-of", "2025-10-10", "--json")
    named = adlcalc(*words, "--venue", "okx-2024", "--json")
    assert (chosen.code, chosen.out) == (0, named.out)
    newest = adlcalc(*words, "--venue", "okx", "--as-of", "2026", "--json")
    assert newest.out == adlcalc(*words, "--venue", "okx", "--json").out


def test_no_edition_of_a_day_is_an_error(adlcalc: Callable[..., Any]) -> None:
    found = adlcalc("run", BOOK, "--venue", "okx", "--as-of", "2014-05")
    assert found.code == 2
    assert "no edition of rulebook 'okx' is of 2014-05" in found.err
    assert "okx-2024 as of 2024-04-04" in found.err
    found = adlcalc("run", BOOK, "--venue", "okx", "--as-of", "May")
    assert found.code == 2
    assert "--as-of must be a date like" in found.err


def test_strict_fails_on_a_path_of_another_time(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    text = "venue: {}\naccounts: []\nprices: [1, 1]\nstart: 2020-03-12T10:00Z\ninterval: 1h\n"
    for venue, told in {"kraken": True, "bitmex": False, "generic": False}.items():
        (tmp_path / "s.yaml").write_text(text.format(venue))
        found = adlcalc("check", "--strict", str(tmp_path / "s.yaml"))
        assert ("path 2020-03-12, rulebook kraken as of 2026-03" in found.out + found.err) is told
        assert (found.code == 1) is told


def test_an_edition_beside_a_rulebook_of_your_own(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    head = "venue: {}\ntitle: t\nas_of: {}\nextends: generic\n"
    (tmp_path / "new.yaml").write_text(head.format("new", '"2025"') + "editions: [old.yaml]\n")
    (tmp_path / "old.yaml").write_text(head.format("old", '"2020"'))
    (tmp_path / "s.yaml").write_text("venue: new.yaml\naccounts: []\nprices: [1]\n")
    assert "Venue old" in adlcalc("run", str(tmp_path / "s.yaml"), "--as-of", "2021").out
    assert "Venue old" in adlcalc("run", BOOK, "--venue", str(tmp_path / "new.yaml"), "--as-of", "2021").out
    assert "Venue new" in adlcalc("run", str(tmp_path / "s.yaml"), "--as-of", "2026").out
    (tmp_path / "new.yaml").write_text(head.format("new", '"2025"') + "editions: [no.yaml]\n")
    found = adlcalc("run", str(tmp_path / "s.yaml"))
    assert found.code == 2
    assert "there is no file 'no.yaml'" in found.err


def test_two_editions_are_told_apart_by_rule(adlcalc: Callable[..., Any]) -> None:
    found = adlcalc("diff", "okx-2024", "okx")
    assert found.code == 1
    assert "adl.score: okx-old (documented) → okx (assumed)" in found.out.splitlines()
    assert adlcalc("diff", "okx", "okx").code == 0
    assert adlcalc("diff", "okx", BOOK).code == 2
    assert adlcalc("diff", "okx", "bybit", "--set", "fund=0").code == 2


@pytest.mark.slow
def test_times_are_utc_and_end_in_z(adlcalc: Callable[..., Any], tmp_path: Path) -> None:
    text = (
        "accounts: []\nprices: [1, 1, 1]\ntimes: ['2020-03-12 10:00', '2020-03-12T12:30+01:00', "
        "'2020-03-12T12:00:05Z']\n"
    )
    (tmp_path / "s.yaml").write_text(text)
    out = adlcalc("run", str(tmp_path / "s.yaml"), "--steps").out
    for time in ("2020-03-12T10:00Z", "2020-03-12T11:30Z", "2020-03-12T12:00:05Z"):
        assert time in out


@pytest.mark.parametrize(
    ("words", "head"),
    [
        (("run", BOOK, "--venue", "okx-2024"), "Venue okx-2024 as of 2024-04-04, "),
        (("margin", BOOK, "--venue", "okx"), "Venue okx as of 2025-11-05, "),
        (("rank", BOOK, "--venue", "bitmex"), "Venue bitmex as of 2018 to 2020, "),
        (("run", BOOK, "--venue", "generic"), "Venue generic, "),
    ],
)
def test_the_head_says_of_when_the_rules_are(
    adlcalc: Callable[..., Any], words: tuple[str, ...], head: str
) -> None:
    """As the rulebook's first lines have it; a yardstick is of no time."""
    assert adlcalc(*words).out.splitlines()[1].startswith(head)
