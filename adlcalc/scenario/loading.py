"""The order of a load: text, overrides, schema, rulebook, then the parts; all problems of all steps are told
together.

Public: load_file, load_source, opened, Origin.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace

from adlcalc.engine.columns import Columns, ids_of
from adlcalc.engine.declared import closed, name_in
from adlcalc.engine.model import SMALLEST, Scenario
from adlcalc.engine.rules import BACKSTOPS, Auction, Providers
from adlcalc.ground.numbers import D, exact, show
from adlcalc.ground.objects import no_collections
from adlcalc.scenario import Loaded, shipped
from adlcalc.scenario.accounts import build_accounts, build_orders, exempt_accounts
from adlcalc.scenario.currencies import check_currencies, settlements
from adlcalc.scenario.draft import Draft
from adlcalc.scenario.events import build_events
from adlcalc.scenario.expect import build_expect
from adlcalc.scenario.indicators import read_told
from adlcalc.scenario.limits import note_entries, note_leverage
from adlcalc.scenario.markets import (
    build_changes,
    build_funds,
    build_markets,
    check_feedback,
    check_ticks,
    market_names,
)
from adlcalc.scenario.outside import outside_of
from adlcalc.scenario.prices import build_path
from adlcalc.scenario.providers import build_providers
from adlcalc.scenario.schema import ScenarioFile
from adlcalc.scenario.tables import has_own, named, stand_ins, tables_of
from adlcalc.source.document import read_document
from adlcalc.source.files import near_file, text_of
from adlcalc.source.nodes import List, Map, Place, Scalar, Source
from adlcalc.source.problems import Located, Problems, ScenarioErrors, fail, nearest, quote
from adlcalc.source.schema import check
from adlcalc.study.questions import Names
from adlcalc.venues.layers import GENERIC
from adlcalc.venues.rulebook import Rulebook, load_rulebook
from adlcalc.venues.stated import GIVEN


def load_file(path: str, *, sets: Sequence[str], venue: str | None, as_of: str | None = None) -> Loaded:
    """Read, check and build; ScenarioErrors with everything that is wrong."""
    return Origin(path, *opened(path), tuple(sets), venue, as_of).load()


def opened(path: str) -> tuple[Source, str | None]:
    """The text of a file, and the folder that its companions lie in (None: its own). The name of a scenario
    that comes with adlcalc stands for it where there is no such file."""
    ours = shipped.path_of(path)
    if ours is None:
        return _text_of(path), None
    return text_of(ours, shown_as=path, role="scenario"), os.path.dirname(ours)


@closed
class Origin:
    """What a scenario is loaded from, so that it can be loaded again with other settings: standard input is
    read only once. handed: companions that a setting names and that are elsewhere."""

    path: str
    source: Source
    folder: str | None = None
    sets: tuple[str, ...] = ()
    venue: str | None = None
    as_of: str | None = None
    handed: Mapping[str, Source] = field(default_factory=dict)

    def load(self, *more: str) -> Loaded:
        """Check and build, with more settings behind those that it has."""
        loaded = load_source(
            self.source,
            self.path,
            sets=(*self.sets, *more),
            venue=self.venue,
            as_of=self.as_of,
            folder=self.folder,
            handed=self.handed,
        )
        return replace(loaded, origin=replace(self, sets=(*self.sets, *more)))


def _text_of(path: str) -> Source:
    """The text of a file; where there is none, and none beside it is like it, the scenario of ours that was
    probably meant is told."""
    if path != "-" and not os.path.lexists(path):
        stem, ending = os.path.splitext(os.path.basename(path))
        begun = shipped.names(stem) if stem else []
        near = begun[0] if len(begun) == 1 else nearest(stem, shipped.names())
        here = near_file(path)
        if here is not None and (near != stem or os.path.splitext(os.path.basename(here))[0] == stem):
            near = None
        if near is not None and (near == stem or not ending):
            hint = f"did you mean {quote(near)}, which comes with adlcalc?"
            raise fail(Place(Source(path, "")), "there is no such file", hint)
    return text_of(path, role="scenario")


def load_source(
    source: Source,
    path: str,
    *,
    sets: Sequence[str] = (),
    venue: str | None = None,
    as_of: str | None = None,
    folder: str | None = None,
    handed: Mapping[str, Source] | None = None,
) -> Loaded:
    """Check and build a text that was read from `path`, or is about to be written there. folder: where its
    companions are; beside it if left out; handed: those that a setting names and that are elsewhere."""
    problems = Problems()
    with no_collections(), exact():
        root = read_document(source, problems)
        if root is None:
            problems.raise_if_any()
        assert root is not None
        if (
            not isinstance(root, Map)
            or "accounts" not in root.items
            or {"schema", "golden"} & root.items.keys()
        ):
            from adlcalc.source.mistaken import SCENARIO, is_of_another_kind

            if is_of_another_kind(root, SCENARIO, problems):
                problems.raise_if_any()
        if isinstance(root, Map) and sets:
            from adlcalc.scenario.overrides import apply

            apply(root, sets, problems)
        checked = check(
            ScenarioFile, root, problems, what="the scenario", items=("accounts", "markets", "population")
        )
        if checked.model is None or not isinstance(root, Map):
            problems.raise_if_any()
            raise AssertionError("a scenario without a model has a problem")
        beside = "" if path == "-" else os.path.dirname(path)
        own = beside if folder is None else folder
        draft = Draft(
            checked.model, checked.root, root, checked.broken, problems, own, beside, handed=handed or {}
        )
        try:
            loaded = _build(draft, path, sets, venue, as_of)
        except ScenarioErrors as error:  # a companion file that cannot be read
            problems.take(error)
            loaded = None
        problems.raise_if_any()
    assert loaded is not None
    return loaded


def _build(
    draft: Draft, path: str, sets: Sequence[str], venue: str | None, as_of: str | None
) -> Loaded | None:
    """The parts, each as far as the faults of the others allow; None where `problems` says why."""
    file = draft.file
    rulebook = _rulebook(draft, venue, strict=venue is None and not any(map(_of_rules, sets)), as_of=as_of)
    names = market_names(draft)
    if names is None:
        return None
    unit = file.money_unit or SMALLEST
    settles = settlements(draft, names)
    funds = build_funds(draft, settles, unit)
    markets = build_markets(draft, settles, rulebook, unit)
    listed = build_accounts(draft, markets, unit)
    marks = build_path(draft, markets)
    accounts = listed
    if file.population is not None:  # behind whatever else may be at fault: it is not made for nothing
        from adlcalc.scenario.population import build_population

        accounts = build_population(draft, file.population, listed, markets, unit)
    providers = build_providers(draft, markets, set(ids_of(accounts))) if file.backstop else ()
    check_currencies(draft, markets, accounts)
    if marks is not None:
        changes = build_changes(draft, markets, marks.steps)
        check_feedback(draft, markets, changes)
        marks = replace(
            marks,
            liquidity=changes,
            events=build_events(draft, markets, funds, accounts, marks.steps, unit),
        )
        check_ticks(draft, markets, marks.marks)
    expect = None
    if file.expect is not None:
        ids = dict.fromkeys([*_written_ids(draft), *ids_of(accounts)])
        steps = 1 if marks is None else marks.steps
        currencies = len({market.settles for market in markets.values()})
        expect = build_expect(
            draft, file.expect, Names(ids, [fund.name for fund in funds], markets, steps, currencies)
        )
    if rulebook is None or marks is None:
        return None
    kinds = [market.contract.kind for market in markets.values()]
    tabled = [market.contract.kind for name, market in markets.items() if not has_own(draft, name, rulebook)]
    tables = tables_of(draft, rulebook, markets)
    rules = rulebook.engine_rules(
        kinds, tabled, {name: tables[name] for name in named(draft, rulebook) if name in tables}
    )
    rules = replace(rules, assumptions=(*rules.assumptions, *stand_ins(draft, rulebook, markets, tables)))
    note_leverage(draft, tables, markets, accounts)
    note_entries(draft, marks.marks, accounts)
    scenario = Scenario(
        markets=tuple(markets.values()),
        accounts=accounts if isinstance(accounts, Columns) else tuple(accounts),
        path=marks,
        funds=funds,
        rules=rules,
        title=file.title,
        description=file.description,
        venue=rulebook.venue,
        as_of="" if rulebook.timeless else rulebook.as_of,
        money_unit=unit,
        providers=providers,
        exempt=exempt_accounts(draft),
        orders=build_orders(draft, markets),
    )
    _note_unused(draft, rulebook, scenario)
    _note_fine_ticks(draft, scenario)
    _note_steep_funding(draft, scenario)
    outside = outside_of(marks.times, rulebook)
    if outside:
        draft.problems.note(draft.key("prices"), outside)
    return Loaded(
        scenario,
        expect,
        path,
        rulebook,
        tuple(draft.problems.notes),
        read_told(draft, list(names)),
        draft.owners,
        outside,
        next(iter(draft.models), None),
        made=len(accounts) - len(listed) if isinstance(file.population, dict) else 0,
        tables=tables,
    )


def _note_fine_ticks(draft: Draft, scenario: Scenario) -> None:
    """Markets whose prices ask for a finer tick than the usual one, and that do not say theirs."""
    specs = draft.file.markets or {}
    for market in scenario.markets:
        spec = specs.get(market.name)
        if market.tick < SMALLEST and (spec is None or spec.tick is None):
            message = (
                f"market {quote(market.name)} has no tick: {show(market.tick)} is taken by the digits "
                "of its prices"
            )
            draft.problems.note(draft.node("prices"), message)


STEEP = D("0.5")
"""A rate of funding from here on is told: what venues cap it at is far below."""


def _note_steep_funding(draft: Draft, scenario: Scenario) -> None:
    """Rates of funding that look like percents."""
    for market, rates in scenario.path.funding.items():
        steep = next((rate for rate in rates.values() if abs(rate) >= STEEP), None)
        if steep is not None:
            percent = f"{show(steep)} is {show(100 * steep)} % of the notional at a step"
            message = f"funding of market {quote(market)}: {percent}"
            draft.problems.note(draft.key("funding"), message, "rates are fractions: 0.01 % is 0.0001")
            return


def _note_unused(draft: Draft, rulebook: Rulebook, scenario: Scenario) -> None:
    """Say what the file gives and the rules leave aside, where that is no fault of the file."""
    for unused in rulebook.unused:
        if unused.rule.status == GIVEN:
            draft.problems.note(unused.rule.node, unused.sentence())
    if scenario.providers and not isinstance(rulebook.made.backstop.kind, Providers | Auction):
        name = name_in(BACKSTOPS, rulebook.made.backstop.kind)
        draft.problems.note(
            draft.key("backstop"), f"'backstop' plays no part: 'kind' of 'backstop' is {name}"
        )


def _of_rules(setting: str) -> bool:
    """Does a --set change the rules that others of the file may stand beside?"""
    return setting.lstrip(' "').startswith(("rules", "venue"))


def _rulebook(draft: Draft, venue: str | None, *, strict: bool, as_of: str | None) -> Rulebook | None:
    """The venue of the command line (a path from anywhere), or the file's (a path beside it), with the file's
    rules on top."""
    overrides = draft.root.items.get("rules")
    rulebook = None
    if venue is not None:
        where: Located = Place(Source(f"--venue {venue}", "", excerpt=False), 1, 1)
        rulebook = load_rulebook(
            venue, draft.problems, where=where, overrides=overrides, strict=strict, as_of=as_of
        )
    elif "venue" not in draft.broken:
        where = draft.node("venue")
        rulebook = load_rulebook(
            draft.file.venue,
            draft.problems,
            where=where,
            folder=draft.folder,
            overrides=overrides,
            strict=strict,
            as_of=as_of,
        )
    if rulebook is None and overrides is not None:  # the file's own rules are checked all the same
        load_rulebook(GENERIC, draft.problems, where=draft.root, overrides=overrides, strict=False)
    return rulebook


def _written_ids(draft: Draft) -> Iterator[str]:
    """The ids as written, those of faulty accounts included."""
    accounts, population = (draft.whole.items.get(key) for key in ("accounts", "population"))
    items = accounts.items if isinstance(accounts, List) else []
    names = (item.items.get("id") for item in items if isinstance(item, Map))
    yield from (name.text for name in names if isinstance(name, Scalar))
    if population is not None and len(draft.problems):
        from adlcalc.scenario.population import names_made_up

        yield from names_made_up(population)
