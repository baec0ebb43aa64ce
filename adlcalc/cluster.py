"""Points worked by a dask.distributed cluster (extra [cluster]), through its client alone: whatever started
the scheduler and its workers (SSH, Slurm, Kubernetes), the rows are those of one process.

A part whose worker is lost is worked by another one; a point with which workers are lost again and again is a
row that says so. A worker with another version of adlcalc is refused.

Public: on, ClusterError.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from adlcalc.asking import Unknown
from adlcalc.ground.workers import Pace
from adlcalc.study.runs import AT_ONCE
from adlcalc.study.store import Saved, program

if TYPE_CHECKING:
    from adlcalc.study.plan import Point
    from adlcalc.study.points import Work
    from adlcalc.sweeping import Workers

IN_FLIGHT = 4
"""Parts that are given out for each thread of the cluster: enough that none waits, few enough to hold."""
PATIENCE = 10  # seconds for the scheduler to answer


class ClusterError(Unknown):
    """A cluster that is not there, or that is of another adlcalc."""


def on(address: str) -> Workers:
    """Who works points there."""
    try:
        distributed = import_module("distributed")
    except ImportError:
        raise ClusterError(
            "--dask needs the extra: pip install 'adlcalc[cluster]', here and where the workers are"
        ) from None
    return partial(_worked, distributed, address)


def _worked(distributed: Any, address: str, work: Work, points: Sequence[Point]) -> Iterator[Saved]:
    """The rows as they come."""
    if not points:
        return
    try:
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"--dask {address}: no scheduler answers there ({type(error).__name__})") from None
    with client:
        digest = program()
        threads = sum(client.nthreads().values()) or 1
        pace, given = Pace(AT_ONCE, IN_FLIGHT * threads), 0
        # a task and not scattered data, as that is lost with the workers that hold it
        shared = client.submit(_itself, work, pure=False)
        parts: dict[str, list[Point]] = {}
        running = distributed.as_completed([], loop=client.loop)

        def give(part: list[Point]) -> None:
            future = client.submit(_part, shared, digest, part, pure=False, retries=1)
            parts[future.key] = part
            running.add(future)

        while given < len(points) or parts:
            while given < len(points) and len(parts) < IN_FLIGHT * threads:
                size = pace.size(len(points) - given)
                give([points[i] for i in range(given, min(given + size, len(points)))])
                given += size
            future = next(running)
            part = parts.pop(future.key)
            try:
                found = future.result()
            except distributed.KilledWorker:
                if len(part) == 1:
                    yield work.lost(part[0], "the loss of its workers")
                for one in part if len(part) > 1 else ():  # to find the one that it was
                    give([one])
                continue
            if found is None:
                raise ClusterError(
                    f"--dask {address}: a worker has another version of adlcalc\nhint: the same sources "
                    "everywhere"
                )
            rows, seconds = found
            pace.took(len(rows), seconds)
            yield from rows


def _itself(work: Any) -> Any:
    return work


def _part(
    work: Callable[[Point], Saved], digest: str, points: Sequence[Point]
) -> tuple[list[Saved], float] | None:
    """On a worker: the rows of a part, and the seconds that they took; None where it is not the same
    adlcalc."""
    begun = time.perf_counter()
    rows = [work(point) for point in points] if program() == digest else None
    return None if rows is None else (rows, time.perf_counter() - begun)
