"""A scenario that is no file: text, or a dict of what the text would say.

Public: is_text, load_given, origin_of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeGuard

from adlcalc.scenario import Loaded
from adlcalc.source.files import decoded

if TYPE_CHECKING:
    from adlcalc.scenario.loading import Origin

STANDARD_INPUT = "-"
"""The file that such a scenario has none of: its companions are in the current folder."""


def is_text(source: object) -> TypeGuard[str | Mapping[str, Any]]:
    """Is it the scenario itself, not the name of a file?"""
    return isinstance(source, Mapping) or (
        isinstance(source, str) and ("\n" in source or source.lstrip().startswith("{"))
    )


def load_given(
    source: str | Mapping[str, Any], *, sets: Sequence[str], venue: str | None, as_of: str | None
) -> Loaded:
    """Read, check and build; places in errors are those of the text, or of the dict as JSON."""
    return origin_of(source, sets=sets, venue=venue, as_of=as_of).load()


def origin_of(
    source: str | Mapping[str, Any], *, sets: Sequence[str], venue: str | None, as_of: str | None
) -> Origin:
    """What it can be loaded from, again and again."""
    from adlcalc.scenario.loading import Origin

    name, text = ("<text>", source) if isinstance(source, str) else ("<dict>", f"{_json(source)}\n")
    read = decoded(name, text.encode("utf-8", "surrogatepass"))
    return Origin(STANDARD_INPUT, read, None, tuple(sets), venue, as_of)


def _json(value: Any, indent: str = "") -> str:
    """A value as JSON with a line for each key and item, its numbers digit for digit."""
    inner = f"{indent}  "
    if isinstance(value, Mapping):
        parts = [f"{inner}{json.dumps(str(key))}: {_json(x, inner)}" for key, x in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}" if parts else "{}"
    if isinstance(value, list | tuple):
        parts = [f"{inner}{_json(x, inner)}" for x in value]
        return "[\n" + ",\n".join(parts) + f"\n{indent}]" if parts else "[]"
    if isinstance(value, Decimal):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return json.dumps(value)
    return json.dumps(str(value))  # a date, an enum, a path
