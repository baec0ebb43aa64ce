"""Files made to exhaust: each is refused with a located message, within bounded work and memory, in a process
that is measured.

Work is counted in calls, which are the same on every machine: seconds are not, however they are taken."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow

MB = 1024 * 1024
CALLS, MEMORY = 500_000 + 20 * 250_000, 200 * MB
"""Calls of functions, those written in C among them, and resident bytes. The imports make a third of a million;
nothing is read beyond the 250,000 items that a list may have, at fewer than 20 calls each."""

ACCOUNTS = b"accounts:\n  - {id: a, side: long, size: 1, entry: 100, leverage: 10}\n"
PRICES = b"prices: [100, 90]\n"
BOOK = b"accounts: {file: book.csv}\n" + PRICES
HEADER = b"id,side,size,entry,leverage\n"


class Fault(NamedTuple):
    """The file in parts (written one after the other, so that the test needs no memory either), and what is
    said about it."""

    says: str
    parts: Callable[[], Iterator[bytes]]
    book: Callable[[], Iterator[bytes]] | None = None


def text(*parts: bytes, times: int = 1) -> Callable[[], Iterator[bytes]]:
    """The middle part of three, repeated; or all of them once."""

    def write() -> Iterator[bytes]:
        if len(parts) < 3:
            yield from parts
            return
        before, middle, after = parts
        yield before
        for _ in range(times):
            yield middle
        yield after

    return write


def nested(opening: bytes, closing: bytes = b"") -> Callable[[], Iterator[bytes]]:
    return text(ACCOUNTS + b"prices: ", opening * 100_000 + b"1" + closing * 100_000, b"\n")


FAULTS = {
    "lists": Fault(":3:40: error: the values are nested more than 32 levels deep", nested(b"[", b"]")),
    "maps": Fault(": error: the values are nested more than 32 levels deep", nested(b"{a: ", b"}")),
    "never-closed": Fault(": error: the values are nested more than 32 levels deep", nested(b"[")),
    "dashes": Fault(
        ": error: the values are nested more than 32 levels deep",
        text(b"prices:\n", b"- ", b"1\n", times=100_000),
    ),
    "one-key": Fault(": error: the file is larger than 16 MB", text(b"", b"a" * MB, b": 1\n", times=200)),
    "one-value": Fault(
        ": error: the file is larger than 16 MB", text(b"title: ", b"a" * MB, b"\n", times=200)
    ),
    "a-key-of-15-mb": Fault(
        ":1:15728641: error: ", text(b"", b"a" * MB, b": 1\n" + ACCOUNTS + PRICES, times=15)
    ),
    "a-quote-of-15-mb": Fault(
        ":1:8: error: this quote is never closed", text(b"title: '", b"a" * MB, b"\n", times=15)
    ),
    "a-comment": Fault(": error: the file is empty", text(b"#", b"a" * MB, b"\n", times=15)),
    "an-exponent": Fault(
        ":3:10: error: item 1 of 'prices' must be", text(ACCOUNTS, b"prices: [1e999999999]\n")
    ),
    "a-small-exponent": Fault(
        ":3:10: error: item 1 of 'prices' must be", text(ACCOUNTS, b"prices: [1e-999999999]\n")
    ),
    "ten-million-digits": Fault(
        ":3:10: error: item 1 of 'prices' is longer than 1,000 characters",
        text(ACCOUNTS + b"prices: [", b"9" * MB, b"]\n", times=10),
    ),
    "ten-million-decimals": Fault(
        ":3:10: error: item 1 of 'prices' is longer",
        text(ACCOUNTS + b"prices: [1.", b"9" * MB, b"]\n", times=10),
    ),
    "ten-million-underscores": Fault(
        ":3:10: error: item 1 of 'prices' is longer",
        text(ACCOUNTS + b"prices: [1", b"_1" * MB, b"]\n", times=5),
    ),
    "an-anchor": Fault(
        ":1:8: error: anchors ('&aaa", text(b"title: &", b"a" * MB, b" x\n" + ACCOUNTS + PRICES, times=3)
    ),
    "an-alias": Fault(
        ":1:8: error: aliases ('*aaa", text(b"title: *", b"a" * MB, b"\n" + ACCOUNTS + PRICES, times=3)
    ),
    "a-bomb": Fault(
        ": error: aliases ('*a') are not supported",
        text(b"a: &a [x,x,x]\n", b"b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n", ACCOUNTS + PRICES, times=9),
    ),
    "documents": Fault(
        ":2:1: error: a second document begins here", text(b"", b"---\n", b"", times=1_000_000)
    ),
    "directives": Fault(": error: directives", text(b"", b"%YAML 1.2\n", b"", times=100_000)),
    "tabs": Fault(":1:1: error: a tab indents this line", text(b"", b"\t" * MB, b"", times=10)),
    "braces": Fault(": error: ", text(b"", b"{" * MB, b"", times=5)),
    "questions": Fault(": error: ", text(b"", b"? " * MB, b"", times=5)),
    "the-same-key-a-million-times": Fault(
        ":4:1: error: 'title' is given twice", text(ACCOUNTS, b"title: x\n", PRICES, times=1_000_000)
    ),
    "steps": Fault(
        ":3:33: error: 'steps' of 'prices' must be",
        text(ACCOUNTS, b"prices: {from: 1, to: 2, steps: 1e17}\n"),
    ),
    "a-cell-of-10-mb": Fault(
        "book.csv:2:1: error: ", text(BOOK), text(HEADER, b"a" * MB, b",long,1,100,10\n", times=10)
    ),
    "a-cell-of-10000-digits": Fault(
        "book.csv:2:8: error: 'size' is longer",
        text(BOOK),
        text(HEADER + b"a,long,", b"9" * 10_000, b",100,10\n"),
    ),
    "a-quote-of-lines": Fault(
        "error: the quotes of this row do not match",
        text(BOOK),
        text(HEADER + b'a,"long', b"\n" * MB, b"", times=3),
    ),
    "a-list-of-five-million": Fault(
        ":3:500010: error: this list has more than 250,000 items",
        text(ACCOUNTS + b"prices: [", b"1," * MB, b"1]\n", times=5),
    ),
    "a-list-of-empty-lists": Fault(
        ":3:750010: error: this list has more than 250,000 items",
        text(ACCOUNTS + b"prices: [", b"[]," * MB, b"1]\n", times=4),
    ),
    "a-cell-of-200-kb-and-a-fault-before-it": Fault(
        "book.csv:2:8: error: 'size' must be a number, not 'x'",
        text(BOOK),
        text(
            HEADER + b"a,long,x,100,10\n",
            b"b,long,1,100,10\n",
            b"c,long,1,100," + b"1" * 200_000 + b"\n",
            times=50_010,
        ),
    ),
    "one-id-fifty-thousand-times": Fault(
        "book.csv:3:1: error: account 'a' holds two long positions",
        text(BOOK),
        text(HEADER, b"a,long,1,100,10\n", b"", times=50_000),
    ),
    "a-hundred-thousand-columns": Fault(
        "book.csv:1:29: error: column 'x' is given twice",
        text(BOOK),
        text(HEADER.rstrip() + b"", b",x", b"\n", times=100_000),
    ),
}


class Measured(NamedTuple):
    """How a command ended and what it took."""

    err: str
    code: int
    calls: int
    memory: int


COUNTED = """
import cProfile, sys
from adlcalc.cli import main

profile = cProfile.Profile()
sys.argv[:] = ["adlcalc", *sys.argv[1:]]
try:
    profile.runcall(main)
finally:
    with open("calls", "w") as file:
        file.write(str(sum(entry.callcount for entry in profile.getstats())))
"""
"""A command that counts the calls it makes. A generator counts each time it goes on, so the work of a loop that
calls nothing is the only one that is not seen; such a loop, and a long call in C, has the limit of ALONE."""

ALONE = """
import os, resource, subprocess, sys

def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

process = subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], stdout=2, preexec_fn=limit)
_, status, used = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_maxrss)
"""
"""Measures a command from a process that is small itself: what a process held before it became another one
counts as that one's memory. What hangs is killed after a minute of the processor."""


def measured(folder: Path, *arguments: str) -> Measured:
    """The command in a process of its own."""
    import subprocess

    done = subprocess.run(
        [sys.executable, "-S", "-c", ALONE, COUNTED, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    code, memory = done.stdout.split()
    unit = 1 if sys.platform == "darwin" else 1024
    calls = folder / "calls"
    counted = int(calls.read_text(encoding="utf-8")) if calls.exists() else 0
    calls.unlink(missing_ok=True)
    return Measured(done.stderr, int(code), counted, int(memory) * unit)


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs wait4")
@pytest.mark.parametrize("name", list(FAULTS))
def test_it_is_refused_at_once_and_takes_no_memory(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    with open(tmp_path / "x.yaml", "wb") as file:
        file.writelines(fault.parts())
    if fault.book is not None:
        with open(tmp_path / "book.csv", "wb") as file:
            file.writelines(fault.book())
    got = measured(tmp_path, "check", "-q", "x.yaml")
    for path in tmp_path.glob("*.*"):
        path.unlink()  # hundreds of megabytes
    assert fault.says in got.err
    assert "Traceback" not in got.err
    assert got.code == 2
    assert 0 < got.calls < CALLS
    assert got.memory < MEMORY
    assert len(got.err) < 20_000


def test_the_holes_of_a_sparse_file_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(BOOK)
    with open(tmp_path / "book.csv", "wb") as file:
        file.write(HEADER + b"a,long,1,100,10\n")
        file.truncate(900 * MB)
    got = measured(tmp_path, "run", "x.yaml")
    assert "book.csv:3:1: error: control character U+0000 is not allowed here" in got.err
    assert got.code == 2
    assert 0 < got.calls < CALLS
    assert got.memory < MEMORY


def test_a_small_file_takes_little_memory(tmp_path: Path) -> None:
    import resource
    import subprocess

    (tmp_path / "x.yaml").write_bytes(BOOK)
    (tmp_path / "book.csv").write_bytes(HEADER + b"a,long,1,100,10\n")
    command = [sys.executable, "-m", "adlcalc", "run", "-q", "x.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (1000 * MB, 1000 * MB))

    done = subprocess.run(
        command, cwd=tmp_path, env=environment, preexec_fn=limit, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_or_a_device_is_no_file_and_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(BOOK)
    for name in ("book.csv", "pipe.yaml", "y.golden"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "y.yaml").write_bytes(ACCOUNTS + PRICES)
    (tmp_path / "z.yaml").write_bytes(ACCOUNTS + PRICES)
    (tmp_path / "z.golden").symlink_to("/dev/zero")
    got = measured(tmp_path, "check", "x.yaml", "pipe.yaml", "y.yaml", "z.yaml")
    assert got.code == 2
    assert "x.yaml:1:18: error: 'book.csv' is not a file" in got.err
    assert "pipe.yaml: error: this is a pipe or a device, not a file" in got.err
    assert "y.golden: error: the golden cannot be read: this is a pipe or a device" in got.err
    assert "z.golden: error: the golden leads out of its folder by a link" in got.err
    assert "4 of 4 did not pass" in measured(tmp_path, "check", ".").err


def test_a_pipe_that_the_shell_hands_over_is_read(tmp_path: Path) -> None:
    import subprocess

    reading, writing = os.pipe()
    os.write(writing, ACCOUNTS + PRICES)
    os.close(writing)
    command = [sys.executable, "-m", "adlcalc", "run", "-q", f"/dev/fd/{reading}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, pass_fds=(reading,), capture_output=True, text=True
    )
    os.close(reading)
    assert (done.returncode, done.stderr) == (0, "")


def test_tiers_without_number_are_looked_up_not_walked() -> None:
    """A tier is found by halving: 100,000 risk steps cost no more comparisons than 17."""
    from decimal import Decimal

    from adlcalc.engine.formulas.margin import tier_index
    from adlcalc.engine.model import Maintenance, Tier

    class Counted(Decimal):
        compared = 0

        def __lt__(self, other: object) -> bool:
            Counted.compared += 1
            return super().__lt__(other)  # type: ignore[operator]

    rule = Maintenance(tuple(Tier(Decimal(i), Decimal(0)) for i in range(100_000)), by="size")
    assert tier_index(rule, Counted(77_777), Decimal(1)) == 77_777
    assert 0 < Counted.compared <= 17


def test_rulebooks_that_extend_one_another_without_end(tmp_path: Path) -> None:
    for i in range(1_500):
        (tmp_path / f"r{i}.yaml").write_text(f"venue: r{i}\ntitle: t\nas_of: x\nextends: r{i + 1}.yaml\n")
    (tmp_path / "x.yaml").write_bytes(b"venue: r0.yaml\n" + ACCOUNTS + PRICES)
    got = measured(tmp_path, "run", "x.yaml")
    assert "./r32.yaml:4:10: error: more than 32 rulebooks extend one another" in got.err
    assert got.code == 2


def test_a_file_that_vanishes_and_a_folder_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(BOOK)
    assert (
        "x.yaml:1:18: error: there is no file 'book.csv' in the folder of the scenario"
        in measured(tmp_path, "run", "x.yaml").err
    )
    (tmp_path / "book.csv").mkdir()
    assert measured(tmp_path, "run", "x.yaml").code == 2
    got = measured(tmp_path, "run", "gone.yaml", str(tmp_path))
    assert "gone.yaml: error: there is no such file" in got.err
    assert "this is a folder, not a file" in got.err
    assert got.code == 2
