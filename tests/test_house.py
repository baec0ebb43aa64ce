"""The house: rooms import one way, and nothing that the engine depends on is outside the scenario."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "adlcalc"

MAY_IMPORT = {
    "ground": {"ground"},
    "engine": {"engine"},
    "source": {"ground", "source", "engine.numbers"},
    "venues": {"ground", "venues", "source", "engine"},
    "scenario": {"ground", "scenario", "venues", "source", "engine"},
    "study": {"study", "engine"},
    "report": {"ground", "report", "study", "venues", "engine"},
    "importers": {"ground", "importers", "scenario", "venues", "source", "engine"},
}
"""engine <- study <- report <- cli, and source <- venues <- scenario <- importers <- cli; the engine knows nobody."""

OUTSIDE = {"os", "sys", "time", "datetime", "random", "pathlib", "io", "yaml", "pydantic", "typer", "tabulate", "rich"}


def imported(file: Path) -> set[str]:
    """The modules a file imports at run time; those it needs for its types only do not count."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(file.read_text(encoding="utf-8")))
    return found


def files(room: str) -> list[Path]:
    return sorted((PACKAGE / room).rglob("*.py"))


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_rooms_import_one_way(room: str) -> None:
    allowed = {f"adlcalc.{name}" for name in MAY_IMPORT[room]}
    wrong = [
        f"{file.relative_to(PACKAGE)} imports {module}"
        for file in files(room)
        for module in imported(file)
        if module.startswith("adlcalc.") and not any(module == a or module.startswith(f"{a}.") for a in allowed)
    ]
    assert wrong == []


def test_the_engine_reads_no_file_no_clock_and_no_random_source() -> None:
    wrong = [f"{file.name} imports {m}" for file in files("engine") for m in imported(file) if m.split(".")[0] in OUTSIDE]
    assert wrong == []


def test_only_numbers_makes_decimals() -> None:
    """Everywhere else in the engine `Decimal` is a type; numbers come from D() or from the scenario."""
    wrong = []
    for file in files("engine"):
        if file.name == "numbers.py":
            continue
        calls = (node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
        wrong += [f"{file.name}:{call.lineno}" for call in calls if ast.unparse(call.func) in ("Decimal", "decimal.Decimal")]
    assert wrong == []


def test_no_float_touches_money_in_the_engine() -> None:
    """Floats appear in head.py only, where they choose which cells are opened, and exact scores decide."""
    wrong = []
    for file in files("engine"):
        if file.name == "head.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
            if is_float or (isinstance(node, ast.Call) and ast.unparse(node.func) == "float"):
                wrong.append(f"{file.name}:{node.lineno}")
    assert wrong == []
