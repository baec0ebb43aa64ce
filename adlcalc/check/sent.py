"""A file that was sent as the result of a command, held against what the command answers.

A file of the same bytes is that result. Of any other the rows are told in which it differs, where it is JSON, and
else the first line.

Public: Sent, sent_from, in_bytes, in_facts, documents_in.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adlcalc.check.facts import NotFacts, Row, from_json, is_optional
from adlcalc.check.golden import compare
from adlcalc.check.manifest import Deviation
from adlcalc.ground.record import digest_of
from adlcalc.report.columns.documents import DOCUMENTS
from adlcalc.report.human import clean

SHOWN = 120
"""Characters of a line that are told."""
BELOW = "below: what the file has → what the command answers"


@dataclass(frozen=True)
class Sent:
    """The file. name: as it was typed."""

    name: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Of its bytes."""
        return digest_of(self.data)


def in_bytes(sent: Sent, sha256: str, result: bytes) -> list[Deviation]:
    """How the file differs from the result that has this SHA-256; nothing where it is that result. result: what
    the command answers now."""
    if sent.sha256 == sha256:
        return []
    text = (
        f"{sent.name} is not the result of this command: its SHA-256 is {sent.sha256}, it must be {sha256}"
        + (f" ({BELOW})" if result else "")
    )
    rows = [*_rows(sent, result)] or [*_first_line(sent, result)]
    return [Deviation("file", sent.name, sent.sha256, sha256, text), *rows]


def in_facts(sent: Sent, result: bytes) -> list[Deviation]:
    """How the file differs in what it tells, whatever it is called and however it was written; nothing where
    every row is the same."""
    ours, theirs = (_schemas(documents_in(data)) for data in (result, sent.data))
    if ours != theirs:
        text = f"{sent.name} is {' and '.join(theirs)}, the command answers {' and '.join(ours) or 'a text'}"
        return [Deviation("file", sent.name, None, None, text)]
    told = _rows if theirs else _first_line  # a page, a CSV: its text is all there is of it
    rows = [] if sent.data == result else [*told(sent, result)]
    if not rows:
        return []
    text = f"{sent.name} tells otherwise than the command answers ({BELOW})"
    return [Deviation("file", sent.name, sent.sha256, digest_of(result), text), *rows]


def _schemas(documents: Sequence[Row]) -> list[str]:
    return [str(one["schema"]) for one in documents]


def documents_in(data: bytes) -> list[Row]:
    """The documents of a JSON that adlcalc has printed: one, or one for each scenario; none of anything
    else."""
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return []
    found = found if isinstance(found, list) else [found]
    whole = found and all(isinstance(one, dict) and isinstance(one.get("schema"), str) for one in found)
    return found if whole else []


def _rows(sent: Sent, result: bytes) -> Iterator[Deviation]:
    """The rows in which the documents of the file differ. A key that its rows lack is not compared (an older
    version had less to say); a table that it lacks is told, as that would read as if nothing had happened."""
    declared = {one.name: one for one in DOCUMENTS.values()}
    for theirs, ours in zip(documents_in(sent.data), documents_in(result), strict=False):
        document = declared.get(theirs["schema"])
        if document is None or theirs["schema"] != ours["schema"]:
            continue
        for name in ours:
            if name not in theirs and not is_optional(document.held, name):
                yield Deviation("row", name, None, None, f"{name}: the file does not have it")
        try:
            said, true = (from_json(json.dumps(one), document) for one in (theirs, ours))
        except NotFacts as error:
            yield Deviation("row", "", None, None, f"{theirs['schema']}: {error}")
            continue
        for one in compare(said, true, document):
            yield Deviation("row", one.table, one.old, one.new, str(one))


def _first_line(sent: Sent, result: bytes) -> Iterator[Deviation]:
    """The first line of the text that differs."""
    ours, theirs = (data.decode("utf-8", "replace").split("\n") for data in (result, sent.data))
    for i in range(max(len(ours), len(theirs))):
        was, now = (lines[i] if i < len(lines) else None for lines in (theirs, ours))
        if was != now:
            text = f"line {i + 1}: {_cut(was)} → {_cut(now)}"
            yield Deviation("row", f"line {i + 1}", was, now, text)
            return
    yield Deviation("row", "", None, None, "the bytes differ, and the text does not")


def _cut(line: str | None) -> str:
    if line is None:
        return "the end"
    shown = clean(line.strip())
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"
