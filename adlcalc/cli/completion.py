"""What the shell proposes: names are listed, no file is opened.

Public: command_names, venue_names, questions, scenario_files.
"""

from __future__ import annotations

import os
from importlib.resources import files


def command_names(incomplete: str) -> list[str]:
    """Names of commands."""
    from adlcalc.cli.app import COMMANDS

    return [name for name in COMMANDS if name.startswith(incomplete)]


def venue_names(incomplete: str) -> list[str]:
    """Names of the rulebooks that come with adlcalc."""
    names = (entry.name for entry in files("adlcalc").joinpath("venues").iterdir())
    return sorted(
        name.removesuffix(".yaml") for name in names if name.endswith(".yaml") and name.startswith(incomplete)
    )


def questions(incomplete: str) -> list[str]:
    """What a question may begin with."""
    from adlcalc.study.questions import MEASURES, PREDICATES

    known = {**PREDICATES, **MEASURES}
    return [name + "(" * kind.needed for name, kind in known.items() if name.startswith(incomplete)]


def scenario_files(incomplete: str) -> list[str]:
    """Scenario files and folders that begin as typed, and the scenarios that come with adlcalc."""
    from adlcalc.scenario import shipped

    return [*_files(incomplete), *(shipped.names(incomplete) if incomplete else ())]


def _files(incomplete: str) -> list[str]:
    folder, start = os.path.split(incomplete)
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
    except OSError:
        return []
    return [
        os.path.join(folder, entry.name) + (os.sep if entry.is_dir() else "")
        for entry in entries
        if entry.name.startswith(start)
        and (start.startswith(".") or not entry.name.startswith("."))
        and (entry.is_dir() or entry.name.endswith((".yaml", ".yml", ".json")))
    ]
