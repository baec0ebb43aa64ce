"""What the shell proposes: names that adlcalc knows, and those of the scenario that the line names already.

Public: command_names, venue_names, venues_listed, venue_or_rule_names, score_names, policies,
metrics_listed, definitions_listed, accounts, markets, series, questions, scenario_files.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable
from importlib.resources import files
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from adlcalc.engine.model import Scenario

LARGEST = 1_000_000
"""Bytes of a scenario that is read while somebody types; of a larger one no name is proposed."""


def command_names(incomplete: str) -> list[str]:
    """Names of commands."""
    from adlcalc.cli.app import COMMANDS

    return [name for name in COMMANDS if name.startswith(incomplete)]


def venue_names(incomplete: str) -> list[str]:
    """Names of the rulebooks that come with adlcalc."""
    names = (entry.name for entry in files("adlcalc").joinpath("venues").iterdir())
    return sorted(
        name.removesuffix(".yaml") for name in names if name.endswith(".yaml") and name.startswith(incomplete)
    )


def _listed(known: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    """Names of a list with commas: what the last one may become, but for those that stand before it."""

    def propose(incomplete: str) -> list[str]:
        given, comma, last = incomplete.rpartition(",")
        taken = given.split(",")
        return [f"{given}{comma}{name}" for name in known() if name.startswith(last) and name not in taken]

    return propose


def _policies() -> Iterable[str]:
    """Policies, those that take a score also with each."""
    from adlcalc.engine.formulas.scores import SCORES
    from adlcalc.study.compare import ARGUMENTS, KNOWN

    for name in KNOWN:
        yield name
        if ARGUMENTS.get(name) == "score":
            yield from (f"{name}:{score}" for score in SCORES)


def _metrics() -> Iterable[str]:
    from adlcalc.study.metrics import KNOWN

    return KNOWN


def _definitions() -> Iterable[str]:
    """Policies, metrics, and `all`."""
    from adlcalc.study.defined import DEFINED

    return (*DEFINED, "all")


policies = _listed(_policies)
metrics_listed = _listed(_metrics)
definitions_listed = _listed(_definitions)
venues_listed = _listed(lambda: venue_names(""))


def score_names(incomplete: str) -> list[str]:
    """Names of scores."""
    from adlcalc.engine.formulas.scores import SCORES

    return [name for name in SCORES if name.startswith(incomplete)]


def venue_or_rule_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of rulebooks, or behind --rules those of rules."""
    if not ctx.params.get("rules"):
        return venue_names(incomplete)
    from adlcalc.venues.rule_list import rule_names

    return [name for name in rule_names() if name.startswith(incomplete)]


def _typed() -> list[str]:
    """The words of the line. An option that still lacks its value leaves what stands before it unread, so
    that the file is looked for here."""
    line = os.environ.get("_TYPER_COMPLETE_ARGS") or os.environ.get("COMP_WORDS") or ""
    try:
        return shlex.split(line)[2:]
    except ValueError:  # a quote that is still open
        return line.split()[2:]


def _scenario(ctx: typer.Context) -> Scenario | None:
    """The scenario that the line names; None where it names none, or one that cannot be read or is large."""
    from adlcalc.scenario import load, shipped

    named = ctx.params.get("file") or ctx.params.get("files") or _typed()
    for file in (named,) if isinstance(named, str) else named:
        try:
            if file and file[0] != "-" and os.path.getsize(shipped.path_of(file) or file) <= LARGEST:
                return load(file).scenario
        except Exception:  # whatever is wrong with it, this is not the time to say so
            continue
    return None


def accounts(ctx: typer.Context, incomplete: str) -> list[str]:
    """Accounts of the scenario."""
    found = _scenario(ctx)
    return [one.id for one in found.accounts if one.id.startswith(incomplete)] if found is not None else []


def markets(ctx: typer.Context, incomplete: str) -> list[str]:
    """Markets of the scenario."""
    found = _scenario(ctx)
    return [m.name for m in found.markets if m.name.startswith(incomplete)] if found is not None else []


def series(ctx: typer.Context, incomplete: str) -> list[str]:
    """What can be shown step by step: accounts, the fund, each of several, markets."""
    found = _scenario(ctx)
    if found is None:
        return []
    funds = ["fund", *(fund.name for fund in found.funds)]
    others = [name for name in (*funds, *(m.name for m in found.markets)) if name.startswith(incomplete)]
    return [*accounts(ctx, incomplete), *dict.fromkeys(others)]


def questions(ctx: typer.Context, incomplete: str) -> list[str]:
    """What a question may begin with; behind the bracket of one that needs an account, the accounts."""
    from adlcalc.study.questions import MEASURES, PREDICATES

    known = {**PREDICATES, **MEASURES}
    name, bracket, inside = incomplete.partition("(")
    if bracket and name in known and known[name].takes == "account":
        return [f"{name}({account})" for account in accounts(ctx, inside)]
    return [name + "(" * kind.needed for name, kind in known.items() if name.startswith(incomplete)]


def scenario_files(incomplete: str) -> list[str]:
    """Scenario files and folders that begin as typed, and the scenarios that come with adlcalc."""
    from adlcalc.scenario import shipped

    return [*_files(incomplete), *(shipped.names(incomplete) if incomplete else ())]


def _files(incomplete: str) -> list[str]:
    folder, start = os.path.split(incomplete)
    try:
        entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
    except OSError:
        return []
    return [
        os.path.join(folder, entry.name) + (os.sep if entry.is_dir() else "")
        for entry in entries
        if entry.name.startswith(start)
        and (start.startswith(".") or not entry.name.startswith("."))
        and (entry.is_dir() or entry.name.endswith((".yaml", ".yml", ".json")))
    ]
