"""The JSON Schema of scenario files, from the declaration that they are checked with.

Public: scenario_schema.
"""

from __future__ import annotations

from adlcalc.scenario.schema import ScenarioFile
from adlcalc.source.json_schema import Definitions, definition_of, merged
from adlcalc.venues.json_schema import overrides_schema


def scenario_schema() -> str:
    """The JSON Schema of a scenario file."""
    definitions: Definitions = {}
    schema = definition_of(ScenarioFile, definitions)
    schema["properties"]["rules"] = {**schema["properties"]["rules"], **overrides_schema(definitions)}
    schema["required"] = ["prices"]
    schema["anyOf"] = [{"required": ["accounts"]}, {"required": ["population"]}]
    return merged("adlcalc scenario", schema, definitions)
