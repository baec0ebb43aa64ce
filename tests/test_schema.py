"""The JSON Schemas for editors: in step with the code, accepted by a validator that is not ours, named by
every shipped file."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from conftest import ROOT, Result

Command = Callable[..., Result]
FILES = {
    "scenario": "adlcalc/scenario.schema.json",
    "rulebook": "adlcalc/venues/rulebook.schema.json",
    "output": "adlcalc/output.schema.json",
}
SHIPPED = [
    *(("scenario", path) for path in sorted((ROOT / "scenarios").rglob("*.yaml"))),
    *(("scenario", path) for path in sorted((ROOT / "adlcalc/templates").glob("*.yaml"))),
    *(("rulebook", path) for path in sorted((ROOT / "adlcalc/venues").glob("*.yaml"))),
]
NOT_SEEN = ("alias", "empty", "utf16", "duplicate")
"""Faults of the text, not of the values."""


@functools.cache
def validator(which: str) -> jsonschema.Draft7Validator:
    schema = json.loads((ROOT / FILES[which]).read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def as_editors_read(text: str) -> Any:
    """YAML 1.2, as the YAML language server has it: 60_000, no and 2026-01-01 are text, 0.5 and 1e5 are
    numbers."""

    def typed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: typed(one) for key, one in value.items()}
        if isinstance(value, list):
            return [typed(one) for one in value]
        if value in ("true", "false", ""):
            return value == "true" if value else None
        try:
            return value if "_" in value else int(value)
        except ValueError:
            pass
        try:
            return float(value)
        except ValueError:
            return value

    return typed(yaml.load(text, yaml.BaseLoader))


@pytest.mark.parametrize("which", list(FILES))
def test_the_file_is_what_the_command_prints(
    adlcalc: Command, which: str, request: pytest.FixtureRequest
) -> None:
    got = adlcalc("schema", which)
    assert (got.err, got.code) == ("", 0)
    if request.config.getoption("--update-golden"):
        (ROOT / FILES[which]).write_bytes(got.out.encode("utf-8"))
    is_the_same = got.out == (ROOT / FILES[which]).read_text(encoding="utf-8")
    assert is_the_same, f"run: adlcalc schema {which} --output {FILES[which]}"
    assert json.loads(got.out)["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("which", "path"), SHIPPED, ids=lambda value: value.stem if isinstance(value, Path) else value
)
def test_every_shipped_file_names_its_schema_and_passes_it(which: str, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    line = text.split("\n", 1)[0]
    assert line.startswith("# yaml-language-server: $schema=")
    named = line.partition("=")[2]
    if path.parent.name != "templates":  # those are for other folders
        assert (path.parent / named).resolve() == ROOT / FILES[which]
    assert [error.message for error in validator(which).iter_errors(as_editors_read(text))] == []


@pytest.mark.slow
def test_an_editor_sees_many_of_the_faults() -> None:
    seen, all_ = 0, 0
    check = validator("scenario")
    for path in sorted((ROOT / "tests/bad").glob("*.yaml")):
        if path.stem.endswith("-book") or path.stem.startswith(NOT_SEEN):
            continue
        try:
            tree = as_editors_read(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError, TypeError):
            continue
        all_ += 1
        seen += any(check.iter_errors(tree))
    assert seen > all_ / 3


def test_every_key_has_a_description() -> None:
    def missing(schema: Any, path: str) -> list[str]:
        if isinstance(schema, list):
            return [found for one in schema for found in missing(one, path)]
        if not isinstance(schema, dict):
            return []
        properties = schema.get("properties", {})
        here = [
            f"{path}.{key}" for key, one in properties.items() if "description" not in one and key != "value"
        ]
        skipped = ("examples", "default", "enum", "if")
        deeper = (missing(one, f"{path}.{key}") for key, one in schema.items() if key not in skipped)
        return here + [
            found for inner in deeper for found in inner if ".linear" not in found and ".inverse" not in found
        ]

    for which in FILES:
        assert missing(json.loads((ROOT / FILES[which]).read_text(encoding="utf-8")), which) == []


@pytest.mark.slow
def test_the_schema_has_defaults_and_examples() -> None:
    schema = json.loads((ROOT / FILES["scenario"]).read_text(encoding="utf-8"))
    assert schema["properties"]["venue"]["default"] == "generic"
    assert schema["definitions"]["MarketSpec"]["properties"]["contract"]["default"] == "linear"
    check = validator("scenario")
    for key, value in schema["properties"].items():
        for example in value.get("examples", []):
            assert not [error for error in check.iter_errors({key: example}) if error.path], (key, example)


# --- the outputs --------------------------------------------------------------------------------------------

PRINTED = [
    *(("run", str(path)) for path in sorted((ROOT / "scenarios").glob("*.yaml"))),
    ("run", "scenarios/01-margin-call-without-loss.yaml", "scenarios/05-fund-empty-adl.yaml"),
    ("rank", "scenarios/13-bitmex-queue.yaml", "--account", "account-4", "--account", "account-1"),
    ("rank", "scenarios/09-hedged-account.yaml", "--step", "0"),
    ("rank", "scenarios/05-fund-empty-adl.yaml", "--account", "alice"),
    ("explain", "scenarios/04-fund-half-absorbs.yaml", "bob"),
    ("explain", "scenarios/18-march-2020.yaml", "--fund"),
    ("compare", "scenarios/05-fund-empty-adl.yaml", "--axioms", "--accounts"),
    ("venues",),
    ("venues", "okx"),
    ("venues", "--score", "generic"),
    ("check", "scenarios", "tests/bad/2.yaml"),
]


def strict(schema: Any) -> Any:
    """The schema with no room for keys that it does not name."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(one) for key, one in schema.items()}
    if {"properties", "required"} <= schema.keys() and schema["required"] != ["schema"]:
        closed.setdefault("additionalProperties", False)
    return closed


@pytest.mark.slow
@pytest.mark.parametrize("command", PRINTED, ids=" ".join)
def test_every_document_is_what_its_schema_says(adlcalc: Command, command: tuple[str, ...]) -> None:
    """Each key is in the schema, and each value what it says of it."""
    whole = strict(json.loads((ROOT / FILES["output"]).read_text(encoding="utf-8")))
    printed = json.loads(adlcalc(*command, "--json").out)
    errors = list(jsonschema.Draft7Validator(whole).iter_errors(printed))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_a_golden_that_differs_is_told_as_its_schema_says(adlcalc: Command, tmp_path: Path) -> None:
    text = (ROOT / "scenarios/05-fund-empty-adl.yaml").read_text(encoding="utf-8").partition("expect:")[0]
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert (
        adlcalc(
            "run", str(tmp_path / "a.yaml"), "-o", str(tmp_path / "a.golden"), "--set", "fund=9", "--json"
        ).code
        == 0
    )
    printed = json.loads(adlcalc("check", str(tmp_path), "--json").out)
    assert printed["files"][0]["findings"][0]["differences"]
    whole = strict(json.loads((ROOT / FILES["output"]).read_text(encoding="utf-8")))
    assert list(jsonschema.Draft7Validator(whole).iter_errors(printed)) == []


@pytest.mark.slow
def test_a_document_that_is_wrong_is_seen(adlcalc: Command) -> None:
    printed = json.loads(adlcalc("run", "scenarios/05-fund-empty-adl.yaml", "--json").out)
    check = validator("output")
    assert check.is_valid(printed)
    printed["deleveraged"][0]["price"] = 90.0
    assert [error.json_path for error in check.iter_errors(printed)] == ["$.deleveraged[0].price"]


# --- adlcalc new --------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_templates_are_listed(adlcalc: Command) -> None:
    listed = [line.split()[0] for line in adlcalc("new", "--list").out.splitlines() if line[0] != " "]
    shipped = sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml"))
    assert listed[:4] == ["basic", "book", "cross", "rulebook"]
    assert [name for name in listed[4:] if "/" not in name] == shipped


@pytest.mark.slow
def test_the_new_rulebook_names_its_schema_and_passes_it(adlcalc: Command) -> None:
    text = adlcalc("new", "rulebook").out
    assert text.startswith("# yaml-language-server: $schema=rulebook.schema.json\n")
    assert [error.message for error in validator("rulebook").iter_errors(as_editors_read(text))] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["basic", "cross", "rulebook"])
def test_a_template_passes_as_it_is(adlcalc: Command, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.yaml"
    assert adlcalc("new", name, "-o", str(path)) == Result("", "", 0)
    assert adlcalc("new", name).out == path.read_text(encoding="utf-8")
    assert adlcalc("check", str(path)) == Result("", "adlcalc check: 1 file, 0 goldens: all as expected\n", 0)


def test_the_book_template_works_with_its_files(adlcalc: Command, tmp_path: Path) -> None:
    adlcalc("new", "book", "-o", str(tmp_path / "book.yaml"))
    (tmp_path / "book.csv").write_text(
        "id,market,side,size,entry,leverage\na,XBTUSD,long,100,8000,10\nb,XBTUSD,short,100,8000,2\n"
    )
    (tmp_path / "klines.csv").write_text("time,open,high,low,close\n1584007200000,8000,8000,7000,7500\n")
    assert adlcalc("check", str(tmp_path / "book.yaml")) == Result(
        "", "adlcalc check: 1 file, 0 goldens: all as expected\n", 0
    )


def test_new_never_overwrites_and_knows_its_templates(adlcalc: Command, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("mine")
    got = adlcalc("new", "-o", str(path))
    assert (got.err, got.code) == (f"adlcalc: {path} is there already; give another name or folder\n", 2)
    assert path.read_text() == "mine"
    got = adlcalc("new", "bsic")
    assert (got.err, got.code) == ("adlcalc: there is no template 'bsic'\nhint: did you mean 'basic'?\n", 2)
    assert adlcalc("new", "-o", str(tmp_path / "no" / "x.yaml")).code == 2
