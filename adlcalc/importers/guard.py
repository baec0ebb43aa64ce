"""What `import` writes is a scenario that loads: names are looked at before, the text as a whole after.

Public: OptionError, Imported, market_name, account_id, assure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adlcalc.scenario import Loaded
from adlcalc.scenario.draft import RESERVED_IDS, name_fault
from adlcalc.scenario.loading import load_source
from adlcalc.scenario.schema import RESERVED_MARKETS
from adlcalc.source.nodes import Source
from adlcalc.source.problems import quote


class OptionError(ValueError):
    """An option of the command cannot be used; the message begins with its name."""


class Imported(NamedTuple):
    """A scenario as YAML, and the files that have to stand beside it, by name. warnings: what the user should
    know at once."""

    text: str
    beside: Mapping[str, str] = {}
    warnings: tuple[str, ...] = ()


def market_fault(name: str) -> str | None:
    """Why a text cannot name a market of a scenario, as a predicate."""
    return "is a key of the scenario file" if name in RESERVED_MARKETS else name_fault(name)


def market_name(option: str, name: str) -> str:
    """The name, or OptionError where no scenario could have such a market."""
    fault = market_fault(name)
    if fault:
        raise OptionError(f"{option} {quote(name)} {fault}")
    return name


def account_id(option: str, name: str) -> str:
    """The id, or OptionError where no scenario could have such an account."""
    fault = name_fault(name, reserved=RESERVED_IDS)
    if fault:
        raise OptionError(f"{option} {quote(name)} {fault}")
    return name


def assure(text: str) -> Loaded:
    """Load what is about to be written; ScenarioErrors where `run` would refuse it."""
    name = "the scenario that was made"
    return load_source(Source(name, text), name)
