"""What a command reads and what it answers, kept while it runs for whoever wants to repeat it.

Every room tells what it does here, by kind; where nobody records, nothing is kept.

Public: Record, Read, Files, recording, recorded_in, current, digest_of.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple


def digest_of(data: bytes | bytearray) -> str:
    """The SHA-256 of some bytes."""
    from hashlib import sha256  # which nobody needs who records nothing

    return sha256(data).hexdigest()


class Read(NamedTuple):
    """A file that was read. name: as it is shown; role: what it was read as."""

    name: str
    role: str
    sha256: str
    size: int


@dataclass(slots=True)
class Record:
    """What has happened so far. silent: results are kept and not written.

    overrides: the values that the command sets, and the rulebook that it chooses, as typed. read: the files, by
    name, as often as one was read with other bytes. rulebooks, pages: what was made of them. results: what was
    written where results go."""

    silent: bool = False
    overrides: list[str] = field(default_factory=list)
    read: dict[tuple[str, str], Read] = field(default_factory=dict)
    rulebooks: list[Any] = field(default_factory=list)
    pages: list[Any] = field(default_factory=list)
    results: list[bytes] = field(default_factory=list)

    def file(self, name: str, data: bytes | bytearray, role: str) -> None:
        """A file has been read."""
        self.content(name, digest_of(data), len(data), role)

    def content(self, name: str, digest: str, size: int, role: str) -> None:
        """What a file holds has been read."""
        name = name.removeprefix("./")
        self.read.setdefault((name, digest), Read(name, role, digest, size))


class Files(Record):
    """Keeps files as they were read, name, bytes and role: their digests are worked out where they are told to
    another record."""

    __slots__ = ("files",)

    def __init__(self) -> None:
        super().__init__()
        self.files: list[tuple[str, bytes, str]] = []

    def file(self, name: str, data: bytes | bytearray, role: str) -> None:
        self.files.append((name, bytes(data), role))


_RECORD: ContextVar[Record | None] = ContextVar("record", default=None)


@contextmanager
def recording(*, silent: bool = False) -> Iterator[Record]:
    """Keep what happens in this block."""
    record = Record(silent)
    with recorded_in(record):
        yield record


@contextmanager
def recorded_in(record: Record) -> Iterator[None]:
    """Keep what happens in this block in that record."""
    token = _RECORD.set(record)
    try:
        yield
    finally:
        _RECORD.reset(token)


def current() -> Record | None:
    """Where to tell what happens; None where nobody records."""
    return _RECORD.get()
