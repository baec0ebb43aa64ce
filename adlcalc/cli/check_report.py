"""What `adlcalc check` found, as text, for JUnit readers, as JSON, as GitHub annotations. The same findings give the same bytes.

Public: ReportFormat, report, told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from xml.sax.saxutils import escape, quoteattr

from adlcalc.cli.checking import Finding, Outcome
from adlcalc.cli.exits import FAILED, RAN
from adlcalc.ground.text import clean, clean_json

RESULTS = {RAN: "passed", FAILED: "failed"}


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


def _json(outcomes: Sequence[Outcome]) -> str:
    files = [
        {
            "file": outcome.file,
            "result": RESULTS.get(outcome.code, "broken"),
            "golden_written": bool(outcome.written),
            "findings": [_finding(one) for one in outcome.findings],
        }
        for outcome in outcomes
    ]
    counts = {name: sum(file["result"] == name for file in files) for name in ("passed", "failed", "broken")}
    document = {"schema": "adlcalc.check/1", "summary": {"files": len(files), **counts}, "files": files}
    return clean_json(json.dumps(document, ensure_ascii=False, indent=2)) + "\n"


def _finding(one: Finding) -> dict[str, object]:
    shown: dict[str, object] = {"kind": one.kind, "file": one.file, "line": one.line or None, "column": one.column or None}
    shown["message"] = one.message
    if one.kind == "golden":
        shown["differences"] = [difference._asdict() for difference in one.differences]
    return shown


def _junit(outcomes: Sequence[Outcome]) -> str:
    broken = sum(outcome.code not in RESULTS for outcome in outcomes)
    failed = sum(outcome.code == FAILED for outcome in outcomes)
    counts = f'tests="{len(outcomes)}" failures="{failed}" errors="{broken}"'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<testsuites name="adlcalc" {counts}>']
    lines.append(f'<testsuite name="adlcalc check" {counts}>')
    for outcome in outcomes:
        lines += _testcase(outcome)
    return "\n".join([*lines, "</testsuite>", "</testsuites>"]) + "\n"


def _testcase(outcome: Outcome) -> Iterator[str]:
    opening = f'<testcase classname="adlcalc" name={quoteattr(_lines(outcome.file))} file={quoteattr(_lines(outcome.file))}'
    if outcome.code == RAN:
        yield f"{opening}/>"
        return
    element = "failure" if outcome.code == FAILED else "error"
    first = outcome.findings[0]
    body = "\n".join(map(told, outcome.findings))
    yield f"{opening}>"
    yield f"<{element} type={quoteattr(first.kind)} message={quoteattr(_lines(first.message))}>{escape(_lines(body))}</{element}>"
    yield "</testcase>"


def told(one: Finding) -> str:
    """A finding in full: place, kind and message, then its details."""
    if one.kind in ("error", "bug") and one.details:
        return _lines(one.details)
    return _lines(f"{one.place}: {one.kind}: {one.message}" + (f"\n{one.details}" if one.details else ""))


def _lines(text: str) -> str:
    """Lines without what XML cannot hold, or what a terminal or a CI service acts upon."""
    return "\n".join(clean(line) for line in text.split("\n"))


def _github(outcomes: Sequence[Outcome]) -> str:
    """Workflow commands: an annotation at each finding's line."""
    lines = []
    for outcome in outcomes:
        for one in outcome.findings:
            place = [f"file={_property(one.file)}", f"title={_property('adlcalc ' + one.kind)}"]
            if one.line:
                place[1:1] = [f"line={one.line}", f"col={one.column}"]
            more = "\n" + one.details if one.details and one.kind == "golden" else ""
            lines.append(f"::error {','.join(place)}::{_data(one.message + more)}")
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
