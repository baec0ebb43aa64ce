"""A finished run, and the ways to write it.

Public: Run, ROWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adlcalc.ground.objects import no_collections
from adlcalc.report.facts import Facts
from adlcalc.report.result import Tabled

ROWS = 50  # rows that a table shows where nobody asks for another number


if TYPE_CHECKING:
    from adlcalc.report.page import Page


class Run(Facts, Tabled):
    """A run that can be written: what happened is in `Facts`, and `rows` has it table by table. All text ends
    in a line feed."""

    main = "deleveraged"

    def page(self) -> Page:
        """The page that `adlcalc run` prints."""
        from adlcalc.report.run_page import run_page

        return run_page(self, ROWS, closing=True)

    def _repr_html_(self) -> str:
        """Its figures and its tables, where a notebook shows it; without the extra `report` only the
        tables."""
        from adlcalc.report.html.extra import is_there

        tables = super()._repr_html_()
        if not is_there():
            return tables
        from adlcalc.report.html.fragment import fragment

        return f"<div>{fragment(self)}{tables}</div>"

    def to_dict(self) -> dict[str, Any]:
        """The JSON document (schema adlcalc.run/1) as plain dicts and lists; every amount is a string of
        plain digits."""
        from adlcalc.report.json_writer import as_dict
        from adlcalc.report.run_page import run_page

        return as_dict(run_page(self))

    def to_json(self) -> str:
        """The JSON document, one row per line."""
        return self.to("json")

    def to_csv(self, *, steps: bool = False) -> str:
        """All rows under one header; the first column says which table a row is of. steps: the marks as
        well."""
        return self.to("csv", steps=steps)

    def to_text(self, limit: int = ROWS, *, steps: bool = False) -> str:
        """Tables for reading, at most `limit` rows each (0: all); with `steps` the path step by step as
        well."""
        return self.to("table", limit, steps=steps)

    def to_markdown(self, limit: int = ROWS, *, steps: bool = False) -> str:
        """The same tables in Markdown, with all their columns."""
        return self.to("markdown", limit, steps=steps)

    def to(self, format: str, limit: int = ROWS, *, steps: bool = False) -> str:
        """The run in one of the formats that `adlcalc run --format` knows."""
        from adlcalc.report.run_page import run_page
        from adlcalc.report.writers import FORMATS

        with no_collections():
            return FORMATS[format].page(run_page(self, limit, steps=steps, closing=True))
