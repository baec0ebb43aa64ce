"""The pages of adlcalc/docs that are made from the code: `pytest tests/test_docs.py --update-golden` writes
them.

Public: PAGES, numbers."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from conftest import ROOT
from test_bad import BAD, messages, why_unhelped

from adlcalc.cli import exits
from adlcalc.cli.app import COMMANDS
from adlcalc.engine.formulas.scores import SCORES
from adlcalc.ground.numbers import PRECISION
from adlcalc.report.columns.documents import DOCUMENTS
from adlcalc.report.field import Rows
from adlcalc.scenario.draft import LONGEST_NAME
from adlcalc.scenario.json_schema import scenario_schema
from adlcalc.scenario.prices import MOST_STEPS
from adlcalc.source.document import DEPTH, ITEMS, VALUES
from adlcalc.source.files import DOCUMENT_LIMIT, MB, TABLE_LIMIT
from adlcalc.source.number import DIGITS, LIMIT_EXPONENT
from adlcalc.source.problems import MOST as MOST_TOLD
from adlcalc.study.defined import RULES
from adlcalc.study.metrics import METRICS, ON_REQUEST
from adlcalc.venues.coverage import coverage_of, open_rulebook
from adlcalc.venues.files import shipped
from adlcalc.venues.layers import LONGEST_ROW
from adlcalc.venues.maintenance import MOST_TIERS

PACKAGE = ROOT / "adlcalc"


def block(command: str) -> str:
    """A console block, which tests/test_readme.py fills."""
    return f"```console\n$ {command}\n```\n"


def commands() -> Iterator[str]:
    yield "# Commands\n\nEvery command with its options, as `adlcalc help COMMAND` tells it.\n"
    importers = ("ccxt", "ccxt-markets", "klines", "book")
    for name in (*(name for name in COMMANDS if name != "import"), *(f"import {name}" for name in importers)):
        yield f"\n## {name}\n\n{block(f'adlcalc help {name}')}"


def scores() -> Iterator[str]:
    yield (
        "# Scores\n\nWhat a queue is ranked by: a name in `rules: {adl: {score: ...}}`, or an expression of "
        "your own.\n"
    )
    for name in SCORES:
        yield f"\n## {name}\n\n{block(f'adlcalc venues --score {name}')}"


def metrics() -> Iterator[str]:
    yield "# Metrics\n\nWhat `adlcalc compare --metrics` may be asked for.\n"
    for name in (*METRICS, *ON_REQUEST):
        yield f"\n## {name}\n\n{block(f'adlcalc compare --explain {name}')}"


def policies() -> Iterator[str]:
    yield (
        "# Policies\n\nWho gives what when a loss is shared: what `adlcalc compare --policies` may be asked "
        "for. The first "
        "six close positions (`rules: {adl: {policy: ...}}`), the others leave them open and cut profits "
        "(`rules: "
        "{last_resort: {policy: ...}}`).\n"
    )
    for name in RULES:
        yield f"\n## {name}\n\n{block(f'adlcalc compare --explain {name}')}"


FIRST = (
    "title", "venue", "fund", "accounts", "accounts[].id", "accounts[].side", "accounts[].size", "accounts[].entry",
    "accounts[].leverage", "prices", "expect",
)  # fmt: skip
"""What a first file has."""
NUMBER = ("about", "within")


def keys() -> Iterator[str]:
    """The keys of the published schema, to the end of each branch: those of a first file, then all of them by
    their first."""
    yield (
        "# Keys of a scenario\n\nMade from the JSON Schema that `adlcalc schema` prints and that editors "
        "complete by. `[]` is an item of a list, `*` a name of your own.\n"
    )
    found = branches(json.loads(scenario_schema()))
    told = {".".join(path).replace(".[]", "[]"): note for path, note in found.items()}
    head = "\n\n| key | what it is |\n|---|---|\n"
    yield f"\n## For a first file{head}"
    yield from (f"| `{name}` | {cell(told[name])} |\n" for name in FIRST)
    tops: dict[str, list[str]] = {}
    for path, note in found.items():
        if not told_elsewhere(path):
            name = ".".join(path).replace(".[]", "[]")
            tops.setdefault(path[0], []).append(f"| `{name}` | {cell(note)} |\n")
    yield f"\n## Of the file{head}"
    yield from (row for rows in tops.values() if len(rows) == 1 for row in rows)
    for top, rows in tops.items():
        if len(rows) == 1:
            continue
        yield f"\n## {top}{head}"
        yield from rows
        if top == "expect":
            about, within = (found["expect", "bad_debt", one] for one in NUMBER)
            yield (
                f"\nEvery number in it may be written `{{about: ..., within: ...}}`: `about` is {cell(about)}; `within`"
                f" is {cell(within)}. `liquidated_in_order` has the keys of `liquidated`, and each item of `at` those"
                " of `expect` itself, for its step.\n"
            )


def told_elsewhere(path: tuple[str, ...]) -> bool:
    """Is it said once for all of `expect`: how a number is written, or what another of its keys has as well?"""
    within_a_row = path[1:3] == ("liquidated_in_order", "[]") or (path[1:3] == ("at", "[]") and len(path) > 4)
    return path[0] == "expect" and (path[-1] in NUMBER or within_a_row)


def branches(whole: Mapping[str, Any]) -> dict[tuple[str, ...], str]:
    """Each key once, with what it is; what stands under `rules` is on a page of its own."""
    found: dict[tuple[str, ...], str] = {}

    def visit(part: Mapping[str, Any], path: tuple[str, ...]) -> None:
        if path == ("rules",):
            return
        if "$ref" in part:
            visit(whole["definitions"][part["$ref"].rsplit("/", 1)[-1]], path)
        for name, inner in part.get("properties", {}).items():
            found.setdefault((*path, name), inner.get("description") or "")
            visit(inner, (*path, name))
        for choice in (*part.get("anyOf", ()), *part.get("oneOf", ()), *part.get("allOf", ())):
            visit(choice, path)
        if isinstance(items := part.get("items"), dict):
            visit(items, (*path, "[]"))
        if isinstance(others := part.get("additionalProperties"), dict):
            visit(others, (*path, "*"))

    visit(whole, ())
    return found


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def outputs() -> Iterator[str]:
    yield (
        "# Outputs\n\nEvery key of JSON and CSV. Amounts, prices and sizes are texts of plain digits; keys "
        "are "
        "added, never renamed. `adlcalc schema output` prints the JSON Schema. The CSV has the rows of all tables under one "
        "header; `--format csv:NAME` has those of one, `csv:deleveraged`, with its own columns.\n"
    )
    for name, document in DOCUMENTS.items():
        yield f"\n## {document.name}\n\n{cell(document.note)}\n"
        for rows in document.sections:
            yield from table_of(rows, f"{name}: {rows.name or 'at the top'}")


def table_of(rows: Rows, title: str) -> Iterator[str]:
    if not any(field.key for field in rows.fields):
        return
    yield f"\n### {title}\n\n{cell(rows.note)}\n\n| key | what it is |\n|---|---|\n"
    said: dict[str, str] = {}  # what is a list in JSON is one text in CSV, and is told once
    for field in (field for field in rows.fields if not field.spread):
        said.setdefault(field.key, field.note)
    assert all(said.values()), f"{title}: nothing is said of {[key for key in said if not said[key]]}"
    yield from (f"| `{key}` | {cell(note)} |\n" for key, note in said.items())


def errors() -> Iterator[str]:
    yield (
        "# Errors\n\nWhat is said about a file that cannot be used, each with a small file that gives it. "
        "All "
        "faults of a file are told at once. The first line of some is an option: `# --set fund=abc`. Below a "
        "message stands a hint; where there is none, it is said why it needs none.\n"
    )
    for told in sorted(BAD.glob("*.err")):
        file = told.with_suffix(".yaml").read_text(encoding="utf-8", errors="replace")
        if len(file) > 600 or (not file.isprintable() and any(ord(c) < 32 and c != "\n" for c in file)):
            continue
        fence = "````" if "```" in file else "```"
        yield f"\n## {told.stem}\n\n{fence}yaml\n{file.rstrip()}\n{fence}\n\n{fence}\n"
        text = told.read_text(encoding="utf-8")
        yield f"{text.rstrip()}\n{fence}\n"
        reasons = dict.fromkeys(why_unhelped(message) for message, hint in messages(text) if not hint)
        if reasons:
            yield f"\nNo hint: {'; '.join(map(str, reasons))}.\n"


def limits() -> Iterator[str]:
    smallest, largest = f"1e-{LIMIT_EXPONENT}", f"1e{LIMIT_EXPONENT}"
    rows = {
        "YAML": (
            f"{DOCUMENT_LIMIT // MB} MB, {DEPTH} levels, {VALUES:,} values, {ITEMS:,} in one list or map; no "
            "anchors, "
            "aliases or tags"
        ),
        "CSV, goldens": f"{TABLE_LIMIT // MB:,} MB, packed or not",
        "a number": (
            f"{DIGITS} significant digits, zero or from {smallest} to below {largest}: sums and products "
            "then "
            "fit "
            f"the {PRECISION} digits that are worked with"
        ),
        "a path": f"{MOST_STEPS:,} steps",
        "names of accounts, markets, funds": f"one line of {LONGEST_NAME} characters that can be seen",
        "companions (CSV, rulebook, candles)": (
            "in the scenario's own folder or below it, through no link that leaves it"
        ),
        "rulebooks that extend one another": f"{LONGEST_ROW}",
        "tiers of a maintenance table": f"{MOST_TIERS:,}",
        "faults that are told of a file": f"the first {MOST_TOLD:,}",
    }
    codes = {
        exits.RAN: "it ran, and what was asked to hold holds",
        exits.FAILED: (
            "it ran, and a check, `--fail-on`, `--strict` or `--assert` does not hold; bad debt that no one "
            "covers "
            "under `--fail-on loss`"
        ),
        exits.UNUSABLE: "the command line or a file cannot be used: nothing was written, everything wrong is "
        "told",
        exits.BUG: "a bug of adlcalc: please report it",
        exits.INTERRUPTED: "interrupted with Ctrl-C",
    }
    yield "# Exit codes and limits\n\n| code | meaning |\n|---|---|\n"
    yield from (f"| {code} | {meaning} |\n" for code, meaning in codes.items())
    yield "\n| of a file | limit |\n|---|---|\n"
    yield from (f"| {what} | {limit} |\n" for what, limit in rows.items())
    yield "\nOutput never replaces a file that the call reads, and is there whole or not at all.\n\n"
    yield block("adlcalc run no-such-file.yaml")


TO_ADD = """\
| to add | touch |
|---|---|
| a venue | a file in adlcalc/venues |
| a score | an entry of SCORES in engine/formulas/scores.py |
| a rule | a field of its type in engine/rules.py, and the file of the stage that follows it |
| a value of a rule | an entry of its dictionary in engine/rules.py, behind which stands what does it |
| a column | a Field in report/columns; a fact that no event tells yet: the event, and the stage that tells it |
| a command | a file in cli and its name in cli/app.py; a result of its own: a file in report/columns and its page |
| a format | a file in report, NAME_writer.py |
"""


def house() -> Iterator[str]:
    yield (
        "# The house\n\nFor whoever changes adlcalc: which file does what, from the ground up. Made from the "
        "first "
        "sentence of each file. Goldens, schemas and the pages made from the code follow with "
        "`--update-golden`.\n\n"
    )
    yield TO_ADD
    for room in sorted((path.parent for path in PACKAGE.rglob("__init__.py")), key=floor):
        yield f"\n## {'/'.join(('adlcalc', *room.relative_to(PACKAGE).parts))}\n\n{about(room / '__init__.py')}\n\n"
        for file in sorted(room.glob("*.py")):
            if not file.stem.startswith("__"):
                yield f"- `{file.name}`: {about(file)}\n"


ROOMS = (
    "ground",
    "source",
    "engine",
    "venues",
    "paths",
    "scenario",
    "study",
    "report",
    "explain",
    "check",
    "importers",
    "cli",
)


def floor(room: Path) -> tuple[int, str]:
    """Where a room stands: the rooms in it behind it, the house itself last."""
    parts = room.relative_to(PACKAGE).parts
    return (ROOMS.index(parts[0]) if parts else len(ROOMS)), "/".join(parts)


def about(file: Path) -> str:
    """What a file says it is, to the end of the first paragraph."""
    first, _, _ = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n\n")
    return " ".join(first.partition(" Public: ")[0].split())


PAGES: Mapping[str, Callable[[], Iterator[str]]] = {
    "commands": commands,
    "scores": scores,
    "policies": policies,
    "metrics": metrics,
    "keys": keys,
    "outputs": outputs,
    "errors": errors,
    "limits": limits,
    "house": house,
}
"""Page -> what it is made of."""


# --- a part of the README -----------------------------------------------------------------------------------


def numbers() -> str:
    """What can be counted of rulebooks, sources and tests, as the README tells it."""
    rows = list(map(coverage_of, map(open_rulebook, shipped())))
    rules = {name: sum(getattr(row, name) for row in rows) for name in ("documented", "observed", "assumed")}
    files = (Path(__file__).parent / "cases").glob("*.yaml")
    cases = sum(file.read_text(encoding="utf-8").count("\n- name:") + 1 for file in files)
    incidents = len(list((Path(__file__).parent.parent / "scenarios" / "incidents").glob("*.yaml")))
    return "".join(
        f"{fill(line, 98, subsequent_indent='  ')}\n"
        for line in (
            f"- {len(rows)} rulebooks of {sum(rules.values())} rules: {rules['documented']} documented by "
            "the "
            "venue, "
            f"{rules['observed']} observed in its data, {rules['assumed']} assumed, each with its reason and "
            "its "
            f"other readings; a run says which of these it used.",
            f"- {sum(row.vectors_met for row in rows)} numbers that venues print are met, "
            f"{sum(row.vectors_not_met for row in rows)} are not: `adlcalc venues NAME` says why. {cases:,} "
            "cases "
            f"are worked by hand or from a source.",
            f"- {incidents} runs of incidents stand beside the published figures, with what was fitted to "
            "them.",
        )
    )
