"""`adlcalc venues`: what each rulebook models, where its rules come from, and how scores are computed.

Public: register, venues, EXAMPLE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.asking import Unknown
from adlcalc.cli import options
from adlcalc.cli.completion import score_names, venue_or_rule_names
from adlcalc.cli.exits import UNUSABLE, say
from adlcalc.cli.single import show

if TYPE_CHECKING:
    from adlcalc.report.page import Page

EXAMPLE = """\b
Example:
  adlcalc venues bitmex"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("venues", epilog=EXAMPLE, short_help="List rulebooks, their rules and sources, and scores.")(
        venues
    )


def venues(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="One rulebook: a name, or a path to your own. With --rules: one rule, as adl.price.",
            autocompletion=venue_or_rule_names,
        ),
    ] = None,
    rule: Annotated[
        str | None,
        typer.Argument(
            metavar="RULE",
            help="One rule of NAME, as adl.price: its value, its status and the document that says so. With "
            "--tables: one table.",
            autocompletion=venue_or_rule_names,
        ),
    ] = None,
    score: Annotated[
        str | None,
        typer.Option(
            "--score",
            metavar="NAME",
            help="The formula of a score and who uses it, instead of rulebooks.",
            autocompletion=score_names,
        ),
    ] = None,
    rules: Annotated[
        bool,
        typer.Option(
            "--rules", help="What every rule means, its values and who uses them; with NAME, of that rule."
        ),
    ] = False,
    tables: Annotated[
        bool,
        typer.Option(
            "--tables",
            help="Maintenance tables by symbol, with date and source: of all venues, of NAME, or the tiers "
            "of "
            "one of them (adlcalc venues okx BTC-USDT-SWAP --tables).",
        ),
    ] = False,
    validation: Annotated[
        bool,
        typer.Option(
            "--validation", help="Which number of the venue NAME exercises which rule, as measured."
        ),
    ] = False,
    format: options.Format = options.TABLE,
    json: options.Json = False,
    output: options.Output = None,
    width: options.Width = None,
) -> None:
    """List the venues' rulebooks: what is modeled of each, and how well it is known.

    With NAME: every parameter of one rulebook with its value, its source, the day it was read, and whether it
    is documented, observed or assumed; what is not modeled; which of the venue's own numbers are met."""
    if score is not None and (name is not None or rules):
        say(f"adlcalc: {'--rules' if rules else 'NAME'} and --score do not go together")
        raise typer.Exit(UNUSABLE)

    if validation and (name is None or rules):
        say(
            "adlcalc: --validation "
            f"{'and --rules do not go together' if rules else 'needs the NAME of a rulebook'}"
        )
        raise typer.Exit(UNUSABLE)

    if rule is not None and (score is not None or validation):
        say("adlcalc: RULE does not go with --score or --validation")
        raise typer.Exit(UNUSABLE)

    if tables and (rules or validation or score is not None):
        other = "--rules" if rules else "--validation" if validation else "--score"
        say(f"adlcalc: --tables and {other} do not go together")
        raise typer.Exit(UNUSABLE)

    def page() -> Page:
        if tables:
            return _tables(name, rule)
        if rule is not None:
            return _rule_of(str(name), rule)
        if validation:
            return _validation(str(name))
        if rules:
            return _rules(name)
        if score is not None:
            return _score(score)
        return _all() if name is None else _one(name)

    raise typer.Exit(show(name or "venues", output, options.chosen(format, json), page, width=width))


def _all() -> Page:
    from adlcalc.report.venues_view import coverage_page
    from adlcalc.venues.coverage import coverage_of, open_rulebook
    from adlcalc.venues.files import shipped

    return coverage_page([coverage_of(open_rulebook(venue)) for venue in shipped()])


def _one(name: str) -> Page:
    from adlcalc.report.venues_view import rulebook_page
    from adlcalc.venues.coverage import open_rulebook

    return rulebook_page(open_rulebook(name))


def _rule_of(name: str, rule: str) -> Page:
    from adlcalc.report.venues_view import rule_page
    from adlcalc.source.problems import quote
    from adlcalc.venues.coverage import open_rulebook
    from adlcalc.venues.rule_list import rule_rows

    book = open_rulebook(name)
    if rule in book.table_names:
        raise Unknown(
            f"{quote(rule)} is no rule but a maintenance table\nhint: adlcalc venues {name} {rule} --tables"
        )
    rule = _known(rule)
    return rule_page(book, rule, rule_rows([], rule)[0].meaning)


def _validation(name: str) -> Page:
    from adlcalc.report.venues_view import validation_page
    from adlcalc.venues.coverage import open_rulebook

    return validation_page(open_rulebook(name))


def _rules(name: str | None) -> Page:
    from adlcalc.report.venues_view import rules_page
    from adlcalc.venues.coverage import open_rulebook
    from adlcalc.venues.files import shipped
    from adlcalc.venues.rule_list import rule_rows

    only = None if name is None else _known(name)
    books = [open_rulebook(venue) for venue in shipped()]
    return rules_page(rule_rows(books, only), len(books))


def _tables(venue: str | None, name: str | None) -> Page:
    from adlcalc.report.tables_view import tables_page
    from adlcalc.source.problems import closest_hint, quote
    from adlcalc.venues.coverage import open_rulebook, tables_of
    from adlcalc.venues.named_tables import venues_with_tables

    if venue is None:
        found = [one for each in venues_with_tables() for one in tables_of(open_rulebook(each))]
        return tables_page(found, None, whole=True)
    found = tables_of(open_rulebook(venue))
    if not found:
        known = ", ".join(venues_with_tables())
        raise Unknown(f"rulebook {quote(venue)} has no maintenance tables\nhint: there are some of {known}")
    if name is None:
        return tables_page(found, venue, whole=True)
    one = [table for table in found if table.name == name]
    if not one:
        hint = closest_hint(name, [table.name for table in found])
        raise Unknown(f"rulebook {quote(venue)} has no maintenance table {quote(name)}\nhint: {hint}")
    return tables_page(one, venue, whole=False)


def _known(name: str) -> str:
    """The name of a rule, of one that is told with the contracts that it is of (contract.rounding.linear) without
    them; Unknown where there is none of it."""
    from adlcalc.engine.contract import Kind
    from adlcalc.source.problems import closest_hint, quote
    from adlcalc.venues.rule_list import rule_names

    known = rule_names()
    rule, _, kind = name.rpartition(".")
    if rule in known and kind in [str(one) for one in Kind]:
        return rule
    if name not in known:
        same = [rule for rule in known if rule.partition(".")[2] == name]
        hint = closest_hint(name, known) if not same else f"did you mean {' or '.join(map(quote, same))}?"
        raise Unknown(f"there is no rule {quote(name)}" + (f"\nhint: {hint}" if hint else ""))
    return name


def _score(name: str) -> Page:
    from adlcalc.engine.formulas.scores import SCORES
    from adlcalc.report.venues_view import score_page
    from adlcalc.source.problems import closest_hint, quote
    from adlcalc.venues.coverage import open_rulebook, users_of_score
    from adlcalc.venues.files import shipped

    if name not in SCORES:
        raise Unknown(f"there is no score {quote(name)}\nhint: {closest_hint(name, SCORES)}")
    return score_page(name, users_of_score(name, [open_rulebook(venue) for venue in shipped()]))
