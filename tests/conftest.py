"""The command line inside the test process, and the option that rewrites goldens."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
collect_ignore_glob = ["bad/*"]  # faulty on purpose: the pytest plug-in leaves them alone


class Result(NamedTuple):
    """What a command left behind. `out` is decoded from the bytes of stdout, which are UTF-8 whatever the terminal is."""

    out: str
    err: str
    code: int


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/*.out anew")


@pytest.fixture
def adlcalc(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """adlcalc("run", "scenarios/01.yaml", stdin=b"..."): the command, run from the root of the project on an ASCII terminal."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("COLUMNS", raising=False)

    def invoke(*args: str, stdin: bytes = b"") -> Result:
        from adlcalc.cli import main

        out, err = io.BytesIO(), io.BytesIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["adlcalc", *args])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="ascii"))
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
