"""A golden is anybody's text: whatever stands in it, a check ends with what differs or with a located error,
never with a bug of ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Result

from adlcalc.check.checking import Options, check_file
from adlcalc.check.collecting import collect
from adlcalc.check.verdict import Verdict

Adlcalc = Callable[..., Result]
HALF = ROOT / "scenarios" / "04-fund-half-absorbs.yaml"
FORMS = ("facts", "json", "csv", "table", "old-table", "old-csv", "rank", "margin")
BAD = ("\\q", "\\u12", '"', "\\", "{", "null", "[1]", "\u2028", "\x00", "1e999999999", "-", "")


@pytest.fixture(params=FORMS)
def golden(request: pytest.FixtureRequest, adlcalc: Adlcalc, tmp_path: Path) -> Path:
    """The scenario with a golden of that form beside it."""
    (tmp_path / "book.yaml").write_text(HALF.read_text())
    book, form = str(tmp_path / "book.yaml"), request.param
    path = tmp_path / "book.golden"
    made = {
        "facts": (),
        "csv": ("--golden-format", "csv"),
        "table": ("--golden-format", "table"),
        "rank": ("--golden-of", "rank --side short"),
        "margin": ("--golden-of", "margin --account bob"),
    }
    if form in made:
        assert adlcalc("check", book, "--update", *made[form]).code == 0
        if form in ("rank", "margin"):
            (path,) = tmp_path.glob(f"book.{form}-*.golden")
    else:
        kind = form.removeprefix("old-")
        path.write_text(adlcalc("run", book, "-f", kind).out)
    assert adlcalc("check", book).code == 0
    return path


@pytest.mark.slow
def test_what_stands_in_a_golden_is_never_a_bug(golden: Path) -> None:
    text = golden.read_text(encoding="utf-8")
    spots = [found.span() for found in re.finditer(r"[\w.-]+", text)]
    tried = 0
    for i, (start, end) in enumerate(spots[:: max(1, len(spots) // 40)]):
        bad = BAD[i % len(BAD)]
        golden.write_text(text[:start] + bad + text[end:], encoding="utf-8")
        (job,) = collect([str(golden.parent / "book.yaml")], None).jobs
        for options in (Options(), Options(update=True)):
            outcome = check_file(job, options)
            assert outcome.verdict in (Verdict.ok, Verdict.differs, Verdict.unusable), (bad, outcome.findings)
            tried += 1
    assert tried >= 20


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ['"\\q"', '{"golden": "\\q"}', '{"golden": "adlcalc run", "scenario": "\\q"}', "\\q\n", ""]
)
def test_a_golden_with_an_escape_that_there_is_not(adlcalc: Adlcalc, tmp_path: Path, text: str) -> None:
    (tmp_path / "book.yaml").write_text(HALF.read_text())
    (tmp_path / "book.golden").write_text(text)
    got = adlcalc("check", str(tmp_path / "book.yaml"))
    assert got.code in (1, 2)
    assert "bug" not in got.err


def test_margins_can_be_golden(adlcalc: Adlcalc, tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text(HALF.read_text())
    assert adlcalc("check", str(book), "--update", "--golden-of", "margin").code == 0
    golden = tmp_path / "book.margin.golden"
    head = '{"golden": "adlcalc margin", "schema": "adlcalc.margin/1",\n'
    assert golden.read_text().startswith(head)
    assert "book.yaml" not in golden.read_text()  # nor the title: it may stand anywhere, under any name
    assert "half" not in golden.read_text()
    assert adlcalc("check", str(book)) == Result("", "adlcalc check: 1 file, 2 goldens: all as expected\n", 0)
    book.write_text(book.read_text().replace("entry: 61_000", "entry: 61_010"))
    got = adlcalc("check", str(book))
    assert got.code == 1
    # carol's price rises with her entry, by 10 / (1 + 0.005), and her equity by 10
    assert "positions: carol BTC-PERP short: equity 11,000 → 11,010" in got.out
    assert "positions: carol BTC-PERP short: entry price 61,000 → 61,010" in got.out
    again = adlcalc("check", str(book), "--golden-of", "margin --acount bob", "--update")
    assert again.code == 2
