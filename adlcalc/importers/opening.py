"""The text of a file that somebody has: as it is, or the one file inside a zip or gzip archive; never more
than a limit.

Public: opened.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zipfile
import zlib

from adlcalc.ground.opened import was_opened
from adlcalc.source.files import TABLE_LIMIT, decoded, standard_input_opened, text_of
from adlcalc.source.nodes import Place, Source
from adlcalc.source.problems import ScenarioErrors, fail, quote

ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"


def opened(path: str, *, limit: int = TABLE_LIMIT) -> Source:
    """The text at a path, or of standard input for '-'; ScenarioErrors where there is none."""
    name = "<stdin>" if path == "-" else path
    try:
        if path != "-" and not os.path.isfile(path):  # a pipe would be waited for
            return text_of(path, limit=limit)  # it says why
        if path == "-":
            standard_input_opened()
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with open(path, "rb") as file:
                was_opened(path, file.fileno())
                data = file.read(limit + 1)
    except (OSError, ValueError):
        return text_of(path, limit=limit)  # it says why
    if len(data) <= limit and data[:4] == ZIP:
        data = _member(name, data, limit)
    elif len(data) <= limit and data[:2] == GZIP:
        data = _inflated(name, data, limit)
    if len(data) > limit:
        raise fail(Place(Source(name, "")), f"the file is larger than {limit // 1024 // 1024} MB")
    return decoded(name, data)


def _member(name: str, data: bytes, limit: int) -> bytes:
    """The only file of a zip archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) != 1:
                listed = ", ".join(quote(member.filename) for member in members[:5])
                hint = "unpack it and give one of them"
                raise _unreadable(name, f"the zip archive holds {len(members)} files: {listed}", hint)
            with archive.open(members[0]) as file:
                return file.read(limit + 1)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise _unreadable(
            name, "the zip archive cannot be unpacked", "unpack it and give the file inside"
        ) from error


def _inflated(name: str, data: bytes, limit: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            return file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(
            name, "the gzip file cannot be unpacked", "unpack it and give the file inside"
        ) from error


def _unreadable(name: str, message: str, hint: str) -> ScenarioErrors:
    return fail(Place(Source(name, "")), message, hint)
