"""What `adlcalc check` found, as text, for JUnit readers, as JSON, as GitHub annotations. The same findings
give the same bytes.

Public: ReportFormat, report, checked_page, told, all_well, renew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from adlcalc.check.checking import Finding, Outcome
from adlcalc.check.verdict import Verdict
from adlcalc.ground.text import clean, clean_json

if TYPE_CHECKING:
    from adlcalc.report.page import Page

RESULTS = {Verdict.ok: "passed", Verdict.differs: "failed"}


class ReportFormat(StrEnum):
    """Who reads it."""

    text = "text"
    junit = "junit"
    json = "json"
    github = "github"


def report(outcomes: Sequence[Outcome], format: ReportFormat) -> str:
    """The whole report; '' where there is nothing to tell."""
    return _FORMATS[format](outcomes)


def _text(outcomes: Sequence[Outcome]) -> str:
    """A paragraph for each finding but for files that cannot be used: those are told on stderr."""
    parts = []
    for outcome in outcomes:
        if outcome.written:
            parts.append(_lines(outcome.written))
        parts += [told(one) for one in outcome.findings if one.kind not in ("error", "bug")]
    return "\n".join(parts) + "\n" if parts else ""


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the JSON is about."""

    outcomes: Sequence[Outcome]

    @property
    def files(self) -> list[_File]:
        """The files."""
        return [_File(one) for one in self.outcomes]

    @property
    def summary(self) -> _Summary:
        """How many of them came out how."""
        results = [file.result for file in self.files]
        return _Summary(len(results), *(results.count(name) for name in ("passed", "failed", "broken")))


class _Summary(NamedTuple):
    files: int
    passed: int
    failed: int
    broken: int


@dataclass(frozen=True, slots=True)
class _File:
    outcome: Outcome

    @property
    def file(self) -> str:
        return self.outcome.file

    @property
    def result(self) -> str:
        return RESULTS.get(self.outcome.verdict, "broken")

    @property
    def golden_written(self) -> bool:
        return bool(self.outcome.written)

    @property
    def findings(self) -> Sequence[Finding]:
        return self.outcome.findings


def checked_page(outcomes: Sequence[Outcome]) -> Page:
    """What was found as a page."""
    from adlcalc.report.columns.check import CHECK
    from adlcalc.report.human import counted
    from adlcalc.report.page import Item, Listing, Page

    found = [Item(told(one)) for outcome in outcomes for one in outcome.findings]
    checked = counted(len(outcomes), "file")
    return Page(
        title=f"adlcalc check: {checked}",
        subtitle="",
        blocks=lambda _: [Listing("Found", found, nothing="All is well.")],
        document=CHECK,
        about=_Checked(outcomes),
    )


def _json(outcomes: Sequence[Outcome]) -> str:
    from adlcalc.report.columns.check import CHECK

    document = {
        key: x if isinstance(x, dict) else list(x)
        for key, x in CHECK.plain(_Checked(outcomes))
        if key != "schema"
    }
    return clean_json(json.dumps({"schema": CHECK.name, **document}, indent=2)) + "\n"


def _junit(outcomes: Sequence[Outcome]) -> str:
    """One test case a file, each with its first finding as the message and all of them as the text."""
    from xml.etree.ElementTree import Element, SubElement, indent, tostring

    broken = sum(outcome.verdict not in RESULTS for outcome in outcomes)
    failed = sum(outcome.verdict is Verdict.differs for outcome in outcomes)
    counts = {"tests": str(len(outcomes)), "failures": str(failed), "errors": str(broken)}
    root = Element("testsuites", {"name": "adlcalc", **counts})
    suite = SubElement(root, "testsuite", {"name": "adlcalc check", **counts})
    for outcome in outcomes:
        name = _lines(outcome.file)
        case = SubElement(suite, "testcase", classname="adlcalc", name=name, file=name)
        if outcome.verdict is not Verdict.ok:
            first = outcome.findings[0]
            what = "failure" if outcome.verdict is Verdict.differs else "error"
            found = SubElement(case, what, type=first.kind, message=_lines(first.message))
            found.text = _lines("\n".join(map(told, outcome.findings)))
    indent(root, space="")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def told(one: Finding) -> str:
    """A finding in full: place, kind and message, then its details."""
    if one.kind in ("error", "bug") and one.details:
        return _lines(one.details)
    return _lines(f"{one.place}: {one.kind}: {one.message}" + (f"\n{one.details}" if one.details else ""))


def all_well(outcomes: Sequence[Outcome], written: int) -> str:
    """'3 files, 2 goldens: all as expected'; written: how many goldens are new or renewed."""
    from adlcalc.report.human import counted

    goldens = counted(sum(outcome.held for outcome in outcomes), "golden")
    came_out = f"{written:,} written" if written else "all as expected"
    return f"{counted(len(outcomes), 'file')}, {goldens}: {came_out}"


def renew(pages: Sequence[str]) -> str:
    """What is said once of goldens that are pages of an old form."""
    first = clean(pages[0])
    what = f"{first} holds" if len(pages) == 1 else f"{first} and {len(pages) - 1:,} more hold"
    return f"{what} what a page showed, and not every fact; --update renews that"


def _lines(text: str) -> str:
    """Lines without what XML cannot hold, or what a terminal or a CI service acts upon."""
    return "\n".join(clean(line) for line in text.split("\n"))


def _github(outcomes: Sequence[Outcome]) -> str:
    """Workflow commands: an annotation at each finding's line."""
    lines = []
    for outcome in outcomes:
        for one in (*outcome.findings, *outcome.noted):
            level = "notice" if one.kind == "note" else "error"
            place = [f"file={_property(one.file)}", f"title={_property('adlcalc ' + one.kind)}"]
            if one.line or one.file != "-":  # the file as a whole is told at its beginning
                place[1:1] = [f"line={one.line or 1}", f"col={one.column or 1}"]
            more = f"\n{one.words}" if one.words else ""
            lines.append(f"::{level} {','.join(place)}::{_data(one.message + more)}")
    lines = [*dict.fromkeys(lines)]  # the fault of a rulebook is one, however many scenarios name it
    return "\n".join(lines) + "\n" if lines else ""


def _data(text: str) -> str:
    return _lines(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


_FORMATS: dict[ReportFormat, Callable[[Sequence[Outcome]], str]] = {
    ReportFormat.text: _text,
    ReportFormat.json: _json,
    ReportFormat.junit: _junit,
    ReportFormat.github: _github,
}
