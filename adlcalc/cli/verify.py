"""`adlcalc verify`: repeat the command of a manifest and say what is otherwise.

Public: register, verify, EXAMPLE.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adlcalc.asking import Unknown
from adlcalc.cli import options
from adlcalc.cli.exits import FAILED, RAN

if TYPE_CHECKING:
    from adlcalc.check.manifest import Manifest
    from adlcalc.report.page import Page

EXAMPLE = """\b
Example:
  adlcalc run 05-fund-empty-adl --manifest run.json
  adlcalc verify run.json"""
WRITING = ("--manifest", "--output", "-o", "--figures")


def register(app: typer.Typer) -> None:
    """Add the command."""
    short = "Repeat the command of a manifest: is the answer the same?"
    app.command("verify", epilog=EXAMPLE, short_help=short, no_args_is_help=True)(verify)


def verify(
    *,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A manifest, as --manifest writes it.")],
    where: Annotated[
        str | None,
        typer.Option(
            "--in", metavar="DIR", help="The folder where the command was given. Default: this one."
        ),
    ] = None,
    result: options.Result,
) -> None:
    """Repeat the command of a manifest, in the folder where it was given (--in, or this one): the same, or
    which input, which rule and which fact is otherwise, causes before what follows from them.

    Exit code: 0 everything is the same; 1 something is otherwise; 2 the manifest cannot be used."""
    found: list[bool] = []

    def page() -> Page:
        from adlcalc.check.manifest import deviations, missing
        from adlcalc.report.verify_view import Verified, verify_page

        was = _read(file)
        with _inside(where):
            now, said = _repeated(was)
            verified = Verified(was, now, deviations(was, now), "" if missing(was, now) else said)
        found.append(verified.same)
        return verify_page(verified, result.limit)

    code = result.of(file, page)
    raise typer.Exit(FAILED if code == RAN and found == [False] else code)


@contextmanager
def _inside(folder: str | None) -> Iterator[None]:
    """As if called in that folder."""
    if folder is not None and not os.path.isdir(folder):
        raise Unknown(f"--in {folder}: there is no such folder")
    with chdir(folder if folder is not None else os.curdir):
        yield


def _read(file: str) -> Manifest:
    """The manifest; ScenarioErrors where it is none."""
    from adlcalc.check.manifest import NotManifest, read
    from adlcalc.cli.app import COMMANDS, SILENT
    from adlcalc.source.files import TABLE_LIMIT, text_of
    from adlcalc.source.nodes import Place
    from adlcalc.source.problems import fail

    source = text_of(file, limit=TABLE_LIMIT)
    try:
        found = read(source.text)
        if not found.command or found.command[0] not in COMMANDS or found.command[0] in SILENT:
            raise NotManifest("its command is none that answers")
        if any(word == one or word.startswith(f"{one}=") for word in found.command for one in WRITING):
            raise NotManifest("its command writes files")
    except NotManifest as error:
        raise fail(Place(source, error.line, 1), f"this is no manifest: {error}") from None
    return found


def _repeated(was: Manifest) -> tuple[Manifest, str]:
    """The same command once more, its results kept and not written; and what it says on stderr."""
    from adlcalc import __version__
    from adlcalc.check.manifest import made_from
    from adlcalc.cli.app import app_for
    from adlcalc.ground.record import recording

    said = io.StringIO()
    words: list[str] = list(was.command)
    with recording(silent=True) as record, redirect_stderr(said):
        try:
            code: Any = app_for(words)(words, prog_name="adlcalc", standalone_mode=False)
        except Exception as error:
            if not hasattr(error, "format_message"):  # of the parser: an option that there is no more
                raise
            raise Unknown(f"the command {was.typed} cannot be given: {error.format_message()}") from None
    code = code if isinstance(code, int) else RAN
    return made_from(record, __version__, was.command, was.overrides, code), said.getvalue()
