"""Random mutants of the engine, and whether the tests see them.

    python -m tests.mutate --count 150 --seed 1 --jobs 2

The project is copied to a temporary folder; one place of adlcalc/engine, wherever in it, is changed there (a
comparison, a sign, + to -, min to max, `and` to `or`, a direction of rounding, a number, an augmented
assignment left out). First all tests of the engine run once, and which of them walks through which line is
noted; then each mutant meets the tests that walk through its line, the fastest first, until one fails. What
survives the first seconds of them meets the rest. A test that hangs has seen the mutant too, but is told
apart. The places are drawn without repetition from the seed, so that a run can be repeated.

Needs coverage.py: pip install '.[mutate]'. Public: Mutant, mutants_of, mutated, drawn.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import copy
import json
import os
import queue
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
ENGINE = Path("adlcalc") / "engine"
QUICK = (
    "test_boundaries",
    "test_cases",
    "test_audit",
    "test_policies",
    "test_haircuts",
    "test_scores",
    "test_expression",
)
WHOLE = (
    *(
        "test_index",
        "test_head",
        "test_golden",
        "test_scenarios",
        "test_oracle",
        "test_against_oracle",
        "test_properties",
    ),
    *("test_stateful", "test_readd", "test_explain", "test_rank", "test_compare", "test_fuzz_rules"),
    *("test_columns", "test_events", "test_health", "test_currencies", "test_incidents", "test_solve"),
)
FIRST = 15.0  # seconds of tests that a mutant meets first
PATIENCE = 60.0, 6.0  # seconds, and times what they take, after which tests are taken to hang

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
}  # fmt: skip
NAMES = {
    "min": "max", "max": "min", "any": "all", "all": "any", "ZERO": "ONE", "ONE": "ZERO",
    "UP": "DOWN", "DOWN": "UP", "CEILING": "FLOOR", "FLOOR": "CEILING", "HALF_EVEN": "UP",
}  # fmt: skip


NUMBERS = {"ZERO", "ONE", "UP", "DOWN", "CEILING", "FLOOR", "HALF_EVEN"}
CHANGED = (ast.Compare, ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.AugAssign, ast.Name, ast.Constant)


class Mutant(NamedTuple):
    """One place that can be changed: the file, its line, what is done to it, and which of the module's places
    it is."""

    file: Path
    line: int
    kind: str
    number: int


def variants(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What a node may be changed to."""
    if not isinstance(node, CHANGED):
        return
    changed = copy.deepcopy(node)
    if isinstance(changed, ast.Compare):
        if type(changed.ops[0]) in COMPARISONS:
            changed.ops[0] = COMPARISONS[type(changed.ops[0])]()
            yield "comparison", changed
    elif isinstance(changed, ast.BinOp) and type(changed.op) in OPERATORS and not _is_text(changed):
        changed.op = OPERATORS[type(changed.op)]()
        yield "operator", changed
    elif isinstance(changed, ast.BoolOp):
        changed.op = ast.Or() if isinstance(changed.op, ast.And) else ast.And()
        yield "and / or", changed
    elif isinstance(changed, ast.UnaryOp) and isinstance(changed.op, ast.USub | ast.Not):
        yield "sign" if isinstance(changed.op, ast.USub) else "not", changed.operand
    elif isinstance(changed, ast.AugAssign):
        yield "left out", ast.copy_location(ast.Pass(), node)
    elif isinstance(changed, ast.Name) and isinstance(changed.ctx, ast.Load) and changed.id in NAMES:
        changed.id = NAMES[changed.id]
        yield "name", changed
    elif isinstance(changed, ast.Constant) and type(changed.value) in (int, bool):
        changed.value = (not changed.value) if isinstance(changed.value, bool) else changed.value + 1
        yield "constant", changed


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(part, ast.Constant) and isinstance(part.value, str) for part in (node.left, node.right)
    )


class _Change(ast.NodeTransformer):
    """Puts another node in one node's place."""

    def __init__(self, node: ast.AST, instead: ast.AST) -> None:
        self.node, self.instead = node, instead

    def visit(self, node: ast.AST) -> ast.AST:
        return self.instead if node is self.node else self.generic_visit(node)


def _worked(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes of bodies and of tables: no annotations, no docstrings, nothing that only types read."""
    for node in ast.iter_child_nodes(tree):
        yield from _inside(node)


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for name, part in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        for child in part if isinstance(part, list) else [part]:
            if isinstance(child, ast.AST):
                yield from _inside(child)


def mutants_of(text: str, file: Path) -> list[Mutant]:
    """All places of a module that can be changed, in the order of its text."""
    found = [
        (getattr(node, "lineno", 0), kind) for node in _worked(ast.parse(text)) for kind, _ in variants(node)
    ]
    return [Mutant(file, line, kind, number) for number, (line, kind) in enumerate(found)]


def mutated(text: str, number: int) -> str:
    """The module with that one of its places changed; what a mutant names and the module did not is
    imported."""
    tree = ast.parse(text)
    pairs = ((node, instead) for node in _worked(tree) for _, instead in variants(node))
    node, instead = next(pair for n, pair in enumerate(pairs) if n == number)
    changed = ast.fix_missing_locations(_Change(node, instead).visit(tree))
    names = {one.id for one in ast.walk(changed) if isinstance(one, ast.Name)} & NUMBERS
    future = "from __future__ import annotations\n"
    home = next(iter(re.findall(r"^from (\S*numbers) import", text, re.MULTILINE)), "adlcalc.ground.numbers")
    needed = f"from {home} import {', '.join(sorted(names))}\n" if names else ""
    return ast.unparse(changed).replace(future, future + needed, 1)


def drawn(count: int, seed: int, only: str | None = None) -> list[Mutant]:
    """So many mutants of the engine, whatever folders it is divided into; only: those of FILE:LINE."""
    every = []
    for path in sorted((ROOT / ENGINE).rglob("*.py")):
        if path.name != "numbers.py":  # the ground under it has tests of its own
            every += mutants_of(path.read_text(encoding="utf-8"), path.relative_to(ROOT))
    if only is not None:
        return [one for one in every if f"{one.file}:{one.line}".endswith(only)]
    return random.Random(seed).sample(every, min(count, len(every)))


# --- which test walks through which line --------------------------------------------------------------------


_seconds: dict[str, float] = {}


def pytest_runtest_setup(item: Any) -> None:
    """As a plug-in of the first run: from here on lines are walked through by this test."""
    import coverage

    now = coverage.Coverage.current()
    if now:
        now.switch_context(item.nodeid)


def pytest_runtest_logreport(report: Any) -> None:
    """As a plug-in of the first run: how long each test takes."""
    _seconds[report.nodeid] = _seconds.get(report.nodeid, 0.0) + report.duration


def pytest_sessionfinish() -> None:
    """As a plug-in of the first run: the times are left beside the lines."""
    Path("seconds.json").write_text(json.dumps(_seconds), encoding="utf-8")


class Walks(NamedTuple):
    """The tests that walk through each line of the engine, and how long each takes."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    def through(self, mutant: Mutant, text: str) -> list[str]:
        """Those that walk through the mutant's line (or the statement around it), the fastest first; where
        only the import does, all."""
        lines = self.lines.get(str(mutant.file), {})
        found = {test for line in _statement(text, mutant.line) for test in lines.get(line, ()) if test}
        every = found or set(self.seconds)
        return sorted(every, key=lambda test: (self.seconds.get(test, 0.0), test))


def _statement(text: str, line: int) -> range:
    """The lines of the smallest statement that holds a line."""
    best = range(line, line + 1)
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.stmt)
            and not hasattr(node, "body")
            and node.lineno <= line <= (node.end_lineno or 0)
        ):
            best = range(node.lineno, (node.end_lineno or line) + 1)
    return best


def walks(folder: Path) -> Walks:
    """Run all tests of the engine once; the lines of each."""
    import coverage

    files = [f"tests/{name}.py" for name in (*QUICK, *WHOLE) if (folder / "tests" / f"{name}.py").exists()]
    pytest = ["-m", "pytest", "-q", "-p", "tests.mutate", "-p", "no:cacheprovider", "-p", "no:xdist", *files]
    command = [sys.executable, "-m", "coverage", "run", f"--source={ENGINE}", *pytest]
    if subprocess.run(command, cwd=folder, env=_environment(folder), stdout=subprocess.DEVNULL).returncode:
        sys.exit("the tests fail without any mutant")
    data = coverage.CoverageData(str(folder / ".coverage"))
    data.read()
    lines = {
        str(Path(file).relative_to(folder.resolve())): data.contexts_by_lineno(file)
        for file in data.measured_files()
    }
    return Walks(lines, json.loads((folder / "seconds.json").read_text(encoding="utf-8")))


# --- mutants against tests ----------------------------------------------------------------------------------


def seen_by(tests: Sequence[str], folder: Path, known: Walks) -> str:
    """'killed' by a test, by 'timeout', or 'survived'."""
    plugins = ["-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]
    command = [sys.executable, "-m", "pytest", "-x", "-q", *plugins, *tests]
    patience = PATIENCE[0] + PATIENCE[1] * sum(known.seconds.get(test, 0.0) for test in tests)
    try:
        done = subprocess.run(
            command, cwd=folder, env=_environment(folder), capture_output=True, timeout=patience
        )
    except subprocess.TimeoutExpired:
        return "timeout"
    return "survived" if done.returncode == 0 else "killed"


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder), "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def _put(target: Path, text: str, folder: Path) -> None:
    """Change a module of the copy; what was compiled of it goes, for it is known by whole seconds alone."""
    target.write_text(text, encoding="utf-8")
    for compiled in (folder / "compiled").rglob(f"{target.stem}.*.pyc"):
        compiled.unlink()


def judged(mutant: Mutant, folder: Path, known: Walks) -> tuple[Mutant, str, str]:
    """What becomes of a mutant in a copy of the project, and its line."""
    target = folder / mutant.file
    plain = target.read_text(encoding="utf-8")
    tests = known.through(mutant, plain)
    first, total = 0, 0.0
    while first < len(tests) and first < MOST and total < FIRST:
        total += known.seconds.get(tests[first], 0.0)
        first += 1
    _put(target, mutated(plain, mutant.number), folder)
    try:
        outcome = seen_by(tests[:first], folder, known)
        for start in range(first, len(tests), MOST):
            if outcome != "survived":
                break
            outcome = seen_by(tests[start : start + MOST], folder, known)
    finally:
        _put(target, plain, folder)
    return mutant, outcome, plain.splitlines()[mutant.line - 1].strip()


MOST = 400
"""So many names of tests fit into a command."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutate", description="Random mutants of the engine against its tests."
    )
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--at", metavar="FILE:LINE", help="all mutants of one line instead")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as temporary:
        copies: queue.Queue[Path] = queue.Queue()
        for number in range(options.jobs):
            folder = Path(temporary) / f"project{number}"
            ignored = shutil.ignore_patterns(
                ".*_cache", "__pycache__", ".git", ".venv", "*.egg-info", ".hypothesis"
            )
            shutil.copytree(ROOT, folder, ignore=ignored)
            copies.put(folder)
        known = walks(Path(temporary) / "project0")

        def job(mutant: Mutant) -> tuple[Mutant, str, str]:
            folder = copies.get()
            try:
                return judged(mutant, folder, known)
            finally:
                copies.put(folder)

        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for mutant, outcome, line in pool.map(job, drawn(options.count, options.seed, options.at)):
                counts[outcome] += 1
                where = f"{mutant.file.relative_to(ENGINE)}:{mutant.line}"
                print(f"{outcome:8} | {where} | {mutant.kind} | {line[:90]}", flush=True)
    whole = sum(counts.values())
    print(f"{whole} mutants: {', '.join(f'{n} {name}' for name, n in sorted(counts.items()))}")
    sys.exit(0 if whole and counts["survived"] <= whole // 10 else 1)


if __name__ == "__main__":
    main()
