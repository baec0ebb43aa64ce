"""The same points on a dask cluster (extra [cluster]): the same rows, whoever is lost meanwhile."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adlcalc.asking import Unknown
from adlcalc.cluster import ClusterError, on
from adlcalc.sweeping import Sweep, swept

distributed = pytest.importorskip("distributed", reason="the extra [cluster] is not installed")
pytestmark = pytest.mark.slow  # processes of their own

BOOK = """\
fund: 1
markets: {X: {tick: 0.01, lot: 0.001}}
accounts:
  - {id: me,  side: long,  size: 1, entry: 100, leverage: 5}
  - {id: you, side: short, size: 1, entry: 100, leverage: 1}
prices: {model: walk, from: 100, volatility: 0.05, steps: 30, seed: 7}
"""


@pytest.fixture(autouse=True)
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    Path("book.yaml").write_text(BOOK, encoding="utf-8")


def asked(n: int, store: str) -> Sweep:
    return Sweep("book.yaml", ["fund=0,1"], f"n={n}", ["adl, fund_paid"], store=store)


def dump(path: str) -> str:
    with sqlite3.connect(path) as db:
        return "\n".join(db.iterdump())


def test_a_local_cluster_gives_the_rows_of_one_process() -> None:
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        swept(asked(30, "cluster.sqlite"), workers=on(cluster.scheduler_address))
    swept(asked(30, "one.sqlite"))
    assert dump("cluster.sqlite") == dump("one.sqlite")


@contextmanager
def processes(workers: int, **changed: str) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and workers as processes: its address, and they."""
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, *words: str) -> None:
        command = [
            sys.executable,
            "-m",
            f"distributed.cli.dask_{name}",
            "--scheduler-file",
            "at.json",
            *words,
        ]
        started.append(
            subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **changed}
            )
        )

    try:
        start("scheduler", "--port", "0", "--no-dashboard", "--host", "127.0.0.1")
        until = time.monotonic() + 60
        while not Path("at.json").exists() and time.monotonic() < until:
            time.sleep(0.05)
        for _ in range(workers):
            start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard")
        yield str(json.loads(Path("at.json").read_text(encoding="utf-8"))["address"]), started[1:]
    finally:
        for one in started:
            one.kill()
        for one in started:
            one.wait()


def test_a_worker_that_is_killed_costs_nothing_but_time() -> None:
    with processes(2) as (address, workers):
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)

        def through(rows: Any, total: int) -> Any:
            for n, row in enumerate(rows):
                if n == 20:
                    workers[0].kill()
                yield row

        found = swept(asked(300, "cluster.sqlite"), workers=on(address), through=through)
    assert (found.worked, found.errors) == (600, {})
    swept(asked(300, "one.sqlite"))
    assert dump("cluster.sqlite") == dump("one.sqlite")


def test_a_worker_of_another_version_and_a_scheduler_that_is_not_there_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adlcalc.cluster.PATIENCE", 1)
    with pytest.raises(ClusterError, match="no scheduler answers"):
        swept(asked(1, "s.sqlite"), workers=on("tcp://127.0.0.1:9"))
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        monkeypatch.setattr("adlcalc.cluster.program", lambda: "another")
        with pytest.raises(Unknown, match="another version of adlcalc"):
            swept(asked(1, "s.sqlite"), workers=on(cluster.scheduler_address))
