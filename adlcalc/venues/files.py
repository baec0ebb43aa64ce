"""Where the files of rulebooks are: those that come with adlcalc, by name, and a user's own, by path.

Public: SHIPPED, SHIPPED_AS, CONVENTIONS, shipped, is_shipped, is_rulebook, source_of, listed,
conventions_source, beside.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path as FilePath

from adlcalc.source.document import read_document
from adlcalc.source.files import DOCUMENT_LIMIT, companion, near_file, text_of
from adlcalc.source.nodes import Map, Source
from adlcalc.source.problems import Located, Problems, ScenarioErrors, nearest, quote, wrong

SHIPPED = FilePath(__file__).parent
SHIPPED_AS = "adlcalc/venues/"
"""How the folder of the shipped rulebooks is shown in messages."""
CONVENTIONS = "conventions"
"""The file among them that is no venue's: what holds where a venue is silent."""


def shipped() -> list[str]:
    """The names of the rulebooks that come with adlcalc."""
    return [*_names()]


@cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(file.stem for file in SHIPPED.glob("*.yaml") if file.stem != CONVENTIONS))


def is_shipped(name: str) -> bool:
    """Is it the name of a rulebook that comes with adlcalc, not a path?"""
    return "/" not in name and not name.endswith((".yaml", ".yml", ".json"))


def is_rulebook(name: str) -> bool:
    """Is it the name of a shipped rulebook, or a file that is one?"""
    if is_shipped(name) and not os.path.exists(name):
        return name in shipped()
    if not os.path.isfile(name):
        return False
    problems = Problems()
    try:
        root = read_document(text_of(name), problems)
    except ScenarioErrors:
        return False
    return isinstance(root, Map) and "as_of" in root.items and "accounts" not in root.items


def source_of(name: str, problems: Problems, where: Located, folder: str | None) -> Source | None:
    """The text of a shipped rulebook or of a user's file."""
    if is_shipped(name):
        names = shipped()
        if name in (*names, CONVENTIONS):
            return _shipped_text(name)
        problems.add(where, f"there is no venue {quote(name)}", _meant(name, names))
        return None
    if folder is None:
        return text_of(name, role="rulebook")
    return companion(folder, name, where, limit=DOCUMENT_LIMIT, role="rulebook")


def listed(option: str, text: str) -> list[str]:
    """The rulebooks of a list with commas between, each of which there is; ScenarioErrors names the option as
    it was typed."""
    known = shipped()
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if is_shipped(name) and name not in known:
            raise wrong(option, text, f"there is no venue {quote(name)}", _meant(name, known))
    return names


def _meant(name: str, names: Iterable[str]) -> str:
    """The nearest of them, or how they are listed."""
    near = nearest(name, names)
    file = near_file(name)
    if file is not None and os.path.splitext(file)[0] == name:
        return f"did you mean the file {quote(file)}?"
    return (
        f"did you mean {quote(near)}?"
        if near
        else "adlcalc venues lists them; a file of your own is named with its ending"
    )


def conventions_source() -> Source:
    """The text of the conventions."""
    return _shipped_text(CONVENTIONS)


def _shipped_text(name: str) -> Source:
    return text_of(str(SHIPPED / f"{name}.yaml"), shown_as=f"{SHIPPED_AS}{name}.yaml", role="rulebook")


def beside(name: str, rulebook: str, where: Located) -> Source:
    """The text of a file beside a rulebook, in its folder or below."""
    if rulebook.startswith(SHIPPED_AS):
        return text_of(str(SHIPPED / name), shown_as=f"{SHIPPED_AS}{name}", role="table")
    return companion(str(FilePath(rulebook).parent), name, where, limit=DOCUMENT_LIMIT, role="table")
