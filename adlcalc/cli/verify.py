"""`adlcalc verify`: repeat the command of a manifest, or that of a result, and say what is otherwise.

Public: register, verify, EXAMPLE.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr
from shlex import join, split
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adlcalc.asking import Unknown
from adlcalc.cli import options
from adlcalc.cli.exits import FAILED, RAN

if TYPE_CHECKING:
    from adlcalc.check.facts import Row
    from adlcalc.check.manifest import Manifest
    from adlcalc.check.sent import Sent
    from adlcalc.report.page import Page
    from adlcalc.report.verify_view import Verified

EXAMPLE = """\b
Examples:
  adlcalc run 05-fund-empty-adl --json -o result.json --manifest man.json
  adlcalc verify man.json --result result.json
  adlcalc verify result.json --of 'run 05-fund-empty-adl'"""
WRITING = ("--manifest", "--output", "-o", "--figures")


def register(app: typer.Typer) -> None:
    """Add the command."""
    short = "Repeat the command of a manifest or a result: is it the same?"
    app.command("verify", epilog=EXAMPLE, short_help=short, no_args_is_help=True)(verify)


def verify(
    *,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A manifest, as --manifest writes it; with --of a result.")
    ],
    sent: Annotated[
        str | None,
        typer.Option(
            "--result",
            metavar="FILE",
            help="The result that was sent with the manifest: is it the one that the command answers?",
        ),
    ] = None,
    of: Annotated[
        str | None,
        typer.Option(
            "--of",
            metavar="COMMAND",
            help="FILE is a result without a manifest, of this scenario, or of this command as it was typed: "
            "'rank book.yaml --side short'.",
        ),
    ] = None,
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

    A manifest says nothing of the file that was sent with it, unless that is given with --result: its bytes must
    be those of the result. A JSON without a manifest is held against its scenario with --of, row by row.

    Exit code: 0 everything is the same; 1 something is otherwise; 2 the file cannot be used."""
    found: list[bool] = []

    def page() -> Page:
        from adlcalc.report.verify_view import verify_page

        if of is not None and sent is not None:
            raise Unknown(
                "--of is for a result without a manifest: give FILE alone, or --result to a manifest"
            )
        verified = _against_manifest(file, sent, where) if of is None else _against_command(file, of, where)
        found.append(verified.same)
        return verify_page(verified, result.limit)

    code = result.of(file, page)
    raise typer.Exit(FAILED if code == RAN and found == [False] else code)


def _against_manifest(file: str, sent: str | None, where: str | None) -> Verified:
    """What a manifest tells, and the file that was sent with it, against the command."""
    from adlcalc.check.manifest import deviations, missing
    from adlcalc.check.sent import in_bytes
    from adlcalc.report.verify_view import Verified

    was = _read(file)
    theirs = None if sent is None else _sent(sent)
    with _inside(where):
        now, answered, said = _repeated(was.command)
        found = deviations(was, now)
        gone = missing(was, now)
    if theirs is not None:
        found += in_bytes(theirs, was.sha256, answered)
    return Verified(was, now, found, "" if gone else said, sent)


def _against_command(file: str, of: str, where: str | None) -> Verified:
    """A result without a manifest against the command that it is of."""
    from adlcalc.check.sent import documents_in, in_facts
    from adlcalc.report.verify_view import Verified

    theirs = _sent(file)
    documents = documents_in(theirs.data)
    words = _command(of, documents)
    with _inside(where):
        now, answered, said = _repeated(words)
    if now.exit_code > FAILED:
        raise Unknown(f"{now.typed} cannot be repeated:\n{said.rstrip()}")
    return Verified(now, now, in_facts(theirs, answered), said, file)


def _command(of: str, documents: Sequence[Row]) -> list[str]:
    """The command that a result is of: as it was typed, or that of its document with the scenario; a JSON is
    asked of it where the file is one."""
    from adlcalc.cli.app import COMMANDS, SILENT

    try:
        words = split(of)
    except ValueError:
        raise Unknown(f"--of {of}: a quotation mark has no end") from None
    words = words[1:] if words[:1] == ["adlcalc"] else words
    answering = [name for name in COMMANDS if name not in SILENT]
    document = str(documents[0]["schema"]).partition(".")[2].partition("/")[0] if documents else ""
    if words[:1] and words[0] not in answering and document in answering:
        words = [document, *words]
    if not words or words[0] not in answering:
        raise Unknown(
            f"--of {of}: the file does not say which command it is of\n"
            "hint: give the command as it was typed: --of 'run book.yaml --format csv'"
        )
    if any(word == one or word.startswith(f"{one}=") for word in words for one in WRITING):
        raise Unknown(f"--of {of}: give the command without what writes files")
    formatted = any(word in ("--json", "--format", "-f") or word.startswith("--format=") for word in words)
    return [*words, "--json"] if documents and not formatted else words


def _sent(file: str) -> Sent:
    """The bytes of a file; ScenarioErrors where it cannot be read."""
    from adlcalc.check.sent import Sent
    from adlcalc.source.files import TABLE_LIMIT, content_of

    return Sent(file, content_of(file, limit=TABLE_LIMIT))


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
        what, hint = _instead(file, source.text)
        raise fail(Place(source, error.line, 1), f"this is {what or f'no manifest: {error}'}", hint) from None
    return found


def _instead(file: str, text: str) -> tuple[str, str]:
    """What the file is where it is a result, and how that is verified."""
    from adlcalc.check.sent import documents_in

    documents = documents_in(text.encode())
    name = str(documents[0]["schema"]).partition("/")[0].replace(".", " ") if documents else ""
    if not documents or name == "adlcalc manifest":
        return "", ""
    about = documents[0].get("scenario")
    scenario = about.get("file") if isinstance(about, dict) else None
    return (
        f"a result of `{name}`, not a manifest",
        f"hold it against its scenario: adlcalc verify {file} --of {scenario or 'SCENARIO'}; or against the"
        f" manifest that came with it: adlcalc verify MANIFEST --result {file}",
    )


def _repeated(command: Sequence[str]) -> tuple[Manifest, bytes, str]:
    """A command once more, its results kept and not written: its manifest, what it answers, and what it says
    on stderr."""
    from adlcalc import __version__
    from adlcalc.check.manifest import made_from
    from adlcalc.cli.app import app_for
    from adlcalc.ground.record import recording

    said = io.StringIO()
    words: list[str] = list(command)
    with recording(silent=True) as record, redirect_stderr(said):
        try:
            code: Any = app_for(words)(words, prog_name="adlcalc", standalone_mode=False)
        except Exception as error:
            if not hasattr(error, "format_message"):  # of the parser: an option that there is no more
                raise
            typed = join(["adlcalc", *words])
            raise Unknown(f"the command {typed} cannot be given: {error.format_message()}") from None
    code = code if isinstance(code, int) else RAN
    made = made_from(record, __version__, command, code)
    return made, b"".join(record.results), said.getvalue()
