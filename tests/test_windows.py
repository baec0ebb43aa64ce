"""As far as another system can tell: what is missing on Windows is not asked for, its line ends and its
consoles change no result."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result

ROOT = Path(__file__).parent.parent
BOOK = """\
title: "A gap — with a ž in it"
accounts:
  - {id: aliče, side: long,  size: 2, entry: 100, leverage: 10}
  - {id: bob,   side: short, size: 2, entry: 100, leverage: 5}
prices: [100, 80]
"""
# What Windows has not, taken away before anything is imported; then every module, and the command itself.
WITHOUT = """
import os, pkgutil, signal, sys

for name in ("fcntl", "resource", "termios", "tty", "pty", "pwd", "grp", "posix_ipc", "syslog", "readline"):
    sys.modules[name] = None
for name in ("SIGKILL", "SIGHUP", "SIGPIPE", "SIGALRM", "pthread_sigmask", "setitimer", "alarm"):
    if hasattr(signal, name):
        delattr(signal, name)
for name in ("fork", "killpg", "getuid", "geteuid", "getpgid", "setsid", "mkfifo", "uname", "sched_getaffinity"):
    if hasattr(os, name):
        delattr(os, name)

import adlcalc

for module in pkgutil.walk_packages(adlcalc.__path__, "adlcalc."):
    if not module.name.endswith(("__main__", "_cluster", "cluster")):
        __import__(module.name)

from adlcalc.cli import main

sys.argv = ["adlcalc", *sys.argv[1:]]
main()
"""


def process(*words: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        timeout=600,
    )


@pytest.mark.slow
def test_nothing_is_asked_for_that_windows_has_not(tmp_path: Path) -> None:
    (tmp_path / "book.yaml").write_text(BOOK, encoding="utf-8")
    got = process("-c", WITHOUT, "run", "book.yaml", folder=tmp_path)
    assert (got.returncode, got.stderr) == (0, b"")
    assert got.stdout == process("-m", "adlcalc", "run", "book.yaml", folder=tmp_path).stdout
    for name in ("b.yaml", "c.yaml"):
        (tmp_path / name).write_text(BOOK, encoding="utf-8")
    got = process("-c", WITHOUT, "check", "b.yaml", "c.yaml", folder=tmp_path)
    assert got.returncode == 0, got.stderr


@pytest.mark.slow
def test_line_ends_change_no_result_and_no_place(adlcalc: Callable[..., Result], tmp_path: Path) -> None:
    rows = "id,side,size,entry,leverage\nann,long,2,100,10\nben,short,2,100,5\n"
    files = {
        "book.yaml": BOOK,
        "companion.yaml": "accounts: {file: rows.csv}\nprices: [100, 80]\n",
        "rows.csv": rows,
        "bad.yaml": BOOK.replace("side: short", "side: shrt"),
        "bad-row.yaml": "accounts: {file: bad.csv}\nprices: [100, 80]\n",
        "bad.csv": rows.replace("short", "shrt"),
    }
    told = []
    for end in ("\n", "\r\n"):
        folder = tmp_path / ("with-n" if end == "\n" else "with-r")
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_bytes(text.replace("\n", end).encode())
        runs = [
            adlcalc("run", str(folder / name), "--format", form)
            for name in files
            if name.endswith(".yaml")
            for form in ("table", "json")
        ]
        told.append([(one.code, f"{one.out}{one.err}".replace(folder.name, "")) for one in runs])
    assert told[0] == told[1]
    assert sorted({code for code, _ in told[0]}) == [0, 2]


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437"])
def test_a_console_of_few_characters_gets_the_same_bytes_and_readable_errors(
    tmp_path: Path, encoding: str
) -> None:
    (tmp_path / "book.yaml").write_text(BOOK, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(BOOK.replace("side: short", "side: shörť"), encoding="utf-8")
    few = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for words in (["run", "book.yaml"], ["run", "book.yaml", "--json"], ["help", "glossary"], ["help"]):
        plain = process("-m", "adlcalc", *words, folder=tmp_path, PYTHONUTF8="1")
        assert process("-m", "adlcalc", *words, folder=tmp_path, **few).stdout == plain.stdout
    got = process("-m", "adlcalc", "run", "bad.yaml", folder=tmp_path, **few)
    assert (got.returncode, b"Traceback" in got.stderr) == (2, False)
    assert b"bad.yaml:4:23: error: 'side' of account 'bob' must be long or short, not " in got.stderr
