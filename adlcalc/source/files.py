"""Opening and decoding text. UTF-8 only, with or without a byte order mark; `-` is standard input.

Public: text_of, companion, control_character, reading, inside, DOCUMENT_LIMIT, TABLE_LIMIT.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import PurePosixPath

from adlcalc.source.nodes import LINE_BREAK, Place, Source
from adlcalc.source.problems import Located, fail, quote

DOCUMENT_LIMIT = 16 * 1024 * 1024
TABLE_LIMIT = 1024 * 1024 * 1024
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
"""Characters that no line of ours holds: C0 and C1 controls but tab and line breaks, look-alikes of line breaks, strays."""

Reader = Callable[[str, os.stat_result], None]
_READERS: ContextVar[tuple[Reader, ...]] = ContextVar("readers", default=())


@contextmanager
def reading(reader: Reader) -> Iterator[None]:
    """Tell `reader` of each file that is opened here (its path, `-` for standard input, and what the system knows of it), before
    it is read; what it raises ends the reading."""
    token = _READERS.set((*_READERS.get(), reader))
    try:
        yield
    finally:
        _READERS.reset(token)


def _opened(path: str, descriptor: int) -> None:
    readers = _READERS.get()
    if readers:
        found = os.fstat(descriptor)
        for reader in readers:
            reader(path, found)


def text_of(path: str, *, limit: int = DOCUMENT_LIMIT, shown_as: str | None = None) -> Source:
    """The text of a file, or of standard input for `-`; ScenarioErrors if there is none to read."""
    name = shown_as or ("<stdin>" if path == "-" else path)
    nowhere = Place(Source(name, ""))
    try:
        if path == "-":
            _standard_input_opened()
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with open(path, "rb") as file:
                _opened(path, file.fileno())
                data = file.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise fail(nowhere, _why_unreadable(error)) from None
    if len(data) > limit:
        raise fail(nowhere, f"the file is larger than {limit // 1024 // 1024} MB", _LARGE if limit == DOCUMENT_LIMIT else "")
    return decoded(name, data)


def _standard_input_opened() -> None:
    """A shell may have put a file there: `adlcalc run - < book.yaml`."""
    try:
        descriptor = sys.stdin.fileno()
    except OSError:  # not a file of the system: a test's, a notebook's
        return
    _opened("-", descriptor)


_LARGE = "put large books and price paths into CSV files beside the scenario: accounts: {file: book.csv}"


def _why_unreadable(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "this is a folder, not a file"
    if isinstance(error, PermissionError):
        return "permission to read the file is denied"
    return "the file cannot be read"


def decoded(name: str, data: bytes) -> Source:
    """Bytes to text; the first byte or character that does not belong there ends the load."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", errors="replace")
        readable = Source(
            name, before + "\ufffd" + LINE_BREAK.split(data[error.start + 1 :].decode("utf-8", errors="replace"))[0]
        )
        byte = data[error.start]
        raise fail(_place(readable, len(before)), f"byte 0x{byte:02X} is not UTF-8 text", "save the file as UTF-8") from None
    source = Source(name, text)
    control_character(source)
    return source


def control_character(source: Source) -> None:
    """Refuse a text that holds a control character, at its place."""
    found = FORBIDDEN.search(source.text)
    if found:
        raise fail(_place(source, found.start()), f"control character U+{ord(found[0]):04X} is not allowed here")


def _place(source: Source, index: int) -> Place:
    """Line and column of the character at `index`."""
    lines = LINE_BREAK.split(source.text[:index])
    return Place(source, len(lines), len(lines[-1]) + 1, 1)


def companion(folder: str, name: str, where: Located, *, limit: int = TABLE_LIMIT) -> Source:
    """The text of a file that a scenario names, in its folder or below: no absolute path, no way out by `..` or by a link."""
    path = PurePosixPath(os.path.normpath(name).replace(os.sep, "/"))
    if os.path.isabs(name) or path.is_absolute() or ".." in path.parts or ":" in path.parts[0:1]:
        raise fail(
            where, f"file {quote(name)} is outside the folder of the scenario", "put it beside the scenario and give its name"
        )
    file = os.path.join(folder, *path.parts)
    if not os.path.isfile(file):
        raise fail(where, f"there is no file {quote(name)} in the folder of the scenario")
    if not inside(folder, file):
        raise fail(
            where,
            f"file {quote(name)} leads out of the folder of the scenario by a link",
            "put the file itself beside the scenario",
        )
    return text_of(os.path.realpath(file), limit=limit, shown_as=file)


def inside(folder: str, path: str) -> bool:
    """Is `path`, where all links have been followed, in the folder or below it?"""
    root, file = os.path.realpath(folder or os.curdir), os.path.realpath(path)
    return file.startswith(os.path.join(root, ""))
