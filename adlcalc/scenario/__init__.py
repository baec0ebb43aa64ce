"""Located values -> the engine's Scenario: the schema, companion files, overrides, every check that needs
more than one value.

    schema.py     the file's declaration, one field per key; path_schema.py, expect_schema.py: parts of it
    loading.py    the order of a load: text, overrides, schema, rulebook, parts
    draft.py      what the builders share: the checked file, its tree, the problems found
    markets.py    markets, money unit, funds
    indicators.py what a venue told of its queue
    accounts.py   accounts written in the file; book.py: those of a CSV beside it;
                  population.py: those that are made up
    prices.py     price paths and funding; klines.py: candles of a CSV file; times.py: the time of each step
    path_models.py random paths: the models are in adlcalc/paths
    expect.py     the `expect` block
    overrides.py  --set key.path=value
    shipped.py    the scenarios that come with adlcalc

Public: load, Loaded, options_of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike, fspath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adlcalc.engine.model import Scenario
    from adlcalc.paths.models import Model
    from adlcalc.scenario.expect import Expect
    from adlcalc.scenario.indicators import Told
    from adlcalc.scenario.loading import Origin
    from adlcalc.source.problems import Problem
    from adlcalc.venues.named_tables import Table
    from adlcalc.venues.rulebook import Rulebook

__all__ = ["Loaded", "load", "options_of"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A scenario that was read. file: its name as given; expect: what the file says should come out, or None;
    notes: what is read but does nothing, or is seldom meant; owners: whose an account is, where it says so;
    outside: a sentence where the path is of another time than the rulebook; model: that of the path, where it
    was drawn; made: how many accounts, the last ones, are made up; origin: what it can be loaded from once
    more, with other settings; tables: the venue's maintenance table that a market is worked by."""

    scenario: Scenario
    expect: Expect | None
    file: str
    rulebook: Rulebook
    notes: tuple[Problem, ...] = ()
    told: Told | None = None
    owners: Mapping[str, str] = field(default_factory=dict)
    outside: str = ""
    model: Model | None = None
    made: int = 0
    tables: Mapping[str, Table] = field(default_factory=dict)
    origin: Origin | None = field(default=None, repr=False, compare=False)


def load(
    path: str | PathLike[str],
    *,
    sets: Sequence[str] = (),
    venue: str | None = None,
    as_of: str | None = None,
) -> Loaded:
    """Read a scenario file ('-': standard input), or one that comes with adlcalc by its name.

    sets: 'key.path=value' changes; venue: another rulebook than the file's; as_of: of the rulebook's editions
    the one that held on that day.

    Raises adlcalc.source.ScenarioErrors with every problem of the file.
    """
    from adlcalc.scenario.loading import load_file

    return load_file(fspath(path), sets=sets, venue=venue, as_of=as_of)


def options_of(sets: Sequence[str], venue: str | None, as_of: str | None) -> list[str]:
    """The options that make another scenario of a file: what `load` was given, as the command line has it."""
    named = (("--venue", venue), ("--as-of", as_of), *(("--set", change) for change in sets))
    return [word for option, value in named if value is not None for word in (option, value)]
