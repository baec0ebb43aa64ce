"""The libraries of the extra `report`, and the one sentence where they are missing.

Public: MissingExtra, needed, is_there.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

MODULES = ("vl_convert", "jinja2")


class MissingExtra(Exception):
    """What the page needs is not installed."""

    def __init__(self) -> None:
        super().__init__("a page with figures needs the extra `report`: pip install 'adlcalc[report]'")


def is_there() -> bool:
    """Are both installed?"""
    return all(find_spec(name) is not None for name in MODULES)


def needed(name: str) -> ModuleType:
    """One of the modules, or MissingExtra."""
    try:
        return import_module(name)
    except ImportError:
        raise MissingExtra from None
