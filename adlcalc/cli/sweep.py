"""`adlcalc sweep`: many points (values, venues, policies, paths), and what each measure comes to over them.

Public: register, sweep, EXAMPLE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from adlcalc.asking import Unknown
from adlcalc.cli import options
from adlcalc.cli.completion import policies as policy_names
from adlcalc.cli.completion import questions, venues_listed
from adlcalc.cli.exits import INTERRUPTED, note, say
from adlcalc.cli.progress import counting, foretell
from adlcalc.ground.record import current

if TYPE_CHECKING:
    from adlcalc.report.page import Page
    from adlcalc.study.swept import Swept
    from adlcalc.sweeping import Workers

EXAMPLE = """\b
Examples:
  adlcalc sweep 04-fund-half-absorbs --vary fund=0..2000/500 --measure 'adl(bob),fund_paid'
  adlcalc sweep 24-a-random-crash --paths n=20,seed=7 --measure 'adl(bob),least_fund'"""


def register(app: typer.Typer) -> None:
    """Add the command."""
    short = "Run many variants and paths, and count: probabilities, quantiles."
    app.command("sweep", epilog=EXAMPLE, short_help=short, no_args_is_help=True)(sweep)


def sweep(
    *,
    file: options.FileOrNone = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=RANGE",
            help="What is varied, as --set names it: fund=0..1_000_000/20_000, accounts.me.leverage=2,5,10. "
            "Repeatable: every value with every other.",
        ),
    ] = None,
    paths: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Random paths: bootstrap:candles.csv,block=12,n=1000,seed=7; "
            "walk:volatility=0.01,steps=48,...; "
            "ramp:to=-60%..-10%,over=1..50,...; n=1000 draws from the model of the file.",
        ),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            "-m",
            metavar="A,B,...",
            help="What is measured: 'adl(me)', fund_paid, 'fund_paid > 500', least_fund, "
            "'quantile(least_fund, 0.99)', 'shortfall(bad_debt, 0.99)'. adlcalc solve --list shows all.",
            autocompletion=questions,
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...", help="Group points by these only; by all that is varied if left out."
        ),
    ] = None,
    policies: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,...",
            help="Under each of these policies, as in compare.",
            autocompletion=policy_names,
        ),
    ] = None,
    venues: Annotated[
        str | None,
        typer.Option(metavar="A,B,...", help="Under each of these rulebooks.", autocompletion=venues_listed),
    ] = None,
    under: options.Under,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Keep finished points in an SQLite file: the same call goes on where it was ended; without "
            "a scenario, the store is asked again.",
        ),
    ] = None,
    doubt: Annotated[
        bool,
        typer.Option(
            "--doubt",
            help="The figures under the other readings of assumed rules as well; these points are worked "
            "anew, "
            "and not kept in a --store.",
        ),
    ] = False,
    jobs: options.Jobs = 1,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="On the workers of a dask scheduler: tcp://host:8786 (extra [cluster])."
        ),
    ] = None,
    points: Annotated[bool, typer.Option("--points", help="JSON and CSV have every point as well.")] = False,
    parquet: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write every point to a Parquet file too (extra [frames])."),
    ] = None,
    result: options.Result,
) -> None:
    """Run a scenario many times, with values, venues, policies and random paths varied, and tell what each
    measure comes to: how often, with its interval; or how it is distributed.

    A path is drawn from its seed and its number alone: the same digits on every machine and with any number
    of processes. Model, seed and number of paths stand beside every frequency, because it is one under that
    model and no forecast."""
    stopped: list[Swept] = []

    def page() -> Page:
        from adlcalc.report.sweep_view import sweep_page
        from adlcalc.study.store import StoreError
        from adlcalc.sweeping import Sweep, asked_again, swept
        from adlcalc.venues.files import listed

        if under.venue is not None and venues is not None:
            raise Unknown("--venue and --venues do not go together")
        if venues is not None:
            listed("--venues", venues)  # before anything is read
        keep = points or parquet is not None
        measures = tuple(measure or ())
        try:
            if file is None:
                if store is None:
                    raise Unknown("a scenario FILE is needed, or a --store to be asked again")
                if (
                    vary
                    or paths
                    or policies
                    or venues
                    or dask
                    or doubt
                    or any((under.venue, under.as_of, under.sets))
                ):
                    raise Unknown("without a scenario FILE the --store is asked again, and nothing is run")
                found = asked_again(store, measures, by, keep_rows=keep)
            else:
                if store is not None and (record := current()) is not None and record.silent:
                    raise Unknown("what is repeated is kept in no --store")
                asking = Sweep(
                    file=file,
                    vary=tuple(vary or ()),
                    paths=paths,
                    measures=measures,
                    venues=venues if venues is not None else under.venue,
                    policies=policies,
                    by=by,
                    sets=tuple(under.sets or ()),
                    as_of=under.as_of,
                    store=store,
                    jobs=jobs,
                    doubt=doubt,
                )
                through = counting(result.quiet, "point")
                found = swept(
                    asking,
                    through=lambda rows, total: through(rows, total),
                    keep_rows=keep,
                    workers=_of(dask),
                    tell=lambda text: say(f"note: {text}"),
                    foretell=lambda scenario, many: foretell(
                        result.quiet,
                        scenario,
                        many,
                        "--jobs shares them out, --store keeps what is done",
                        what="point",
                    ),
                )
        except StoreError as error:
            raise Unknown(str(error)) from None
        note(*found.notes)
        if parquet is not None:
            _write_parquet(found, parquet)
        if found.interrupted:
            stopped.append(found)
        return sweep_page(found, result.limit)

    code = result.of(file or store or "", page)
    if stopped:
        left = f"{stopped[0].left:,} of {stopped[0].left + stopped[0].points:,} points are not worked"
        how = "the same command goes on from here" if store else "--store FILE would have kept what is done"
        say(f"adlcalc: stopped: {left}; {how}")
        code = INTERRUPTED
    raise typer.Exit(code)


def _of(dask: str | None) -> Workers | None:
    """Who works the points: a cluster, or local processes."""
    if dask is None:
        return None
    from adlcalc.cluster import ClusterError, on

    try:
        return on(dask)
    except ClusterError as error:
        raise Unknown(f"--dask {error}") from None


def _write_parquet(found: Swept, path: str) -> None:
    from adlcalc.report.sweep_frames import write_points

    try:
        write_points(found, path)
    except ImportError:
        raise Unknown("--parquet needs the extra: pip install 'adlcalc[frames]'") from None
    except OSError as error:
        raise Unknown(f"--parquet {path}: {error.strerror or error}") from None
