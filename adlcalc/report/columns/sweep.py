"""What many points came to. Public: SWEEP, number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from adlcalc.ground.numbers import D, decimal_of, round_to
from adlcalc.report.field import CSV, JSON, Document, Field, Rows
from adlcalc.report.limits import frequencies, paths_of
from adlcalc.study.sample import Quantile

PLACES = D("0.00000001")
FAR = Fraction(10) ** 1_000


def number(x: Fraction | None) -> Decimal | None:
    """As it is written: to eight decimals where it has more; Infinity where it has no end."""
    if x is None:
        return None
    if abs(x) > FAR:
        return D("Infinity") if x > 0 else D("-Infinity")
    whole = decimal_of(x)
    return round_to(whole, PLACES) if abs(whole) < D("1E+40") else whole


def _of(name: str) -> Any:
    """A number of the figure."""
    return lambda figure, _: number(getattr(figure, name))


def _of_share(name: str) -> Any:
    return lambda figure, _: None if figure.share is None else getattr(figure.share, name)


def _of_quantile(name: str) -> Any:
    return lambda level, _: number(getattr(level.found, name))


def _named(key: str, note: str, of: Callable[[Any, Any], Iterable[tuple[str, str]]]) -> tuple[Field, Field]:
    """Texts by name: in JSON an object, in CSV 'name=text; ...'."""
    return (
        Field(key, "named", note, of=lambda one, about: dict(of(one, about)), where=(JSON,)),
        Field(
            key,
            "text",
            "",
            of=lambda one, about: "; ".join(f"{k}={v}" for k, v in of(one, about)),
            where=(CSV,),
        ),
    )


class Level(NamedTuple):
    """A quantile, and of what it is."""

    measure: str
    by: Mapping[str, str]
    found: Quantile


def _drawn(key: str, note: str, of: Callable[[Any], str]) -> Field:
    """What the paths have in common, in every row of the CSV: a row that is copied out of it keeps it."""

    def told(_: Any, swept: Any) -> str | None:
        return None if swept.drawn is None else of(swept)

    return Field(key, "text", note, of=told, where=(CSV,), null=True)


DRAWN = (
    _drawn("model", "in the CSV: how many paths, and how they were drawn", paths_of),
    _drawn("seed", "in the CSV: of their random numbers", lambda swept: str(swept.seed)),
)


def _spread(of: Callable[[Any, Any], Mapping[str, Any]]) -> Field:
    """A column of the CSV for each name."""
    return Field("columns", "named", "", of=of, where=(CSV,), spread=True)


def _measured(one: Any, swept: Any) -> Iterable[tuple[str, str]]:
    return ((k, str(v)) for k, v in zip(swept.measures, one.found, strict=True) if v is not None)


def _varied(one: Any, swept: Any) -> Iterable[tuple[str, str]]:
    return zip(swept.varied, one.values, strict=True)


BY = (
    *_named("by", "what its points have in common", lambda one, _: one.by.items()),
    _spread(lambda one, swept: {**({"venue": swept.venues[0]} if len(swept.venues) == 1 else {}), **one.by}),
)
SWEEP = Document(
    "adlcalc.sweep/1",
    "Many points (values, venues, policies, paths), and what each measure comes to over them.",
    (
        Rows(
            "scenario",
            "what was varied",
            (
                Field("title", "text", "its title", null=True, prose=True),
                Field("file", "text", "the name that it was read under", prose=True),
                Field("venues", "texts", "the rulebooks"),
                Field("varied", "texts", "what was varied, as --vary names it"),
                Field("points", "step", "how many points there are"),
                Field("failed", "step", "how many of them failed: the scenario or the run"),
            ),
            records=lambda swept: swept,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "paths",
            "what the paths are of which frequencies are told",
            (
                Field("n", "step", "how many there are", of="drawn", null=True),
                Field("model", "text", "how they were drawn", prose=True),
                Field("seed", "text", "of their random numbers"),
                Field(
                    "limits",
                    "text",
                    "what they cannot show",
                    of=lambda swept, _: frequencies(swept),
                    prose=True,
                ),
            ),
            records=lambda swept: swept,
            one=True,
            where=(JSON,),
        ),
        Rows(
            "figures",
            "a row for each measure and group of points",
            (
                Field("measure", "text", "what was measured"),
                *BY,
                Field("n", "step", "how many points told it"),
                Field("failed", "step", "how many points failed"),
                Field("none", "step", "how many points have no such number"),
                Field("hits", "step", "at how many it is so", of=_of_share("hits"), null=True),
                Field(
                    "probability",
                    "number",
                    "hits / n, under the model",
                    of=lambda one, _: None if one.share is None else number(one.share.share),
                    null=True,
                ),
                Field("low", "number", "lower end of its 95% interval", of=_of_share("low"), null=True),
                Field("high", "number", "upper end of it (Wilson)", of=_of_share("high"), null=True),
                Field("mean", "score", "mean of the number", of=_of("mean"), null=True),
                Field("least", "score", "the smallest", of=_of("least"), null=True),
                Field("most", "score", "the largest", of=_of("most"), null=True),
                *DRAWN,
            ),
            table="figure",
            by="measure by",
        ),
        Rows(
            "quantiles",
            "quantiles of the numbers; null: not estimable, fewer than 20 paths lie beyond",
            (
                Field("measure", "text", "what was measured"),
                *BY,
                Field("level", "number", "which quantile", of="found.level"),
                *(
                    Field(key, "score", note, of=_of_quantile(name), null=True)
                    for key, name, note in (
                        ("value", "value", "the smallest that this share does not exceed"),
                        ("low", "low", "lower end of its 95% interval"),
                        ("high", "high", "upper end of it (order statistics)"),
                        ("shortfall", "beyond", "mean beyond it (expected shortfall)"),
                        ("shortfall_low", "beyond_low", "mean beyond the lower end"),
                        ("shortfall_high", "beyond_high", "mean beyond the upper end"),
                    )
                ),
                *DRAWN,
            ),
            records=lambda swept: [
                Level(one.measure, one.by, found) for one in swept.figures for found in one.quantiles
            ],
            table="quantile",
            by="measure by level",
        ),
        Rows(
            "doubts",
            "what each figure comes to under other readings of assumed rules, where it was doubted",
            (
                Field("measure", "text", "what was measured"),
                *BY,
                Field(
                    "value",
                    "score",
                    "its probability, quantile, shortfall or mean as written",
                    of=_of("value"),
                    null=True,
                ),
                Field("low", "score", "the least under any reading", of=_of("low"), null=True),
                Field("high", "score", "the most", of=_of("high"), null=True),
                Field("low_under", "text", "the reading of the least; '' as written"),
                Field("high_under", "text", "the reading of the most; '' as written"),
                Field("missing", "flag", "under some reading there is no such number"),
                *DRAWN,
            ),
            table="doubt",
            optional=True,
            by="measure by",
        ),
        Rows(
            "errors",
            "why points failed",
            (
                Field("message", "text", "the reason", of=lambda one, _: one[0]),
                Field("points", "count", "how many points", of=lambda one, _: one[1]),
            ),
            records=lambda swept: swept.errors.items(),
            table="error",
            by="message",
        ),
        Rows(
            "points",
            "every point, where they were asked for",
            (
                Field("venue", "text", "its rulebook"),
                Field("policy", "text", "its policy"),
                Field("draw", "step", "the number of its path", null=True),
                *_named("varied", "what was varied", _varied),
                *_named("measures", "what was measured, as it is kept", _measured),
                _spread(lambda one, swept: dict((*_varied(one, swept), *_measured(one, swept)))),
                Field(
                    "error", "text", "why there is no measure", of=lambda one, _: one.error or None, null=True
                ),
            ),
            records="rows",
            table="point",
            optional=True,
            by="venue policy varied draw",
        ),
    ),
    published="measure by n failed none hits probability low high mean least most level value shortfall"
    " shortfall_low shortfall_high low_under high_under missing message points venue policy draw varied"
    " measures error model seed",
    more=lambda swept: (
        *swept.names,
        *(swept.measures if swept.rows else ()),
        *(swept.varied if swept.rows else ()),
    ),
)
