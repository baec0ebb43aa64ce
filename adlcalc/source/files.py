"""Opening and decoding text. UTF-8 only, with or without a byte order mark; `-` is standard input.

Public: text_of, content_of, near_file, bytes_of, unpacked, too_large, UnfitFileError, companion, control_character,
DOCUMENT_LIMIT, TABLE_LIMIT.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import PurePosixPath
from typing import BinaryIO, cast

from adlcalc.ground.opened import inside, was_opened
from adlcalc.ground.record import current
from adlcalc.source.nodes import LINE_BREAK, Place, Source
from adlcalc.source.problems import Located, fail, nearest, quote

Unpack = Callable[[bytes | bytearray, int], bytearray]
MB = 1024 * 1024
DOCUMENT_LIMIT = 16 * MB
TABLE_LIMIT = 1024 * MB
LOOKED_AT = 10_000
"""As many names of a folder are looked at for the one that was meant."""
READ = (".yaml", ".yml", ".json", ".csv", ".csv.gz", ".parquet")
"""How the names of files end that something is read from."""
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
"""Characters that no line of ours holds: C0 and C1 controls but tab and line breaks, look-alikes of line
breaks, strays."""
ALLOWED_ASCII = bytes(i for i in range(128) if not FORBIDDEN.match(chr(i)))


def text_of(
    path: str,
    *,
    limit: int = DOCUMENT_LIMIT,
    shown_as: str | None = None,
    role: str = "file",
    unpack: Unpack | None = None,
) -> Source:
    """The text of a file, or of standard input for `-`; ScenarioErrors if there is none to read. role: what
    it is read as, for the record. unpack: (bytes, limit) -> the text's; the limit holds for what comes out,
    too."""
    name = shown_as or ("<stdin>" if path == "-" else path)
    nowhere = Place(Source(name, ""))
    try:
        if path == "-":
            standard_input_opened()
            data = _taken(sys.stdin.buffer, limit)
        else:
            data = bytes_of(path, limit=limit, opened=was_opened, packed=unpack is not None)
        if (record := current()) is not None:
            record.file(name, data, role)
        return decoded(name, unpack(data, limit) if unpack else data)
    except MemoryError:
        raise fail(nowhere, "the file is larger than the memory that is left") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise fail(nowhere, *_why_unreadable(error, path)) from None


def content_of(path: str, *, limit: int) -> bytes:
    """The bytes of a file, whatever they are; ScenarioErrors if there are none to read. Nothing is worked out
    of them, so the record does not have it."""
    try:
        return bytes(bytes_of(path, limit=limit, opened=was_opened, packed=True))
    except (OSError, ValueError) as error:
        raise fail(Place(Source(path, "")), *_why_unreadable(error, path)) from None


class UnfitFileError(OSError):
    """What is there cannot be read as a file; args: a sentence and a hint."""


def bytes_of(
    path: str,
    *,
    limit: int,
    opened: Callable[[str, int], None] = lambda path, descriptor: None,
    packed: bool = False,
) -> bytearray:
    """What a file of at most `limit` bytes holds, or the beginning of it where that holds a NUL and is not
    packed.

    A pipe or a device may never end and is refused, but for a pipe that the shell hands over open, as
    /dev/fd/N. `opened` is told the file once it is open."""
    with open(path, "rb", opener=_opener) as file:
        opened(path, file.fileno())
        mode = os.fstat(file.fileno())
        if stat.S_ISDIR(mode.st_mode):
            raise IsADirectoryError(path)
        if stat.S_ISREG(mode.st_mode):
            if mode.st_size > limit:
                raise too_large(limit)
            return bytearray(file.read(limit)) if packed else _taken(file, limit)
        if stat.S_ISFIFO(mode.st_mode) and path.startswith(_HANDED_OVER):
            os.set_blocking(file.fileno(), True)
            return _taken(file, limit)
        raise UnfitFileError("this is a pipe or a device, not a file", "give - to read standard input")


def _opener(path: str, flags: int) -> int:
    return os.open(
        path, flags | getattr(os, "O_NONBLOCK", 0)
    )  # a pipe that nobody writes to is opened at once


_HANDED_OVER = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")


def _taken(file: BinaryIO, limit: int) -> bytearray:
    """All of an open file, or its beginning where that holds a NUL: such a text is refused, and the holes of
    a sparse file need not be read."""
    data = bytearray()
    while len(data) <= limit and (part := file.read(min(MB, limit + 1 - len(data)))):
        data += part
        if 0 in part:
            return data
    if len(data) > limit:
        raise too_large(limit)
    return data


def unpacked(data: bytes | bytearray, limit: int) -> bytearray:
    """What gzip has packed; no more of it is made than `limit` bytes."""
    import gzip
    import zlib
    from io import BytesIO

    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as file:
            return _taken(cast(BinaryIO, file), limit)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UnfitFileError(
            "this is no file that gzip has packed, or a part of one", "name it .csv if it is plain text"
        ) from None


def _csv_of_parquet(data: bytes | bytearray, limit: int) -> bytearray:
    from adlcalc.source.parquet import csv_of

    return csv_of(data, limit)


UNPACKED: Mapping[str, Unpack] = {".gz": unpacked, ".parquet": _csv_of_parquet}
"""What a companion is made text of, by the end of its name."""


def too_large(limit: int) -> UnfitFileError:
    """The sentence about it."""
    hint = "put large books and price paths into CSV files beside the scenario: accounts: {file: book.csv}"
    return UnfitFileError(
        f"the file is larger than {limit // MB} MB", hint if limit == DOCUMENT_LIMIT else ""
    )


def standard_input_opened() -> None:
    """A shell may have put a file there: `adlcalc run - < book.yaml`."""
    try:
        descriptor = sys.stdin.fileno()
    except (OSError, AttributeError):  # not a file of the system: a test's, a notebook's
        return
    was_opened("-", descriptor)


def near_file(path: str) -> str | None:
    """The file beside where this one is not that was probably meant: one that is called so but for its
    ending, or else the nearest name. None where nothing is like it."""
    folder, name = os.path.split(path)
    try:
        with os.scandir(folder or os.curdir) as entries:
            found = (one.name for one in islice(entries, LOOKED_AT) if one.name[0] != "." and one.is_file())
            names = sorted(one for one in found if one.endswith(READ))
    except (OSError, ValueError):
        return None
    stems: dict[str, list[str]] = {}
    for one in names:
        stems.setdefault(os.path.splitext(one)[0].lower(), []).append(one)
    near = nearest(os.path.splitext(name)[0], stems)
    if near is None:
        return None
    return os.path.join(folder, nearest(name, stems[near]) or stems[near][0])


def _meant(path: str) -> str:
    """The hint of a file that is not there."""
    near = near_file(path)
    return "" if near is None else f"did you mean {quote(near)}?"


def _why_unreadable(error: OSError | ValueError, path: str) -> tuple[str, str]:
    """A sentence and a hint."""
    if isinstance(error, UnfitFileError):
        return error.args
    if isinstance(error, FileNotFoundError):
        return "there is no such file", _meant(path)
    if isinstance(error, IsADirectoryError):
        return "this is a folder, not a file", ""
    if isinstance(error, PermissionError):
        return "permission to read the file is denied", ""
    return "the file cannot be read", ""


def decoded(name: str, data: bytes | bytearray) -> Source:
    """Bytes to text; the first byte or character that does not belong there ends the load."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", errors="replace")
        readable = Source(
            name,
            before
            + "\ufffd"
            + LINE_BREAK.split(data[error.start + 1 :].decode("utf-8", errors="replace"))[0],
        )
        byte = data[error.start]
        raise fail(
            _place(readable, len(before)), f"byte 0x{byte:02X} is not UTF-8 text", "save the file as UTF-8"
        ) from None
    source = Source(name, text)
    control_character(source)
    return source


def control_character(source: Source) -> None:
    """Refuse a text that holds a control character, at its place."""
    text = source.text
    if text.isascii() and not text.encode("ascii").translate(None, ALLOWED_ASCII):
        return  # the same, many times as fast
    found = FORBIDDEN.search(text)
    if found:
        raise fail(
            _place(source, found.start()), f"control character U+{ord(found[0]):04X} is not allowed here"
        )


def _place(source: Source, index: int) -> Place:
    """Line and column of the character at `index`."""
    lines = LINE_BREAK.split(source.text[:index])
    return Place(source, len(lines), len(lines[-1]) + 1, 1)


def companion(
    folder: str,
    name: str,
    where: Located,
    *,
    limit: int = TABLE_LIMIT,
    role: str = "companion",
    shown_in: str | None = None,
) -> Source:
    """The text of a file that a scenario names, in its folder or below: no absolute path, no way out by `..`
    or by a link. One whose name ends as in UNPACKED is made text of. shown_in: how the folder is shown, where
    that is not its path."""
    path = PurePosixPath(os.path.normpath(name).replace(os.sep, "/"))
    if os.path.isabs(name) or path.is_absolute() or ".." in path.parts or ":" in path.parts[0:1]:
        raise fail(
            where,
            f"file {quote(name)} is outside the folder of the scenario",
            "put it beside the scenario and give its name",
        )
    file = os.path.join(folder or os.curdir, *path.parts)
    if os.path.exists(file) and not os.path.isfile(file):
        raise fail(where, f"{quote(name)} is not a file")
    if not os.path.isfile(file):
        near = near_file(file)
        hint = (
            ""
            if near is None
            else f"did you mean {quote(PurePosixPath(*path.parts[:-1], os.path.basename(near)))}?"
        )
        raise fail(where, f"there is no file {quote(name)} in the folder of the scenario", hint)
    if not inside(folder, file):
        raise fail(
            where,
            f"file {quote(name)} leads out of the folder of the scenario by a link",
            "put the file itself beside the scenario",
        )
    shown = os.path.join(folder if shown_in is None else shown_in, *path.parts)
    unpack = UNPACKED.get(path.suffix)
    return text_of(os.path.realpath(file), limit=limit, shown_as=shown, role=role, unpack=unpack)
