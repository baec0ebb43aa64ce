"""What a hosting service reads of this repository: workflows, forms and the pages beside them are well
formed, run what there is, and what they promise exists."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT

import adlcalc

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = sorted(set((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) - {GITHUB / "ISSUE_TEMPLATE" / "config.yml"})
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")

pytestmark = pytest.mark.skipif(not GITHUB.exists(), reason="the sdist has no .github")


def read(file: Path) -> Any:
    class Plain(yaml.SafeLoader):
        """`on` is a word, not a truth value."""

    Plain.yaml_implicit_resolvers = {
        key: [(tag, pattern) for tag, pattern in found if not tag.endswith(":bool")]
        for key, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(file.read_text(encoding="utf-8"), Plain)


def steps(workflow: Any) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_says_when_where_how_long_and_with_which_rights(file: Path) -> None:
    workflow = read(file)
    assert workflow.keys() == {"name", "on", "permissions", "jobs"}
    for name, job in workflow["jobs"].items():
        assert {"runs-on", "timeout-minutes", "steps"} <= job.keys(), name
        assert job.keys() <= {"runs-on", "timeout-minutes", "steps", "strategy", "defaults", "needs"}, name
    for step in steps(workflow):
        assert ("uses" in step) != ("run" in step), step
        assert step.keys() <= {"uses", "with", "run", "env", "if", "name"}, step


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_its_actions_have_a_version_and_its_commands_are_sound(file: Path) -> None:
    for step in steps(read(file)):
        if "uses" in step:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@v\d+", step["uses"]), step
        else:
            command = EXPRESSION.sub("x", step["run"])
            assert command == step["run"], "an expression in a command may be a command itself: use env"
            if bash := shutil.which("bash"):
                subprocess.run([bash, "-n", "-c", command], check=True)
            for named in re.findall(r"(?<!\S)(\.ci/\w+)", command):
                assert (ROOT / named).stat().st_mode & 0o100, f"{named} is run"


def test_linux_windows_and_macos_are_tried() -> None:
    text = (GITHUB / "workflows" / "check.yml").read_text(encoding="utf-8")
    assert all(name in text for name in ("ubuntu-latest", "macos-latest", "windows-latest", ".ci/run"))


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.stem)
def test_a_form_has_what_a_form_needs(file: Path) -> None:
    form = read(file)
    assert {"name", "description", "body"} <= form.keys()
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids))
    for field in form["body"]:
        assert field["type"] in ("input", "textarea", "dropdown", "markdown")
        assert field["attributes"]["label"]


def test_the_rooms_of_contributing_are_those_that_there_are() -> None:
    text = (GITHUB / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`adlcalc/(\w+)`", text))
    there = {folder.name for folder in (ROOT / "adlcalc").iterdir() if folder.is_dir()}
    assert named == there - {"__pycache__", "templates"}


def test_its_example_is_a_case() -> None:
    text = (GITHUB / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^   ```yaml\n(.*?)^   ```$", text, re.MULTILINE | re.DOTALL)
    (shown,) = yaml.safe_load(re.sub(r"^   ", "", block, flags=re.MULTILINE))
    cases = yaml.safe_load((ROOT / "tests" / "cases" / "venue-bingx.yaml").read_text(encoding="utf-8"))
    assert shown in cases


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    changelog = (ROOT / "adlcalc" / "docs" / "changelog.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)$", changelog, re.MULTILINE)[0] == adlcalc.__version__


def test_nothing_of_one_system_is_imported_when_adlcalc_is() -> None:
    """fcntl, resource, termios and pwd are not there on Windows: no module may need them to be imported."""
    wrong = [
        f"{file.relative_to(ROOT)}: {line}"
        for file in (ROOT / "adlcalc").rglob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.match(r"(?:import|from) (?:fcntl|resource|termios|pwd|grp|tty|pty)\b", line)
    ]
    assert wrong == []
