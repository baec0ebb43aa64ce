"""Points worked by a dask.distributed cluster (extra [cluster]), through its client alone: whatever started the
scheduler and its workers (SSH, Slurm, Kubernetes), the rows are those of one process.

A part whose worker is lost is worked by another one. A worker with another version of adlcalc is refused.

Public: on, ClusterError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any

from adlcalc.asking import Unknown
from adlcalc.study.runs import CHUNK, Chunks, Failed, each_of
from adlcalc.study.store import Saved
from adlcalc.sweeping import program

if TYPE_CHECKING:
    from adlcalc.sweeping import Point, Work, Workers

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
        size = max(1, min(CHUNK, len(points) // (IN_FLIGHT * threads)))
        parts = iter(Chunks(points, size))
        # a task and not scattered data, as that is lost with the workers that hold it
        shared = client.submit(_itself, work, pure=False)

        def given() -> Iterator[Any]:
            for part in parts:
                yield client.submit(_part, shared, digest, part, pure=False, retries=1)

        coming = given()
        first = [*islice(coming, IN_FLIGHT * threads)]
        running = distributed.as_completed(first, loop=client.loop)
        for future in running:
            yield from _rows(distributed, address, future)
            following = next(coming, None)
            if following is not None:
                running.add(following)


def _rows(distributed: Any, address: str, future: Any) -> Iterator[Saved]:
    try:
        found = future.result()
    except distributed.KilledWorker:
        raise ClusterError(
            f"--dask {address}: workers were lost again and again with the same points"
        ) from None
    if found is None:
        raise ClusterError(
            f"--dask {address}: a worker has another version of adlcalc\nhint: the same sources everywhere"
        )
    for row in found:
        if isinstance(row, Failed):
            raise row.error
        yield row


def _itself(work: Any) -> Any:
    return work


def _part(
    work: Callable[[Point], Saved], digest: str, points: Sequence[Point]
) -> list[Saved | Failed] | None:
    """On a worker: the rows of a part; None where it is not the same adlcalc."""
    return each_of(work, points) if program() == digest else None
