"""What a check found. Public: CHECK."""

from __future__ import annotations

from adlcalc.report.field import Document, Field, Rows

CHECK = Document(
    "adlcalc.check/1",
    "What `adlcalc check` found.",
    (
        Rows(
            "summary",
            "how many files passed",
            (
                Field("files", "step", "files that were checked"),
                Field("passed", "step", "all is well"),
                Field("failed", "step", "something differs"),
                Field("broken", "step", "could not be used"),
            ),
            one=True,
        ),
        Rows(
            "files",
            "the files",
            (
                Field("file", "text", "its name"),
                Field("result", "text", "passed, failed or broken"),
                Field("golden_written", "flag", "its golden was written"),
                Field(
                    "findings",
                    "rows",
                    "what is wrong",
                    inner=Rows(
                        "findings",
                        "what is wrong",
                        (
                            Field("kind", "text", "error, bug, expect, golden, rules, strict or orphan"),
                            Field("file", "text", "in which file"),
                            Field(
                                "line",
                                "count",
                                "at which line; none for the file as a whole",
                                of=lambda one, _: one.line or None,
                                null=True,
                            ),
                            Field(
                                "column",
                                "count",
                                "at which column",
                                of=lambda one, _: one.column or None,
                                null=True,
                            ),
                            Field("message", "text", "what"),
                            Field(
                                "differences",
                                "rows",
                                "of a golden: the values that differ",
                                of=lambda one, _: one.differences if one.kind == "golden" else None,
                                optional=True,
                                inner=Rows(
                                    "differences",
                                    "the values that differ",
                                    (
                                        Field("table", "text", "in which table"),
                                        Field("step", "step", "at which step", null=True),
                                        Field("row", "text", "which row"),
                                        Field("column", "text", "which column; none for the whole row"),
                                        Field("old", "text", "what the golden has", null=True),
                                        Field("new", "text", "what the run has", null=True),
                                    ),
                                ),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
)
