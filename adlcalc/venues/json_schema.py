"""JSON Schemas of rulebooks, and of a scenario's `rules`, from the same declarations that files are checked with.

Public: rulebook_schema, overrides_schema.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adlcalc.source.json_schema import Schema, draft7, merged
from adlcalc.venues.schema import Head, RuleEntry, RuleValues, is_by_contract


def rulebook_schema() -> str:
    """The JSON Schema of a rulebook file."""
    schema, definitions = draft7(Head)
    entry, _ = draft7(RuleEntry)

    def stated(value: Schema) -> Schema:
        return {**entry, "properties": {**entry["properties"], "value": value}}

    sections, more = _sections(stated)
    schema["properties"] |= sections
    schema["description"] = "A rulebook: the rules of a venue, each with its source."
    return merged("adlcalc rulebook", schema, definitions | more)


def overrides_schema() -> tuple[Schema, Schema]:
    """The schema of a scenario's `rules`, {section: {rule: value or {value: ...}}}, and its definitions."""

    def replaced(value: Schema) -> Schema:
        wrapped = {"type": "object", "properties": {"value": value}, "required": ["value"], "additionalProperties": False}
        return {"anyOf": [value, wrapped], **{key: value[key] for key in ("description",) if key in value}}

    sections, definitions = _sections(replaced)
    return {"type": "object", "properties": sections, "additionalProperties": False}, definitions


def _sections(entry_of: Callable[[Schema], Schema]) -> tuple[Schema, Schema]:
    """Every section with its rules; a rule that may differ by contract kind may also be written {linear, inverse}."""
    values, definitions = draft7(RuleValues)
    sections: Schema = {}
    for section, reference in values["properties"].items():
        name = reference["$ref"] if "$ref" in reference else reference["allOf"][0]["$ref"]
        model = definitions.pop(name.rpartition("/")[2])
        rules: dict[str, Any] = {}
        for rule, value in model["properties"].items():
            entry = entry_of(value)
            if is_by_contract(section, rule):
                kinds = {"linear": entry, "inverse": entry}
                entry = {
                    "anyOf": [entry, {"type": "object", "properties": kinds, "additionalProperties": False, "minProperties": 1}]
                }
            rules[rule] = {"description": value["description"], **entry} if "description" in value else entry
        sections[section] = {
            "description": model.get("description", ""),
            "type": "object",
            "properties": rules,
            "additionalProperties": False,
        }
    return sections, definitions
