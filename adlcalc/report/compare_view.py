"""The policies of a comparison side by side, as a page.

The JSON document is `adlcalc.compare/1`: one row per venue and policy with its metrics, one per account and
round of it, one per axiom; numbers are strings, quotients rounded half even to twelve decimals. The CSV has
one line per venue, policy and measure; accounts as measure 'paid', axioms as 'axiom'.

Public: Comparison, compare_page, not_in_bad_debt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from adlcalc.engine.model import Scenario
from adlcalc.ground.numbers import ZERO, D, divide, round_to, show
from adlcalc.report.columns.compare import COMPARE
from adlcalc.report.human import clean, counted, digits
from adlcalc.report.limits import LEAST_FUND_LIMITS, in_money, money_in, venue_of
from adlcalc.report.page import Block, Item, Listing, Page, title_of, under_title
from adlcalc.report.table import GAP, Column, Table, numbers, right, table, words
from adlcalc.study.axioms import AXIOMS, Finding
from adlcalc.study.compare import OWN, Choice, Result
from adlcalc.study.least import LEAST, why_not
from adlcalc.study.metrics import Value
from adlcalc.study.rounds import Outcome

SHOWN, WRITTEN = D("0.000001"), D("0.000000000001")
"""Quotients are rounded to six decimals for reading, to twelve in JSON and CSV."""
LIQUIDATED = "accounts_liquidated"  # mostly the same for all policies of a venue
PAYS = "What each account pays"
PAYS_MOST = "What each account pays, those first that pay most under any policy"
RATIOS = "The papers' ratios"  # quotients: in no money
TABLES: Mapping[str, tuple[str, ...]] = {
    "What it came to": (
        LIQUIDATED,
        "fund_used",
        "accounts_touched",
        "wholly_closed",
        "haircut_total",
        "bad_debt",
        "backstop_pnl",
    ),
    "Need and budget": ("shortfall", "needed_budget", "overshoot", "undershoot", "notional_closed"),
    "How it is spread": ("largest_haircut", "largest_share", "top_10_share", "gini", "inversions"),
    RATIOS: ("ptsr", "pmr", "ptsr_repository", "pmr_repository", "rd_nse"),
    "What is left behind": ("forgone_pnl", "markout", "leverage_left", "equity_of_most_levered"),
}


HEADINGS = {
    "equity_of_most_levered": "equity of\nmost levered",
    "rd_nse": "rd-nse",
    "top_10_share": "top 10\nshare",
}
UNPAID = ("bad_debt", "undershoot", "backstop_pnl")
"""What a policy leaves unpaid, or to a backstop, decides between policies: these stay while others go from a
narrow page."""
GOES = (LIQUIDATED, "wholly_closed", "accounts_touched", "overshoot", "notional_closed", "fund_used")
"""What goes first beside them, in this order; then the rest of their table, from its end."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A result as data. written: its metrics, rounded and as digits."""

    venue: str
    choice: Choice
    outcome: Outcome
    written: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Burden:
    """What an account could pay and paid in a round; haircut: the part of it."""

    venue: str
    policy: str
    step: int
    account: str
    could_pay: Decimal
    paid: Decimal
    haircut: Decimal | None


@dataclass(frozen=True, slots=True)
class Tried:
    """An axiom that was tried under a policy."""

    venue: str
    policy: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Measure:
    """A line of the CSV."""

    venue: str
    policy: str
    measure: str
    account: str
    value: str


@dataclass(frozen=True, slots=True)
class Span:
    """A metric as it is written and its range under other readings of assumed rules."""

    venue: str
    policy: str
    metric: str
    value: str | None
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The results of one scenario. shown: whether the accounts are shown; findings: (venue, policy) ->
    findings, where axioms were tried; markout: after how many steps fills are marked out; chosen: the metrics
    that text and CSV show (none: all); doubted: the results under other readings of assumed rules, where they
    were asked for."""

    scenario: Scenario
    file: str | None
    results: Sequence[Result]
    shown: bool
    findings: Mapping[tuple[str, str], Sequence[Finding]]
    markout: int
    chosen: Sequence[str] = ()
    doubted: Sequence[Result] | None = None

    @property
    def ranges(self) -> Iterator[Span]:
        """The metrics that move under other readings of assumed rules."""
        for result in self.results:
            key = (result.venue, result.choice.label)
            others = [one for one in self.doubted or () if (one.venue, one.choice.label) == key]
            for name in self.chosen or result.metrics:
                values = [one.metrics[name] for one in (result, *others)]
                numbers_ = [Fraction(x) for x in values if x is not None]
                if len(set(values)) > 1 and numbers_:
                    low, high = (_written(end) or "" for end in (min(numbers_), max(numbers_)))
                    yield Span(*key, name, _written(result.metrics[name]), low, high)

    @property
    def several(self) -> bool:
        """Is it more than one venue?"""
        return len({result.venue for result in self.results}) > 1

    @property
    def policies(self) -> Iterator[Policy]:
        """The results as data."""
        for one in self.results:
            written = {name: _written(value) for name, value in one.metrics.items()}
            yield Policy(one.venue, one.choice, one.outcome, written)

    @property
    def burdens(self) -> Iterator[Burden]:
        """What each account pays in each round."""
        for result in self.results:
            for each in result.outcome.rounds:
                for account, could, paid, *_ in each.burdens:
                    part = _rounded(Fraction(paid) / Fraction(could), WRITTEN) if could else None
                    yield Burden(result.venue, result.choice.label, each.step, account, could, paid, part)

    @property
    def tried(self) -> Iterator[Tried]:
        """The axioms."""
        return (Tried(*key, finding) for key, found in self.findings.items() for finding in found)

    @property
    def measures(self) -> Iterator[Measure]:
        """The CSV."""
        for result in self.results:
            where = (result.venue, result.choice.label)
            for name in self.chosen or result.metrics:
                yield Measure(*where, name, "", _written(result.metrics[name]) or "")
            for account, paid in result.outcome.by_account.items() if self.shown else ():
                yield Measure(*where, "paid", account, show(paid))
        for one in self.tried:
            account = one.finding.account or ""
            yield Measure(one.venue, one.policy, f"axiom {one.finding.axiom}", account, _holds(one.finding))


def compare_page(comparison: Comparison, limit: int = 0) -> Page:
    """At most `limit` accounts (0: all)."""
    return Page(
        title=title_of(comparison.scenario, comparison.file),
        subtitle=_subtitle(comparison),
        blocks=lambda width: _blocks(comparison, limit, width),
        document=COMPARE,
        about=comparison,
    )


def _subtitle(page: Comparison) -> str:
    venues = list(dict.fromkeys(venue_of(result.outcome.scenario) for result in page.results))
    named = f"{'venues' if len(venues) > 1 else 'venue'} {', '.join(venues)}"
    if len(venues) == len(page.results) > 1:  # each under its own policy
        what = "One book and one path"
    else:
        what = f"{counted(len(page.results), 'policy', 'policies')} on one book and one path"
    return f"{what}, {named}, {money_in(page.scenario)}"


def _blocks(page: Comparison, limit: int, width: int | None) -> Iterator[Block]:
    yield from under_title(page.scenario)
    tables = {"Metrics": tuple(page.chosen)} if page.chosen else TABLES
    for i, (title, names) in enumerate(tables.items()):
        shown = [[_shown(result.metrics[name]) for result in page.results] for name in names]
        columns = [
            numbers(_heading(name, page), values, hide=not page.chosen, drop=_drop(name, names, values, page))
            for name, values in zip(names, shown, strict=True)
            if name != LIQUIDATED or page.several or page.chosen or len({*values}) > 1
        ]
        heading = title if title == RATIOS else in_money(title, page.scenario)
        yield table(heading, "", [*_labels(page), *columns])
        if not i:  # before anybody compares a spread
            yield from _left(page)
    if LEAST in page.chosen:
        yield LEAST_FUND_LIMITS
        yield from _unproven(page)
    if page.doubted is not None:
        yield _ranges(page, limit)
    if page.shown:
        yield from _account_tables(page, limit, width)
    if page.findings:
        yield from _axiom_blocks(page)
    assumed = _assumed(page)
    yield assumed
    if assumed.items and page.doubted is None:
        yield "What hangs on them: the same with --doubt, or adlcalc doubt FILE for one run."


def _drop(name: str, beside: Sequence[str], values: Sequence[Decimal | None], page: Comparison) -> int:
    """When a metric goes from a narrow page: never where it says that something is left unpaid; of those that
    were asked for, the last first."""
    if page.chosen:
        return 0 if name in UNPAID and any(values) else 1 + len(beside) - [*beside].index(name)
    if not set(UNPAID) & set(beside) or (name in UNPAID and any(values)):
        return 0
    if name == UNPAID[0]:
        return 0
    return 1 + (GOES.index(name) if name in GOES else len(GOES) + len(beside) - [*beside].index(name))


def _left(page: Comparison) -> Iterator[str]:
    """Why there is bad debt under a policy that closes nothing, and what the venue holds at the end, both of
    which the metrics do not say by themselves."""
    cut = [one for one in page.results if one.choice.space == "profit" and one.outcome.bad_debt]
    idle = [
        one for one in cut if not one.outcome.socialized and one.outcome.held_loss == one.outcome.bad_debt
    ]
    cut = [one for one in cut if one not in idle]
    if idle:
        yield (
            f"Bad debt under {_called(page, idle)}{_up_to(idle)}: nothing was cut. A haircut shares the loss of what is "
            "sold, and nobody took the positions: what they have lost by the last mark is all of the bad debt."
        )
    if cut:
        several = len(cut) > 1
        yield (
            f"Bad debt under {_called(page, cut)}{_up_to(cut)}: {'they cut' if several else 'it cuts'} profits and "
            f"{'close' if several else 'closes'} no position. What the profits of a step do not cover, and "
            "what is lost later on positions that nobody took, stays; how a loss is spread is told of the "
            "part that was cut."
        )
    yield from not_in_bad_debt(page)
    by_held: dict[tuple[tuple[str, Decimal], ...], list[Result]] = {}
    for one in page.results:
        if one.outcome.held:
            by_held.setdefault(one.outcome.held, []).append(one)
    for held, results in by_held.items():
        sizes = [
            digits(size) + (f" of {clean(market)}" if len(page.scenario.markets) > 1 else "")
            for market, size in held
        ]
        what = "contract" if len(held) == 1 and held[0][1] == 1 else "contracts"
        yield (
            f"At the end the venue still holds {' and '.join(sizes)} {what} under "
            f"{_called(page, results)}; what they have lost by the last mark is in the bad debt, as far as "
            "no fund bears it."
        )


def not_in_bad_debt(page: Comparison) -> Iterator[str]:
    """Where a fund ends that pays more than it has, which what it paid alone does not say, and that a loss of
    backstops is one more."""
    below: dict[tuple[str, Decimal], list[Result]] = {}
    for one in page.results:
        for fund in one.outcome.funds:
            if fund[1] < 0:
                below.setdefault(fund, []).append(one)
    several = len(page.scenario.funds) > 1
    for (name, balance), results in below.items():
        yield (
            f"{f'Fund {clean(name)}' if several else 'The fund'} ends at {digits(balance)} under "
            f"{_called(page, results)}: it may go below zero (fund.negative), and what it is short of is in no "
            "bad debt."
        )

    lost = [one for one in page.results if (one.outcome.backstop_pnl or ZERO) < 0]
    if lost:
        yield (
            f"Backstops have lost money on what they took over under {_called(page, lost)} (backstop pnl): what "
            "they lose after a takeover is in neither shortfall nor bad debt."
        )


def _up_to(results: Sequence[Result]) -> str:
    """', 12', of several ', up to 12': a spread of what was paid alone would hide it."""
    most = max(one.outcome.bad_debt for one in results)
    return f", {'up to ' if len(results) > 1 else ''}{digits(most)}"


def _called(page: Comparison, results: Sequence[Result]) -> str:
    """'haircut and capped-haircut:0.5', of several venues 'haircut of bybit', each once."""
    names = [one.choice.label + (f" of {one.venue}" if page.several else "") for one in results]
    if page.several and all(one.choice.label == OWN for one in results):
        names = [one.venue for one in results]
    told = [clean(name) for name in dict.fromkeys(names)]
    return " and ".join(filter(None, (", ".join(told[:-1]), told[-1])))


def _unproven(page: Comparison) -> Iterator[str]:
    """Under which rules a least fund is looked for and not proven."""
    rules = {one.venue: why_not(one.outcome.scenario.rules) for one in page.results}
    for venue, rule in rules.items():
        if rule:
            told = (
                f"{LEAST} under {clean(venue)} is not proven: {rule} asks for more than the largest draw, "
                "so it was looked for"
            )
            yield f"{told} from above in parts, and a larger one that runs short may lie between two of them."


def _assumed(page: Comparison) -> Listing:
    """The assumed rules that the runs of each venue made use of."""
    used: dict[str, dict[str, None]] = {}
    for result in page.results:
        used.setdefault(result.venue, {}).update(dict.fromkeys(result.outcome.assumed))
    told = [Item(f"{clean(venue)}: {', '.join(map(clean, rules))}") for venue, rules in used.items() if rules]
    more = "; adlcalc venues NAME RULE says why" if told else ""
    return Listing(f"Assumed rules that these runs used{more}", told)


def _ranges(page: Comparison, limit: int) -> Table:
    """Each metric that moves, with its range beside it."""
    found = list(page.ranges)
    rows = found[: limit or None]

    def shown(text: str | None) -> str:
        return "-" if text is None else digits(round_to(D(text), SHOWN))

    return table(
        in_money("Under other readings of assumed rules", page.scenario),
        "No metric moves under another reading of an assumed rule.",
        [
            words("venue", [one.venue for one in rows]) if page.several else None,
            words("policy", [one.policy for one in rows]),
            words("metric", [one.metric for one in rows]),
            right("as written", [shown(one.value) for one in rows]),
            right("range", [f"{shown(one.low)}..{shown(one.high)}" for one in rows]),
        ]
        if rows
        else (),
        more=len(found) - len(rows),
    )


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
    """What each account pays: a row each, a column for each policy, in as many tables as the width asks
    for. In file order; where the limit cuts some off, those are left that pay most."""
    paid = [result.outcome.by_account for result in page.results]
    order = {account.id: i for i, account in enumerate(page.scenario.accounts)}
    known = sorted(
        {account for each in paid for account in each}, key=lambda account: order.get(account, len(order))
    )
    kept = known
    if cut := bool(limit) and len(known) > limit:
        most = {account: max(each.get(account, ZERO) for each in paid) for account in known}
        kept = sorted(known, key=most.__getitem__, reverse=True)[:limit]  # ties in file order
    names = words("account", kept)
    assert names is not None
    columns = [
        numbers(_policy_heading(page, result), [each.get(account) for account in kept], zero="0")
        for result, each in zip(page.results, paid, strict=True)
    ]
    for part in _parts([column for column in columns if column is not None], names.width, width):
        title = in_money(PAYS_MOST if cut else PAYS, page.scenario)
        yield table(title, "Nobody pays anything.", [names, *part], len(known) - len(kept))


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


def _axiom_blocks(page: Comparison) -> Iterator[Block]:
    """Which axioms hold, and a sentence for each that does not."""
    rows = list(page.findings.items())
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
