"""No text of a file is a command to whoever reads the log: GitHub, Azure, TeamCity, a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result

from adlcalc.ground.text import clean, clean_json

pytestmark = pytest.mark.slow

Command = Callable[..., Result]
NASTY = [
    "::error file=x::pwned",
    "  ::warning::x",
    "a ::add-mask::b",
    "##[error]x",
    "a ###[debug]b",
    "##vso[task.complete]x",
    "##teamcity[testStarted]",
    "\ufe0f::stop-commands::x",
    "a\n::error::x",
    "a\r\n  ::error::x",
    "a\u2028::error::x",
]
ON_ONE_LINE = [
    text for text in NASTY if not re.search(r"[\r\n\u2028\ufe0f]", text)
]  # a scenario refuses the others


def is_command(line: str) -> bool:
    """As the runners read a line: `::` where it begins, blanks and marks without width aside; `##[` and its
    like anywhere."""
    begin = re.match(r"[^!-~\w]*", line)
    assert begin is not None
    return line[begin.end() :].startswith("::") or re.search(r"##\w*\[", line) is not None


def commands(text: str) -> list[str]:
    return [line for line in re.split(r"[\r\n\v\f\x85\u2028\u2029]", text) if is_command(line)]


@pytest.mark.parametrize("text", NASTY)
def test_what_is_escaped(text: str) -> None:
    assert any(commands(text[at:]) for at in range(len(text)))  # as it stands, or where a line may be wrapped
    assert not commands(clean(text))
    assert clean(clean(text)) == clean(text)
    assert not any(
        is_command(clean(text)[at:]) for at in range(len(text)) if clean(text)[at - 1 : at] == " "
    )  # wrapped there


@pytest.mark.parametrize("text", ["BTC::PERP", "a:b", ":", "# 1", "#[x]", "## x [y]", "std::vector", "a::"])
def test_what_is_not(text: str) -> None:
    assert clean(text) == text


def test_a_json_document_stays_the_same_document() -> None:
    for text in [*NASTY, "\\##[x", "\\\\##[", "##[##[", '"##[']:
        for document in ({"title": text}, {text: [text]}):
            written = json.dumps(document, indent=2)
            assert json.loads(clean_json(written)) == document
            assert not commands(clean_json(written))


CALLS = ["run x.yaml", "run x.yaml --steps "
"x.yaml", "rank x.yaml", "explain x.yaml --fund", "explain x.yaml --step 1",
         "compare x.yaml --policies "
         "queue,pro-rata", "compare x.yaml --venues generic,own.yaml --accounts", "venues ./own.yaml",
         "run x.yaml --venue own.yaml"]  # fmt: skip


@pytest.fixture
def folder(adlcalc: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> None:
    """A scenario and a rulebook with the text wherever a text may be."""
    title, ids = json.dumps(text), json.dumps(text.strip())
    (folder / "x.yaml").write_text(
        f"title: {title}\nfund: 1000\nmarkets: {{{ids}: {{}}}}\naccounts:\n"
        f"  - {{id: {ids}, side: long, size: 2, entry: 60000, leverage: 10}}\n"
        f"  - {{id: b, side: short, size: 2, entry: 60000, leverage: 10}}\n"
        f"prices: [60000, 53000]\nexpect: {{liquidated: [b]}}\n",
        encoding="utf-8",
    )
    (folder / "own.yaml").write_text(
        f"venue: own\ntitle: {title}\nas_of: {title}\nextends: generic\nnot_modeled: [{title}]\n"
        f"adl:\n  score: {{value: size, status: assumed, note: {title}}}\n",
        encoding="utf-8",
    )


@pytest.mark.parametrize("style", ["table", "markdown", "csv", "json"])
@pytest.mark.parametrize("call", CALLS)
def test_no_line_of_any_output_is_a_command(adlcalc: Command, folder: Path, call: str, style: str) -> None:
    for text in ON_ONE_LINE:
        write(folder, text)
        got = adlcalc(*call.split(), "-f", style)
        assert got.out, got.err
        assert commands(got.out) == commands(got.err) == [], text


@pytest.mark.parametrize("style", ["text", "json", "junit", "github"])
def test_nor_of_a_check(adlcalc: Command, folder: Path, style: str) -> None:
    """Goldens are other people's texts as well, and a diff shows their lines behind a blank."""
    ours = re.compile(r"::error file=[^:]*(?:,line=\d+,col=\d+)?,title=[^:]*::.*")
    write(folder, ON_ONE_LINE[0])
    for text in NASTY:
        page = adlcalc("run", "x.yaml").out
        for golden in (text, "\n".join([text] * 9), page.replace("60", "61") + text, text + page):
            (folder / "x.golden").write_text(golden, encoding="utf-8")
            for arguments in (["check", "."], ["check", "x.yaml", "--strict"]):
                got = adlcalc(*arguments, "-f", style)
                assert got.code == 1
                assert commands(got.err) == []
                found = commands(got.out)
                assert all(ours.fullmatch(line) for line in found) if style == "github" else found == []
        (folder / "x.golden").unlink()


@pytest.mark.parametrize("text", NASTY)
def test_nor_of_an_error(adlcalc: Command, folder: Path, text: str) -> None:
    scenario = f"title: x\naccounts: []\nprices: [1]\n{json.dumps(text)}: 1\nvenue: {json.dumps(text)}\n"
    (folder / "x.yaml").write_text(scenario, encoding="utf-8")
    name = text.replace("/", "")
    (folder / f"{name}.yaml").write_text(f"{text}\naccounts:\n{text}\n", encoding="utf-8")
    for arguments in (["run", "x.yaml"], ["check", "."], ["run", f"{name}.yaml"], ["run", "x.yaml", "--set", text],
                      ["run", f"{name}.yaml", "-o", f"{name}.yaml"]):  # fmt: skip
        got = adlcalc(*arguments)
        assert got.code == 2
        assert commands(got.out) == commands(got.err) == []
