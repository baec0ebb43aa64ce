"""The formats: each is a file here, NAME_writer.py, that writes a `Page` (see `page.Writer`).

Public: FORMATS, ENDINGS.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from adlcalc.ground.numbers import exact

if TYPE_CHECKING:
    from adlcalc.report.page import Page, Writer

USUAL, ENDING = "table", "_writer.py"


@dataclass(frozen=True, slots=True)
class _Lazy:
    """A writer whose file is imported when something is written: the command line only needs to know which
    there are."""

    file: str

    @property
    def writer(self) -> Writer:
        """The file."""
        found: Writer = import_module(f"adlcalc.report.{self.file}")
        return found

    def page(self, page: Page, *, several: bool = False, first: bool = True) -> str:
        """The text of one page. What a column works out of others is exact, or it is an error."""
        with exact():
            return self.writer.page(page, several=several, first=first)

    def join(self, texts: Sequence[str]) -> str:
        """Several such texts as one."""
        return self.writer.join(texts)


def _names() -> Iterator[str]:
    """Every format that there is a file for, the one that a person reads first."""
    yield USUAL
    files = os.listdir(os.path.dirname(__file__))
    yield from sorted(
        file.removesuffix(ENDING) for file in files if file.endswith(ENDING) and file != f"{USUAL}{ENDING}"
    )


FORMATS: Mapping[str, Writer] = {name: _Lazy(f"{name}_writer") for name in _names()}
SHORT = {"markdown": "md"}
ENDINGS: Mapping[str, str] = {f".{SHORT.get(name, name)}": name for name in FORMATS if name != USUAL}
"""How files of a format end; a table is text, which may be called anything."""
