"""Which files `adlcalc check` works through, and where the golden of each is.

A folder stands for every .yaml, .yml and .json file in it and below (hidden ones, results of ours and JSON
Schemas left out): a misspelled scenario is an error, not skipped. The golden of NAME.yaml is NAME.golden
beside it, or at the same place under `--golden DIR`.

Public: Job, Collected, collect, Kind, kind_of_text, is_scenario.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import NamedTuple

ENDINGS = (".yaml", ".yml", ".json")
GOLDEN = ".golden"
NEEDED = ("accounts", "prices")
RULES = ("as_of", "extends", "sources", "not_modeled", "margin", "liquidation", "adl", "contract")
TABLES = ("contracts", "unit")
_OURS = re.compile(r'"(?:schema": *"adlcalc\.|\$schema")')


class Kind(Enum):
    """What a file is, by the look of its text."""

    scenario = "scenario"
    rulebook = "rulebook"
    tables = "tables"
    unknown = "unknown"


class Job(NamedTuple):
    """A file to check; golden: where the golden of its run is or would be (None: standard input has none);
    more: its other goldens, NAME.*.golden; root, golden_root: the folders that they may not leave by a link
    (None: a file that was named itself may be anywhere)."""

    file: str
    golden: str | None
    root: str | None = None
    golden_root: str = ""
    more: tuple[str, ...] = ()


class Collected(NamedTuple):
    """jobs in the order given; orphans: goldens without a scenario; empty: folders that hold nothing to
    check; shared: files whose golden is that of an earlier file."""

    jobs: tuple[Job, ...]
    orphans: tuple[str, ...]
    empty: tuple[str, ...]
    shared: tuple[tuple[str, str], ...]


def kind_of_text(text: str) -> Kind:
    """Scenario, rulebook, tables beside a rulebook, or none of them; a file that has accounts or prices is a
    scenario."""
    keys = _keys_at_the_top(text, (*NEEDED, *RULES, *TABLES))
    if keys & set(NEEDED):
        return Kind.scenario
    if keys >= set(TABLES):
        return Kind.tables
    return Kind.rulebook if keys else Kind.unknown


def is_scenario(text: str) -> bool:
    """Is a text among others of any kind a scenario? It has accounts and prices, or its first line names our
    schema."""
    return (
        len(_keys_at_the_top(text, NEEDED)) == len(NEEDED) or "scenario.schema.json" in text.split("\n", 1)[0]
    )


def _keys_at_the_top(text: str, names: Sequence[str]) -> set[str]:
    """Which of the names stand as keys at the beginning of a line (YAML), or in quotes anywhere (JSON)."""
    either = "|".join(names)
    in_brackets = text.lstrip("\ufeff \t\r\n").startswith("{")
    pattern = (
        rf"""["']?\b({either})["']?[ \t]*:""" if in_brackets else rf"""^\ufeff?["']?({either})["']?[ \t]*:"""
    )
    return set(re.findall(pattern, text, re.MULTILINE))


def collect(paths: Sequence[str], golden: str | None) -> Collected:
    """All files that the paths stand for, each once."""
    jobs: dict[str, Job] = {}
    others = _Others()
    empty, roots = [], []
    for path in _unquoted(paths):
        if not os.path.isdir(path):
            beside = golden or os.path.dirname(path)
            own = _golden_of(os.path.basename(path), beside, path)
            jobs.setdefault(os.path.normpath(path), Job(path, own, None, beside, others.of(path, own)))
            continue
        found = list(_files(path))
        roots.append(golden or path)
        if not found:
            empty.append(path)
        for inside in found:
            file = _joined(path, inside)
            own = _golden_of(inside, golden or path, file)
            jobs.setdefault(
                os.path.normpath(file), Job(file, own, path, golden or path, others.of(file, own))
            )
    first: dict[str, str] = {}
    pairs = [(job.file, os.path.realpath(job.golden)) for job in jobs.values() if job.golden is not None]
    shared = [(file, first[name]) for file, name in pairs if first.setdefault(name, file) != file]
    second = {file for file, _ in shared}  # what is written for one of them is not the other's
    owned = {*first, *(os.path.realpath(name) for job in jobs.values() for name in job.more)}
    orphans = [
        name
        for root in dict.fromkeys(roots)
        for name in _goldens(root)
        if os.path.realpath(name) not in owned
    ]
    worked = tuple(job._replace(golden=None, more=()) if job.file in second else job for job in jobs.values())
    return Collected(worked, tuple(dict.fromkeys(orphans)), tuple(empty), tuple(shared))


def _unquoted(paths: Sequence[str]) -> Iterator[str]:
    """The paths; a pattern that the shell has left alone ('scenarios/*.yaml' in quotes) for the files that it
    matches. A file of that very name comes first; a pattern that matches nothing stays, and is told as a file
    that is not there."""
    from glob import glob, has_magic

    for path in paths:
        found = sorted(glob(path, recursive=True)) if has_magic(path) and not os.path.lexists(path) else []
        yield from found or [path]


class _Others:
    """NAME.WHAT.golden belongs to the scenario NAME, unless there is a scenario NAME.WHAT. A folder is listed
    once."""

    def __init__(self) -> None:
        self._listed: dict[str, list[str]] = {}

    def of(self, file: str, golden: str | None) -> tuple[str, ...]:
        """The goldens of a file other than that of its run."""
        if golden is None:
            return ()
        folder, own = os.path.split(golden)
        stem = own.removesuffix(GOLDEN)
        scenarios = {
            os.path.splitext(name)[0] for name in self._names(os.path.dirname(file)) if name.endswith(ENDINGS)
        }
        found = (
            name
            for name in self._names(folder)
            if name.startswith(f"{stem}.") and name.endswith(GOLDEN) and name != own
        )
        return tuple(
            os.path.join(folder, name)
            for name in found
            if _owner(name.removesuffix(GOLDEN), scenarios) == stem
        )

    def _names(self, folder: str) -> list[str]:
        if folder not in self._listed:
            try:
                self._listed[folder] = sorted(os.listdir(folder or "."))
            except OSError:
                self._listed[folder] = []
        return self._listed[folder]


def _owner(name: str, scenarios: set[str]) -> str:
    """The scenario with the longest name that a golden's name begins with."""
    while name and name not in scenarios:
        name = name.rpartition(".")[0]
    return name


def _golden_of(inside: str, root: str, file: str) -> str | None:
    return None if file == "-" else _joined(root, os.path.splitext(inside)[0] + GOLDEN)


def _walk(folder: str) -> Iterator[str]:
    """Every file below a folder that is not hidden, as its path from there, in the order of names; links are
    not followed."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield os.path.relpath(os.path.join(place, name), folder)


def _joined(folder: str, name: str) -> str:
    """A file of a folder; of the current one by its name alone, as the readers of annotations want it."""
    return name if folder in (".", f".{os.sep}") else os.path.join(folder, name)


def _files(folder: str) -> Iterator[str]:
    return (
        name for name in _walk(folder) if name.endswith(ENDINGS) and not _is_ours(os.path.join(folder, name))
    )


def _goldens(folder: str) -> Iterator[str]:
    return (_joined(folder, name) for name in _walk(folder) if name.endswith(GOLDEN))


def _is_ours(file: str) -> bool:
    """A result in JSON or a JSON Schema, which may stand beside scenarios."""
    if not file.endswith(".json") or not os.path.isfile(file):
        return False
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            return bool(_OURS.search(opened.read(300)))
    except OSError:
        return False
