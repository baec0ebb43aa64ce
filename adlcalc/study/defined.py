"""What `compare` can be asked about, in words: a metric's definition and a policy's rule, with parameters,
source and the titles of the papers.

Public: RULES, DEFINED, PAPERS, Definition, defined.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from adlcalc.engine.declared import Takes, declared_in, meaning_of
from adlcalc.engine.formulas.haircuts import HAIRCUTS
from adlcalc.engine.formulas.policies import POLICIES
from adlcalc.ground.numbers import show
from adlcalc.study.compare import ARGUMENTS
from adlcalc.study.metrics import KNOWN, explanation

PAPERS = {
    "2512.01112": "Chitra, Autodeleveraging: Impossibilities and Optimization",
    "2602.15182": "Chitra, Thogiti, Trujillo, Xu, Autodeleveraging as Online Learning",
    "2603.15963": "Campbell, Hey, Moallemi, Nutz, Risk-Based Auto-Deleveraging",
}
"""arXiv number -> authors and title."""
NUMBER = re.compile(r"\b\d{4}\.\d{5}\b")
RULES = {**POLICIES, **HAIRCUTS}
DEFINED = (*RULES, *KNOWN)
"""Policies, then metrics."""


class Definition(NamedTuple):
    """What one of them is, with formula and source; a policy's parameters; the papers that it names by
    number."""

    text: str
    parameters: Sequence[str]
    papers: Sequence[str]


def defined(name: str) -> Definition:
    """The definition of one of them."""
    text = meaning_of(RULES[name]) if name in RULES else explanation(name)
    papers = [
        f"arXiv {one}: {PAPERS[one]}."
        for one in dict.fromkeys(NUMBER.findall(text))
        if PAPERS[one] not in text
    ]
    return Definition(text, [*_parameters(name)] if name in RULES else [], papers)


def _parameters(name: str) -> Iterator[str]:
    """What a policy can be told, each with its values and what it is where nobody says."""
    argument = ARGUMENTS.get(name)
    if argument == "score":
        yield (
            f"score, as {name}:SCORE: what ranks the queue, a name or an expression; the rulebook's "
            "adl.score by default."
        )
    if is_dataclass(RULES[name]):
        for field, rule, _ in declared_in(RULES[name]):
            if rule is not None:
                how = f", as {name}:{field.name.upper()}" if field.name == argument else ""
                takes = rule.takes.value if isinstance(rule.takes, Takes) else ", ".join(rule.takes)
                default: Any = field.default
                default = show(default) if isinstance(default, Decimal) else default
                yield f"{field.name}{how}: {rule.meaning}; {takes}; {default} by default."
