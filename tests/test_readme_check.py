"""The page on `adlcalc check`: its workflow is run as far as it can be, its hook exists, its difference is
what is printed."""

from __future__ import annotations

import re
import shlex
import shutil
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, Result

Command = Callable[..., Result]
PAGE = (ROOT / "adlcalc" / "docs" / "ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(yaml|text)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
DIFFERS = "scenarios/04-fund-half-absorbs.yaml:"


def document_with(key: str) -> Any:
    """The one YAML block that has this key at its top."""
    (found,) = [
        yaml.safe_load(text)
        for kind, text in BLOCKS
        if kind == "yaml" and re.search(rf"^{key}:", text, re.MULTILINE)
    ]
    return found


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, adlcalc: Command) -> Path:
    """Somebody's repository: a folder `scenarios`, in which the command is run."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    shutil.rmtree(tmp_path / "scenarios" / "large")
    monkeypatch.chdir(tmp_path)
    assert adlcalc("check", "scenarios", "--update").code == 0
    return tmp_path


@pytest.mark.slow
def test_the_workflow_checks_the_scenarios(project: Path, adlcalc: Command) -> None:
    workflow = document_with("jobs")
    assert set(workflow) == {
        "name",
        True,
        "jobs",
    }  # YAML 1.1 reads `on` as true, and so do the runners' tools
    (job,) = workflow["jobs"].values()
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    commands = [shlex.split(step["run"]) for step in job["steps"] if "run" in step]
    project_name = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"]
    assert commands[0][:2] == ["pip", "install"]
    assert commands[0][2].startswith(f"{project_name} @ git+https://")
    for program, *arguments in commands[1:]:
        assert program == "adlcalc"
        assert adlcalc(*arguments).code == 0
    (upload,) = [step for step in job["steps"] if "upload" in step.get("uses", "")]
    assert ElementTree.parse(project / upload["with"]["path"]).getroot().tag == "testsuites"


@pytest.mark.slow
def test_the_workflow_fails_with_an_annotation_where_something_differs(
    project: Path, adlcalc: Command
) -> None:
    path = project / "scenarios" / "04-fund-half-absorbs.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("fund_left: 0", "fund_left: 1"), encoding="utf-8"
    )
    (job,) = document_with("jobs")["jobs"].values()
    _, *arguments = next(
        shlex.split(step["run"]) for step in job["steps"] if "--format github" in step.get("run", "")
    )
    got = adlcalc(*arguments)
    assert got.code == 1
    assert got.out.startswith("::error file=scenarios/04-fund-half-absorbs.yaml,line=")


def test_the_hook_is_one_that_there_is() -> None:
    hooks = {
        hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    }
    (repository,) = document_with("repos")["repos"]
    assert {hook["id"] for hook in repository["hooks"]} <= hooks


def test_the_difference_is_told_as_the_readme_shows(project: Path, adlcalc: Command) -> None:
    (shown,) = [
        text for kind, text in BLOCKS if kind == "text" and text.startswith(DIFFERS) and ": golden: " in text
    ]
    path = Path("scenarios/04-fund-half-absorbs.yaml")
    text = path.read_text(encoding="utf-8").partition("expect:")[0]
    path.write_text(text, encoding="utf-8")
    assert adlcalc("check", str(path), "--update").code == 0
    path.write_text(re.sub(r"(id: alice.*)leverage: 10", r"\1collateral: 12_020", text), encoding="utf-8")
    assert adlcalc("check", str(path)).out.startswith(shown)


def test_the_goldens_of_other_commands_have_the_names_that_the_readme_tells(
    project: Path, adlcalc: Command
) -> None:
    (command,) = re.findall(r"`(adlcalc check book\.yaml --update [^`]*)`", PAGE)
    shutil.copy("scenarios/04-fund-half-absorbs.yaml", "book.yaml")
    assert adlcalc(*shlex.split(command)[1:]).code == 0
    told = set(re.findall(r"`(book\.[\w-]+\.golden)`", PAGE))
    assert {path.name for path in project.glob("*.golden")} - {"book.golden"} == told
