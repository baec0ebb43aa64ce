"""The house: rooms import one way, and nothing that the engine depends on is outside the scenario."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from adlcalc.cli.options import Result, Under
from adlcalc.engine.declared import Takes, meaning_of
from adlcalc.engine.waterfall.facts import Facts
from adlcalc.report.columns.health import POSITIONS
from adlcalc.report.columns.run import DELEVERAGED, LIQUIDATIONS
from adlcalc.source.keys import keys_of
from adlcalc.study import expected
from adlcalc.venues.parts import SECTIONS, default_of, leaves_of
from adlcalc.venues.schema import RuleValues, section_of

PACKAGE = Path(__file__).parent.parent / "adlcalc"

MAY_IMPORT = {
    "ground": {"ground"},
    "source": {"ground", "source"},
    "engine": {"ground", "engine"},
    "venues": {"ground", "source", "engine", "venues"},
    "paths": {"ground", "paths"},
    "scenario": {
        "ground",
        "paths",
        "source",
        "engine",
        "venues",
        "scenario",
        "study.expected",
        "study.questions",
    },
    "study": {"ground", "source", "engine", "venues", "paths", "study"},
    "report": {"ground", "engine", "venues", "paths", "study", "report"},
    "explain": {"ground", "engine", "venues", "study", "report", "explain"},
    "check": {
        "ground",
        "source",
        "engine",
        "venues",
        "scenario",
        "study",
        "report",
        "explain",
        "asking",
        "check",
    },
    "importers": {"ground", "source", "engine", "venues", "scenario", "importers"},
}
"""Each room stands on those that it names, and the command line on all of them."""

OUTSIDE = {
    "os",
    "sys",
    "time",
    "datetime",
    "random",
    "pathlib",
    "io",
    "yaml",
    "pydantic",
    "typer",
    "tabulate",
    "rich",
}


def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported(file: Path, *, types: bool = False, later: bool = True) -> set[str]:
    """The modules a file imports at run time; types: those too that it needs for its types only; later: those
    too that it imports in a function, when that is called."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if (
            isinstance(node, ast.If)
            and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
            and not types
        ):
            return
        if isinstance(node, ast.FunctionDef) and not later:
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.expr):  # an import is a statement
                visit(child)

    visit(parsed(file))
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
        if module.startswith("adlcalc.")
        and not any(module == a or module.startswith(f"{a}.") for a in allowed)
    ]
    assert wrong == []


@pytest.mark.slow
def test_every_file_says_what_it_is() -> None:
    """In its first sentence, of which the page `house` is made."""
    assert [file for file in files("") if not (ast.get_docstring(parsed(file)) or "").strip()] == []


@pytest.mark.slow
def test_the_engine_reads_no_file_no_clock_and_no_random_source() -> None:
    wrong = [
        f"{file.name} imports {m}"
        for file in files("engine")
        for m in imported(file)
        if m.split(".")[0] in OUTSIDE
    ]
    assert wrong == []


@pytest.mark.slow
def test_only_numbers_makes_decimals() -> None:
    """Everywhere else in the engine `Decimal` is a type; numbers come from D() or from the scenario."""
    wrong = []
    for file in files("engine"):
        calls = (node for node in ast.walk(parsed(file)) if isinstance(node, ast.Call))
        wrong += [
            f"{file.name}:{call.lineno}"
            for call in calls
            if ast.unparse(call.func) in ("Decimal", "decimal.Decimal")
        ]
    assert wrong == []


@pytest.mark.slow
def test_no_float_touches_money_in_the_engine() -> None:
    """Floats are made in head.py only, where they choose which cells are opened, and exact scores decide; the
    bounds of scores (Score.most) are worked out from those that it hands over."""
    wrong = []
    for file in files("engine"):
        if file.name == "head.py":
            continue
        for node in ast.walk(parsed(file)):
            is_float = isinstance(node, ast.Constant) and isinstance(node.value, float)
            if is_float or (isinstance(node, ast.Call) and ast.unparse(node.func) == "float"):
                wrong.append(f"{file.name}:{node.lineno}")
    assert wrong == []


@pytest.mark.slow
def test_the_views_of_a_run_do_not_know_each_other_in_a_circle() -> None:
    """Neither when they run nor for their types: data, columns, page, writers, and only then the Run that
    offers them all."""
    views = [file for file in files("report") if file.stem != "__init__"]
    assert circles({file: imported(file, types=True) for file in views}) == set()


@pytest.mark.slow
def test_no_two_files_need_one_another_to_load() -> None:
    """A file that is imported finds whole what it imports."""
    assert circles({file: imported(file, later=False) for file in files("")}) == set()
    two = {PACKAGE / "a.py": {"adlcalc.b"}, PACKAGE / "b.py": {"adlcalc.a"}, PACKAGE / "c.py": {"adlcalc.a"}}
    assert circles(two) == {"adlcalc.a", "adlcalc.b", "adlcalc.c"}


def circles(imports: Mapping[Path, set[str]]) -> set[str]:
    """The modules that import one another in a circle, and those that stand on them."""
    modules = {
        ".".join(file.with_suffix("").relative_to(PACKAGE.parent).parts).removesuffix(".__init__"): names
        for file, names in imports.items()
    }
    graph = {module: names & modules.keys() - {module} for module, names in modules.items()}
    while free := {module for module, others in graph.items() if not others}:
        graph = {module: others - free for module, others in graph.items() if module not in free}
    return set(graph)


KNOW_A_FORMAT = {"usual": "the one that is meant where none is named", "manifest": "a manifest is JSON"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "file", [file for file in files("cli") if file.stem not in KNOW_A_FORMAT], ids=lambda x: x.stem
)
def test_a_command_knows_no_format(file: Path) -> None:
    """It makes a page and hands it over: neither the name of a format nor a writer stands in it."""
    from adlcalc.report.writers import FORMATS

    tree = parsed(file)
    named = [
        f"{file.name}:{node.lineno}: {node.value!r}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in FORMATS
    ]
    written = {f"adlcalc.report.{name}_writer" for name in FORMATS} | {"adlcalc.report.page.Writer"}
    assert named == []
    assert imported(file) & written == set()


def test_options_that_commands_share_stand_in_groups() -> None:
    """Only what works many files at once takes them one by one, to hand them on."""
    groups = [{one.name for one in fields(kind)} for kind in (Under, Result)]
    alone = set()
    for file in files("cli"):
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.FunctionDef):
                named = {one.arg for one in (*node.args.args, *node.args.kwonlyargs)}
                alone |= {f"{file.stem}.{node.name}" for group in groups if group <= named}
    assert alone == {"run.run", "report.report"}


STAIR = (
    ("declared", "contract"),
    ("formulas",),
    ("rules", "events", "happenings"),
    ("model",),
    ("columns", "quiet"),
    ("books",),
    ("queue",),
    ("waterfall",),
    ("loop",),
)
"""The rooms of the engine, from the ground up: each stands on those before it, and none is known by one
below."""


@pytest.mark.slow
def test_the_engine_is_a_stair() -> None:
    floors = {f"adlcalc.engine.{name}": floor for floor, names in enumerate(STAIR) for name in names}
    rooms = {
        file.relative_to(PACKAGE / "engine").parts[0].removesuffix(".py") for file in files("engine")
    } - {"__init__"}
    assert rooms == {name for names in STAIR for name in names}
    wrong = []
    for file in files("engine"):
        own = file.relative_to(PACKAGE / "engine").parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        for module in imported(file):
            room = ".".join(module.split(".")[:3])
            if room in floors and floors[room] > floors[f"adlcalc.engine.{own}"]:
                wrong.append(f"{file.relative_to(PACKAGE)} imports {module}")
    assert wrong == []


@pytest.mark.slow
def test_who_looks_on_is_given_facts_and_not_the_engine() -> None:
    """Neither its state nor its ledger: what may be asked is `Facts`, which hides both. Only the levers pull,
    on the ledger of a fork."""
    outside = [file for file in PACKAGE.rglob("*.py") if file.relative_to(PACKAGE).parts[0] != "engine"]
    wrong, looking = [], []
    for file in outside:
        name = file.relative_to(PACKAGE).as_posix()
        tree = parsed(file)
        wrong += [f"{name} imports {one}" for one in imported(file, types=True) if one in INSIDE]
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "_state"
                and ast.unparse(node.value) != "self"
            ):
                wrong.append(f"{name}:{node.lineno} asks for what Facts hides")
            if isinstance(node, ast.ImportFrom) and node.module == "adlcalc.engine.books.ledger":
                names = {alias.name for alias in node.names}
                wrong += [f"{name} imports Ledger"] if "Ledger" in names and name != "study/levers.py" else []
            if isinstance(node, ast.ClassDef) and "Observer" in map(ast.unparse, node.bases):
                methods = {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
                for hook in ("marked", "ranked", "ended"):
                    if hook in methods:
                        (_, facts, *_) = methods[hook].args.args
                        looking.append(f"{name}: {node.name}.{hook}")
                        assert facts.annotation is not None
                        assert ast.unparse(facts.annotation) == "Facts", looking[-1]
    assert wrong == []
    assert len(looking) > 8
    assert {name for name in vars(Facts) if not name.startswith("_")} == {
        "accounts", "adl", "fork", "margins", "others", "places", "queue", "stakes", "step",
    }  # fmt: skip


INSIDE = ("adlcalc.engine.waterfall.state",)
"""What is the engine's own while a run is made."""


ALIKE = {("engine", "BadDebt")}
"""What happened, and the rule that says so, by the venues' own word."""


@pytest.mark.slow
def test_a_name_is_one_thing_in_a_room() -> None:
    """Two rooms may each have a Row; within one, whoever reads the name knows what is meant."""
    homes: dict[tuple[str, str], list[str]] = {}
    for file in files(""):
        room = file.relative_to(PACKAGE).parts[0]
        for node in parsed(file).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes.setdefault((room, node.name), []).append(file.name)
    assert {name: where for name, where in homes.items() if len(where) > 1 and name not in ALIKE} == {}


# --- postings -----------------------------------------------------------------------------------------------

BALANCES = {
    "balance", "cash", "collateral", "cost", "funding", "funding_dust", "open_interest", "positions", "rest_cash", "rest_cost",
    "outside", "rest_size", "revenue", "signed_size", "taken", "venue_cash",
}  # fmt: skip
"""What a book of adlcalc.engine.books says of money and contracts: nobody but the ledger changes it."""

MUTATING = {"append", "clear", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"}


def postings(tree: ast.AST) -> list[tuple[int, str]]:
    """Where a balance is assigned, or a collection of balances changed: line and name."""

    def name_of(node: ast.expr) -> str:
        while isinstance(node, ast.Subscript | ast.Starred):
            node = node.value
        return node.attr if isinstance(node, ast.Attribute) else ""

    found = []
    for node in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = [part for target in node.targets for part in getattr(target, "elts", [target])]
        elif isinstance(node, ast.AugAssign | ast.AnnAssign) and getattr(node, "value", None) is not None:
            targets = [node.target]
        elif isinstance(node, ast.Delete):
            targets = node.targets
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATING
        ):
            targets = [node.func.value]
        found += [(node.lineno, name) for target in targets if (name := name_of(target)) in BALANCES]
    return found


def without_constructors(tree: ast.Module) -> ast.Module:
    """A module without the methods that make its objects."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            rest = [
                one for one in node.body if not (isinstance(one, ast.FunctionDef) and one.name == "__init__")
            ]
            node.body = rest or [ast.Pass()]
    return tree


@pytest.mark.slow
def test_only_the_ledger_changes_a_balance() -> None:
    """In the engine, and in the studies that look into it; the books' own constructors begin at zero."""
    wrong = []
    for file in [*files("engine"), *files("study"), *files("explain"), *files("report")]:
        if file.name == "ledger.py":
            continue
        tree = parsed(file)
        wrong += [
            f"{file.relative_to(PACKAGE)}:{line}: {name}"
            for line, name in postings(without_constructors(tree) if file.parent.name == "books" else tree)
        ]
    assert wrong == []


def test_a_posting_elsewhere_would_be_seen() -> None:
    text = (
        "a.balance = 1\nb.fund.balance += 1\nc.venue_cash[x] -= 1\nd.rest_cost, e = 1, "
        "2\nf.positions.setdefault(g, 1)\n"
    )
    assert [line for line, _ in postings(ast.parse(text + "h.mark = 1"))] == [1, 2, 3, 4, 5]


# --- rules --------------------------------------------------------------------------------------------------


def literal_comparisons(tree: ast.AST) -> list[int]:
    """The lines on which something is compared with a text that is written there, or looked for among such
    texts."""

    def is_text(node: ast.expr) -> bool:
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return any(map(is_text, node.elts))
        return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != ""

    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(map(is_text, [node.left, *node.comparators])):
            found.append(node.lineno)
        elif isinstance(node, ast.MatchValue) and is_text(node.value):
            found.append(node.value.lineno)
    return found


def test_no_comparison_with_a_text_steers_the_engine() -> None:
    wrong = [
        f"{file.name}:{line}"
        for file in files("engine")
        if file.name != "numbers.py"  # which looks for the point of a number
        for line in literal_comparisons(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert wrong == []
    assert literal_comparisons(
        ast.parse('a == "x"\nb in ("x", "y")\nmatch c:\n    case "z":\n        pass')
    ) == [1, 2, 4]


def test_both_sides_of_an_expectation_name_the_same_facts() -> None:
    """What a scenario may expect of a row is what the tables of a result tell of it."""
    for facts, rows in (
        (expected.LIQUIDATED, LIQUIDATIONS), (expected.DELEVERAGED, DELEVERAGED), (expected.HELD, POSITIONS),
    ):  # fmt: skip
        told = [(name, one.key, one.kind, one.note) for name, one in rows.expected.items()]
        assert told == [(fact.name, *fact[:3]) for fact in facts.values()]


def test_both_sides_of_a_rule_name_the_same_fields() -> None:
    """What a rulebook may say of a section is what the engine declares there; only margins and rounding are a
    market's."""
    of_a_market = {"margin": {"maintenance", "closing_fee", "maintenance_on", "commission"}}
    for section, kind in SECTIONS.items():
        known = keys_of(section_of(section))
        declared = {leaf.name for leaf in leaves_of(kind)}
        assert known.keys() == declared | of_a_market.get(section, set()), section
    assert keys_of(RuleValues).keys() - SECTIONS.keys() == {"contract"}


def test_a_rule_is_declared_alike_wherever_it_plays_a_part() -> None:
    """Its values and its default, and whether it must be said; what it means may differ."""
    for kind in SECTIONS.values():
        known: dict[str, Any] = {}
        for leaf in leaves_of(kind):
            same = (id(leaf.rule.takes), default_of(leaf), leaf.rule.required)
            assert known.setdefault(leaf.name, same) == same, leaf.name


def test_every_choice_says_what_it_does() -> None:
    for kind in SECTIONS.values():
        for leaf in leaves_of(kind):
            takes = leaf.rule.takes
            if not isinstance(takes, Takes):
                choices = takes if isinstance(takes, type) else takes.values()
                assert all(len(meaning_of(choice)) > 10 for choice in choices), leaf.name
