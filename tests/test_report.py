"""Events into tables, text, Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import ROOT, Result
from hand_made import (
    BTC,
    gave,
    half_the_fund,
    nothing_happens,
    passed_over,
    run,
    scenario,
    worked_over_three_steps,
)

import adlcalc
from adlcalc.check.expectations import differences
from adlcalc.engine.events import (
    AccountEnded,
    AccountState,
    BookFilled,
    FundingPaid,
    FundingSettled,
    Liquidated,
    LossSocialized,
)
from adlcalc.ground.numbers import ZERO, D
from adlcalc.report import Run, human, render, table
from adlcalc.report.columns.documents import DOCUMENTS
from adlcalc.report.columns.run import DELEVERAGED, RUN
from adlcalc.report.field import Field
from adlcalc.report.run_page import run_page
from adlcalc.report.run_view import _average_price
from adlcalc.report.writers import FORMATS
from adlcalc.scenario.expect import ExpectedRow


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


# --- rows ---------------------------------------------------------------------------------------------------


def test_a_claim_is_one_row_over_all_the_steps_that_worked_it() -> None:
    (row,) = run(worked_over_three_steps()).liquidations
    assert (row.size, row.book_size, row.deleveraged_size, row.held_size) == (D(6), D(3), D(1), D(2))
    assert row.book_size + row.deleveraged_size + row.held_size == row.size
    assert (row.surplus, row.shortfall) == (D(1_000), D(2_000))
    assert row.book_price == D("53666.66666667")  # (55,000 + 2 x 53,000) / 3


def test_the_average_price_of_an_inverse_contract_is_harmonic() -> None:
    fills = [BookFilled(0, 1, BTC, 1, D(1), D(50), ZERO), BookFilled(0, 1, BTC, 1, D(1), D(100), ZERO)]
    assert _average_price(fills, scenario(inverse=True).markets[0]) == D("66.66666667")  # 2 / (1/50 + 1/100)
    assert _average_price(fills, scenario().markets[0]) == D(75)
    assert _average_price([], scenario().markets[0]) is None


def test_a_fund_opens_with_the_closing_of_the_step_before() -> None:
    rows = run(worked_over_three_steps()).fund
    assert [(row.opening, row.received, row.paid, row.closing) for row in rows] == [
        (ZERO, D(1_000), ZERO, D(1_000)),
        (D(1_000), ZERO, D(1_000), ZERO),
    ]


def test_bad_debt_rows_add_up_to_the_audit() -> None:
    one = run(worked_over_three_steps())
    assert [(row.account, row.amount, row.why) for row in one.bad_debt] == [
        ("alice", D(1_000), "closed"),
        ("alice", D(2_000), "held"),
    ]
    assert sum(row.amount for row in one.bad_debt) == one.audit.bad_debt


def test_steps_tell_marks_funds_and_who_was_touched() -> None:
    steps = run().steps
    assert [step.marks[BTC] for step in steps] == [D(60_000), D(56_000), D(53_000)]
    assert (steps[2].liquidated, steps[2].deleveraged, steps[2].funds) == (
        ("alice",),
        ("bob",),
        {"fund": ZERO},
    )
    assert (steps[1].liquidated, steps[1].deleveraged) == ((), ())


# --- which assumed rules were used --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "used"),
    [
        (half_the_fund, ["adl.rank_once", "fund.floor", "margin.fees"]),
        (nothing_happens, ["margin.fees"]),
        (worked_over_three_steps, ["adl.ties", "adl.rank_once", "fund.floor", "margin.fees"]),
    ],
)
def test_only_assumptions_that_the_run_used_are_told(events: Any, used: list[str]) -> None:
    assert [one.rule for one in run(events()).assumptions] == used


def test_funding_that_was_paid_uses_its_assumption() -> None:
    events = [*nothing_happens()]
    events.insert(2, FundingPaid(0, BTC, D("0.0001"), D(60_000), D(12)))
    assert "funding.settlement" in [one.rule for one in run(iter(events)).assumptions]


def test_a_skipped_counterparty_uses_the_rules_of_the_queue() -> None:
    events = [*nothing_happens()]
    events.insert(2, passed_over(0))
    assert "adl.rank_once" in [one.rule for one in run(iter(events)).assumptions]


# --- JSON ---------------------------------------------------------------------------------------------------


def test_json_is_the_contract_to_the_letter() -> None:
    document = json.loads(run().to_json())
    assert list(document) == [
        "schema",
        "scenario",
        "steps",
        "liquidations",
        "fund",
        "fund_stops",
        "deleveraged",
        "skipped",
        "funding",
        "socialized",
        "bad_debt",
        "accounts",
        "series",
        "audit",
        "assumptions",
    ]
    assert document["schema"] == "adlcalc.run/1"
    assert document["steps"][2] == {
        "step": 2,
        "time": None,
        "marks": {BTC: "53000"},
        "funds": {"fund": "0"},
        "liquidated": ["alice"],
        "deleveraged": ["bob"],
        "money_difference": "0",
        "open_interest_difference": "0",
        "bad_debt": "0",
    }
    assert document["liquidations"] == [
        {
            "step": 2,
            "account": "alice",
            "market": BTC,
            "side": "long",
            "size": "2",
            "entry_price": "60000",
            "mark_price": "53000",
            "bankruptcy_price": "54000",
            "liquidation_price": "54271.4",
            "book_size": "1",
            "book_price": "53000",
            "backstop_size": "0",
            "deleveraged_size": "1",
            "surplus": "0",
            "shortfall": "1000",
            "claim": 1,
            "margin": "isolated",
            "method": "takeover",
            "equity": "-2000",
            "maintenance": "530",
            "held_size": "0",
        }
    ]
    assert document["fund"][2] == {
        "step": 2,
        "fund": "fund",
        "opening": "1000",
        "received": "0",
        "paid": "1000",
        "closing": "0",
    }
    assert document["deleveraged"] == [
        {
            "step": 2,
            "account": "bob",
            "market": BTC,
            "side": "short",
            "rank": 1,
            "score": "0.475634567",
            "size_before": "2",
            "size": "1",
            "price": "54000",
            "realized_pnl": "6000",
            "forgone_pnl": "1000",
            "bankrupt": "alice",
            "claim": 1,
            "mark_price": "53000",
            "tied": False,
        }
    ]
    assert document["accounts"][1] == {
        "account": "bob",
        "equity_start": "12000",
        "equity_end": "25000",
        "status": "open",
        "deleveraged": True,
        "balance": "12000",
        "funding": "0",
        "positions": [
            {
                "market": BTC,
                "side": "short",
                "size": "1",
                "entry_price": "60000",
                "mark_price": "53000",
                "unrealized_pnl": "7000",
                "collateral": "6000",
                "margin": "isolated",
                "equity": "13000",
                "maintenance_margin": "265",
                "unit_maintenance": "265",
                "margin_ratio": "0.02038462",  # 265 / 13,000
                "liquidation_price": "65671.6",  # 66,000 / 1.005, down to the tick
                "bankruptcy_price": "66000",
                "distance": "0.23908679",  # 12,671.6 / 53,000 = 0.2390867924...
            }
        ],
    }
    assert document["accounts"][2]["positions"][0]["collateral"] is None
    assert document["audit"] == {
        "money_difference": "0",
        "open_interest_difference": "0",
        "bad_debt": "0",
        "rest_of_market": {BTC: "1"},
    }
    assert document["scenario"]["title"] == "Half the fund"
    assert (document["scenario"]["file"], document["scenario"]["steps"]) == ("half.yaml", 3)


def test_the_keys_of_a_row_keep_the_order_of_the_contract() -> None:
    document = run().to_dict()
    assert " ".join(document["liquidations"][0]).startswith(
        "step account market side size entry_price mark_price bankruptcy_price"
        " liquidation_price book_size book_price backstop_size deleveraged_size surplus shortfall"
    )
    assert " ".join(document["deleveraged"][0]).startswith(
        "step account market side rank score size_before size price realized_pnl forgone_pnl bankrupt"
    )


def test_json_holds_every_account_and_no_float() -> None:
    def no_float(text: str) -> None:
        raise AssertionError(f"a JSON float: {text}")

    document = json.loads(run().to_json(), parse_float=no_float)
    assert [row["account"] for row in document["accounts"]] == ["alice", "bob", "carol", "erin"]


def test_json_tells_what_funding_an_account_has_paid() -> None:
    events = [*half_the_fund()]
    events[2:2] = [
        FundingSettled(0, "bob", BTC, -1, D("12.5"), D("12.5")),
        FundingSettled(1, "bob", BTC, -1, D("-2"), D(-2)),
    ]
    assert run(iter(events)).to_dict()["accounts"][1]["funding"] == "10.5"


# --- CSV ----------------------------------------------------------------------------------------------------


def test_csv_is_one_rectangle_with_a_table_column() -> None:
    text = run().to_csv()
    assert text.splitlines()[0] == ",".join(RUN.header)
    assert "\r" not in text
    rows = csv_rows(text)
    assert [row["table"] for row in rows] == [
        "liquidation",
        "fund",
        "fund",
        "fund",
        "deleveraged",
        "account",
        "account",
        "position",
        "account",
        "position",
        "account",
        "audit",
        "rest_of_market",
        "assumption",
        "assumption",
        "assumption",
    ]
    assert all(None not in row and None not in row.values() for row in rows)
    assert (rows[4]["account"], rows[4]["price"], rows[4]["bankrupt"]) == ("bob", "54000", "alice")
    assert (rows[12]["market"], rows[12]["side"], rows[12]["size"]) == (BTC, "long", "1")


def test_csv_numbers_have_no_separators() -> None:
    assert csv_rows(run().to_csv())[0]["entry_price"] == "60000"


def test_csv_of_several_runs_tells_them_apart() -> None:
    rows = csv_rows(
        FORMATS["csv"].join(
            [
                FORMATS["csv"].page(run_page(one), several=True, first=not i)
                for i, one in enumerate((run(), run(nothing_happens())))
            ]
        )
    )
    assert {row["file"] for row in rows} == {"half.yaml"}
    assert [row["table"] for row in rows].count("audit") == 2


def test_csv_of_the_steps_has_a_row_per_step_and_market() -> None:
    rows = [row for row in csv_rows(run().to_csv(steps=True)) if row["table"] == "mark"]
    assert [(row["step"], row["mark_price"]) for row in rows] == [
        ("0", "60000"),
        ("1", "56000"),
        ("2", "53000"),
    ]


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-cmd", "@sum", "-"])
def test_csv_cells_are_never_spreadsheet_formulas(name: str) -> None:
    events = [*nothing_happens()]
    events[-2] = AccountEnded(0, AccountState(name, "open", False, D(-5), D("-5.5"), ZERO, ()))
    (row,) = (row for row in csv_rows(run(iter(events)).to_csv()) if row["table"] == "account")
    assert row["account"] == "'" + name
    assert (row["equity_start"], row["equity_end"]) == ("-5", "-5.5")  # a number is a number


# --- columns ------------------------------------------------------------------------------------------------


def test_a_column_that_is_declared_reaches_every_form() -> None:
    """JSON, CSV behind the published columns, the page, the schema and `expect:`; nothing else has to know of
    it."""
    left = Field(
        "left",
        "number",
        "what it keeps",
        of=lambda row, _: row.size_before - row.size,
        heading="keeps",
        expect=True,
    )
    rows = replace(DELEVERAGED, fields=(*DELEVERAGED.fields, left))
    document = replace(
        RUN, sections=tuple(rows if section is DELEVERAGED else section for section in RUN.sections)
    )
    page = replace(run_page(run()), document=document)
    assert json.loads(FORMATS["json"].page(page))["deleveraged"][0]["left"] == "1"
    header, *lines = csv.reader(io.StringIO(FORMATS["csv"].page(page)))
    assert header == [*RUN.header, "left"]
    assert {line[-1] for line in lines if line[0] == "deleveraged"} == {"1"}
    (column,) = (
        column for column in rows.columns(run().deleveraged, run()) if column and column.heading == "keeps"
    )
    assert column.cells == ("1",)
    assert document.schema()["properties"]["deleveraged"]["items"]["properties"]["left"]["type"] == "string"
    assert rows.expected["left"] is left


def test_the_header_of_the_csv_has_every_key_of_every_document() -> None:
    for document in DOCUMENTS.values():
        keys = {key for rows in document.sections if "csv" in rows.where for key in rows.csv_keys()}
        assert keys <= set(document.header)
        assert len(set(document.header)) == len(document.header)
        assert tuple(document.published.split()) == document.header[1:] or not document.published


# --- text ---------------------------------------------------------------------------------------------------


def test_text_has_three_tables_accounts_audit_and_footnotes_in_80_columns() -> None:
    text = run().to_text(steps=True)
    assert max(map(len, text.splitlines())) <= 80
    places = [
        text.index(part)
        for part in (
            "Half the fund",
            "Step by step",
            "Liquidated",
            "Insurance fund",
            "Deleveraged",
            "Accounts that changed",
            "Audit:",
            "Assumed rules",
        )
    ]
    assert places == sorted(places)
    assert "Audit: money difference 0, open interest difference 0, bad debt 0." in text
    assert "the rest of the market begins with long 1" in " ".join(text.split())
    assert text.endswith("\n")


def test_accounts_that_nothing_happened_to_are_not_in_the_table() -> None:
    text = run().to_text()
    assert "carol" in text
    assert "erin" not in text


def test_nothing_is_a_sentence_and_never_an_empty_table() -> None:
    text = run(nothing_happens()).to_text()
    for sentence in (
        "No account was liquidated.",
        "The insurance fund did not move: it holds 1,000.",
        "Nobody was deleveraged.",
        "No account changed.",
    ):
        assert sentence in text
    assert "---" not in text


def test_what_is_rare_has_its_own_table_where_it_happened() -> None:
    events = [*worked_over_three_steps()]
    events.insert(-2, LossSocialized(1, "bob", BTC, D(5), D(50)))
    text = run(iter(events)).to_text()
    assert "Skipped in the queue" in text
    assert "closed at a loss" in text
    assert "still held by the venue" in text
    assert "Socialized losses" in text
    for title in ("Skipped", "Bad debt\n", "Socialized"):
        assert title not in run().to_text()


@pytest.mark.slow
def test_the_limit_cuts_each_table_and_says_so() -> None:
    events = [*half_the_fund()]
    events[-2:-2] = [gave(2, f"bob{i}", rank=i) for i in range(2, 1_202)]
    one = run(iter(events))
    assert "… 1,151 more, use --limit 0" in one.to_text()
    assert "… 1,199 more" in one.to_text(2)
    assert "… 1,199 more" in one.to_markdown(2)
    assert "more, use" not in one.to_text(0)
    assert "bob1201" in one.to_text(0)


def test_wide_numbers_drop_whole_columns_instead_of_wrapping() -> None:
    wide = "1234567890.12345678"
    events = [
        event._replace(mark_price=D(wide), entry_price=D(wide)) if isinstance(event, Liquidated) else event
        for event in half_the_fund()
    ]
    text = run(iter(events)).to_text()
    assert "Liquidated" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "1,234,567,890.12345678" in run(iter(events)).to_markdown()


def test_markdown_escapes_what_would_be_markup() -> None:
    text = run(title="a|b *c* <d>").to_markdown()
    assert text.startswith("## a\\|b \\*c\\* \\<d\\>\n")
    assert "| step | account |" in text
    assert "|-----:|:--------|" in text


def test_control_characters_never_reach_the_page() -> None:
    text = run(title="red \x1b[31m\u202eevil").to_text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "red \\x1b[31m" in text


def test_a_title_that_is_missing_is_the_file() -> None:
    assert run(title="").to_text().startswith("half.yaml\n")


# --- numbers for people -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("60000.5", "60,000.5"),
        ("1E+3", "1,000"),
        ("-0.00", "0"),
        ("0.10", "0.1"),
        ("-1234.5", "-1,234.5"),
        ("1E-8", "0.00000001"),
    ],
)
def test_digits_are_plain_with_separators(number: str, shown: str) -> None:
    assert human.digits(D(number)) == shown


def test_a_number_is_written_alike_whatever_stands_in_other_rows() -> None:
    assert human.column_of_numbers([D(54_000), D("60000.5"), None, ZERO]) == ("54,000", "60,000.5", "-", "0")
    assert human.column_of_numbers([ZERO, D("1.25")], zero="-") == ("-", "1.25")


@pytest.mark.parametrize(
    ("score", "shown"),
    [
        ("0.475634567", "0.475635"),
        ("1234567.89", "1234568"),
        ("0.000001234567", "0.00000123457"),
        ("12.3456789", "12.3457"),
        ("0", "0"),
    ],
)
def test_scores_are_rounded_to_six_digits(score: str, shown: str) -> None:
    assert f"{human.score(D(score)):f}" == shown


def test_numbers_longer_than_any_context_are_shown_whole() -> None:
    long = D("123456789012345678.123456789012345678")
    assert human.digits(long) == "123,456,789,012,345,678.123456789012345678"


# --- rendering ----------------------------------------------------------------------------------------------


def sample(rows: int) -> table.Table:
    return table.table(
        "T",
        "",
        [
            table.words("name", (f"account {i}" if i % 3 else "b" for i in range(rows))),
            table.numbers("bankruptcy\nprice", (D(i) / 8 for i in range(rows))),
            table.counts("rank", range(rows)),
            table.words("last", ("x" * (i % 7) + "y" for i in range(rows))),
        ],
    )


def test_our_own_padding_writes_the_bytes_of_tabulate() -> None:
    """But for points, which tabulate does not put under one another where it is not to read numbers."""
    import tabulate

    one = sample(40)
    with render._plain_tabulate():
        theirs = tabulate.tabulate(
            list(zip(*(column.cells for column in one.columns), strict=True)),
            headers=[column.heading for column in one.columns],
            tablefmt="simple",
            disable_numparse=True,
            colalign=["right" if column.right else "left" for column in one.columns],
        )
    plain = replace(one, columns=tuple(replace(column, point=False) for column in one.columns))
    assert render.text_table(plain) == "\n".join(line.rstrip() for line in theirs.split("\n"))


def test_a_heading_that_breaks_within_a_word_is_whole_in_one_line() -> None:
    column = table.numbers("mainte\xad\nnance", [D(1)])
    assert (column.lines, column.name) == (["mainte-", "nance"], "maintenance")
    assert table.numbers("pro-\nrata", [D(1)]).name == "pro-rata"


def test_points_stand_under_one_another() -> None:
    one = table.table(
        "T", "", [table.numbers("n", [D(1000), D("999.9"), None, D("-0.25")]), table.words("x", list("abcd"))]
    )
    assert render.text_table(one).splitlines()[2:] == [
        "1,000     a",
        "  999.9   b",
        "    -     c",
        "   -0.25  d",
    ]
    assert "| 1,000 | a" in render.markdown_table(one)


def test_long_names_are_shortened_before_a_column_goes_and_stay_whole_where_there_is_room() -> None:
    address = "dydx1" + "q" * 30 + "0123456789"
    columns = [
        table.names("account", [address, "bob"]),
        table.words("x", ["x" * 50, "y"], drop=1),
        table.words("z", ["z", "z"]),
    ]
    one = table.table("T", "", columns)
    fitted = table.fit(one)
    assert fitted.columns[0].cells == ("dydx1qqqqq…23456789", "bob")
    assert fitted.dropped == ()
    assert table.fit(one, 200).columns[0].cells == (address, "bob")
    assert table.fit(one, 40).dropped == ("x",)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "shown"), [("0", True), ("200", True), ("80", False)])
def test_which_columns_had_no_room_is_said(adlcalc: Callable[..., Result], width: str, shown: bool) -> None:
    text = adlcalc("run", "scenarios/18-march-2020.yaml", "--width", width).out
    liquidated = text.split("\n\nLiquidated\n\n")[1].splitlines()
    assert ("entry" in liquidated[0]) == shown
    assert ("… no room for " in text) != shown
    if width != "0":
        assert max(map(len, text.splitlines())) <= int(width)
    if width == "80":
        assert "liquidation" in liquidated[0]  # what is asked first goes last


def test_a_terminal_is_used_to_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    from adlcalc.cli.usual import room

    assert room(None, None) == 80  # the tests' own standard output is no terminal
    assert (room(0, None), room(120, "x")) == (None, 120)
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setenv("COLUMNS", "132")
    assert (room(None, None), room(None, "x.txt")) == (132, 80)
    monkeypatch.setenv("COLUMNS", "3")
    assert room(None, None) == 40


def test_tabulate_is_left_as_it_was() -> None:
    import tabulate

    before = tabulate.WIDE_CHARS_MODE, tabulate.MIN_PADDING
    render.markdown_table(sample(3))
    assert before == (tabulate.WIDE_CHARS_MODE, tabulate.MIN_PADDING)


def test_wide_characters_count_as_one_everywhere() -> None:
    one = table.table("T", "", [table.words("口座", ["明子", "b"]), table.counts("n", [1, 2])])
    assert len({len(line) for line in render.text_table(one).splitlines()}) == 1


def test_a_column_that_may_go_goes_first() -> None:
    names = [("a", 50, 0), ("b", 40, 2), ("c", 10, 1)]
    one = table.table("T", "", [table.words(name, ["x" * width], drop=drop) for name, width, drop in names])
    assert [column.heading for column in table.fit(one).columns] == ["a"]
    assert [column.heading for column in table.fit(one, 100).columns] == ["a", "b"]


def test_a_run_is_described_in_one_line() -> None:
    assert repr(run()) == "<adlcalc run 'Half the fund': 3 steps, 1 liquidated, 1 deleveraged, bad debt 0>"


def test_views_do_not_depend_on_the_callers_decimal_context() -> None:
    import decimal

    with decimal.localcontext() as context:
        context.prec = 3
        text, document = run().to_text(), run().to_json()
    assert (text, document) == (run().to_text(), run().to_json())


def test_a_run_without_events_is_empty_and_says_so() -> None:
    one = Run(scenario(), ())
    assert one.audit.bad_debt == Decimal(0)
    assert "No account changed." in one.to_text()


# --- what a file expects ------------------------------------------------------------------------------------


def expect(**options: Any) -> Any:
    """An `expect` block that compares nothing but what is given."""
    empty = dict.fromkeys(
        (
            *("liquidated", "fund_paid", "fund_received", "fund_left", "deleveraged", "skipped", "bad_debt"),
            "least_fund",
        )
    )
    maps: dict[str, Any] = {name: {} for name in ("equity", "positions", "ranks", "measures", "where")}
    return SimpleNamespace(**{**empty, **maps, "liquidated_in_order": None, "holds": (), "at": {}, **options})


def liquidation(account: str, step: int | None = None) -> Any:
    return ExpectedRow({"account": account} if step is None else {"account": account, "step": step})


def fill(account: str, **options: Any) -> Any:
    return ExpectedRow({"account": account, **options})


def messages(events: Any = None, **options: Any) -> list[str]:
    return [difference.message for difference in differences(run(events), expect(**options))]


def test_a_run_that_is_as_expected_has_no_difference() -> None:
    assert not messages(
        liquidated=[liquidation("alice", 2)],
        fund_paid=D(1_000),
        fund_received=ZERO,
        fund_left=ZERO,
        deleveraged=[
            fill("bob", size=D("1.0"), price=D(54_000), rank=1, market=BTC, step=2, bankrupt="alice")
        ],
        skipped=[],
        bad_debt=ZERO,
        equity={"alice": ZERO, "bob": D(25_000), "venue": ZERO},
    )
    assert not messages()


def test_amounts_that_differ_are_told_with_their_difference() -> None:
    assert messages(fund_paid=D(900), fund_left=D("0.5"), bad_debt=D(1), equity={"bob": D(25_001)}) == [
        "fund_paid: expected 900, got 1000 (difference 100)",
        "fund_left: expected 0.5, got 0 (difference -0.5)",
        "bad_debt: expected 1, got 0 (difference -1)",
        "equity: bob: expected 25001, got 25000 (difference -1)",
    ]


def test_fund_left_is_the_last_closing_of_all_funds() -> None:
    assert messages(worked_over_three_steps(), fund_received=D(1_000), fund_left=ZERO) == []


def test_liquidated_is_a_set_and_steps_are_held_where_they_are_given() -> None:
    assert messages(liquidated=[liquidation("carol")]) == [
        "liquidated: expected carol as well",
        "liquidated: did not expect alice",
    ]
    assert messages(liquidated=[liquidation("alice", 1)]) == [
        "liquidated: alice: expected at step 1, got step 2"
    ]
    assert messages(liquidated=[]) == ["liquidated: did not expect alice"]


def test_deleveraged_rows_are_compared_in_order() -> None:
    assert messages(deleveraged=[fill("bob", size=D(2), rank=3)]) == [
        "deleveraged: row 1 (bob): rank: expected 3, got 1",
        "deleveraged: row 1 (bob): size: expected 2, got 1 (difference -1)",
    ]
    assert messages(deleveraged=[]) == [
        "deleveraged: row 1: expected nobody, got bob, who gave up 1 at 54000"
    ]
    assert messages(deleveraged=[fill("carol"), fill("bob")]) == [
        "deleveraged: row 1: expected carol, got bob",
        "deleveraged: row 2: expected bob, got nobody",
    ]


def test_skipped_names_are_compared() -> None:
    assert messages(worked_over_three_steps(), skipped=["dave"]) == []
    assert messages(skipped=["dave"]) == ["skipped: expected dave as well"]


def test_a_difference_points_at_its_expectation() -> None:
    where = {"deleveraged": "half.yaml:20:5", "deleveraged.0.size": "half.yaml:20:34"}
    rank, size = differences(run(), expect(deleveraged=[fill("bob", size=D(2), rank=3)], where=where))
    assert size.at(where, "half.yaml").startswith("half.yaml:20:34: expect: deleveraged: row 1 (bob): size:")
    assert rank.at(where, "half.yaml").startswith("half.yaml:20:5: expect: ")
    assert rank.at({}, "half.yaml").startswith("half.yaml: expect: ")


def test_a_score_without_an_end_is_infinity_in_a_run_as_in_rank(tmp_path: Path) -> None:
    """5 short from 100 at 89: pnl 55 over size - 5 = 0. Its 300 digits would be a number that nobody
    meant."""

    (tmp_path / "s.yaml").write_text(
        "rules: {adl: {score: pnl / (size - 5)}}\n"
        "accounts:\n"
        "- {id: a, side: long, size: 10, entry: 100, leverage: 10}\n"
        "- {id: c, side: short, size: 5, entry: 100, leverage: 10}\n"
        "prices: [100, 89]\n"
    )
    made = adlcalc.run(adlcalc.load(tmp_path / "s.yaml"))
    assert [row["score"] for row in json.loads(made.to_json())["deleveraged"]] == ["Infinity"]
    assert [row["score"] for row in csv_rows(made.to_csv()) if row["table"] == "deleveraged"] == ["Infinity"]


def test_the_last_sentence_tells_of_stops_and_of_who_is_due_at_the_opening(
    adlcalc: Callable[..., Result], tmp_path: Path
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "accounts:\n  - {id: a, side: long, size: 2, entry: 100, leverage: 2, stop: 95}\n"
        "  - {id: b, side: short, size: 1, entry: 50, collateral: 5}\nprices: [100, 94]\n",
        encoding="utf-8",
    )
    said = " ".join(adlcalc("run", str(path)).out.split())
    assert "1 of 2 liquidated at step 0 (b at the opening marks); stops closed 2 of a at 94;" in said
    said = " ".join(adlcalc("run", str(path), "--set", "accounts.b=null", "--set", "prices.0=96").out.split())
    assert "Nobody was liquidated; stops closed 2 of a at 94." in said


@pytest.mark.slow
@pytest.mark.parametrize("width", ["60", "80", "120"])
@pytest.mark.parametrize("name", ["incidents/2025-10-hyperliquid", "18-march-2020", "09-hedged-account"])
def test_nothing_is_laid_out_wider_than_asked(adlcalc: Callable[..., Result], name: str, width: str) -> None:
    """Of 44 markets, or of long numbers: columns stand closer, then go, and every title is wrapped. A word
    alone, as the address of a source is, may be wider."""
    for command in ("run", "rank", "margin"):
        got = adlcalc(command, name, "--width", width)
        assert got.code == 0, got.err
        wide = [line for line in got.out.splitlines() if len(line) > int(width) and " " in line.strip()]
        assert wide == [], command


@pytest.mark.slow
def test_a_sentence_counts_what_are_many(adlcalc: Callable[..., Result]) -> None:
    """Early and middle give in each of 44 markets; of one market it is still told how much, and at which
    price."""
    out = adlcalc("run", "incidents/2025-10-hyperliquid").out
    said = " ".join(out[out.rindex("1 of 5 liquidated") :].split())
    assert said.startswith(
        "1 of 5 liquidated at step 1; 88 fills deleveraged contracts from early and middle in 44 markets; "
        "bad "
        "debt"
    )
    assert "1 contract deleveraged from bob at 54,000." in " ".join(
        adlcalc("run", "04-fund-half-absorbs").out.split()
    )


def test_columns_that_must_stay_stand_closer_before_one_goes() -> None:
    """Three of ten with two blanks between are 34 wide, with one 32; at 31 the last that is no name goes."""
    wide = table.table(
        "t", "", [table.names("a" * 10, ["x"]), table.words("b" * 10, ["y"]), table.words("c" * 10, ["z"])]
    )
    assert [table.fit(wide, width).width for width in (34, 33, 32)] == [34, 32, 32]
    narrow = table.fit(wide, 31)
    assert ([column.name for column in narrow.columns], narrow.dropped) == (
        ["a" * 10, "b" * 10],
        ("c" * 10,),
    )
    assert [column.name for column in table.fit(wide, 5).columns] == ["a" * 10]


def test_a_fee_out_of_a_surplus_says_whose_position_left_it() -> None:
    """Gate takes its fee from what a liquidated position leaves: the row has no account, as none is charged,
    and names the bankrupt; the page shows that name."""
    made = adlcalc.run(adlcalc.load(ROOT / "scenarios" / "06-deep-book.yaml", venue="gate"))
    (fee,) = [row for row in made.happened if row.kind == "fee"]
    assert (fee.account, fee.bankrupt) == (None, "alice")
    page = FORMATS["table"].page(run_page(made))
    assert re.search(r"^ +1  fee   alice  ", page, re.MULTILINE)
