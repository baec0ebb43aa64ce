"""The formats: a new one is a file that writes a `Page`, and one line here.

Public: FORMATS.
"""

from __future__ import annotations

from collections.abc import Mapping

from adlcalc.report import csv_writer, json_writer, markdown_writer, text_writer
from adlcalc.report.page import Writer

FORMATS: Mapping[str, Writer] = {
    "table": text_writer,
    "markdown": markdown_writer,
    "csv": csv_writer,
    "json": json_writer,
}
