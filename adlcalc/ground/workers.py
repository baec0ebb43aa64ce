"""Several processes for one list of items. Whatever ends a process ends no more than the items that it had in
hand.

A process has one pipe to its parent and nothing that outlives it: no semaphores, no shared memory. It ends
with its parent, however that ends, and leaves Ctrl-C to it.

Where the system can fork, processes come from a server that is started once and has imported what they need
(`forkserver`): it inherits nothing of its parent, and the second process is there in a hundredth of a second,
where a new interpreter takes a third of one. Elsewhere each is a new interpreter (`spawn`).

Public: worked_by, worked_where_it_pays, Ended, Pace.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
R = TypeVar("R")

TRIES = 2
"""How many processes an item may end before it is given up."""
FASTER = 8
"""A batch is at most so many times the last one: what was quick may have been an exception."""
LAST_PARTS = 2
"""A batch is at most the part of what is left that each process takes so many of: all end together."""


class Ended(NamedTuple):
    """A process that ended with an item in hand. by: what ended it, in words; again: whether the item is
    worked once more."""

    item: int
    by: str
    again: bool


class Pace:
    """How many items are some seconds of work for one of several processes, by those that were worked last;
    one before that is known, and always one where the seconds are 0."""

    def __init__(self, seconds: float, processes: int) -> None:
        self._seconds, self._processes = seconds, processes
        self._size = 1

    def size(self, left: int) -> int:
        """Of how many items the next batch is, where so many are left."""
        return max(1, min(self._size, left // (LAST_PARTS * self._processes)))

    def took(self, items: int, seconds: float) -> None:
        """A batch has been worked."""
        most = FASTER * items
        self._size = max(1, min(most, int(self._seconds * items / seconds) if seconds > 0 else most))


class _Worker(Generic[T, R]):
    """A process and the items that it has in hand."""

    def __init__(self, context: BaseContext, function: Callable[[T], R]) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(function, theirs), daemon=True)  # type: ignore[attr-defined]  # which every context has
        with _interrupts_held_back():
            self.process.start()
        theirs.close()  # the end of the process is then the end of the pipe
        self.items: Sequence[int] = ()

    def give(self, indexes: Sequence[int], items: list[T]) -> None:
        """Put items into its hand; a process that has ended does not take them, which shows when it is asked
        for the results."""
        self.items = indexes
        with suppress(OSError):
            self.pipe.send(items)

    def end(self) -> str:
        """End it, if it has not ended; how it ended."""
        self.pipe.close()
        self.process.join(1)
        self.process.kill()
        self.process.join()
        code = self.process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def worked_by(
    processes: int, function: Callable[[T], R], items: Sequence[T], *, seconds: float = 0
) -> Iterator[tuple[int, R] | Ended]:
    """(index, function(item)) for every item, as they come. Where a process ends with some in hand, Ended
    comes in the place of each, and it is worked again by another one, alone.

    seconds: how much work a process is given at once, where an item is less; 0: an item at a time."""
    count, given = len(items), 0
    alone: deque[int] = deque()
    tried: dict[int, int] = {}
    pace = Pace(seconds, processes)
    context = _context()
    workers: dict[Connection, _Worker[T, R]] = {}
    try:
        while given < count or alone or any(worker.items for worker in workers.values()):
            while (given < count or alone) and len(workers) < processes:
                try:
                    worker = _Worker[T, R](context, function)
                except OSError:  # the machine has no room for another one
                    if not workers:
                        raise
                    processes = len(workers)
                else:
                    workers[worker.pipe] = worker
            for worker in workers.values():
                if worker.items:
                    continue
                if alone:
                    batch: Sequence[int] = (alone.popleft(),)
                else:
                    batch = range(given, min(given + pace.size(count - given), count))
                    given = batch.stop
                if batch:
                    worker.give(batch, [items[i] for i in batch])
            for pipe in wait([pipe for pipe, worker in workers.items() if worker.items]):
                assert isinstance(pipe, Connection)
                batch = workers[pipe].items
                try:
                    results: list[R]
                    results, took = pipe.recv()
                except (EOFError, OSError):
                    by = workers.pop(pipe).end()
                    for i in batch:
                        tried[i] = tried.get(i, 0) + 1
                    again = {i for i in batch if len(batch) > 1 or tried[i] < TRIES}
                    alone.extendleft(sorted(again, reverse=True))
                    yield from (Ended(i, by, i in again) for i in batch)
                else:
                    workers[pipe].items = ()
                    pace.took(len(batch), took)
                    yield from zip(batch, results, strict=True)
    finally:
        for worker in workers.values():
            if worker.items:  # nobody waits for its results any more
                worker.process.terminate()
        for worker in workers.values():
            worker.end()


def worked_where_it_pays(
    processes: int,
    function: Callable[[T], R],
    items: Sequence[T],
    *,
    spent: Callable[[], float] = time.process_time,
) -> Iterator[tuple[int, R] | Ended]:
    """The same, in no longer than one process takes: items are worked here until what is left of them, as far
    as the others tell, would take longer than processes and their share of it. No more than there are
    processors.

    spent: the seconds of computing that this process has behind it. What it had after its first item a
    process needs to come as far: to begin, and to read what the work needs."""
    processes = min(processes, _processors())
    start = 0.0
    for index, item in enumerate(items):
        each = (spent() - start) / (index - 1) if index > 1 else 0.0
        if pays(min(processes, len(items) - index), each * (len(items) - index), start):
            for found in worked_by(processes, function, items[index:]):
                if isinstance(found, Ended):
                    yield found._replace(item=index + found.item)
                else:
                    yield index + found[0], found[1]
            return
        yield index, function(item)
        if index == 0:
            start = spent()


def pays(processes: int, work: float, start: float) -> bool:
    """Is work done sooner by processes that need so long to start, all of them at once?"""
    return processes > 1 and start + work / processes < work


def _processors() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _context() -> BaseContext:
    """How processes are made. The server of forks imports what of adlcalc is imported here, when it is
    started."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    ours = __name__.partition(".")[0]
    context.set_forkserver_preload([name for name in sys.modules if name.partition(".")[0] == ours])
    return context


def _serve(function: Callable[[T], R], pipe: Connection) -> None:
    """A process: batches come, results and the seconds they took go, until the parent closes the pipe or
    ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            items: list[T] = pipe.recv()
            begun = time.perf_counter()
            results = [function(item) for item in items]
            pipe.send((results, time.perf_counter() - begun))


def _end_with_the_parent() -> None:
    """A parent that was killed told nobody, and an item may take hours."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """A process that starts here begins without Ctrl-C; one that is pressed meanwhile reaches the parent
    afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # which would let them through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
