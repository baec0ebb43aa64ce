"""What many points came to. Public: SWEEP, number."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from adlcalc.ground.numbers import D, divide, round_to
from adlcalc.report.field import CSV, JSON, Document, Field, Rows

PLACES = D("0.00000001")
FAR = Fraction(10) ** 1_000


def number(x: Fraction | None) -> Decimal | None:
    """As it is written: to eight decimals where it has more; Infinity where it has no end."""
    if x is None:
        return None
    if abs(x) > FAR:
        return D("Infinity") if x > 0 else D("-Infinity")
    whole = divide(D(x.numerator), D(x.denominator))
    return round_to(whole, PLACES) if abs(whole) < D("1E+40") else whole


def _of(name: str) -> Any:
    """A number of the figure."""
    return lambda figure, _: number(getattr(figure, name))


def _of_share(name: str) -> Any:
    return lambda figure, _: None if figure.share is None else getattr(figure.share, name)


def _by(record: Any, _: Any) -> str:
    return "; ".join(f"{name}={value}" for name, value in record.by.items())


BY = (
    Field("by", "named", "what its points have in common", where=(JSON,)),
    Field("by", "text", "", of=_by, where=(CSV,)),
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
                Field("limits", "text", "what they cannot show", of="sentence", prose=True),
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
                Field("level", "number", "which quantile"),
                Field("value", "score", "the smallest that this share does not exceed", null=True),
                Field("low", "score", "lower end of its 95% interval", null=True),
                Field("high", "score", "upper end of it (order statistics)", null=True),
                Field("shortfall", "score", "mean beyond it (expected shortfall)", null=True),
                Field("shortfall_low", "score", "mean beyond the lower end", null=True),
                Field("shortfall_high", "score", "mean beyond the upper end", null=True),
            ),
            records="quantiles",
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
            ),
            table="doubt",
            optional=True,
            by="measure by",
        ),
        Rows(
            "errors",
            "why points failed",
            (
                Field("message", "text", "the reason"),
                Field("points", "count", "how many points"),
            ),
            records="reasons",
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
                Field("varied", "named", "what was varied", where=(JSON,)),
                Field(
                    "varied",
                    "text",
                    "",
                    of=lambda one, _: "; ".join(f"{k}={v}" for k, v in one.varied.items()),
                    where=(CSV,),
                ),
                Field("measures", "named", "what was measured, as it is kept", where=(JSON,)),
                Field(
                    "measures",
                    "text",
                    "",
                    of=lambda one, _: "; ".join(f"{k}={v}" for k, v in one.measures.items()),
                    where=(CSV,),
                ),
                Field("error", "text", "why there is no measure", null=True),
            ),
            records="kept",
            table="point",
            optional=True,
            by="venue policy varied draw",
        ),
    ),
)
