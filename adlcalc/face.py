"""The functions of the Python face; `import adlcalc` has them. What they need is imported when they are
called.

Public: load, run, margin, rank, explain, compare, solve, sweep, check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from adlcalc.engine.model import Scenario
    from adlcalc.report import Run
    from adlcalc.report.result import Result
    from adlcalc.report.sweep_result import Swept
    from adlcalc.scenario import Loaded
    from adlcalc.scenario.loading import Origin

    Source = str | PathLike[str] | Mapping[str, Any]
    """A path, the name of a scenario that comes with adlcalc, YAML or JSON text, or what that text says as a
    dict."""


def load(
    source: Source, *, sets: Sequence[str] = (), venue: str | None = None, as_of: str | None = None
) -> Loaded:
    """Read and check a scenario.

    source  a path ('-' is standard input); the name of a scenario that comes with adlcalc
            ('04-fund-half-absorbs'); YAML or JSON text (a str with a line break or a brace in it); or a dict
            with the keys of a scenario file. In a dict numbers are int, Decimal or text; a float counts as
            the shortest text that it is read from (0.1 is one tenth). Files that a text or a dict names are
            looked for in the current folder.
    sets    changes like 'fund=0', 'accounts.alice.leverage=5'
    venue   another rulebook than the file's: a name or a path
    as_of   of the rulebook's editions the one that held on that day, '2024-06-30'

    Raises ScenarioErrors, whose text shows every problem with its line (in a dict: of the dict as JSON).
    """
    from collections.abc import Mapping

    from adlcalc.scenario import load as load_file
    from adlcalc.scenario.given import is_text, load_given

    if is_text(source):
        return load_given(source, sets=tuple(sets), venue=venue, as_of=as_of)
    assert not isinstance(source, Mapping)
    return load_file(source, sets=tuple(sets), venue=venue, as_of=as_of)


def run(scenario: Scenario | Loaded | Source, *, series: Sequence[str] = (), index: bool = True) -> Run:
    """Run a scenario to its end.

    The Run has `rows(NAME)`: liquidations, fund, deleveraged, skipped, accounts, positions, steps, ...
    (`tables()` lists them); `frames()`, the same as Arrow tables; `events`, everything that happened, in
    order; and `to_text`, `to_markdown`, `to_csv`, `to_json`, `to_dict`, which are what the command line
    prints.

    series: accounts, markets or funds ('fund' is all of them) that `rows("series")` tells step by step.
    index=False looks at every account at every step: slower, the same result.

    Raises ScenarioErrors; Unknown for a series of nothing; adlcalc.engine.books.ledger.AuditError where money or
    contracts do not match, which would be a bug in adlcalc.
    """
    from adlcalc.asking import accounts_of
    from adlcalc.engine.loop import run as run_engine
    from adlcalc.engine.model import Scenario
    from adlcalc.report import Run
    from adlcalc.study.answers import watch_for

    if isinstance(scenario, Scenario):
        worked: Scenario = scenario
        file: str | None = None
    else:
        loaded = _loaded(scenario)
        worked, file = loaded.scenario, loaded.file
    names = tuple(dict.fromkeys([series] if isinstance(series, str) else series))
    watch = watch_for((), accounts_of(names, worked))
    events = run_engine(worked, index=index, together=True, observer=watch)
    return Run(worked, events, file=file, watch=watch, named=names)


def margin(scenario: Loaded | Source, *, step: int | str = 0, accounts: Sequence[str] = ()) -> Result:
    """How far every open position is from its liquidation at a step, before anybody is liquidated at its
    marks; nearest first.

    Rows: account, market, side, size, entry_price, mark_price, liquidation_price and bankruptcy_price (None
    where there is none), margin_ratio and distance (fractions), equity, unit_maintenance, due, ...

    step: its number, or 'last'; accounts: only theirs. Raises ScenarioErrors; Unknown for an account or step
    that is not there.
    """
    from adlcalc.asking import margins
    from adlcalc.report.margin_view import margin_page
    from adlcalc.report.result import Result

    asked = margins(_loaded(scenario), step=str(step), accounts=tuple(accounts))
    return Result(margin_page(asked), "positions")


def rank(
    scenario: Loaded | Source,
    *,
    step: int | str = "last",
    market: str | None = None,
    side: str | None = None,
    accounts: Sequence[str] = (),
) -> Result:
    """The deleveraging queue of each market and side at a step, first in line first.

    Rows: market, side ('long', 'short'), rank (1 is deleveraged first), account, score, lights (1 to 5, 5 is
    first in line), size, entry_price, unrealized_pnl, effective_leverage, ahead (contracts before it), ...
    With `accounts` only these, and `rows("moves")`: the smallest change of collateral, leverage or size that
    moves each one back.

    Raises ScenarioErrors; Unknown for a step, market, side or account that is not there.
    """
    from adlcalc.asking import queues
    from adlcalc.report.rank_view import rank_page
    from adlcalc.report.result import Result

    asked = queues(_loaded(scenario), step=str(step), market=market, side=side, accounts=tuple(accounts))
    return Result(rank_page(asked, 0), "queue")


def explain(
    scenario: Loaded | Source,
    account: str | None = None,
    *,
    fund: bool = False,
    step: int | str | None = None,
    market: str | None = None,
) -> Result:
    """What happened to an account, to the insurance fund, or to everybody at a step, line by line; market:
    only there.

    Rows: step, account, kind, text, formulas (how each number came about), amounts (the numbers by name),
    rules. `rows("why")` has the rules that made the difference, `rows("rules")` all of them with their
    sources.

    Raises ScenarioErrors; Unknown for an account, step or market that is not there, or where nobody is asked
    about.
    """
    from adlcalc.asking import story
    from adlcalc.explain.story_view import story_page
    from adlcalc.report.result import Result

    at = None if step is None else str(step)
    told = story(_loaded(scenario), account=account, fund=fund, step=at, market=market)
    return Result(story_page(told, rules=True), "lines")


def compare(
    scenario: Loaded | Source,
    policies: Sequence[str] | None = None,
    *,
    venues: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    severity: str = "1",
    markout: int = 1,
    axioms: bool = False,
) -> Result:
    """One book and path under several policies, and under several rulebooks.

    policies  names as in `adlcalc compare --policies`: 'queue', 'queue:bitmex', 'pro-rata', 'haircut', ...;
              all that apply by default, each venue's own where `venues` are given
    venues    rulebooks by name or path, instead of the scenario's own
    metrics   what the page shows; the rows have all of them
    severity  the share of the loss that haircuts cover, from 0 to 1
    markout   after how many steps fills are marked out
    axioms    try whether splitting pays, whether it scales, whether it keeps the order: `rows("axioms")`

    Rows: venue, policy, space ('contract' or 'profit'), liquidated, rounds, metrics (name -> Decimal or
    None). `rows("accounts")`: what each account could pay and paid.

    Raises ScenarioErrors; Unknown for a policy, metric or venue that is not there.
    """
    from adlcalc.asking import OWN, comparison
    from adlcalc.report.compare_view import compare_page
    from adlcalc.report.result import Result

    named = [_loaded(scenario)] if venues is None else []
    loads = named or [_again(scenario, venue) for venue in venues or ()]
    chosen = ",".join(policies) if policies is not None else OWN if venues is not None else None
    compared = comparison(
        loads,
        policies=chosen,
        severity=severity,
        markout=markout,
        accounts=True,
        axioms=axioms,
        metrics=None if metrics is None else ",".join(metrics),
    )
    return Result(compare_page(compared, 0), "policies")


def solve(
    source: Loaded | Source,
    vary: str,
    *,
    until: str | None = None,
    when: str | None = None,
    low: str | None = None,
    high: str | None = None,
    unit: str | None = None,
    across: str | None = None,
    method: str | None = None,
    values: int | None = None,
    budget: int = 20_000,
    jobs: int = 1,
    sets: Sequence[str] = (),
    venue: str | None = None,
    as_of: str | None = None,
) -> Result:
    """Ask backwards: for which values of one thing is something so?

    source  what `load` takes, or what it has made; sets, venue, as_of as there
    vary    what is varied, as --set names it: 'fund', 'prices.2', 'accounts.alice.leverage'
    until   the question ('no adl'), or `when`: one of the two
    low, high, unit   the range and the smallest step, as text ('50_000'); each has a default where there is
                      one
    across  an answer for each value of something else: 'prices.2=50_000..56_000/100'
    method  'theorem', 'exhaustive' or 'sampled'; the surest that applies if left out

    Rows: from, to, holds (None where the scenario refuses these values). `rows("answer")`: holds, fails,
    differs; `rows("changes")`: before, after, differs; `rows("frontier")` with `across`; `rows("result")`:
    method, runs, spacing, whole, verified, ...

    Raises ScenarioErrors; Unknown where the question cannot be worked like that.
    """
    from adlcalc.asking import Unknown
    from adlcalc.report.result import Result
    from adlcalc.report.solve_view import solve_page
    from adlcalc.solving import Asking, solved
    from adlcalc.study.solve import Limits, Method, Unsolvable

    if (until is None) == (when is None):
        raise TypeError("one of until and when says what is asked")
    if method is not None and method not in [*Method]:
        raise Unknown(f"there is no method {method!r}: {', '.join(Method)}")
    origin, file = _asked_of(source, sets, venue, as_of)
    asking = Asking(
        file=file,
        vary=vary,
        question=until if until is not None else when or "",
        when=when is not None,
        low=low,
        high=high,
        unit=unit,
        across=across,
        sets=tuple(sets),
        venue=venue,
        as_of=as_of,
        limits=Limits(None if method is None else Method(method), values, budget, jobs),
    )
    try:
        found = solved(asking, origin=origin)
    except Unsolvable as error:
        raise Unknown(str(error)) from None
    if found.interrupted:
        raise KeyboardInterrupt
    return Result(solve_page(found), "intervals")


def sweep(
    scenario: Loaded | Source | None = None,
    measures: Sequence[str] = (),
    *,
    vary: Mapping[str, str | Sequence[Any]] | None = None,
    paths: str | None = None,
    venues: Sequence[str] | None = None,
    policies: Sequence[str] | None = None,
    by: Sequence[str] | None = None,
    sets: Sequence[str] = (),
    as_of: str | None = None,
    store: str | PathLike[str] | None = None,
    jobs: int = 1,
    dask: str | None = None,
    doubt: bool = False,
) -> Swept:
    """A scenario run many times, with values, venues, policies and random paths varied.

    scenario  what `load` takes, or what it has made; sets, as_of as there
    measures  'adl(me)', 'fund_paid', 'fund_paid > 500', 'least_fund', 'quantile(least_fund, 0.99)', ...
    vary      name -> '0..1_000_000/20_000' or a list of values; names as in sets: {'accounts.me.leverage':
              [2, 5]}
    paths     'bootstrap:candles.csv,block=12,n=1000,seed=7', 'n=1000' of the scenario's own model, ...
    by        what the figures are grouped by; all that is varied if left out
    store     an SQLite file: finished points are kept, the same call goes on where it was ended; without a
              scenario it is asked again, and nothing is run
    jobs      processes (in a program of your own behind `if __name__ == "__main__":`); dask: a scheduler's
              address
    doubt     the figures under the other readings of assumed rules as well: `rows("doubts")`

    Rows: measure, by (name -> value), n, hits, probability, low and high (its 95 % interval), mean, least,
    most. `rows("quantiles")`: level, value, low, high, shortfall (the mean beyond), None where it is not
    estimable; `rows("points")`: every point; `points()` the same as an Arrow table with a column for each
    thing that is varied and measured; `frames()` all of them; `model`: what the frequencies are of.

    Raises ScenarioErrors; Unknown for what is not there, and for a store of another sweep.
    """
    from os import fspath

    from adlcalc.asking import Unknown
    from adlcalc.report.sweep_result import Swept
    from adlcalc.study.store import StoreError
    from adlcalc.sweeping import Sweep, asked_again, swept

    grouped = None if by is None else ",".join(by)
    try:
        if scenario is None:
            if store is None:
                raise Unknown("a scenario is needed, or a store to be asked again")
            return Swept(asked_again(fspath(store), tuple(measures), grouped, keep_rows=True))
        origin, file = _asked_of(scenario, sets, None, as_of)
        asking = Sweep(
            file,
            tuple(f"{name}={_range(values)}" for name, values in (vary or {}).items()),
            paths,
            tuple(measures),
            None if venues is None else ",".join(venues),
            None if policies is None else ",".join(policies),
            grouped,
            tuple(sets),
            as_of,
            None if store is None else fspath(store),
            jobs,
            doubt,
        )
        workers = None
        if dask is not None:
            from adlcalc.cluster import on

            workers = on(dask)
        found = swept(asking, origin=origin, keep_rows=True, workers=workers)
    except StoreError as error:
        raise Unknown(str(error)) from None
    if found.interrupted:
        raise KeyboardInterrupt
    return Swept(found)


def _range(values: str | Sequence[Any]) -> str:
    return values if isinstance(values, str) else ",".join(map(str, values))


def check(
    *paths: str | PathLike[str],
    strict: bool = False,
    update: bool = False,
    golden: str | None = None,
    rules: bool = False,
) -> Result:
    """Hold scenario files, rulebooks and folders of them to their `expect:` blocks and goldens.

    strict  assumed rules, unbalanced books and bad debt fail too
    update  write the goldens
    golden  the folder of the goldens; beside the scenarios if left out
    rules   a rule that is another than in a golden fails, though no fact changes

    Rows: file, result ('passed', 'failed', 'broken'), golden_written. `rows("findings")`: kind, file, line,
    column, message. `rows("summary")`: how many came out how. What is wrong with a file is a row and raises
    nothing.
    """
    from os import fspath

    from adlcalc.check.checking import check_paths
    from adlcalc.check.report import checked_page
    from adlcalc.report.result import Result

    names = [fspath(path) for path in paths]
    outcomes = check_paths(names, strict=strict, update=update, golden=golden, rules=rules)
    return Result(checked_page(outcomes), "files")


def _loaded(scenario: Loaded | Source) -> Loaded:
    from adlcalc.scenario import Loaded

    return scenario if isinstance(scenario, Loaded) else load(scenario)


def _again(scenario: Loaded | Source, venue: str) -> Loaded:
    """A scenario under another venue; what it was loaded with besides (`sets`) holds there too."""
    from dataclasses import replace

    from adlcalc.scenario import Loaded

    return (
        replace(_origin(scenario), venue=venue).load()
        if isinstance(scenario, Loaded)
        else load(scenario, venue=venue)
    )


def _asked_of(
    source: Loaded | Source, sets: Sequence[str], venue: str | None, as_of: str | None
) -> tuple[Origin | None, str]:
    """What a question is asked of, and the name that it has: what was loaded, with further settings; a text
    or a dict; None where it is a file, which is opened by who asks."""
    from dataclasses import replace
    from os import fspath

    from adlcalc.scenario import Loaded
    from adlcalc.scenario.given import STANDARD_INPUT, is_text, origin_of

    if isinstance(source, Loaded):
        first = _origin(source)
        further = replace(
            first,
            sets=(*first.sets, *sets),
            venue=first.venue if venue is None else venue,
            as_of=first.as_of if as_of is None else as_of,
        )
        return further, source.file
    if is_text(source):
        return origin_of(source, sets=sets, venue=venue, as_of=as_of), STANDARD_INPUT
    return None, fspath(source)  # type: ignore[arg-type]  # no dict here


def _origin(loaded: Loaded) -> Origin:
    """What it was loaded from."""
    if loaded.origin is None:
        raise TypeError("it cannot be loaded once more: give the path, the text or the dict itself")
    return loaded.origin
