"""The pytest plug-in, in a pytest of its own; the pre-commit hooks, as far as they can be run here."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml
from conftest import PATIENCE, ROOT, Result

from adlcalc.check.collecting import is_scenario

pytestmark = pytest.mark.slow

INSTALLED = bool(entry_points(group="pytest11", name="adlcalc"))
NAME = "04-fund-half-absorbs"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scenario among files of other kinds."""
    shutil.copy(ROOT / "scenarios" / f"{NAME}.yaml", tmp_path)
    (tmp_path / "docker-compose.yml").write_text("services: {}\n")
    (tmp_path / "other.json").write_text('{"prices": [1]}\n')
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    plugin = [] if INSTALLED else ["-p", "adlcalc.pytest_plugin"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        *plugin,
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        str(folder),
        *arguments,
    ]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)


def test_scenarios_are_collected_and_pass(folder: Path) -> None:
    done = pytest_in(folder, "-v")
    assert f"{NAME}.yaml::scenario PASSED" in done.stdout
    assert "1 passed" in done.stdout
    assert done.returncode == 0


def test_a_failure_is_told_as_check_tells_it(folder: Path) -> None:
    path = folder / f"{NAME}.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("fund_left: 0", "fund_left: 5"), encoding="utf-8"
    )
    done = pytest_in(folder)
    assert f"{path}:" in done.stdout
    assert "expect: fund_left: expected 5, got 0 (difference -5)" in done.stdout
    assert "Traceback" not in done.stdout
    assert done.returncode == 1


def test_goldens_are_written_and_held(folder: Path) -> None:
    done = pytest_in(folder, "--adlcalc-update")
    golden = folder / f"{NAME}.golden"
    assert f"{golden}: new" in done.stdout
    assert done.returncode == 0
    golden.write_text(golden.read_text(encoding="utf-8").replace('"54000"', '"54010"'), encoding="utf-8")
    done = pytest_in(folder)
    assert "golden: step 2: alice: bankruptcy price 54,010 → 54,000" in done.stdout
    assert done.returncode == 1


@pytest.mark.slow
def test_a_rule_that_changes_no_fact_is_noted_and_fails_where_it_is_asked(folder: Path) -> None:
    path = folder / f"{NAME}.yaml"
    assert pytest_in(folder, "--adlcalc-update").returncode == 0
    golden = path.with_suffix(".golden")
    text = golden.read_text(encoding="utf-8")
    was = '{"rule": "margin.due", "value": "at-or-below"}'
    assert was in text
    golden.write_text(text.replace(was, was.replace("at-or-below", "below")), encoding="utf-8")
    told = "rule margin.due is at-or-below, it was below; no fact changes"
    done = pytest_in(folder)
    assert (done.returncode, f"note: {told}" in done.stdout) == (0, True)
    done = pytest_in(folder, "--adlcalc-rules")
    assert (done.returncode, f"rules: {told}" in done.stdout) == (1, True)


def test_files_may_be_named_in_the_ini_file_and_strict_is_strict(folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\nadlcalc_files = other.json\n")
    done = pytest_in(folder)
    assert "other.json: error" in done.stdout or "other.json:1:1: error" in done.stdout
    assert f"{NAME}.yaml" not in done.stdout
    (folder / "pytest.ini").write_text(f"[pytest]\nadlcalc_files = {NAME}.yaml\n")
    assert pytest_in(folder).returncode == 0
    done = pytest_in(folder, "--adlcalc-strict")
    assert "strict: the book is unbalanced" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("accounts: []\nprices: [1]\n", True),
        ("\ufefftitle: x\nprices:\n  - 1\n'accounts' : []\n", True),
        ('{"accounts": [], "prices": [1]}', True),
        ('{\n  "prices": [1],\n  "accounts": []\n}', True),
        ("{accounts: [], prices: [1]}", True),
        ("# yaml-language-server: $schema=../x/scenario.schema.json\nacounts: []\n", True),
        ("- name: a case\n  scenario:\n    accounts: []\n    prices: [1]\n", False),
        ("services: {}\nprices: 1\n", False),
        ('{"schema": "adlcalc.run/1", "accounts": []}', False),
        ("", False),
    ],
)
def test_what_is_taken_for_a_scenario(text: str, is_one: bool) -> None:
    assert is_scenario(text) == is_one


def test_our_own_rule_cases_are_not_taken_for_scenarios() -> None:
    for path in (ROOT / "tests/cases").glob("*.yaml"):
        assert not is_scenario(path.read_text(encoding="utf-8"))


def test_the_pre_commit_hooks_name_commands_that_run(adlcalc: Callable[..., Result]) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {hook["id"] for hook in hooks} == {"adlcalc-check", "adlcalc-check-strict"}
    files = [f"scenarios/{path.name}" for path in sorted((ROOT / "scenarios").iterdir())]
    for hook in hooks:
        program, *arguments = shlex.split(hook["entry"])
        assert program == "adlcalc"
        assert hook["language"] == "python"
        chosen = [file for file in files if re.search(hook["files"], file)]
        assert f"scenarios/{NAME}.yaml" in chosen
        assert not any(file.endswith((".md", ".csv")) for file in chosen)
        assert adlcalc(*arguments, *chosen).code in (0, 1)
