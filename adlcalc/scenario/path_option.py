"""--paths: random paths for a scenario as an option has them, as settings for its file.

Public: drawn_by, told_of_paths, Drawn, MOST_DRAWS.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from adlcalc.ground.numbers import show
from adlcalc.scenario import Loaded, shipped
from adlcalc.scenario.loading import Origin
from adlcalc.source.files import TABLE_LIMIT, text_of
from adlcalc.source.nodes import Place, Source
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import ScenarioErrors, fail, wrong
from adlcalc.study.questions import split

MOST_DRAWS = 1_000_000
_PIECE = re.compile(r"\s*([a-z_]+)\s*=\s*(.*)", re.DOTALL)


class Drawn(NamedTuple):
    """settings: for the file; handed: the candles, where they are; draws: how many paths, None where none are
    drawn."""

    settings: Sequence[str] = ()
    handed: Mapping[str, Source] = {}
    draws: int | None = None


def drawn_by(text: str | None, own: Origin) -> Drawn:
    """MODEL:FILE,key=value,...,n=N as it was typed, or n=N of the file's own model. Raises ScenarioErrors."""
    if text is None:
        return Drawn()
    head, colon, rest = text.partition(":")
    model, pieces = (head.strip(), rest) if colon and "=" not in head else ("", text)
    given: dict[str, str] = {}
    for piece in split(pieces):
        found = _PIECE.fullmatch(piece)
        key, value = (found[1], found[2].strip()) if found else ("file", piece.strip())
        if key in given or not value:
            raise wrong("--paths", text, f"{key!r} is {'given twice' if key in given else 'empty'}")
        given[key] = value
    draws = _draws(text, given.pop("n", None))
    if not model:
        unknown = given.keys() - {"seed"}
        if unknown:
            hint = "bootstrap:candles.csv,block=12,n=1000,seed=7"
            raise wrong("--paths", text, f"it does not say of which model {min(unknown)!r} is", hint)
        return Drawn([f"prices.{key}={value}" for key, value in given.items()], draws=draws)
    handed: dict[str, Source] = {}
    if "file" in given:
        name = given["file"]
        handed[name] = _candles(name)
    usual = _usual(own, model, given)
    for one in own.sets:
        _check_is_used(one, begins="from" in usual, lasts="steps" in usual)
    given = {"model": model, **usual, **given}
    written = ", ".join(
        f"{key}: {json.dumps(value)}" if key == "file" else f"{key}: {value}" for key, value in given.items()
    )
    return Drawn(["times=null", f"prices={{{written}}}"], handed, draws)


def _check_is_used(setting: str, *, begins: bool, lasts: bool) -> None:
    """A --set of prices, beside a model that draws others, is of use where the paths begin at its first one or
    are as long as they are."""
    key, _, value = setting.partition("=")
    name, *rest = key.strip().split(".")
    step = rest[-1] if rest and rest[-1].isdigit() else None
    if name == "prices" and not (begins if step == "0" else (begins or lasts) and step is None):
        more = f"--vary {key.strip()}={value.strip()} puts it into each of them" if step else ""
        raise wrong("--set", setting, "plays no part: --paths draws the prices", more)


def _candles(name: str) -> Source:
    """The text of a price file: one that is there, or one that comes with adlcalc."""
    ours = shipped.candles_of(name)
    if ours is None and not os.path.lexists(name):
        hint = f"with adlcalc come {' and '.join(shipped.candles())}"
        raise fail(Place(Source(name, "")), "there is no such file", hint)
    return text_of(ours or name, shown_as=name, limit=TABLE_LIMIT, role="companion")


def _usual(own: Origin, model: str, given: dict[str, str]) -> dict[str, str]:
    """Where it begins and how long it is, where that is not said: as the file's own path."""
    if "from" in given and ("steps" in given or model == "ramp"):
        return {}
    try:
        scenario = own.load().scenario
    except ScenarioErrors as errors:
        if settings := [one for one in errors.problems if one.file.startswith(("--set ", "--as-of"))]:
            raise ScenarioErrors(settings) from None  # they are wrong with any path
        return {}
    starts = {name: show(marks[0]) for name, marks in scenario.path.marks.items()}
    found = {
        "from": next(iter(starts.values()))
        if len(starts) == 1
        else "{" + ", ".join(f"{json.dumps(name)}: {mark}" for name, mark in starts.items()) + "}"
    }
    if model != "ramp" and scenario.path.steps > 1:
        found["steps"] = str(scenario.path.steps - 1)
    return found


def _draws(paths: str, text: str | None) -> int:
    try:
        n = number_of("" if text is None else text)
    except NumberError:
        n = Decimal(0)
    if n < 1 or n != n.to_integral_value() or n > MOST_DRAWS:
        hint = f"n={paths}" if paths.replace("_", "").isdigit() else "n=10_000, for example"
        raise wrong("--paths", paths, f"must say how many: n=1 to n={MOST_DRAWS}", hint)
    return int(n)


def told_of_paths(text: str | None, sets: Sequence[str], load: Callable[[], Loaded]) -> Loaded:
    """What is wrong with the settings that --paths became is told of --paths."""
    try:
        return load()
    except ScenarioErrors as errors:
        if text is None:
            raise
        own = {f"--set {one}" for one in sets}
        ours = (("--set prices", "--set times"), f"--paths {text}")
        raise ScenarioErrors(
            [
                one._replace(file=ours[1]) if one.file.startswith(ours[0]) and one.file not in own else one
                for one in errors.problems
            ]
        ) from None
