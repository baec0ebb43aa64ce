"""Colors: on a terminal only, never with NO_COLOR, and nothing is said by them alone."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from adlcalc.report.tones import Tone, style_of

ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
RUN = ("run", "scenarios/04-fund-half-absorbs.yaml")


def on_a_terminal(*words: str, **env: str) -> str:
    """What a command writes to a terminal of 80 columns."""
    pty = pytest.importorskip("pty", reason="there are no pseudo terminals on Windows")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
        os.execve(
            sys.executable,
            [sys.executable, "-m", "adlcalc", *words],
            {**kept, "TERM": "xterm", "COLUMNS": "80", **env},
        )
    found = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the child has closed its end
            break
        if not part:
            break
        found += part
    os.waitpid(child, 0)
    os.close(terminal)
    return found.decode().replace("\r\n", "\n")


@pytest.mark.slow
def test_what_stands_out_is_painted_and_says_the_same_without(tmp_path: Path) -> None:
    painted = on_a_terminal(*RUN)
    plain = on_a_terminal(*RUN, NO_COLOR="1")
    assert ESCAPE.sub("", painted) == plain
    assert "\x1b" not in plain
    for shown in (
        "\x1b[1;31mliquidated\x1b[0m  ",
        "\x1b[1;33mdeleveraged\x1b[0m from bob",
        "  \x1b[31m-12,000\x1b[0m  -\n",
        "   \x1b[32m13,000\x1b[0m  short 1\n",
        "\x1b[31m1,000\x1b[0m\n",
    ):
        assert shown in painted


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "env"),
    [
        (RUN, {"TERM": "dumb"}),
        ((*RUN, "-f", "csv"), {}),
        ((*RUN, "-f", "markdown"), {}),
        ((*RUN, "--json"), {}),
    ],
)
def test_no_color_where_none_belongs(words: tuple[str, ...], env: dict[str, str]) -> None:
    found = on_a_terminal(*words, **env)
    assert found
    assert "\x1b" not in found


@pytest.mark.slow
def test_a_pipe_and_a_file_are_never_painted(tmp_path: Path) -> None:
    output = tmp_path / "page.txt"
    assert "\x1b" not in on_a_terminal(*RUN, "-o", str(output), FORCE_COLOR="1")
    assert "\x1b" not in output.read_text()


@pytest.mark.parametrize(
    ("tone", "cell", "style"),
    [
        (Tone.SIGNED, "1,000.5", "green"),
        (Tone.SIGNED, "-0.01", "red"),
        (Tone.SIGNED, "0", ""),
        (Tone.SIGNED, "0.00", ""),
        (Tone.SIGNED, "-", ""),
        (Tone.GAIN, "5", "green"),
        (Tone.LOSS, "5", "red"),
        (Tone.LOSS, "0", ""),
        (Tone.STATUS, "liquidated, deleveraged", "bold red"),
        (Tone.STATUS, "deleveraged", "bold yellow"),
        (Tone.STATUS, "open", ""),
    ],
)
def test_the_style_of_a_cell(tone: Tone, cell: str, style: str) -> None:
    assert style_of(tone, cell) == style
