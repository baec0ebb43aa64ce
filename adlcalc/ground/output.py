"""Where results go: bytes in UTF-8 with line feeds, to stdout or whole into a file, and never over what the
call reads.

A call collects what it reads (`Inputs`), and whatever it writes is held against that. A file is replaced only
where its name
stands: a link is followed as far as the folder goes that it stands in, and no further.

Public: write, write_bytes, Inputs, drop_stdout, OutputError.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import BinaryIO

from adlcalc.ground.opened import inside, reading
from adlcalc.ground.record import current

Identity = tuple[int, int] | str
"""What tells one file from all others: device and number, whatever it is called, or the path where its links
end."""


MOST = 16 * 1024 * 1024
"""Bytes of a scenario."""


class OutputError(Exception):
    """The result could not be written: a full disk, a folder that is read-only or missing, a file that the
    call reads."""


class Inputs:
    """The files that a call reads. output: where its result will go; reading that very file ends the call at
    once."""

    def __init__(self, output: str | None = None) -> None:
        self._output = output
        self.seen: set[Identity] = set()

    @contextmanager
    def collected(self) -> Iterator[Inputs]:
        """Every file that is opened for reading in this block is one of them."""
        with reading(self._opened):
            yield self

    def add(self, files: Iterable[str]) -> None:
        """Files that are named to be read, whether or not they are opened."""
        for file in files:
            self.seen |= _identities(file)
        if self._output is not None:
            self.refuse(self._output)

    def holds(self, path: str) -> bool:
        """Would writing to `path` replace one of them? (A device or a pipe is not replaced.)"""
        return not self.seen.isdisjoint(_identities(path))

    def refuse(self, output: str) -> None:
        """OutputError where a result would replace one of them."""
        if self.holds(output):
            raise OutputError(f"--output {output} would overwrite the file that is read")

    def refuse_named(self, output: str | None, unread: Iterable[str]) -> None:
        """OutputError where a result would replace a file that one of these names. They could not be read to
        their end, so that what they name is not known otherwise than by their text."""
        if output is None or not os.path.isfile(output):
            return
        name = os.path.basename(output).encode("utf-8", "surrogateescape")
        for file in unread:
            if inside(os.path.dirname(file), output) and name in _bytes_of(file):
                raise OutputError(f"--output {output} would overwrite a file that {file} names")

    def _opened(self, path: str, found: os.stat_result) -> None:
        if stat.S_ISREG(found.st_mode):
            self.seen.add((found.st_dev, found.st_ino))
            if path != "-":
                self.seen.add(os.path.realpath(path))
            if self._output is not None:
                self.refuse(self._output)


def _bytes_of(path: str) -> bytes:
    """What the file holds, as far as a scenario may; nothing where it is none."""
    if not os.path.isfile(path):
        return b""
    try:
        with open(path, "rb") as file:
            return file.read(MOST)
    except OSError:
        return b""


def _identities(path: str) -> set[Identity]:
    """Of a regular file; none of standard streams, of what is not there, and of what cannot be replaced."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return set()
    return (
        {(found.st_dev, found.st_ino), os.path.realpath(path)}
        if path != "-" and stat.S_ISREG(found.st_mode)
        else set()
    )


def write(
    result: str | bytes,
    output: str | None,
    inputs: Inputs | None = None,
    *,
    folder: str | None = None,
    beside: bool = False,
) -> None:
    """Write to the file `output`, or to stdout for None and '-'. folder: which the file may not leave by
    links; that of `output` itself if left out. beside: it is no part of the answer, so no manifest has it.

    A file is written beside its place and then renamed, so that it is there whole or not at all. A reader
    that closes the pipe early (`| head`) is not an error. Raises OutputError."""
    data = result if isinstance(result, bytes) else result.encode("utf-8", "backslashreplace")
    if not beside and (record := current()) is not None:
        record.results.append(data)
        if record.silent:
            return
    if output is None or output == "-":
        _to_stdout(data)
        return
    try:
        (inputs or Inputs()).refuse(output)
        _to_file(data, output, folder if folder is not None else os.path.dirname(output))
    except OSError as error:
        raise OutputError(f"cannot write {output}: {error.strerror}") from None


def _to_stdout(data: bytes) -> None:
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        drop_stdout()
        if not isinstance(error, BrokenPipeError):
            raise OutputError(f"cannot write to standard output: {error.strerror}") from None


def drop_stdout() -> None:
    """Let stdout lead nowhere: what is left in its buffer must not be tried again when Python exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _to_file(data: bytes, output: str, folder: str) -> None:
    if _is_open(output) or (os.path.exists(output) and not os.path.isfile(output)):
        with open(output, "wb") as file:  # a device, a pipe or an open file cannot be replaced
            file.write(data)
        return
    if not inside(folder, output):
        raise OutputError(
            f"cannot write {output}: it is a link that leads out of its folder, to {os.path.realpath(output)}"
        )
    _replace(data, os.path.realpath(output))


def _is_open(path: str) -> bool:
    """Is it a name for a file that this process has open already, /dev/stdout or the shell's `>(command)`?"""
    return path in ("/dev/stdout", "/dev/stderr") or os.path.dirname(path) in ("/dev/fd", "/proc/self/fd")


def _replace(data: bytes, path: str) -> None:
    """Put a file there whole, with the rights of the one that it replaces."""
    mode = None
    if os.path.exists(path):
        mode = stat.S_IMODE(os.stat(path).st_mode)
        if not os.access(path, os.W_OK):  # a rename would not ask
            raise OutputError(f"cannot write {path}: it is read-only")
    beside, file = _beside(path)
    try:
        with file:
            if mode is not None:
                with suppress(OSError):  # a file system without rights
                    os.chmod(beside, mode)
            file.write(data)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise


def _beside(path: str) -> tuple[str, BinaryIO]:
    """A new file in the folder of `path`, hidden, with a name that nobody has."""
    folder = os.path.dirname(path)
    for number in count():
        beside = os.path.join(folder, f".adlcalc-{os.getpid()}-{number}.tmp")
        try:
            return beside, open(beside, "xb")
        except FileExistsError:  # somebody else's: it stays as it is
            continue
    raise AssertionError("a count has no end")
