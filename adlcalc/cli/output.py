"""Where results go: bytes in UTF-8 with line feeds, to stdout or whole into a file.

Public: write, drop_stdout, OutputError.
"""

from __future__ import annotations

import os
import sys


class OutputError(Exception):
    """The result could not be written: a full disk, a folder that is read-only or missing."""


def write(text: str, output: str | None) -> None:
    """Write to the file `output`, or to stdout for None and '-'.

    A file is written beside its place and then renamed, so that it is there whole or not at all. A reader that closes the pipe
    early (`| head`) is not an error. Raises OutputError.
    """
    data = text.encode("utf-8", "backslashreplace")
    if output is None or output == "-":
        _to_stdout(data)
    else:
        try:
            _to_file(data, os.path.realpath(output))
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


def _to_file(data: bytes, path: str) -> None:
    if os.path.exists(path) and not os.path.isfile(path):  # a device or a pipe cannot be replaced
        with open(path, "wb") as file:
            file.write(data)
        return
    beside = f"{path}.{os.getpid()}.tmp"
    try:
        with open(beside, "xb") as file:
            file.write(data)
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise
