"""Which files are opened, told to whom it concerns, and where they are.

Public: reading, was_opened, was_read, inside.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Reader = Callable[[str, os.stat_result], None]
_READERS: ContextVar[tuple[Reader, ...]] = ContextVar("readers", default=())


@contextmanager
def reading(reader: Reader) -> Iterator[None]:
    """Tell `reader` of each file that is opened meanwhile (its path, `-` for standard input, and what the
    system knows of it), before it is read; what it raises ends the reading."""
    token = _READERS.set((*_READERS.get(), reader))
    try:
        yield
    finally:
        _READERS.reset(token)


def was_opened(path: str, descriptor: int) -> None:
    """A file is open and not read yet."""
    if _READERS.get():
        was_read(path, os.fstat(descriptor))


def was_read(path: str, found: os.stat_result) -> None:
    """What a file held is used, now or still."""
    for reader in _READERS.get():
        reader(path, found)


def inside(folder: str, path: str) -> bool:
    """Is `path`, where all links have been followed, in the folder or below it?"""
    root, file = os.path.realpath(folder or os.curdir), os.path.realpath(path)
    return file.startswith(os.path.join(root, ""))
