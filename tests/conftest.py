"""The command line inside the test process, the option that rewrites goldens, and how much of the suite runs.

Tests on random books come in numbered blocks or by seed. The whole suite takes the first blocks; with
ADLCALC_TESTS=all, as in continuous integration, every block. `-m quick` is what a change is tried with: one
block, few seeds, and nothing marked slow."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
collect_ignore_glob = ["bad/*"]  # faulty on purpose: the pytest plug-in leaves them alone


FEW, FIRST = {"block": 4}, {"block": 1, "seed": 4}
"""How many of the blocks and seeds there are, from 0 on, belong to the whole suite and to the quick set."""
EVERYTHING = os.environ.get("ADLCALC_TESTS") == "all"
PATIENCE = 600
"""Seconds until a process is taken to hang; no test measures anything with it."""


class Result(NamedTuple):
    """What a command left behind. `out` is decoded from the bytes of stdout, which are UTF-8 whatever the
    terminal is."""

    out: str
    err: str
    code: int


class Terminal(io.TextIOWrapper):
    """Output that is looked at while it is written."""

    def isatty(self) -> bool:
        return True


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/*.out anew")


def pytest_configure(config: pytest.Config) -> None:
    """Property tests try the same examples everywhere, and no machine is too slow for them."""
    examples = 20 if config.option.markexpr == "quick" else 100
    settings.register_profile(
        "adlcalc",
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("adlcalc")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the quick set; leave out the further blocks, but not of a test that is asked for by its block:
    `...[generic-17]`."""

    def is_among(item: pytest.Item, first: dict[str, int]) -> bool:
        given = getattr(getattr(item, "callspec", None), "params", {})
        return all(not isinstance(given.get(name), int) or given[name] < many for name, many in first.items())

    for item in items:
        if is_among(item, FIRST) and not item.get_closest_marker("slow"):
            item.add_marker("quick")
    if not EVERYTHING and not any("[" in argument for argument in config.args):
        further = [item for item in items if not is_among(item, FEW)]
        if further:
            config.hook.pytest_deselected(items=further)
            items[:] = [item for item in items if is_among(item, FEW)]


def hear_ctrl_c() -> None:
    """For `preexec_fn`: a process that a shell starts with `&` ignores SIGINT, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def adlcalc(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """adlcalc("run", "scenarios/01.yaml", stdin=b"..."): the command, run from the root of the project, its
    output an ASCII pipe, or what says that it is a terminal."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("COLUMNS", raising=False)

    def invoke(*args: str, stdin: bytes = b"", terminal: bool = False) -> Result:
        from adlcalc.cli import main

        out, err = io.BytesIO(), io.BytesIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["adlcalc", *args])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            patch.setattr(sys, "stdout", (Terminal if terminal else io.TextIOWrapper)(out, encoding="ascii"))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding="utf-8"))
            code = 0
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
            sys.stdout.flush()
            sys.stderr.flush()
            return Result(out.getvalue().decode("utf-8"), err.getvalue().decode("utf-8"), code)

    return invoke
