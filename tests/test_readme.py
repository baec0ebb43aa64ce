"""The console blocks of the README, of the page of claims and of adlcalc/docs print what they say. `pytest
tests/test_readme.py
--update-golden` rewrites them.

A block is a list of `$ command` lines, each followed by what it prints (stdout and stderr). Commands that
begin with `adlcalc` are run from the root of the project; the two that install something or run the tests are
run by continuous integration, and are held to be the same."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result

from adlcalc.cli.exits import BUG

ROOT = Path(__file__).parent.parent
README, CLAIMS = ROOT / "README.md", ROOT / "scenarios" / "claims.md"
DOCS = sorted((ROOT / "adlcalc" / "docs").glob("*.md"))
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(block: str) -> list[tuple[str, str]]:
    """The commands of a block, each with the text that follows it."""
    found: list[tuple[str, str]] = []
    for line in block.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append((line[2:].rstrip("\n"), ""))
        else:
            command, text = found[-1]
            found[-1] = (command, text + line)
    return found


LEFT_OUT = "⋮\n"
"""Stands for lines of an output that a page leaves out."""


def shortens(text: str, whole: str) -> bool:
    """Whether a text is an output with lines left out where it says so, and nothing else."""
    return re.fullmatch(r"(?:.*\n)*?".join(map(re.escape, text.split(LEFT_OUT))), whole) is not None


def blocks(page: Path = README) -> list[str]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def command_of(line: str) -> str:
    """The adlcalc command at the end of a line; the first block installs before it runs."""
    return line.rsplit("&& ", 1)[-1].replace(".venv/bin/adlcalc", "adlcalc")


@pytest.mark.parametrize(
    "page",
    [README, *(pytest.param(page, marks=pytest.mark.slow) for page in (CLAIMS, *DOCS))],
    ids=lambda page: f"{page.parent.name}-{page.stem}",
)
def test_every_console_block_prints_what_it_says(
    page: Path, request: pytest.FixtureRequest, adlcalc: Callable[..., Result]
) -> None:
    def printed(line: str, text: str) -> str:
        command = shlex.split(command_of(line))
        if command[0] != "adlcalc":
            return text
        result = adlcalc(*command[1:])
        fresh = result.out + result.err
        return text if LEFT_OUT in text and shortens(text, fresh) else fresh

    def rewritten(match: re.Match[str]) -> str:
        lines = (f"$ {line}\n{printed(line, text)}" for line, text in steps(match.group(1)))
        return f"```console\n{''.join(lines)}```"

    text = page.read_text(encoding="utf-8")
    fresh = BLOCK.sub(rewritten, text)
    if request.config.getoption("--update-golden"):
        page.write_text(fresh, encoding="utf-8")
    else:
        assert text == fresh


@pytest.mark.slow
def test_every_command_of_the_pages_draws_on_a_terminal_too(adlcalc: Callable[..., Result]) -> None:
    """Little bars and colors are made there alone."""
    lines = {
        command_of(line)
        for page in (README, CLAIMS, *DOCS)
        for block in blocks(page)
        for line, _ in steps(block)
    }
    failed = {}
    for line in sorted(lines):
        name, *words = shlex.split(line)
        if name == "adlcalc":
            result = adlcalc(*words, terminal=True)
            if result.code == BUG or "Traceback" in result.err:
                failed[line] = result.err
    assert not failed


def test_what_is_left_out_is_said() -> None:
    assert shortens("a\n⋮\nd\n", "a\nb\nc\nd\n")
    assert not shortens("a\n⋮\nd\n", "a\nb\nc\ne\n")
    assert not shortens("a\n⋮\nd\n", "x\na\nb\nd\n")
    assert not shortens("a\n⋮\nd\n", "a\nb\nd\ne\n")


def test_there_is_something_to_test() -> None:
    commands = [command for block in blocks() for command, _ in steps(block)]
    assert sum(command_of(command).startswith("adlcalc ") for command in commands) >= 5


def test_continuous_integration_runs_the_first_two_commands_as_they_stand() -> None:
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    (first, _), (second, _) = steps(blocks()[0])[0], steps(blocks()[1])[0]
    assert first in run
    assert second in run
