"""What a sweep's measure comes to for each value of what is varied, as a figure and in a sentence."""

from __future__ import annotations

import itertools
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from test_charts import ill_placed, ink, texts

from adlcalc.ground.numbers import D
from adlcalc.report.charts import by_value
from adlcalc.report.charts.figure import NARROW, WIDE
from adlcalc.report.sweep_told import Unit, sweep_verdict, told_of, unit_of
from adlcalc.study.sample import Quantile, share_of
from adlcalc.study.sweep import Figure


def shares(by: list[dict[str, str]], hits: list[int], n: int = 400) -> list[Figure]:
    return [Figure("adl", one, n, share=share_of(k, n)) for one, k in zip(by, hits, strict=True)]


LEVERAGES = [{"leverage": text} for text in ("5", "10", "20", "50")]


def dots(spec: dict[str, Any]) -> list[dict[str, float]]:
    """The full signs of a drawing (the strokes below it are none), in order."""
    layers = (one for one in spec["layer"] if one["mark"].get("filled"))
    return [row for layer in layers for row in layer["data"]["values"]]


def test_each_value_has_its_dot_and_its_bar() -> None:
    """125, 234, 319 and 363 of 400 are 31.25, 58.5, 79.75 and 90.75 percent. 5, 10 and 20 are doublings: on
    a scale of logarithms they are as far apart; 50 is log(2.5) / log(2) = 1.32193 times as far from 20."""
    groups = shares(LEVERAGES, [125, 234, 319, 363])
    (figure,) = by_value.figures("sweep-1", "adl", groups, ["leverage"], "")
    assert (figure.name, figure.title) == ("sweep-1", "adl by leverage")
    spec = figure.spec(WIDE)
    found = dots(spec)
    assert [row["y"] for row in found] == [31.25, 58.5, 79.75, 90.75]
    gaps = [b["x"] - a["x"] for a, b in itertools.pairwise(found)]
    assert gaps[1] == pytest.approx(gaps[0])
    assert gaps[2] == pytest.approx(1.32193 * gaps[0], rel=1e-5)
    (bars,) = [
        layer["data"]["values"]
        for layer in spec["layer"]
        if layer["mark"]["type"] == "rule" and "y2" in layer["data"]["values"][0]
    ]
    assert all(bar["y"] < dot["y"] < bar["y2"] for bar, dot in zip(bars, found, strict=True))
    assert [column.cells[0] for column in figure.tables[0].columns[:3]] == ["5", "125", "400"]


def test_numbers_that_are_evenly_apart_stand_as_they_are() -> None:
    groups = shares([{"fund": text} for text in ("0", "500", "1000")], [9, 8, 7])
    (figure,) = by_value.figures("s", "adl", groups, ["fund"], "")
    assert [row["x"] for row in dots(figure.spec(WIDE))] == [0, 500, 1000]


def test_a_second_thing_has_a_color_for_each_of_its_values() -> None:
    by = [{"venue": v, "leverage": x} for v in ("bybit", "okx") for x in ("5", "10")]
    (figure,) = by_value.figures("s", "adl", shares(by, [1, 2, 3, 4]), ["venue", "leverage"], "")
    assert [key.text for key in figure.keys] == ["venue=bybit", "venue=okx"]
    colors = {layer["mark"]["color"] for layer in figure.spec(WIDE)["layer"] if layer["mark"].get("filled")}
    assert len(colors) == 2


def test_a_number_that_all_have_is_written_once() -> None:
    """80 of 400 are 20 % under each rulebook at 5; at 10 one has another number, and each has its own."""
    by = [{"venue": v, "leverage": x} for v in ("bybit", "okx", "gate") for x in ("5", "10")]
    groups = shares(by, [80, 120, 80, 200, 80, 120])
    (figure,) = by_value.figures("s", "adl", groups, ["venue", "leverage"], "")
    bold = [layer for layer in figure.spec(WIDE)["layer"] if layer["mark"].get("fontWeight") == "bold"]
    texts = [row["text"] for layer in bold for row in layer["data"]["values"]]
    assert sorted(texts) == ["20%", "30%", "30%", "50%"]


def test_more_values_than_colors_have_a_figure_each_on_one_scale() -> None:
    by = [{"fund": f, "leverage": x} for f in "12345" for x in ("5", "6", "7", "8", "9", "10")]
    made = by_value.figures("sweep-2", "adl", shares(by, list(range(30))), ["fund", "leverage"], "")
    assert [one.name for one in made] == [f"sweep-2-{i}" for i in range(1, 6)]
    assert [one.title for one in made][:2] == ["adl by leverage, fund=1", "adl by leverage, fund=2"]
    scales = {str(one.spec(NARROW)["layer"][0]["encoding"]["y"]["scale"]) for one in made}
    assert len(scales) == 1
    assert all(one.half for one in made)


def test_texts_have_a_row_each() -> None:
    groups = shares([{"venue": text} for text in ("bybit", "okx", "hyperliquid")], [100, 200, 0])
    (figure,) = by_value.figures("s", "adl", groups, ["venue"], "")
    assert [(row["x"], row["y"]) for row in dots(figure.spec(NARROW))] == [(25, 0), (50, 1), (0, 2)]


def median(of: str, value: int | None, ends: tuple[int, int] = (0, 0)) -> Figure:
    low, high = (Fraction(x) for x in ends)
    quantile = Quantile(D("0.5"), None if value is None else Fraction(value), low, high)
    return Figure("fund_paid", {"fund": of}, 40, mean=Fraction(7), quantiles=(quantile,))


def test_a_number_is_told_by_its_median_or_by_its_mean_never_by_both() -> None:
    known, unknown = median("0", 12, (10, 15)), median("1", None)
    assert (unit_of([known]), unit_of([known, unknown])) == (Unit.MEDIAN, Unit.MEAN)
    told = told_of(known, Unit.MEDIAN)
    assert told is not None
    assert (told.value, told.low, told.high) == (12, 10, 15)
    assert [one.value for one in (told_of(g, Unit.MEAN) for g in (known, unknown)) if one] == [7, 7]


def test_single_points_are_yes_or_no() -> None:
    groups = [Figure("adl", {"fund": f}, 1, share=share_of(k, 1)) for f, k in (("0", 1), ("9", 0))]
    (figure,) = by_value.figures("s", "adl", groups, ["fund"], "")
    assert {"yes", "no"} <= {one.text for one in texts(figure.spec(WIDE))}


def test_what_has_no_end_is_told_and_not_drawn() -> None:
    groups = [
        Figure("x", {"fund": f}, 1, mean=m) for f, m in (("0", Fraction(3)), ("1", Fraction(10) ** 2000))
    ]
    (figure,) = by_value.figures("s", "x", groups, ["fund"], "")
    assert len(dots(figure.spec(WIDE))) == 1
    assert "1 dot without end is not drawn" in figure.description


BOOKS = [
    shares(LEVERAGES, [125, 234, 319, 363]),
    shares([{"leverage": str(x)} for x in range(1, 126)], list(range(125))),
    shares([{"leverage": "5"}], [0]),
    shares([{"leverage": text} for text in ("a" * 60, "מאה", "-3", "long name of a policy")], [0, 400, 3, 4]),
    shares([{"leverage": str(x), "fund": str(f)} for x in (1, 2, 3) for f in (10**9, 10**12, 1)], [9] * 9),
    [median(str(10**k), 10**k, (0, 10 ** (k + 1))) for k in range(9)],
]


@pytest.mark.parametrize("groups", BOOKS, ids=range(len(BOOKS)))
def test_labels_have_room_and_ink_stays_inside(groups: list[Figure]) -> None:
    for figure in by_value.figures("s", groups[0].measure, groups, [*groups[0].by], "Said."):
        for width in (WIDE, NARROW):
            spec = figure.spec(width)
            assert ill_placed(spec) == []
            assert ink(spec) == []


def test_a_sweep_in_a_sentence() -> None:
    """The group with the least and the one with the most, each with its interval: Wilson's for 125 of 400 is
    (125 + 1.92073 -+ 1.95996 sqrt(125 x 275 / 400 + 0.96036)) / 403.84146 = 0.26904 and 0.35953."""
    swept = SimpleNamespace(figures=shares(LEVERAGES, [125, 234, 319, 363]))
    assert sweep_verdict(swept).startswith(
        "adl: 31.25% of 400 (26.9% to 35.96%) with leverage=5, 90.75% of 400 ("
    )
    same = SimpleNamespace(figures=shares(LEVERAGES, [0, 0, 0, 0]))
    assert sweep_verdict(same).endswith("for each of 4.")


def test_none_of_some_is_never_told_as_nought() -> None:
    """As in the tables of a sweep: 0 of 60 exclude what is above 3.84146 / (60 + 3.84146) = 6.02%, 60 of 60 what is
    below 93.98%."""
    groups = shares([{"fund": "0"}, {"fund": "9"}], [60, 0], 60)
    assert [told.text for one in groups if (told := told_of(one, Unit.PROBABILITY))] == [
        "> 93.98%",
        "< 6.02%",
    ]
    assert sweep_verdict(SimpleNamespace(figures=groups)) == (
        "adl: 0 of 60 (< 6.02%) with fund=9, 60 of 60 (> 93.98%) with fund=0."
    )
