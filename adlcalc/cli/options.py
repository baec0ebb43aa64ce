"""The options that several commands share: each stands here once and means the same wherever it is.

    Under     what is asked about: the rulebook, its edition, changed values
    Result    how the answer is written, and where to

A command has a parameter of such a group, and `expanded` makes an option of each of its fields.

Public: File, Files, FileOrNone, Venue, AsOf, Sets, Format, Json, Output, Limit, Width, Quiet, Step, At, Jobs,
Under, Result, ROWS, TABLE, chosen, expanded."""

from __future__ import annotations

import inspect
import os.path
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from adlcalc.cli.completion import scenario_files, venue_names
from adlcalc.cli.usual import CSV, JSON
from adlcalc.cli.usual import ROWS as ROWS  # options of these defaults
from adlcalc.cli.usual import TABLE as TABLE
from adlcalc.report.writers import ENDINGS, FORMATS

if TYPE_CHECKING:
    from adlcalc.report.page import Page
    from adlcalc.scenario import Loaded


def _format(text: str) -> str:
    """A format that there is; csv:NAME is one table of it."""
    name, colon, table = text.partition(":")
    if name not in FORMATS or (colon and (name != CSV or not table)):
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(map(repr, FORMATS))}.")
    return text


def _by_ending(ctx: typer.Context, format: str) -> str:
    """Where no format was asked for: that of the ending of --output, as if it had been asked for."""
    source = ctx.get_parameter_source("format")
    ending = os.path.splitext(ctx.params.get("output") or "")[1].lower()
    if source is None or source.name != "DEFAULT" or ctx.params.get(JSON) or ending not in ENDINGS:
        return format
    ctx.set_parameter_source("format", type(source).COMMANDLINE)  # a manifest repeats it without --output
    return ENDINGS[ending]


def _formats(incomplete: str) -> list[str]:
    """The formats that begin as typed."""
    return [name for name in FORMATS if name.startswith(incomplete)]


def chosen(format: str, json: bool) -> str:
    """The format; --json is short for --format json."""
    if json and format not in (TABLE, JSON):
        raise typer.BadParameter(f"and --format {format} do not go together", param_hint="--json")
    return JSON if json else format


File = Annotated[
    str,
    typer.Argument(metavar="FILE", help="Scenario file; - is standard input.", autocompletion=scenario_files),
]
FileOrNone = Annotated[
    str | None,
    typer.Argument(metavar="FILE", help="Scenario file; - is standard input.", autocompletion=scenario_files),
]
Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE", help="Scenario files; - is standard input.", autocompletion=scenario_files
    ),
]
Venue = Annotated[
    str | None,
    typer.Option(
        "--venue",
        metavar="NAME",
        help="Another rulebook than the file's: a name or a path.",
        autocompletion=venue_names,
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="DATE", help="The rulebook's edition of that day: 2024-05-31, 2024-05, 2024."
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a value: --set accounts.alice.leverage=5. Repeatable."
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)}: a table keeps to the width, the others leave no column out; csv:NAME is one "
        f"table of the CSV. An --output that ends with {', '.join(ENDINGS)} asks for it, too.",
        parser=_format,
        callback=_by_ending,
        autocompletion=_formats,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of standard output."),
]
Limit = Annotated[
    int, typer.Option("--limit", metavar="N", min=0, help="Rows of a table that are shown; 0 shows all.")
]
Width = Annotated[
    int | None,
    typer.Option(
        "--width",
        metavar="N",
        min=0,
        help="Columns of a table: those of the terminal, 80 in a pipe; 0 shows all.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print nothing but errors; --output is written, the exit code tells."),
]
Step = Annotated[str | None, typer.Option("--step", metavar="STEP", help="At which step: 0, 1, ... or last.")]
At = Annotated[str | None, typer.Option("--at", metavar="STEP", hidden=True, help="What --step was called.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=1, help="In how many processes.")]


@dataclass(frozen=True, slots=True)
class Under:
    """What is asked about: a scenario under another rulebook, with other values."""

    venue: Venue = None
    as_of: AsOf = None
    sets: Sets = None

    def loaded(self, file: str, *, quiet: bool = False) -> Loaded:
        """The scenario; what it gives that plays no part is said, unless nothing is to be."""
        from adlcalc.cli.exits import note
        from adlcalc.scenario import load

        loaded = load(file, sets=tuple(self.sets or ()), venue=self.venue, as_of=self.as_of)
        if not quiet:
            note(loaded)
        return loaded


@dataclass(frozen=True, slots=True)
class Result:
    """How the answer is written, and where to."""

    format: Format = TABLE
    json: Json = False
    output: Output = None
    limit: Limit = ROWS
    width: Width = None
    quiet: Quiet = False

    def of(self, file: str, page: Callable[[], Page]) -> int:
        """Make the page and write it; the exit code."""
        from adlcalc.cli.single import show

        form = chosen(self.format, self.json)
        return show(file, self.output, form, page, quiet=self.quiet, width=self.width)


def expanded(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of its groups of options."""
    signature = inspect.signature(command, eval_str=True)
    kinds: dict[str, Any] = {
        one.name: one.annotation for one in signature.parameters.values() if is_dataclass(one.annotation)
    }
    if not kinds:
        return command

    def options_of(one: inspect.Parameter) -> Iterator[inspect.Parameter]:
        keyword = inspect.Parameter.KEYWORD_ONLY
        if one.name not in kinds:
            yield one.replace(kind=keyword)
            return
        types = get_type_hints(kinds[one.name], include_extras=True)
        for field in fields(kinds[one.name]):
            yield inspect.Parameter(field.name, keyword, default=field.default, annotation=types[field.name])

    @wraps(command)
    def whole(**given: Any) -> None:
        groups = {
            name: kind(**{one.name: given.pop(one.name) for one in fields(kind)})
            for name, kind in kinds.items()
        }
        command(**given, **groups)

    parameters = [part for one in signature.parameters.values() for part in options_of(one)]
    whole.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]  # what typer reads
    whole.__annotations__ = {one.name: one.annotation for one in parameters}
    return whole
