"""The formats: a new one is a file that writes a `Page` (see `page.Writer`), and one line here.

Public: FORMATS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from adlcalc.ground.numbers import exact

if TYPE_CHECKING:
    from adlcalc.report.page import Page, Writer


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


FORMATS: Mapping[str, Writer] = {
    "table": _Lazy("text_writer"),
    "markdown": _Lazy("markdown_writer"),
    "csv": _Lazy("csv_writer"),
    "json": _Lazy("json_writer"),
}
