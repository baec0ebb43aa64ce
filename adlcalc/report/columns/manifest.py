"""What it takes to repeat an answer, and what is otherwise when it is repeated. Public: MANIFEST, VERIFY."""

from __future__ import annotations

from adlcalc.report.field import Document, Field, Plain, Rows

FACTS: Plain = {
    "type": "object",
    "additionalProperties": {"type": "array", "items": {"type": "object"}},
}
INPUT = (
    Field("role", "text", "scenario, companion, rulebook or table"),
    Field("name", "text", "its name as it was typed, or that of a file that comes with adlcalc"),
    Field("sha256", "text", "the SHA-256 of its bytes"),
    Field("bytes", "step", "how many they are", of="size"),
)
MANIFEST = Document(
    "adlcalc.manifest/1",
    "What a command read and answered: what it takes to repeat it.",
    (
        Rows(
            "",
            "",
            (
                Field("version", "text", "the version of adlcalc"),
                Field(
                    "commit",
                    "text",
                    "the commit of the repository that it runs from, or was installed from; null where "
                    "neither is at hand, or "
                    "the repository has moved on since",
                    null=True,
                ),
                Field(
                    "command", "texts", "the command as it was typed, without what only says where to write"
                ),
                Field("overrides", "texts", "the values that were set, and the rulebook that was chosen"),
            ),
            records=lambda manifest: manifest,
            one=True,
        ),
        Rows(
            "inputs",
            "what was read",
            INPUT,
            by="role name",
        ),
        Rows(
            "rules",
            "the rules in force",
            (
                Field("venue", "text", "the rulebook"),
                Field("rule", "text", "its name"),
                Field("value", "text", "its value as it is written"),
            ),
            by="venue rule",
        ),
        Rows(
            "result",
            "what came out",
            (
                Field("exit_code", "step", "of the command"),
                Field("sha256", "text", "the SHA-256 of what was written"),
            ),
            one=True,
        ),
        Rows(
            "answers",
            "the facts of the result, page by page, as a golden holds them",
            (
                Field("document", "text", "the schema of the page", of="schema"),
                Field("facts", "text", "its tables; empty where it has too many rows", of_schema=FACTS),
            ),
        ),
    ),
)

VERIFY = Document(
    "adlcalc.verify/1",
    "What is otherwise when a manifest is repeated.",
    (
        Rows(
            "",
            "",
            (
                Field("command", "text", "the command that was repeated", of="typed"),
                Field("same", "flag", "everything is as it was"),
                Field("version", "text", "the version of adlcalc now"),
                Field("was_version", "text", "the version of adlcalc then"),
                Field(
                    "was_commit",
                    "text",
                    "the commit of the repository then; null where none is known",
                    of="manifest.commit",
                    null=True,
                ),
                Field("sha256", "text", "the SHA-256 that a file must have which is the result"),
                Field("file", "text", "the result that was held against it; null where none was", null=True),
            ),
            records=lambda verified: verified,
            one=True,
        ),
        Rows(
            "deviations",
            "what is otherwise, causes before what follows from them",
            (
                Field(
                    "kind",
                    "text",
                    "input, manifest, rule, fact, exit code, result, file, or a row of that file",
                    heading="kind",
                ),
                Field("what", "text", "which one"),
                Field("was", "text", "what it was; none where there was none", null=True),
                Field("now", "text", "what it is; none where there is none", null=True),
                Field("text", "text", "a sentence", prose=True, heading="what is otherwise"),
            ),
        ),
        Rows("inputs", "what the answer was read from then", INPUT, records=lambda one: one.manifest.inputs),
    ),
)
