"""The policies of a comparison side by side, as text, Markdown, CSV and JSON.

The JSON document is `adlcalc.compare/1`: one row per venue and policy with its metrics, one per account and round of it, one
per axiom; numbers are strings, quotients rounded half even to twelve decimals.

Public: Comparison, text, markdown, write_csv, write_json.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from adlcalc.engine.model import Scenario
from adlcalc.engine.numbers import D, divide, round_to, show
from adlcalc.report.human import clean, counted
from adlcalc.report.page import json_text, markdown_page, text_page
from adlcalc.report.table import GAP, PAGE, Column, Table, numbers, table, words
from adlcalc.study.axioms import AXIOMS, Finding
from adlcalc.study.compare import Result
from adlcalc.study.metrics import Value

SHOWN, WRITTEN = D("0.000001"), D("0.000000000001")
"""Quotients are rounded to six decimals for reading, to twelve in JSON and CSV."""
TABLES: Mapping[str, tuple[str, ...]] = {
    "What it came to": ("fund_used", "accounts_touched", "wholly_closed", "haircut_total", "bad_debt"),
    "Need and budget": ("shortfall", "needed_budget", "overshoot", "undershoot", "notional_closed"),
    "How it is spread": ("largest_haircut", "largest_share", "top_10_share", "gini", "inversions"),
    "The papers' ratios": ("ptsr", "pmr", "ptsr_repository", "pmr_repository", "rd_nse"),
    "What is left behind": ("forgone_pnl", "markout", "leverage_left", "equity_of_most_levered"),
}


HEADINGS = {"equity_of_most_levered": "equity of\nmost levered", "rd_nse": "rd-nse", "top_10_share": "ten pay"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The results of one scenario. accounts: whether the accounts are shown; axioms: (venue, policy) -> findings, where they
    were tried; markout: after how many steps fills are marked out; chosen: the metrics that text and CSV show (none: all)."""

    scenario: Scenario
    file: str | None
    results: Sequence[Result]
    accounts: bool
    axioms: Mapping[tuple[str, str], Sequence[Finding]]
    markout: int
    chosen: Sequence[str] = ()

    @property
    def several(self) -> bool:
        """Is it more than one venue?"""
        return len({result.venue for result in self.results}) > 1


def text(page: Comparison, limit: int) -> str:
    """Tables of at most 80 columns, as far as names and numbers allow."""
    return text_page(_title(page), _subtitle(page), _blocks(page, limit, PAGE), ())


def markdown(page: Comparison, limit: int) -> str:
    """The same tables in Markdown."""
    return markdown_page(_title(page), _subtitle(page), _blocks(page, limit, None), ())


def write_json(page: Comparison) -> str:
    """The document `adlcalc.compare/1`."""
    return json_text(
        {
            "schema": "adlcalc.compare/1",
            "scenario": {"title": page.scenario.title, "file": page.file, "markout_steps": str(page.markout)},
            "policies": [_policy(result) for result in page.results],
            "accounts": [row for result in page.results for row in _account_rows(result)],
            "axioms": [_finding(key, finding) for key, found in page.axioms.items() for finding in found],
        }
    )


def write_csv(page: Comparison) -> str:
    """One line per venue, policy and measure; accounts as measure 'paid', axioms as 'axiom'."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("venue", "policy", "measure", "account", "value"))
    for result in page.results:
        where = (result.venue, result.choice.label)
        for name in page.chosen or result.metrics:
            writer.writerow((*where, name, "", _written(result.metrics[name]) or ""))
        for account, paid in result.outcome.by_account().items() if page.accounts else ():
            writer.writerow((*where, "paid", account, show(paid)))
    for key, found in page.axioms.items():
        for finding in found:
            writer.writerow((*key, f"axiom {finding.axiom}", finding.account or "", _holds(finding)))
    return out.getvalue()


# --- the page --------------------------------------------------------------------------------------------------------------


def _title(page: Comparison) -> str:
    return clean(page.scenario.title or page.file or "Scenario")


def _subtitle(page: Comparison) -> str:
    venues = list(dict.fromkeys(clean(result.venue) for result in page.results))
    named = f"{'venues' if len(venues) > 1 else 'venue'} {', '.join(venues)}"
    if len(venues) == len(page.results) > 1:  # each under its own policy
        return f"One book and one path, {named}"
    return f"{counted(len(page.results), 'policy', 'policies')} on one book and one path, {named}"


def _blocks(page: Comparison, limit: int, width: int | None) -> Iterator[Table | str]:
    for title, names in ({"Metrics": tuple(page.chosen)} if page.chosen else TABLES).items():
        shown = [[_shown(result.metrics[name]) for result in page.results] for name in names]
        columns = [numbers(_heading(name, page), values, hide=True) for name, values in zip(names, shown, strict=True)]
        yield table(title, "", [*_labels(page), *columns])
    if page.accounts:
        yield from _account_tables(page, limit, width)
    if page.axioms:
        yield from _axiom_blocks(page)


def _labels(page: Comparison) -> Iterator[Column | None]:
    if page.several:
        yield words("venue", [result.venue for result in page.results])
    yield words("policy", [result.choice.label for result in page.results])


def _heading(name: str, page: Comparison) -> str:
    """A metric's name, a word or two to a line."""
    if name == "markout":
        return f"markout\n+{counted(page.markout, 'step')}"
    if name in HEADINGS:
        return HEADINGS[name]
    return name.replace("_", "\n", 1).replace("_", " ")


def _account_tables(page: Comparison, limit: int, width: int | None) -> Iterator[Table]:
    """What each account pays: a row each, a column for each policy, in as many tables as the width asks for."""
    paid = [result.outcome.by_account() for result in page.results]
    order = {account.id: i for i, account in enumerate(page.scenario.accounts)}
    known = sorted({account for each in paid for account in each}, key=lambda account: order.get(account, len(order)))
    kept = known[:limit] if limit else known
    names = words("account", kept)
    assert names is not None
    columns = [
        numbers(_policy_heading(page, result), [each.get(account) for account in kept], zero="0")
        for result, each in zip(page.results, paid, strict=True)
    ]
    for part in _parts([column for column in columns if column is not None], names.width, width):
        yield table("What each account pays", "Nobody pays anything.", [names, *part], len(known) - len(kept))


def _policy_heading(page: Comparison, result: Result) -> str:
    label = result.choice.label.replace("-", "-\n", 1).replace(":", ":\n", 1)
    return f"{result.venue}\n{label}" if page.several else label


def _parts(columns: list[Column], first: int, width: int | None) -> Iterator[list[Column]]:
    """The columns in groups that fit beside a first one."""
    group: list[Column] = []
    used = first
    for column in columns:
        if group and width is not None and used + GAP + column.width > width:
            yield group
            group, used = [], first
        group.append(column)
        used += GAP + column.width
    if group:
        yield group


def _axiom_blocks(page: Comparison) -> Iterator[Table | str]:
    """Which axioms hold, and a sentence for each that does not."""
    rows = list(page.axioms.items())
    columns = [words("venue", [key[0] for key, _ in rows])] if page.several else []
    columns.append(words("policy", [key[1] for key, _ in rows]))
    for i, axiom in enumerate(AXIOMS):
        columns.append(words(axiom, [_holds(found[i]) for _, found in rows]))
    yield table("Axioms, tried on this book", "", columns)
    for (_, policy), found in rows:
        for finding in found:
            if finding.holds is False:
                yield f"{clean(policy)}, {finding.axiom}: {clean(finding.because)}."
    for i, axiom in enumerate(AXIOMS):
        reasons: dict[str, list[str]] = {}
        for (_, policy), found in rows:
            if found[i].holds is None:
                reasons.setdefault(found[i].because, []).append(policy)
        for reason, policies in reasons.items():
            yield f"{axiom} could not be tried under {clean(', '.join(policies))}: {clean(reason)}."


def _holds(finding: Finding) -> str:
    return "-" if finding.holds is None else "holds" if finding.holds else "fails"


def _shown(value: Value) -> Decimal | None:
    """A value for reading: money as it is, quotients to six decimals."""
    return _rounded(value, SHOWN)


def _rounded(value: Value, to: Decimal) -> Decimal | None:
    if isinstance(value, Fraction):
        return round_to(divide(Decimal(value.numerator), Decimal(value.denominator)), to)
    return None if value is None else D(value)


def _written(value: Value) -> str | None:
    found = _rounded(value, WRITTEN)
    return None if found is None else show(found)


# --- JSON rows -------------------------------------------------------------------------------------------------------------


def _policy(result: Result) -> dict[str, Any]:
    outcome = result.outcome
    return {
        "venue": result.venue,
        "policy": result.choice.label,
        "space": result.choice.space,
        "liquidated": list(outcome.liquidated),
        "rounds": [each.step for each in outcome.rounds],
        "metrics": {name: _written(value) for name, value in result.metrics.items()},
    }


def _account_rows(result: Result) -> Iterator[dict[str, Any]]:
    """What each account could pay and paid in each round; haircut: the part of it."""
    where = {"venue": result.venue, "policy": result.choice.label}
    for each in result.outcome.rounds:
        for account, could, paid, *_ in each.burdens:
            part = _written(Fraction(paid) / Fraction(could)) if could else None
            row = {"step": each.step, "account": account, "could_pay": show(could), "paid": show(paid), "haircut": part}
            yield where | row


def _finding(key: tuple[str, str], finding: Finding) -> dict[str, Any]:
    return {
        "venue": key[0],
        "policy": key[1],
        "axiom": finding.axiom,
        "holds": finding.holds,
        "account": finding.account,
        "before": None if finding.before is None else show(finding.before),
        "after": None if finding.after is None else show(finding.after),
        "because": finding.because,
    }
