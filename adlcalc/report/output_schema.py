"""The JSON Schema (draft 7) of everything that is printed as JSON, made from the columns.

Public: output_schema.
"""

from __future__ import annotations

import json

from adlcalc.report.columns.documents import DOCUMENTS
from adlcalc.report.field import DRAFT, Plain


def output_schema() -> str:
    """One file for all documents: `schema`, the first key of each, says which it is. A list holds several."""
    one: Plain = {
        "type": "object",
        "properties": {
            "schema": {
                "description": "which document this is",
                "enum": [one.name for one in DOCUMENTS.values()],
            }
        },
        "required": ["schema"],
        "allOf": [
            {
                "if": {"properties": {"schema": {"const": document.name}}},
                "then": {"$ref": f"#/definitions/{name}"},
            }
            for name, document in DOCUMENTS.items()
        ],
    }
    whole: Plain = {
        "$schema": DRAFT,
        "title": "adlcalc output",
        "description": "What adlcalc prints with --json: one document, or a list of them. Keys may be added.",
        "if": {"type": "array"},
        "then": {"items": {"$ref": "#/definitions/document"}},
        "else": {"$ref": "#/definitions/document"},
        "definitions": {"document": one, **{name: document.schema() for name, document in DOCUMENTS.items()}},
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
