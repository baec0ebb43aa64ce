"""`adlcalc venues`: what each rulebook models, where its rules come from, and how scores are computed.

Public: venues, EXAMPLE.
"""

from __future__ import annotations

from typing import Annotated

import typer

from adlcalc.cli.batch import Format
from adlcalc.cli.completion import venue_names
from adlcalc.cli.exits import UNUSABLE, say
from adlcalc.cli.single import work

EXAMPLE = """\b
Example:
  adlcalc venues bitmex"""


def venues(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="One rulebook: a name, or a path to your own. With --rules: one rule, as adl.price.",
            autocompletion=venue_names,
        ),
    ] = None,
    score: Annotated[
        str | None, typer.Option("--score", metavar="NAME", help="The formula of a score and who uses it, instead of rulebooks.")
    ] = None,
    rules: Annotated[
        bool, typer.Option("--rules", help="What every rule means, its values and who uses them; with NAME, of that rule.")
    ] = False,
    format: Annotated[Format, typer.Option("--format", "-f", help="How the result is written.")] = Format.table,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of standard output.")
    ] = None,
) -> None:
    """List the venues' rulebooks: what is modeled of each, and how well it is known.

    With NAME: every parameter of one rulebook with its value, its source, the day it was read, and whether it is documented,
    observed or assumed; what is not modeled; which of the venue's own numbers are met.
    """
    if score is not None and (name is not None or rules):
        say(f"adlcalc: {'--rules' if rules else 'NAME'} and --score do not go together")
        raise typer.Exit(UNUSABLE)

    def result() -> str:
        if rules:
            return _rules(name, format)
        if score is not None:
            return _score(score, format)
        return _all(format) if name is None else _one(name, format)

    raise typer.Exit(work(name or "venues", output, result))


def _all(format: Format) -> str:
    from adlcalc.report import venues_view
    from adlcalc.venues.coverage import coverage_of, open_rulebook
    from adlcalc.venues.rulebook import shipped

    rows = [coverage_of(open_rulebook(venue)) for venue in shipped()]
    if format is Format.json:
        return venues_view.coverage_json(rows)
    return venues_view.coverage_csv(rows) if format is Format.csv else venues_view.coverage_text(rows, format is Format.markdown)


def _one(name: str, format: Format) -> str:
    from adlcalc.report import venues_view
    from adlcalc.venues.coverage import open_rulebook

    book = open_rulebook(name)
    if format is Format.json:
        return venues_view.rulebook_json(book)
    return venues_view.rulebook_csv(book) if format is Format.csv else venues_view.rulebook_text(book, format is Format.markdown)


def _rules(name: str | None, format: Format) -> str:
    from adlcalc.cli.single import Unknown
    from adlcalc.report import venues_view
    from adlcalc.source.problems import closest_hint, quote
    from adlcalc.venues.coverage import open_rulebook
    from adlcalc.venues.rule_list import rule_names, rule_rows
    from adlcalc.venues.rulebook import shipped

    known = rule_names()
    if name is not None and name not in known:
        same = [rule for rule in known if rule.partition(".")[2] == name]
        hint = closest_hint(name, known) if not same else f"did you mean {' or '.join(map(quote, same))}?"
        raise Unknown(f"there is no rule {quote(name)}" + (f"\nhint: {hint}" if hint else ""))
    books = [open_rulebook(venue) for venue in shipped()]
    rows = rule_rows(books, name)
    if format is Format.json:
        return venues_view.rules_json(rows)
    if format is Format.csv:
        return venues_view.rules_csv(rows)
    return venues_view.rules_text(rows, len(books), format is Format.markdown)


def _score(name: str, format: Format) -> str:
    from adlcalc.cli.single import Unknown
    from adlcalc.engine.scores import SCORES
    from adlcalc.report import venues_view
    from adlcalc.source.problems import closest_hint, quote
    from adlcalc.venues.coverage import open_rulebook, users_of_score
    from adlcalc.venues.rulebook import shipped

    if name not in SCORES:
        raise Unknown(f"there is no score {quote(name)}\nhint: {closest_hint(name, SCORES)}")
    users = users_of_score(name, [open_rulebook(venue) for venue in shipped()])
    if format is Format.json:
        return venues_view.score_json(name, users)
    if format is Format.csv:
        return venues_view.score_csv(name, users)
    return venues_view.score_text(name, users, format is Format.markdown)
