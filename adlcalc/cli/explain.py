"""`adlcalc explain`: a run told line by line, with formulas, numbers and sources.

Public: explain, EXAMPLE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.cli.batch import Format
from adlcalc.cli.completion import scenario_files, venue_names
from adlcalc.cli.exits import note
from adlcalc.cli.single import Unknown, one_of, work

if TYPE_CHECKING:
    from adlcalc.report.story import Story

EXAMPLE = """\b
Examples:
  adlcalc explain scenarios/04-fund-half-absorbs.yaml bob
  adlcalc explain scenarios/04-fund-half-absorbs.yaml --fund
  adlcalc explain scenarios/04-fund-half-absorbs.yaml --step 2"""


def explain(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Scenario file; - is standard input.", autocompletion=scenario_files)
    ],
    account: Annotated[str | None, typer.Argument(metavar="ACCOUNT", help="Whose story.")] = None,
    fund: Annotated[bool, typer.Option("--fund", help="The story of the insurance fund.")] = False,
    step: Annotated[
        str | None, typer.Option(metavar="N", help="Only this step (or last); without an account, what happened to everybody.")
    ] = None,
    venue: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Another rulebook than the file's: a name or a path.", autocompletion=venue_names),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a value: --set accounts.alice.leverage=5. Repeatable."),
    ] = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="How the result is written.")] = Format.table,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of standard output.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors on standard error.")] = False,
) -> None:
    """Tell what happened to an account, to the insurance fund, or to everybody at a step: each event with its formula, the
    numbers put in, and the rule's source.

    It is told from the events of the run and from what the engine was seen to look at, so it cannot disagree with the result.
    """

    def result() -> str:
        from adlcalc.report import story_view

        story = _story(file, account, fund, step, venue, tuple(set_ or ()), quiet)
        if format is Format.json:
            return story_view.write_json(story)
        if format is Format.csv:
            return story_view.write_csv(story)
        return story_view.markdown(story) if format is Format.markdown else story_view.text(story)

    raise typer.Exit(work(file, output, result))


def _story(
    file: str, account: str | None, fund: bool, step: str | None, venue: str | None, sets: tuple[str, ...], quiet: bool
) -> Story:
    """Run the scenario to its end with a witness, and tell what was asked for."""
    from adlcalc.cli.progress import with_progress
    from adlcalc.cli.rank import step_of
    from adlcalc.engine.loop import run
    from adlcalc.report.story import Subject
    from adlcalc.report.tell import tell
    from adlcalc.scenario import load

    if (account is not None and fund) or (account is None and not fund and step is None):
        raise Unknown("explain what? Give an ACCOUNT, or --fund, or --step N for everybody at a step")
    loaded = load(file, sets=sets, venue=venue)
    if not quiet:
        note(loaded)
    scenario = loaded.scenario
    if account is not None:
        one_of("account", account, (one.id for one in scenario.accounts))
    subject = Subject(account, fund, None if step is None else step_of(step, scenario.path.steps))
    witness = subject.witness()
    events = run(scenario, observer=witness)
    seen = tuple(events if quiet else with_progress(events, scenario.path.steps))
    return tell(subject, scenario, loaded.rulebook, seen, witness, loaded.file)
