"""The scenarios that come with adlcalc, by name: who has only installed it can run and copy them.

Public: names, path_of, candles, candles_of, text_for, companions_of.
"""

from __future__ import annotations

import os
from pathlib import Path

ENDING = ".yaml"
INSTALLED = Path(__file__).parent.parent / "scenarios"
"""Where the wheel puts the folder that stands beside the package in the repository."""
FOLDER = INSTALLED if INSTALLED.is_dir() else INSTALLED.parent.parent / "scenarios"
EDITORS_LINE = "# yaml-language-server: $schema="


def names(beginning: str = "") -> list[str]:
    """'04-fund-half-absorbs' and the others that begin so, in their order; those of a folder below with its
    name before."""
    found = (file.relative_to(FOLDER).as_posix().removesuffix(ENDING) for file in FOLDER.rglob(f"*{ENDING}"))
    return sorted(name for name in found if name.startswith(beginning) and "/." not in f"/{name}")


def path_of(name: str) -> str | None:
    """The file of a scenario that comes with adlcalc, which may be named without its folder; None where the
    name is none of them, or where such a file is there."""
    if name == "-" or name.endswith(ENDING) or os.path.lexists(name):
        return None
    known = names()
    found = [name] if name in known else [one for one in known if one.rpartition("/")[2] == name]
    return str(_file(found[0])) if len(found) == 1 else None


def candles() -> list[str]:
    """The price files that come with adlcalc, as --paths names them."""
    found = (
        file
        for file in FOLDER.rglob("*.csv")
        if "close" in file.read_text(encoding="utf-8").partition("\n")[0]
    )
    return sorted(file.relative_to(FOLDER).as_posix() for file in found)


def candles_of(name: str) -> str | None:
    """The file of such a name; None where the name is none of them, or where such a file is there."""
    return str(FOLDER / name) if not os.path.lexists(name) and name in candles() else None


def _file(name: str) -> Path:
    return FOLDER / f"{name}{ENDING}"


def text_for(name: str) -> str:
    """Its text, for a copy beside which the schema stands."""
    first, _, rest = _file(name).read_text(encoding="utf-8").partition("\n")
    line = f"{EDITORS_LINE}scenario.schema.json" if first.startswith(EDITORS_LINE) else first
    return f"{line}\n{rest}"


def companions_of(name: str) -> dict[str, bytes]:
    """The files that it reads, by the names that it gives them."""
    from adlcalc.ground.opened import reading
    from adlcalc.scenario import load

    opened: list[Path] = []
    with reading(lambda path, _: opened.append(Path(path))):
        load(_file(name))
    folder = _file(name).parent.resolve()
    return {
        path.resolve().relative_to(folder).as_posix(): path.read_bytes()
        for path in opened
        if path.resolve() != _file(name).resolve() and path.resolve().is_relative_to(folder)
    }
