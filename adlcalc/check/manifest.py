"""What it takes to repeat an answer: command, SHA-256 of everything that was read and of the result, rules,
facts; and what is otherwise when it is repeated.

No clock and no path of the machine stands in it: files are named as they were typed, which is relative to the
folder where the command was given.

Public: Manifest, NotManifest, Deviation, made_from, read, deviations, missing, commit.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from adlcalc.ground.record import Read, Record, digest_of
from adlcalc.report.columns.manifest import MANIFEST
from adlcalc.report.human import counted
from adlcalc.report.page import Page

FACTS_AT_MOST = 20_000
"""Rows of facts that a manifest holds; of a larger result it has the digest alone."""
Facts = Mapping[str, list[dict[str, Any]]]


class NotManifest(ValueError):
    """A text that is no manifest. line: of the text, from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


class RuleText(NamedTuple):
    """A rule that was in force. value: as a rulebook or a scenario wrote it."""

    venue: str
    rule: str
    value: str


class Answer(NamedTuple):
    """What one page of the result was: the name of its document, and its facts (none where there are too
    many)."""

    schema: str
    facts: Facts


@dataclass(frozen=True)
class Manifest:
    """A command with what it read and answered. strangers: keys of the text that no manifest has, each with
    where it stands."""

    version: str
    commit: str | None
    command: Sequence[str]
    overrides: Sequence[str]
    inputs: Sequence[Read]
    rules: Sequence[RuleText]
    exit_code: int
    sha256: str
    answers: Sequence[Answer]
    strangers: Sequence[str] = ()

    @property
    def result(self) -> Manifest:
        """Exit code and digest of the result."""
        return self

    @property
    def page(self) -> Page:
        """As it is written."""
        return Page("Manifest", "", lambda _: (), MANIFEST, self)

    @cached_property
    def typed(self) -> str:
        """The command as somebody would type it."""
        from shlex import join

        return join(["adlcalc", *self.command])


def made_from(record: Record, version: str, command: Sequence[str], code: int) -> Manifest:
    """The manifest of a command of this version of adlcalc, which has ended."""
    return Manifest(
        version,
        commit(),
        list(command),
        record.overrides,
        sorted(record.read.values(), key=lambda one: (ROLES.get(one.role, len(ROLES)), one.name, one.sha256)),
        list(dict.fromkeys(_rules(record.rulebooks))),
        code,
        digest_of(b"".join(record.results)),
        [_answer(page) for page in record.pages],
    )


ROLES = {"scenario": 0, "companion": 1, "rulebook": 2, "table": 3, "store": 4}
"""The order of inputs."""


def _rules(books: Sequence[Any]) -> Iterator[RuleText]:
    from adlcalc.venues.coverage import in_force

    for book in books:
        for rule in in_force(book):
            yield RuleText(book.venue, rule.name, rule.value)


def _answer(page: Page) -> Answer:
    from adlcalc.check.facts import facts_of

    facts = facts_of(page)
    few = sum(map(len, facts.values())) <= FACTS_AT_MOST
    return Answer(page.document.name, facts if few else {})


# --- reading ------------------------------------------------------------------------------------------------


def read(text: str) -> Manifest:
    """The manifest that was written; NotManifest where it is none."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotManifest(f"it is no JSON: {error.msg}", error.lineno) from None
    except (ValueError, RecursionError):
        raise NotManifest("it is no JSON that can be read") from None
    if not isinstance(found, dict) or found.get("schema") != MANIFEST.name:
        raise NotManifest(f"its schema is not {MANIFEST.name}")
    result = _of(found, "result", dict)
    return Manifest(
        _of(found, "version", str),
        _of(found, "commit", str, type(None)),
        _texts(found, "command"),
        _texts(found, "overrides"),
        [
            Read(
                _of(one, "name", str), _of(one, "role", str), _of(one, "sha256", str), _of(one, "bytes", int)
            )
            for one in _rows(found, "inputs")
        ],
        [RuleText(*(_of(one, key, str) for key in RuleText._fields)) for one in _rows(found, "rules")],
        _of(result, "exit_code", int),
        _of(result, "sha256", str),
        [
            Answer(_of(one, "document", str), {name: _rows(facts, name) for name in facts})
            for one in _rows(found, "answers")
            for facts in (_of(one, "facts", dict),)
        ],
        list(_strangers(found)),
    )


def _strangers(found: Mapping[str, Any]) -> Iterator[str]:
    """Keys that no manifest has: nobody looks at them, so nobody may rely on them."""
    for rows in MANIFEST.sections:
        known = {field.key for field in rows.fields}
        if not rows.name:
            known |= {"schema", *(one.name for one in MANIFEST.sections)}
        held = found[rows.name] if rows.name else found
        for one in held if isinstance(held, list) else [held]:
            place = f" in {rows.name!r}" if rows.name else ""
            yield from (f"{key!r}{place}" for key in one if key not in known)


def _of(found: Mapping[str, Any], key: str, *kinds: type) -> Any:
    if key not in found:
        raise NotManifest(f"it does not say {key!r}")
    if not isinstance(found[key], kinds) or isinstance(found[key], bool):
        raise NotManifest(f"its {key!r} is not of the kind that a manifest has")
    return found[key]


def _texts(found: Mapping[str, Any], key: str) -> list[str]:
    texts: list[str] = _of(found, key, list)
    if not all(isinstance(one, str) for one in texts):
        raise NotManifest(f"its {key!r} is not a list of texts")
    return texts


def _rows(found: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = _of(found, key, list)
    if not all(isinstance(one, dict) for one in rows):
        raise NotManifest(f"its {key!r} is not a list of rows")
    return rows


# --- comparing ----------------------------------------------------------------------------------------------


class Deviation(NamedTuple):
    """What is otherwise. kind: input, manifest, rule, fact, exit code or result; what: which one; was, now: its values,
    None where it is only in one of the two; text: the sentence."""

    kind: str
    what: str
    was: str | None
    now: str | None
    text: str


def deviations(was: Manifest, now: Manifest) -> list[Deviation]:
    """What is otherwise now, causes before what follows from them. Where a scenario is not there nothing else
    is said; where another file is missing nothing was worked, and there is nothing to hold against the
    rest."""
    if gone := missing(was, now):
        return gone
    found = [*_inputs(was, now), *_itself(was, now)]
    if now.answers or all(one.now is not None for one in found):
        found += [*_changed_rules(was, now), *_facts(was, now)]
    if was.exit_code != now.exit_code:
        sentence = f"the exit code is {now.exit_code}, it was {was.exit_code}"
        found.append(Deviation("exit code", "", str(was.exit_code), str(now.exit_code), sentence))
    if was.sha256 != now.sha256:
        sentence = "the result is not the same text"
        found.append(Deviation("result", "", was.sha256, now.sha256, sentence))
    return found


def missing(was: Manifest, now: Manifest) -> list[Deviation]:
    """The scenarios that are not there: names in a manifest are as they were typed."""
    read = {one.name for one in now.inputs}
    names = {one.name: one.sha256 for one in was.inputs if one.role == "scenario" and one.name not in read}
    text = "there is no scenario {} in this folder; --in DIR names the one where the command was given"
    return [
        Deviation("input", name, digest, None, text.format(name))
        for name, digest in names.items()
        if not os.path.lexists(name)
    ]


def _itself(was: Manifest, now: Manifest) -> Iterator[Deviation]:
    """What the manifest says otherwise than its own command."""
    if list(was.overrides) != list(now.overrides):
        before, after = (" ".join(one) or "none" for one in (was.overrides, now.overrides))
        text = f"the manifest says overrides {before}, and its command has {after}"
        yield Deviation("manifest", "overrides", before, after, text)
    named = [f"{one.role} {one.name} {one.sha256}" for one in was.inputs]
    named += [f"rule {one.rule} of {one.venue}" for one in was.rules]
    for name, times in Counter(named).items():
        if times > 1:
            yield Deviation("manifest", name, str(times), "1", f"the manifest has {name} {times} times")
    for key in dict.fromkeys(was.strangers):
        text = f"the manifest has the key {key}, which no manifest has: it is held to nothing"
        yield Deviation("manifest", key, None, None, text)


def _inputs(was: Manifest, now: Manifest) -> Iterator[Deviation]:
    before = {(one.role, one.name): one for one in was.inputs}
    after = {(one.role, one.name): one for one in now.inputs}
    for key in dict.fromkeys((*before, *after)):
        old, new = before.get(key), after.get(key)
        name = f"{key[0]} {key[1]}"
        if old is None or new is None:
            text = f"{name} was {'not read, it is now' if old is None else 'read, it is not now'}"
        elif old.sha256 == new.sha256 and old.size == new.size:
            continue
        elif old.sha256 == new.sha256:
            text = f"{name} has {counted(new.size, 'byte')}, the manifest says {old.size:,}"
        elif old.size == new.size:
            text = f"{name} has changed, and is as long as it was ({counted(new.size, 'byte')})"
        else:
            text = f"{name} has changed: it has {counted(new.size, 'byte')}, it had {old.size:,}"
        yield Deviation("input", key[1], old and old.sha256, new and new.sha256, text)


def _changed_rules(was: Manifest, now: Manifest) -> Iterator[Deviation]:
    from adlcalc.check.facts import change_told, changed

    before = {(one.venue, one.rule): one.value for one in was.rules}
    after = {(one.venue, one.rule): one.value for one in now.rules}
    for (venue, rule), old, new in changed(before, after):
        text = change_told(f"{rule} of {venue}", old, new)
        yield Deviation("rule", f"{venue} {rule}", old, new, text)


def _facts(was: Manifest, now: Manifest) -> Iterator[Deviation]:
    from adlcalc.check.golden import compare
    from adlcalc.report.columns.documents import DOCUMENTS

    documents = {one.name: one for one in DOCUMENTS.values()}
    before, after = (", ".join(map(_named, each.answers)) or "none" for each in (was, now))
    if before != after:
        text = f"the manifest has answers {before}, and its command has {after}"
        yield Deviation("manifest", "answers", before, after, text)
    for old, new in zip(was.answers, now.answers, strict=False):
        if old.schema == new.schema and old.schema in documents and old.facts:
            facts = compare({**old.facts}, {**new.facts}, documents[old.schema])
            yield from (Deviation("fact", one.table, one.old, one.new, str(one)) for one in facts)


def _named(answer: Answer) -> str:
    return answer.schema if answer.facts else f"{answer.schema} without facts"


# --- where the program comes from ---------------------------------------------------------------------------


def commit() -> str | None:
    """The commit that adlcalc was made from, where its folder or its installer tells it."""
    return _checked_out(Path(__file__).parent.parent.parent) or _installed_from()


def _checked_out(root: Path) -> str | None:
    """The commit of a working tree."""
    try:
        git = root / ".git"
        if git.is_file():  # a further working tree: it names its folder
            git = root / git.read_text(encoding="utf-8").partition(":")[2].strip()
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref:"):
            return head
        ref = head.partition(":")[2].strip()
        shared = git / "commondir"
        common = git / shared.read_text(encoding="utf-8").strip() if shared.is_file() else git
        for folder in (git, common):
            if (folder / ref).is_file():
                return (folder / ref).read_text(encoding="utf-8").strip()
        packed = (common / "packed-refs").read_text(encoding="utf-8").splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {ref}")), None)
    except (OSError, ValueError):
        return None


def _installed_from() -> str | None:
    """The commit that an installer has noted (PEP 610); of a folder that it was installed from that of the
    folder, as long as the same is in it."""
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        noted = json.loads(distribution("adlcalc").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, OSError, ValueError):
        return None
    found = noted.get("vcs_info", {}).get("commit_id")
    if isinstance(found, str) or "dir_info" not in noted:
        return found if isinstance(found, str) else None
    root = Path(url2pathname(urlsplit(str(noted.get("url", ""))).path))
    return _checked_out(root) if _same_code(Path(__file__).parent.parent, root / "adlcalc") else None


def _same_code(ours: Path, theirs: Path) -> bool:
    """Has the other folder every file of code and every rulebook of ours, as it is?"""
    try:
        return all(
            (theirs / one.relative_to(ours)).read_bytes() == one.read_bytes()
            for one in ours.rglob("*")
            if one.suffix in (".py", ".yaml")
        )
    except OSError:
        return False
