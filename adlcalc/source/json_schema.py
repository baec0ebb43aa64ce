"""A pydantic model as JSON Schema, draft 7, which is what editors complete YAML with.

It describes what the strict reader takes: no value may be null, a number may be written as text with underscores.

Public: DRAFT, draft7, merged.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

DRAFT = "http://json-schema.org/draft-07/schema#"
NUMBER_TEXT = r"^-?(0|[1-9][0-9]*(_[0-9]+)*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_NUMBERS = (["number", "string"], ["integer", "string"])
_DROPPED = frozenset(("title", "discriminator", "by_contract"))
Schema = dict[str, Any]


def draft7(model: type[BaseModel]) -> tuple[Schema, Schema]:
    """The model's own schema, and the definitions that it refers to."""
    with warnings.catch_warnings():  # defaults are written as text, like the values of a file
        warnings.simplefilter("ignore", UserWarning)
        whole = model.model_json_schema(ref_template="#/definitions/{model}")
    definitions = {name: _plain(one) for name, one in whole.pop("$defs", {}).items()}
    return _plain(whole), definitions


def merged(title: str, schema: Schema, definitions: Mapping[str, Schema]) -> str:
    """The file: the schema with its definitions last, ending in a line feed."""
    document = {"$schema": DRAFT, "title": title, **schema, "definitions": dict(sorted(definitions.items()))}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _plain(value: Any, *, names: bool = False) -> Any:
    """Draft 7 without nulls, generated titles and marks of our own; names: the keys are names of properties, not keywords."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if names:
        return {key: _plain(one) for key, one in value.items()}
    schema: Schema = {}
    for key, one in value.items():
        if key in _DROPPED or (key == "default" and one is None):
            continue
        if key in ("anyOf", "oneOf"):  # shapes may overlap: a number is a text too
            schema["anyOf"] = [_plain(option) for option in one if option != {"type": "null"}]
        elif key == "const":
            schema["enum"] = [one]
        else:
            schema[key] = one if key in ("default", "examples", "enum") else _plain(one, names=key == "properties")
    if schema.get("type") in _NUMBERS:
        schema["pattern"] = NUMBER_TEXT
    return _referring(_unnested(schema))


def _unnested(schema: Schema) -> Schema:
    """A choice of one is that one."""
    options = schema.get("anyOf")
    if options is None or len(options) != 1:
        return schema
    return {**options[0], **{key: one for key, one in schema.items() if key != "anyOf"}}


def _referring(schema: Schema) -> Schema:
    """A reference alone, or in a list of its own where other keywords stand beside it: draft 7 reads none beside a `$ref`."""
    parts = [{"$ref": schema["$ref"]}] if "$ref" in schema else schema.get("allOf", [])
    rest = {key: one for key, one in schema.items() if key not in ("$ref", "allOf")}
    return {**rest, "allOf": parts} if rest and parts else parts[0] if len(parts) == 1 else schema
