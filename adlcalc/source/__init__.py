"""Text -> located values: the strict YAML, JSON and CSV readers, positions, errors. Knows nothing of trading.

    files.py     opening and decoding: text_of(path) -> Source
    nodes.py     Source and the located tree: Scalar, Map, List
    document.py  YAML or JSON text -> tree
    syntax.py    the YAML parser's complaints in our words, the same for both parsers
    table.py     CSV text -> columns
    number.py    the text of a number -> Decimal
    fields.py    what a field of a file may hold: kinds of numbers, text, unions by shape
    keys.py      what a file may hold, declared: a class a map, a `key` a key
    schema.py    a declaration against a tree: every fault at its line and column
    problems.py  Problem, Problems, ScenarioErrors, format_problem

Public: Problem, Problems, ScenarioErrors, format_problem.
"""

from adlcalc.source.problems import Problem, Problems, ScenarioErrors, format_problem

__all__ = ["Problem", "Problems", "ScenarioErrors", "format_problem"]
