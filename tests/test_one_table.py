"""`--format csv:NAME`: one table of the CSV, with its own columns and no other."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from conftest import Result

from adlcalc.report.columns.documents import DOCUMENTS

Command = Callable[..., Result]
HALF = "scenarios/04-fund-half-absorbs.yaml"
ASKED = [
    ("run", "run", (HALF, "--steps", "--series", "bob")),
    ("run", "run", (HALF, "scenarios/05-fund-empty-adl.yaml", "--steps")),
    ("rank", "rank", (HALF, "--side", "short", "--account", "bob")),
    ("explain", "explain", (HALF, "bob")),
    ("solve", "solve", (HALF, "--vary", "fund", "--until", "no adl")),
    ("sweep", "sweep", (HALF, "--vary", "fund=0,10", "--measure", "fund_paid")),
    ("cover", "cover", (HALF,)),
]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_who_was_deleveraged_as_one_table(adlcalc: Command) -> None:
    """The fund has half of the two coins' loss, so bob, first of the queue, gives up the other one at alice's
    bankruptcy price."""
    got = adlcalc("run", HALF, "--format", "csv:deleveraged")
    (bob,) = rows_of(got.out)
    assert [bob[key] for key in ("account", "size", "price", "bankrupt")] == ["bob", "1", "54000", "alice"]
    assert "table" not in bob
    assert "bankruptcy_price" not in bob, "a column of another table"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "document", "words"), ASKED, ids=lambda x: x if isinstance(x, str) else ""
)
def test_every_table_alone_is_what_it_is_among_the_others(
    adlcalc: Command, command: str, document: str, words: tuple[str, ...]
) -> None:
    """The same rows in the same order; no column that only others have."""
    whole_text = adlcalc(command, *words, "--format", "csv").out
    together = rows_of(whole_text)
    tables = DOCUMENTS[document].csv_tables(["steps"])
    assert {row["table"] for row in together} <= set(tables)
    assert len(tables) > 1
    for name in tables:
        alone = rows_of(adlcalc(command, *words, "--format", f"csv:{name}").out)
        kept = [row for row in rows_of(whole_text) if row.pop("table") == name]
        assert len(alone) == len(kept)
        for one, whole in zip(alone, kept, strict=True):
            assert one == {key: whole[key] for key in one}
            assert not any(value for key, value in whole.items() if key not in one)


def test_the_name_that_the_json_has_will_do(adlcalc: Command) -> None:
    one, other = (adlcalc("run", HALF, "-f", f"csv:{name}") for name in ("liquidation", "liquidations"))
    assert one == other
    assert one.code == 0


@pytest.mark.parametrize(
    ("format", "told"),
    [
        ("csv:funds", "has no table 'funds'\nhint: it has liquidation, fund, deleveraged"),
        ("csv:mark", "has no table 'mark'\nhint: mark is there where it is asked for, with --steps"),
        ("json:fund", "'json:fund' is not one of"),
        ("csv:", "'csv:' is not one of"),
    ],
)
def test_a_table_that_there_is_not(adlcalc: Command, format: str, told: str) -> None:
    got = adlcalc("run", HALF, "--format", format)
    assert (got.out, got.code) == ("", 2)
    assert told in got.err


def test_a_document_of_one_table_has_no_other(adlcalc: Command) -> None:
    got = adlcalc("venues", "--format", "csv:venues")
    assert got.code == 2
    assert "hint: it is one table: --format csv" in got.err
