"""`--manifest FILE`: what a command read and answered, so that `adlcalc verify` can repeat it. A command that
answers has it without saying so.

Public: answering, call.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import Annotated, Any

import typer

from adlcalc.cli.exits import FAILED, RAN, UNUSABLE, say
from adlcalc.ground.output import Inputs, OutputError, write
from adlcalc.ground.record import Record, current, recording

WHERE_TO = ("manifest", "output", "figures", "store", "jobs", "dask", "parquet")
"""Options that say where a result goes, or who works it: the result is the same without them."""
OVERRIDES = ("venue", "venues", "sets", "as_of")
Manifest = Annotated[
    str | None,
    typer.Option(
        "--manifest", metavar="FILE", help="Write to FILE what adlcalc verify needs to repeat the answer."
    ),
]


def answering(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the option."""
    signature = inspect.signature(command, eval_str=True)
    own = [
        inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context),
        inspect.Parameter("manifest", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Manifest),
    ]

    @wraps(command)
    def recorded(*, ctx: typer.Context, manifest: str | None = None, **given: Any) -> None:
        if manifest is None:
            if (kept := current()) is not None:  # it is repeated
                kept.overrides = list(_words(ctx, OVERRIDES))
            command(**given)
            return
        inputs = Inputs(manifest)
        try:
            with recording() as record, inputs.collected():
                record.overrides = list(_words(ctx, OVERRIDES))
                code = call(command, given)
            if code in (RAN, FAILED):
                _write(record, ctx, manifest, inputs, code)
        except OutputError as error:
            say(f"adlcalc: {error}".replace("--output", "--manifest"))
            code = UNUSABLE
        raise typer.Exit(code)

    recorded.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *own])  # type: ignore[attr-defined]  # what typer reads
    recorded.__annotations__ = {one.name: one.annotation for one in (*signature.parameters.values(), *own)}
    return recorded


def call(command: Callable[..., None], given: dict[str, Any]) -> int:
    """Call a command; its exit code."""
    try:
        command(**given)
    except typer.Exit as end:
        return end.exit_code
    return RAN


def _write(record: Record, ctx: typer.Context, manifest: str, inputs: Inputs, code: int) -> None:
    """Write the manifest of a command that has ended."""
    from adlcalc import __version__
    from adlcalc.check.manifest import made_from
    from adlcalc.report.writers import FORMATS

    words = list(_words(ctx))
    for name in (*words, *(one.name for one in record.read.values())):
        if os.path.isabs(name):
            raise OutputError(
                f"--manifest: {name} is a path of this machine\n"
                "hint: name files from the folder you work in, so that others can repeat the command"
            )
    made = made_from(record, __version__, [str(ctx.info_name), *words], code)
    write(FORMATS["json"].page(made.page), manifest, inputs)


def _words(ctx: typer.Context, only: Sequence[str] = ()) -> Iterator[str]:
    """What was typed, an option by its longest name."""
    for one in ctx.command.params:
        name = str(one.name)
        source = ctx.get_parameter_source(name)
        if source is None or source.name == "DEFAULT" or (only and name not in only):
            continue
        if name in WHERE_TO and not (name == "store" and ctx.params.get("file") is None):
            continue  # a store alone is what was read
        if name == "quiet" and ctx.params.get("output"):
            continue  # the result was written all the same, and is printed where it is repeated
        value = ctx.params[name]
        values = value if isinstance(value, list | tuple) else [value]
        for each in values:
            if one.param_type_name == "argument":
                yield str(each)
            elif each is True:
                yield max(one.opts, key=len)
            elif each is False:
                yield max(one.secondary_opts, key=len)
            else:
                yield from (max(one.opts, key=len), str(getattr(each, "value", each)))
