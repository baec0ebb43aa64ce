"""One fault per file: tests/bad/NAME.yaml is refused with exactly the text of NAME.err.

The first line of a scenario may be a comment with options: `# --set fund=abc`, `# --venue bitmx`. Files
ending in -book.yaml are rulebooks that a scenario names. After a change of wording, `python
tests/test_bad.py` writes the .err files anew; read the diff."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Result

from adlcalc.scenario import load
from adlcalc.source import ScenarioErrors

BAD = Path(__file__).parent / "bad"
ROOT = BAD.parent.parent
NAMES = sorted(path.stem for path in BAD.glob("*.yaml") if not path.stem.endswith("-book"))


def told(name: str) -> str:
    """What is printed about a file; the empty text if it loads."""
    first, _, _ = (BAD / f"{name}.yaml").read_text(encoding="utf-8", errors="replace").partition("\n")
    option, _, value = first.removeprefix("# ").partition(" ")
    sets = [value] if option == "--set" else []
    before = os.getcwd()
    os.chdir(BAD)
    try:
        given = {
            "venue": value if option == "--venue" else None,
            "as_of": value if option == "--as-of" else None,
        }
        load(f"{name}.yaml", sets=sets, **given)
    except ScenarioErrors as errors:
        return f"{errors}\n"
    finally:
        os.chdir(before)
    return ""


@pytest.mark.parametrize("name", NAMES)
def test_the_message_is_exactly_this(name: str) -> None:
    assert told(name) == (BAD / f"{name}.err").read_text(encoding="utf-8")


def test_every_message_has_its_file() -> None:
    assert sorted(path.stem for path in BAD.glob("*.err")) == NAMES


# --- every message, and what to do about it -----------------------------------------------------------------

ROOMS = ("source", "scenario", "venues", "paths")
ELSEWHERE = {
    "there is no such file": "test_help",
    "the file is larger than the memory that is left": "test_bad",
    "file .* leads out of the folder of the scenario by a link": "test_output",
    "more than .* rulebooks extend one another": "test_resources",
    "only a file whose keys stand at the beginning of lines is written out": "test_bad",
    "the file has more than .* values": "test_bad",
    "this .* has more than .* items": "test_bad",
}
"""Messages that no small file of text gives, and the tests that see them."""
UNHELPED = {
    r"\bmust\b": "it says what the value must be",
    r"\bis given twice\b|\bextends itself$": "one of the two goes",
    r"\b(is|has) (at most|more than|longer than)\b|, fewer than a": "it says how much is allowed",
    r"\blonger than [\d,]+ characters|\bat most [\d,]+$|, more than "
    r"(all|its)\b": "it says how much is allowed",
    r"\bmore than [\d,]+ (steps|levels|significant digits|values|rulebooks)\b": "it says how much is allowed",
    r"\bfiner than\b|\bwhich is rounded\b": "it names the unit that the value is finer than",
    r"\bcharacter": "it names the character",
    r"\bis a date that does not exist\b|\bbeyond the year\b|\bgo back at\b": "it names the date",
    r"^there is no |\bhas no (rows|table)\b|\bis empty$|\bis not a "
    r"file$": "what is missing is named, and nothing is like it",
    r"^rule \S+ (is|holds) ": "it says what rules of its kind have",
    r"\bis (never|missing)\b": "the place is where it belongs",
    r"\bis a (name|key) (that adlcalc|of the scenario)|^account id|^the name of "
    r"population": "any other name will do",
    r"\bhas \d+ cells\b|^the low |^the high |\bis not in '": "it says which two do not agree",
    r"\bfor (linear|inverse) contracts\b|\bdoes not say its\b|\bis a single value\b": "it says what is there",
    r"^(account '.*'|'.*' of 'population') has no ": "the keys that are missing are named",
}
"""Which messages need no hint, and why."""


def messages(text: str) -> Iterator[tuple[str, str]]:
    """(message, hint) of every error of what is told about a file."""
    for one in re.split(r"(?m)^(?=\S.*?: error: )", text):
        found = re.match(r".*?: error: (.*)", one)
        if found:
            yield found[1], one.partition("\nhint: ")[2]


TOLD = [one for path in BAD.glob("*.err") for one in messages(path.read_text(encoding="utf-8"))]


def why_unhelped(message: str) -> str | None:
    """Why a message needs no hint."""
    return next((why for pattern, why in UNHELPED.items() if re.search(pattern, message)), None)


def shape(node: ast.AST) -> str:
    """What a message may be: a pattern; '.*' for what is only known when it is told."""
    if isinstance(node, ast.Constant):
        return re.escape(str(node.value)).replace("\\ ", " ")
    if isinstance(node, ast.JoinedStr):
        return "".join(shape(part) if isinstance(part, ast.Constant) else ".*" for part in node.values)
    if isinstance(node, ast.IfExp):
        return f"(?:{shape(node.body)}|{shape(node.orelse)})"
    return ".*"


def said_in_the_code() -> Iterator[tuple[str, str]]:
    """(place, pattern) of every message about a file that is written in the code."""
    at = {"wrong": 0, "Wrong": 0, "NumberError": 0, "add": 1, "fail": 1}
    for room in ROOMS:
        for path in sorted((ROOT / "adlcalc" / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    if (
                        name in at and len(node.args) > at[name] and path.name != "path_option.py"
                    ):  # of an option
                        yield f"{path.name}:{node.lineno}", shape(node.args[at[name]])


@pytest.mark.slow
def test_every_message_of_the_code_has_a_smallest_file_that_gives_it() -> None:
    told = "\n".join(message for message, _ in TOLD)
    unseen = [
        f"{place} {pattern}"
        for place, pattern in said_in_the_code()
        if pattern != ".*" and pattern not in ELSEWHERE and not re.search(pattern, told)
    ]
    assert unseen == []
    for pattern, file in ELSEWHERE.items():
        words = max(pattern.split(".*"), key=len).strip()
        assert words in (ROOT / "tests" / f"{file}.py").read_text(encoding="utf-8"), words


def test_a_file_of_more_than_a_file_or_the_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adlcalc.source.document.VALUES", 5)
    assert "error: the file has more than 5 values\n" in told("tick-above-the-price")
    monkeypatch.setattr("adlcalc.source.document.VALUES", 500)
    monkeypatch.setattr("adlcalc.source.document.ITEMS", 1)
    assert "error: this map has more than 1 items\n" in told("tick-above-the-price")

    def no_memory(*_: object, **__: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr("adlcalc.source.files.bytes_of", no_memory)
    assert "error: the file is larger than the memory that is left\n" in told("tick-above-the-price")


@pytest.mark.slow
def test_a_file_in_braces_is_not_written_out(adlcalc: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "braces.yaml"
    path.write_text(
        "{accounts: [{id: a, side: long, size: 1, entry: 100, leverage: 10}], "
        "prices: {model: walk, from: 100, volatility: 0.1, steps: 2}}\n",
        encoding="utf-8",
    )
    got = adlcalc("expand", str(path))
    assert (got.code, got.out) == (2, "")
    assert "error: only a file whose keys stand at the beginning of lines is written out\n" in got.err


def test_every_error_has_a_hint_or_a_reason_why_it_needs_none() -> None:
    unhelped = [message for message, hint in TOLD if not hint]
    assert [one for one in unhelped if why_unhelped(one) is None] == []
    assert [pattern for pattern in UNHELPED if not any(re.search(pattern, one) for one in unhelped)] == []


if __name__ == "__main__":
    for name in NAMES:
        (BAD / f"{name}.err").write_text(told(name), encoding="utf-8")
