"""`adlcalc check`: hold scenarios to what they expect and to their goldens.

Public: register, check, EXAMPLE.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from adlcalc.asking import Unknown
from adlcalc.check.checking import Options, Outcome, check_file, orphan, settled, unworked, worst
from adlcalc.check.collecting import Job, collect
from adlcalc.check.commands import Style
from adlcalc.check.commands import asked as command_of
from adlcalc.check.report import ReportFormat, all_well, renew, report, told
from adlcalc.check.verdict import Verdict
from adlcalc.cli import options
from adlcalc.cli.completion import scenario_files
from adlcalc.cli.exits import INTERRUPTED, RAN, UNUSABLE, code_of, say
from adlcalc.cli.progress import Counted, counting
from adlcalc.cli.usual import facts_in
from adlcalc.ground.output import Inputs, OutputError, write

EXAMPLE = """\b
Examples:
  adlcalc check 04-fund-half-absorbs
  adlcalc new -o mine.yaml && adlcalc check . --update && adlcalc check . --jobs 2"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    short = "Hold scenarios to their expectations and goldens."
    app.command("check", epilog=EXAMPLE, short_help=short, no_args_is_help=True)(check)


def check(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="Scenario files, rulebooks, and folders of them.",
            autocompletion=scenario_files,
        ),
    ],
    golden: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Where the goldens are; beside the scenarios if left out."),
    ] = None,
    update: Annotated[bool, typer.Option("--update", help="Write the goldens and say what changed.")] = False,
    golden_format: Annotated[
        Style | None,
        typer.Option(
            help="The form in which --update writes goldens: json (all facts, the default), or a page at "
            "full "
            "width."
        ),
    ] = None,
    golden_of: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COMMAND", help="With --update: a golden of this too, say 'rank --side long'. Repeatable."
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Assumed rules, unbalanced books and bad debt fail too.")
    ] = False,
    require_golden: Annotated[
        bool, typer.Option("--require-golden", help="A scenario without a golden fails.")
    ] = False,
    rules: Annotated[
        bool,
        typer.Option(
            "--rules", help="A rule that is another than in a golden fails, though no fact changes."
        ),
    ] = False,
    diff: Annotated[
        bool,
        typer.Option("--diff", help="Show every line that differs; else more than forty are only counted."),
    ] = False,
    format: Annotated[
        ReportFormat, typer.Option("--format", "-f", help="Who reads the report.")
    ] = ReportFormat.text,
    json: options.Json = False,
    output: options.Output = None,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            "-j",
            metavar="N",
            min=1,
            help="How many files may be worked at once; processes start where that is sooner done.",
        ),
    ] = 1,
    quiet: options.Quiet = False,
) -> None:
    """Validate and run scenarios, hold each to its `expect:` block and to its golden output.

    NAME.yaml is held to NAME.golden, the facts of its run, and to each NAME.*.golden where there is one: a
    golden's first line says which command it is of. `--update` writes them. If all is well, stdout is empty:
    stderr says so, with what a run notes of a file, and a rule that is another than in its golden and changes
    no fact. Exit code: 0 all is well; 1 something differs; 2 a file cannot be used; the worst one counts. A
    difference is told with its table, row and column, and the first event at which the two runs part."""
    if json and format not in (ReportFormat.text, ReportFormat.json):
        raise typer.BadParameter(f"and --format {format} do not go together", param_hint="--json")
    if golden_of and not update:
        raise typer.BadParameter("says what --update shall write; it is not given", param_hint="--golden-of")
    try:
        commands = tuple(command_of(one).words for one in golden_of or ())
    except Unknown as error:
        say(f"adlcalc: {error}")
        raise typer.Exit(UNUSABLE) from None
    asked = Options(
        update=update,
        strict=strict,
        required=require_golden,
        rules=rules,
        lines=diff,
        style=golden_format,
        commands=commands,
    )
    try:
        raise typer.Exit(
            _check(paths, golden, asked, ReportFormat.json if json else format, output, jobs, quiet)
        )
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _check(
    paths: list[str],
    golden: str | None,
    asked: Options,
    format: ReportFormat,
    output: str | None,
    jobs: int,
    quiet: bool,
) -> int:
    found = collect(paths, golden)
    code = RAN
    for folder in found.empty:
        say(f"adlcalc: there is no scenario in the folder {folder}")
        code = UNUSABLE
    for file, first in found.shared:
        say(f"adlcalc: {file} and {first} would share a golden; give them different names")
        code = UNUSABLE
    inputs, ours = Inputs(), Inputs(output)
    inputs.add(job.file for job in found.jobs)
    goldens = [name for job in found.jobs for name in (job.golden, *job.more) if name is not None] + [
        *found.orphans
    ]
    try:
        ours.add([*(job.file for job in found.jobs), *goldens])
    except OutputError as error:
        say(f"adlcalc: {error}")
        return UNUSABLE
    worked, lost = _worked(found.jobs, asked, jobs, counting(quiet, "file"))
    inputs.seen.update(*(outcome.read for outcome in worked))
    due = sum(len(outcome.goldens) for outcome in worked)
    outcomes = [*(settled(outcome, inputs) for outcome in worked), *(orphan(name) for name in found.orphans)]
    ours.seen |= inputs.seen
    if format is ReportFormat.text:
        said: set[str] = set()
        for outcome in outcomes:
            texts = [told(one) for one in outcome.findings if one.kind in ("error", "bug")]
            for text in dict.fromkeys(texts):
                if text not in said:
                    say(text)
            if texts and said.issuperset(texts) and all(one.file != outcome.file for one in outcome.findings):
                say(
                    f"{outcome.file}: error: it is not checked, as {outcome.findings[0].file} cannot be used "
                    "(told above)"
                )
            said.update(texts)
            if outcome.notes and not quiet:
                say(outcome.notes)
    if format is not ReportFormat.github and not quiet:  # there they are annotations
        for one in (one for outcome in outcomes for one in outcome.noted):
            say(told(one))
    try:
        text = report(outcomes, format)
        text = facts_in(text, None, output) if format is ReportFormat.text else text
        if output or (text and not quiet):
            ours.add(goldens)  # those too that are new
            broken = (outcome.file for outcome in outcomes if outcome.verdict is Verdict.unusable)
            ours.refuse_named(output, broken)
            write(text, output, ours)
    except OutputError as error:
        say(f"adlcalc: {error}")
        code = UNUSABLE
    if lost:
        code = UNUSABLE
    failed = sum(outcome.verdict is not Verdict.ok for outcome in outcomes)
    if not quiet:
        pages = [golden for outcome in outcomes for golden in outcome.pages]
        if pages:
            say(f"adlcalc check: {renew(pages)}")
        if failed:
            say(f"adlcalc check: {failed} of {len(outcomes)} did not pass")
        elif code == RAN:
            say(f"adlcalc check: {all_well(outcomes, due)}")
    return max(code, code_of(worst(outcome.verdict for outcome in outcomes)))


def _worked(
    jobs: tuple[Job, ...], options: Options, processes: int, counted: Counted
) -> tuple[list[Outcome], bool]:
    """Every job's outcome, in order; in processes of their own where more than one may be worked at once and
    that is sooner done. And: has something ended such a process?"""
    check_one = partial(check_file, options=options)
    if processes == 1 or len(jobs) < 2:
        return [*counted(map(check_one, jobs), len(jobs))], False
    from adlcalc.ground.workers import Ended, worked_where_it_pays

    theirs = [i for i, job in enumerate(jobs) if job.file != "-"]
    outcomes = {
        i: check_one(job) for i, job in enumerate(jobs) if job.file == "-"
    }  # standard input is ours alone
    lost = False
    found_by = worked_where_it_pays(processes, check_one, [jobs[i] for i in theirs])
    for found in counted(found_by, len(theirs)):
        if isinstance(found, Ended):
            file = jobs[theirs[found.item]].file
            lost = True
            if found.again:
                say(
                    f"adlcalc check: the process that worked {file} was ended by {found.by}; it is worked "
                    "again"
                )
            else:
                outcomes[theirs[found.item]] = unworked(file, found.by)
        else:
            outcomes[theirs[found[0]]] = found[1]
    return [outcomes[i] for i in range(len(jobs))], lost
