"""What `adlcalc verify` found, as a page (schema adlcalc.verify/1).

Public: Verified, verify_page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from adlcalc.report.columns.manifest import VERIFY
from adlcalc.report.human import clean, counted
from adlcalc.report.page import Block, Item, Listing, Page


class Answered(Protocol):
    """A manifest, as far as it is told."""

    @property
    def version(self) -> str: ...
    @property
    def commit(self) -> str | None: ...
    @property
    def typed(self) -> str: ...
    @property
    def inputs(self) -> Sequence[Any]: ...
    @property
    def rules(self) -> Sequence[Any]: ...
    @property
    def answers(self) -> Sequence[Any]: ...
    @property
    def sha256(self) -> str: ...
    @property
    def exit_code(self) -> int: ...


@dataclass(frozen=True)
class Verified:
    """A manifest, the same made now, and what is otherwise. said: what the command said on stderr; file: the
    result that was sent, where one was held against it. Of a result alone the manifest is that of now."""

    manifest: Answered
    now: Answered
    deviations: Sequence[Any]
    said: str
    file: str | None = None

    @property
    def same(self) -> bool:
        """Is everything as it was?"""
        return not self.deviations

    @property
    def typed(self) -> str:
        """The command."""
        return self.manifest.typed

    @property
    def sha256(self) -> str:
        """That a file must have which is the result."""
        return self.manifest.sha256

    @property
    def alone(self) -> bool:
        """Is there no manifest?"""
        return self.manifest is self.now

    @property
    def version(self) -> str:
        """Of the program now."""
        return self.now.version

    @property
    def was_version(self) -> str:
        """Of the program then."""
        return self.manifest.version


OF_FILE = ("file", "row")
"""Kinds of what is otherwise in the file that was sent, not in what the command answers."""
NOTHING = sha256(b"").hexdigest()
FAILED = 1
"""The highest exit code of a command that has answered."""


def verify_page(verified: Verified, limit: int) -> Page:
    """The same, or what is otherwise."""
    return Page(
        title=clean(verified.typed),
        subtitle=f"Repeated, and held against {clean(verified.file or '')}."
        if verified.alone
        else "Repeated from its manifest."
        if verified.now.exit_code <= FAILED
        else "It cannot be repeated from its manifest here.",
        blocks=lambda _: _blocks(verified, limit),
        document=VERIFY,
        about=verified,
    )


def _blocks(verified: Verified, limit: int) -> Iterator[Block]:
    was, now = verified.manifest, verified.now
    if verified.same:
        facts = sum(len(rows) for answer in was.answers for rows in answer.facts.values())
        result = "nothing was printed" if was.sha256 == NOTHING else f"result {was.sha256}"
        if verified.alone:
            yield (
                f"The same: {counted(facts, 'row')} of facts, as {clean(verified.file or '')} has them. Titles, "
                "notes, names of files and keys that are no facts are not compared; with a manifest every byte "
                "is."
            )
        else:
            yield (
                f"The same: {counted(len(was.inputs), 'input')}, {counted(len(was.rules), 'rule')},"
                f" {counted(facts, 'row')} of facts, {result}."
            )
        if told := _of_file(verified):
            yield told
    else:
        sent = [one for one in verified.deviations if one.kind in OF_FILE]
        command = [one for one in verified.deviations if one.kind not in OF_FILE]
        first, *others = command or sent
        yield f"Not the same: {clean(first.text)}."
        if command and verified.file:
            yield f"{clean(sent[0].text)}." if sent else _of_file(verified)
        yield _listed("What else differs", others, limit)
        if command and now.exit_code <= FAILED:
            yield _listed(f"In {clean(verified.file or 'the file')}", sent[1:], limit)
        if was.sha256 == now.sha256 and not verified.alone:
            yield "What the command answers now is what the manifest notes, to the byte."
        if not verified.file and (told := _of_file(verified)):
            yield told
    if not verified.alone and now.exit_code <= FAILED:
        yield _bound(was)
    if verified.said and now.exit_code > 1:  # it cannot be worked any more
        yield Listing("The command said", [Item(clean(line)) for line in verified.said.splitlines()])
    if was.version != now.version:
        yield f"It was adlcalc {clean(was.version)} then, it is {now.version} now."
    elif was.commit != now.commit and not verified.alone:
        before, after = (
            f"commit {clean(one)}" if one else "of no known commit" for one in (was.commit, now.commit)
        )
        yield f"It was {before} then, it is {after} now."


def _bound(was: Answered) -> Listing:
    """What the answer that a manifest notes hangs on: the program and the files that it read."""
    commit = f"commit {clean(was.commit)}" if was.commit else "of no known commit"
    read = (f"{clean(one.role)} {clean(one.name)}, SHA-256 {clean(one.sha256)}" for one in was.inputs)
    return Listing("Bound to", [Item(text) for text in (f"adlcalc {clean(was.version)}, {commit}", *read)])


def _listed(title: str, found: Sequence[Any], limit: int) -> Listing:
    """What differs, a line each."""
    shown = found[: limit or None]
    left = len(found) - len(shown)
    more = [Item(f"… {left:,} more, use --limit 0")] if left else []
    return Listing(title, [*(Item(clean(one.text)) for one in shown), *more])


def _of_file(verified: Verified) -> str:
    """Which file was looked at."""
    if verified.file and not verified.alone:
        return f"{clean(verified.file)} is that result, to the byte."
    if verified.alone or verified.manifest.sha256 == NOTHING:
        return ""
    return (
        "A result that came with the manifest was not looked at: it must have the SHA-256 "
        f"{verified.manifest.sha256}. adlcalc verify MANIFEST --result FILE looks at it."
    )
