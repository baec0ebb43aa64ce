"""Several processes for one list of items. Whatever ends a process ends no more than the item that it had in
hand.

A process has one pipe to its parent and nothing that outlives it: no semaphores, no shared memory. It ends
with its parent, however that ends, and leaves Ctrl-C to it.

Public: worked_by, worked_where_it_pays, Ended.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
R = TypeVar("R")

TRIES = 2
"""How many processes an item may end before it is given up."""


class Ended(NamedTuple):
    """A process that ended with an item in hand. by: what ended it, in words; again: whether the item is
    worked once more."""

    item: int
    by: str
    again: bool


class _Worker(Generic[T, R]):
    """A process and the item that it has in hand."""

    def __init__(self, function: Callable[[T], R]) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_serve, args=(function, theirs), daemon=True)
        with _interrupts_held_back():
            self.process.start()
        theirs.close()  # the end of the process is then the end of the pipe
        self.item: int | None = None

    def give(self, index: int, item: T) -> None:
        """Put an item into its hand; a process that has ended does not take it, which shows when it is asked
        for the result."""
        self.item = index
        with suppress(OSError):
            self.pipe.send(item)

    def end(self) -> str:
        """End it, if it has not ended; how it ended."""
        self.pipe.close()
        self.process.join(1)
        self.process.kill()
        self.process.join()
        code = self.process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def worked_by(
    processes: int, function: Callable[[T], R], items: Sequence[T]
) -> Iterator[tuple[int, R] | Ended]:
    """(index, function(item)) for every item, as they come. Where a process ends with one in hand, Ended
    comes in its place, and the item is worked again by another one."""
    waiting = deque(range(len(items)))
    tried = [0] * len(items)
    workers: dict[Connection, _Worker[T, R]] = {}
    try:
        while waiting or any(worker.item is not None for worker in workers.values()):
            while waiting and len(workers) < processes:
                try:
                    worker = _Worker[T, R](function)
                except OSError:  # the machine has no room for another one
                    if not workers:
                        raise
                    processes = len(workers)
                else:
                    workers[worker.pipe] = worker
            for worker in workers.values():
                if waiting and worker.item is None:
                    chosen = waiting.popleft()
                    tried[chosen] += 1
                    worker.give(chosen, items[chosen])
            for pipe in wait([pipe for pipe, worker in workers.items() if worker.item is not None]):
                assert isinstance(pipe, Connection)
                index = workers[pipe].item
                assert index is not None
                try:
                    result: R = pipe.recv()
                except (EOFError, OSError):
                    by = workers.pop(pipe).end()
                    again = tried[index] < TRIES
                    if again:
                        waiting.appendleft(index)
                    yield Ended(index, by, again)
                else:
                    workers[pipe].item = None
                    yield index, result
    finally:
        for worker in workers.values():
            if worker.item is not None:  # nobody waits for its result any more
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
    """The same, in no longer than one process takes: items are worked here until what is left of them, as far as
    the others tell, would take longer than processes and their share of it. No more than there are processors.

    spent: the seconds of computing that this process has behind it. What it had after its first item a process
    needs to come as far: to begin, and to read what the work needs."""
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


def _serve(function: Callable[[T], R], pipe: Connection) -> None:
    """A process: items come, results go, until the parent closes the pipe or ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            pipe.send(function(pipe.recv()))


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
