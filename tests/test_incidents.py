"""The incidents: each says in its comments what is documented, checked, assumed and disputed, which lesson it
teaches, how far the run is from the record and which of its figures were fitted. The distances are worked out
here, from the run; `pytest tests/test_incidents.py --update-golden` writes them anew.

`expect:` and goldens are held by test_scenarios.py and test_golden.py, as those of the other scenarios."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from conftest import ROOT, Result

import adlcalc
from adlcalc.engine import loop as engine
from adlcalc.ground.numbers import ZERO
from adlcalc.report import Run
from adlcalc.study.answers import Answers, names_of
from adlcalc.study.questions import read_measure, told
from adlcalc.study.watch import Watch

FOLDER = ROOT / "scenarios" / "incidents"
FILES = sorted(FOLDER.glob("*.yaml"))
SECTIONS = ("documented", "checked", "assumed", "disputed", "not told", "prices", "sources")
LAST = ("fitted", "predicted")
LINE = re.compile(
    r"^#   (?P<of>\S+(?: \S+)*) {2,}(?P<run>-?[\d,.]+) {2,}(?P<record>-?[\d,.]+) {2,}(?P<apart>-|[\d,.]+ %)$",
    re.MULTILINE,
)
ILLUSTRATION = "an illustration, not a validation."


def comment(path: Path) -> list[str]:
    """The lines of the comment that begins with the lesson, without their '# '."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    lines = lines[next(i for i, line in enumerate(lines) if line.startswith("#")) :]
    end = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    return [line[2:] for line in lines[:end]]


def watched(path: Path) -> Run:
    """The run, with every account that is held against the record at a step looked at all the way."""
    loaded = adlcalc.load(path)
    watch = Watch(re.findall(r"\(([^)]+)\)@", path.read_text(encoding="utf-8")))
    return Run(loaded.scenario, engine.run(loaded.scenario, observer=watch), watch=watch)


def came_to(run: Run, of: str) -> Fraction:
    """What a measure comes to, or a sum of them; also the equity of accounts that no scenario names."""
    if " + " in of:
        return sum((came_to(run, part) for part in of.split(" + ")), Fraction(0))
    equity = re.fullmatch(r"equity\((.+)\)(?:@(\d+))?", of)
    if equity is not None:
        account, step = equity.groups()
        assert run.watch is not None
        then = [one.state for one in run.watch.moments if str(one.step) == step and not one.before]
        states = run.accounts if step is None else then
        return Fraction(next(one.equity_end for one in states if one.account == account))
    found = Answers(run)(read_measure(of, names_of(run.scenario)))
    assert isinstance(found, Fraction)
    return found


def apart(run: Fraction, record: Fraction) -> str:
    """The distance in hundredths of a percent of the record; '-' where the record is nothing and so is the
    run."""
    if record == 0:
        assert run == 0, "there is no share of nothing"
        return "-"
    hundredths = round(abs(run - record) / abs(record) * 10_000)
    return f"{Decimal(hundredths) / 100:,.2f} %"


def measured(text: str, run: Run) -> str:
    """The lines against the record as this run has them."""

    def line(match: re.Match[str]) -> str:
        found, record = came_to(run, match["of"]), Fraction(match["record"].replace(",", ""))
        shown = f"{Decimal(told(Fraction(round(found * 100), 100) if abs(found) >= 100 else found)):,}"
        return f"#   {match['of']:<34}{shown:>20}  {match['record']:>20}  {apart(found, record):>10}"

    return LINE.sub(line, text)


def test_there_are_at_least_twelve() -> None:
    assert len(FILES) >= 12


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_how_far_it_is_from_the_record(path: Path, request: pytest.FixtureRequest) -> None:
    text = path.read_text(encoding="utf-8")
    now = measured(text, watched(path))
    if request.config.getoption("--update-golden"):
        path.write_text(now, encoding="utf-8")
    assert text == now
    assert LINE.search(text) or "#   nothing: " in text, "nothing is held against the record"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_says_what_it_is_made_of(path: Path) -> None:
    lines = comment(path)
    assert lines[0].startswith("The lesson: ")
    words = [line[:12].strip() for line in lines]
    assert [word for word in words if word in (*SECTIONS, *LAST)] == [*SECTIONS, *LAST]
    assert "against the record" in lines
    predicted = " ".join(line[12:].strip() for line in lines[words.index("predicted") :])
    assert (
        not predicted.startswith("none") or predicted.endswith(ILLUSTRATION) or ILLUSTRATION[:-1] in predicted
    )


def test_the_index_lists_them_all_with_their_distance() -> None:
    lines = (ROOT / "scenarios" / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("|").split("|") for line in lines if "](incidents/" in line]
    assert [row[0].split("](incidents/")[1].strip(" )") for row in rows] == [path.name for path in FILES]
    for path, row in zip(FILES, rows, strict=True):
        text = path.read_text(encoding="utf-8")
        distances = [match["apart"] for match in LINE.finditer(text) if match["apart"] != "-"]
        farthest = max(distances, key=lambda told: Decimal(told.rstrip(" %").replace(",", "")), default="-")
        assert row[2].strip() == farthest
        assert (row[3].strip() == "none") == ("# predicted   none" in text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_is_no_replay(path: Path) -> None:
    """None holds the positions that people really had."""
    assert "replay" not in path.read_text(encoding="utf-8").lower()


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_money_is_where_it_was_with_and_without_the_index(path: Path) -> None:
    loaded = adlcalc.load(path)
    run = adlcalc.run(loaded)
    assert run.audit.money_difference == run.audit.open_interest_difference == ZERO
    assert run.to_json() == adlcalc.run(loaded, index=False).to_json()


@pytest.mark.parametrize(
    "path", [*FILES, ROOT / "scenarios" / "18-march-2020.yaml"], ids=lambda path: path.stem
)
def test_what_is_made_up_is_told_where_everybody_reads_it(path: Path) -> None:
    """Comments are seen by nobody who runs it: a sentence says it under the title, and what is fitted by the
    comment is not called real there."""
    told = adlcalc.load(path).scenario.description
    assert re.search(r"made up|would have been|assumed|fitted", told), told
    fitted = "".join(comment(path)).partition("fitted      ")[2]
    if fitted and not fitted.startswith("nothing"):
        assert re.search(r"fitted|real, coin by coin", told), told
    assert len(told) <= 240


def test_what_was_deposited_is_no_surplus(adlcalc: Callable[..., Result]) -> None:
    """Binance paid 30,000,000 into its fund while it lasted; the rest of what the fund received are surpluses."""
    told = " ".join(adlcalc("run", "scenarios/incidents/2020-05-binance.yaml").out.split())
    assert "received 30,040,542.742 (30,000,000 of it deposited) and holds" in told
