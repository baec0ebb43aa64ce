"""What a command may import: the bench has the time that it takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow  # processes of their own

HEAVY = {
    "typer",
    "click",
    "yaml",
    "tabulate",
    "pydantic",
    "pydantic_core",
    "numpy",
    "rich",
    "decimal",
    "importlib.metadata",
}
VERSION = "import sys; sys.argv = ['adlcalc', '--version']; from adlcalc.cli import main; main()"


def modules_after(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after the code."""
    command = [
        sys.executable,
        "-I",
        "-c",
        f"import sys; sys.path.insert(0, '.'); {code}; print(); print(*sys.modules)",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("code", [VERSION, "import adlcalc"])
def test_version_and_a_bare_import_load_nothing_that_takes_time(code: str) -> None:
    assert modules_after(code) & HEAVY == set()


def test_json_needs_no_tabulate() -> None:
    code = "import adlcalc; adlcalc.run(adlcalc.load('scenarios/05-fund-empty-adl.yaml')).to_json()"
    assert modules_after(code) & {"tabulate", "typer", "pydantic", "numpy", "rich"} == set()


SLOW = {
    "typer",
    "click",
    "pydantic",
    "rich",
    "multiprocessing",
    "concurrent",
    "asyncio",
    "subprocess",
    "difflib",
}
SELDOM = {
    "csv",
    "shutil",
    "adlcalc.paths",
    "adlcalc.report.chart_view",
    "adlcalc.scenario.book",
    "adlcalc.scenario.klines",
    "adlcalc.scenario.overrides",
    "adlcalc.scenario.path_models",
    "adlcalc.scenario.population",
    "adlcalc.source.table",
}
MODULES = 150
"""Files of adlcalc that the run of a small scenario imports, at most."""
RUN = (
    "import sys; sys.argv = ['adlcalc', 'run', 'scenarios/05-fund-empty-adl.yaml']; from adlcalc.cli import "
    "main"
)


def test_a_run_of_a_file_imports_what_it_uses() -> None:
    """Without options there is nothing to parse; with them it is typer that is needed, and what typer
    needs."""
    plain = modules_after(f"{RUN}\ntry: main()\nexcept SystemExit: pass")
    assert plain & SLOW == set()
    rooms = {name.split(".")[1] for name in plain if name.startswith("adlcalc.")}
    assert rooms & {"importers", "explain"} == set()
    # how open positions stand is part of every run, and `expect:` may name facts and ask it questions;
    # nothing that runs many times
    studied = {name.removeprefix("adlcalc.study.") for name in plain if name.startswith("adlcalc.study.")}
    assert studied <= {"answers", "assumptions", "expected", "health", "questions"}
    # what reads books of accounts and price files, makes paths and people, or changes a file stays away
    assert plain & SELDOM == set()
    # each file costs its time even where nobody uses what is in it: who adds one here asks whether a run must
    assert len([name for name in plain if name.startswith("adlcalc")]) <= MODULES


@pytest.mark.parametrize("more", [[], ["no.yaml"]], ids=["sound", "one-is-missing"])
def test_a_run_without_options_is_the_run_with_one_at_its_default(more: list[str]) -> None:
    def done(*options: str) -> tuple[bytes, bytes, int]:
        command = [
            sys.executable,
            "-m",
            "adlcalc",
            "run",
            "scenarios/05-fund-empty-adl.yaml",
            *more,
            *options,
        ]
        found = subprocess.run(command, capture_output=True, check=False)
        return found.stdout, found.stderr, found.returncode

    assert done() == done("--format", "table")


def test_the_version_is_the_one_of_the_package() -> None:
    import tomllib
    from pathlib import Path

    import adlcalc

    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    assert project.get("version", adlcalc.__version__) == adlcalc.__version__
