"""JSON Schemas of rulebooks, and of a scenario's `rules`, from the same declarations that files are checked
with.

Public: rulebook_schema, overrides_schema.
"""

from __future__ import annotations

from collections.abc import Callable

from adlcalc.source.json_schema import Definitions, Schema, definition_of, merged
from adlcalc.source.keys import keys_of
from adlcalc.venues.schema import Head, RuleEntry, RuleValues, SilentEntry, section_of
from adlcalc.venues.stated import conventions


def rulebook_schema() -> str:
    """The JSON Schema of a rulebook file."""
    definitions: Definitions = {}
    schema = definition_of(Head, definitions)
    entry, silent = definition_of(RuleEntry, definitions), definition_of(SilentEntry, definitions)

    def stated(rule: str, value: Schema) -> Schema:
        whole = {**entry, "properties": {**entry["properties"], "value": value}}
        ways = [value, whole, *([silent] if rule in conventions() else [])]
        return {"anyOf": ways, **{key: value[key] for key in ("description",) if key in value}}

    sections = _sections(stated, definitions)
    for section in sections.values():
        section["type"] = ["object", "null"]  # one without rules says nothing
    schema["properties"] |= sections
    schema["description"] = "A rulebook: the rules of a venue, each with its source."
    return merged("adlcalc rulebook", schema, definitions)


def overrides_schema(definitions: Definitions) -> Schema:
    """The schema of a scenario's `rules`, {section: {rule: value or {value: ...}}}."""

    def replaced(_rule: str, value: Schema) -> Schema:
        wrapped = {
            "type": "object",
            "properties": {"value": value},
            "required": ["value"],
            "additionalProperties": False,
        }
        return {"anyOf": [value, wrapped], **{key: value[key] for key in ("description",) if key in value}}

    return {"type": "object", "properties": _sections(replaced, definitions), "additionalProperties": False}


def _sections(entry_of: Callable[[str, Schema], Schema], definitions: Definitions) -> Schema:
    """Every section with its rules; a rule that may differ by contract kind may also be written {linear,
    inverse}."""
    sections: Schema = {}
    for section in keys_of(RuleValues):
        kind = section_of(section)
        model = definition_of(kind, definitions)
        rules: Schema = {}
        for rule, value in model["properties"].items():
            entry = entry_of(f"{section}.{rule}", value)
            if keys_of(kind)[rule].by_contract:
                kinds = {"linear": entry, "inverse": entry}
                entry = {
                    "anyOf": [
                        entry,
                        {
                            "type": "object",
                            "properties": kinds,
                            "additionalProperties": False,
                            "minProperties": 1,
                        },
                    ]
                }
            rules[rule] = {"description": value["description"], **entry} if "description" in value else entry
        sections[section] = {
            "description": model.get("description", ""),
            "type": "object",
            "properties": rules,
            "additionalProperties": False,
        }
    return sections
