"""A declaration (source/keys.py) as JSON Schema, draft 7, which is what editors complete YAML with.

It describes what the strict reader takes: no value may be null, a number may be text with underscores.

Public: DRAFT, Schema, Definitions, schema_of, reference_to, definition_of, merged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from inspect import cleandoc
from typing import Annotated, Any, Literal, get_args, get_origin

from adlcalc.source.keys import ByShape, InJsonSchema, Key, Strict, keys_of, without_none

DRAFT = "http://json-schema.org/draft-07/schema#"
NUMBER_TEXT = r"^[+-]?(0|[1-9][0-9]*(_[0-9]+)*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_NUMBERS = (["number", "string"], ["integer", "string"])
Schema = dict[str, Any]
Definitions = dict[str, Schema]


def definition_of(kind: type[Strict], definitions: Definitions) -> Schema:
    """The schema of a map; those of the maps in it are put into `definitions`."""
    known = keys_of(kind)
    schema: Schema = {
        "additionalProperties": False,
        "description": _prose(kind.__doc__ or ""),
        "properties": {name: _property(one, definitions) for name, one in known.items()},
    }
    required = [name for name, one in known.items() if one.required]
    return {**schema, **({"required": required} if required else {}), "type": "object"}


def _prose(text: str) -> str:
    """A docstring without the line breaks that its width made: a paragraph is one line."""
    return re.sub(r"(?<![\n:])\n(?=[^\n ])", " ", cleandoc(text))


def _property(one: Key, definitions: Definitions) -> Schema:
    """The schema of a key: of its values, with what is said of the key."""
    said: Schema = {"description": one.description}
    if one.default is not None and one.make is None and not one.required:
        said = {"default": _plain(one.default), **said}
    if one.examples:
        said["examples"] = json.loads(json.dumps(one.examples, sort_keys=True))
    value = _raw(one.takes, definitions)
    if "$ref" in value:  # draft 7 reads no other keyword beside it
        return {**said, "allOf": [value]}
    if without_none(one.takes) is not one.takes:
        return {**_published(value), **said}
    return _published({**value, **said})


def _published(raw: Schema) -> Schema:
    """Keywords by their names. Shapes may overlap, as a number is a text too: one of them is any of them."""
    schema: Schema = {}
    for name, value in sorted(raw.items()):
        if name == "oneOf":
            schema["anyOf"] = value
        elif name == "const":
            schema["enum"] = [value]
        else:
            schema[name] = value
    return {**schema, "pattern": NUMBER_TEXT} if schema.get("type") in _NUMBERS else schema


def _plain(default: Any) -> Any:
    """A default as a file would have it."""
    return str(default) if isinstance(default, Decimal) else default


def schema_of(annotation: Any, definitions: Definitions) -> Schema:
    """The schema of what a type takes."""
    return _published(_raw(annotation, definitions))


def _raw(annotation: Any, definitions: Definitions) -> Schema:
    """The schema of a type, before its keywords are put in order."""
    annotation = without_none(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Strict):
        return reference_to(annotation, definitions)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list:
        return {"items": schema_of(arguments[0], definitions), "type": "array"}
    if origin is dict:
        values = {} if arguments[1] is Any else {"additionalProperties": schema_of(arguments[1], definitions)}
        return {**values, "type": "object"}
    if origin is Literal:
        return {
            "type": "string",
            **({"enum": list(arguments)} if len(arguments) > 1 else {"const": arguments[0]}),
        }
    if origin is not Annotated:
        return {}
    inner, *marks = arguments
    told = [mark.keywords for mark in marks if isinstance(mark, InJsonSchema)]
    if told:
        return {name: _published(part) if isinstance(part, dict) else part for name, part in told[-1].items()}
    if any(isinstance(mark, ByShape) for mark in marks):
        return {"oneOf": [schema_of(member, definitions) for member in get_args(inner)]}
    return _raw(inner, definitions)


def reference_to(kind: type[Strict], definitions: Definitions) -> Schema:
    """A reference to the schema of a map, which is put into `definitions`."""
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}  # it may hold one of its own kind
        definitions[name] = definition_of(kind, definitions)
    return {"$ref": f"#/definitions/{name}"}


def merged(title: str, schema: Schema, definitions: Mapping[str, Schema]) -> str:
    """The file: the schema with its definitions last, ending in a line feed."""
    document = {"$schema": DRAFT, "title": title, **schema, "definitions": dict(sorted(definitions.items()))}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
