"""One book and one path under several policies.

A policy is named as in a scenario's rules, with an argument where it takes one: `queue:bitmex`, `queue:pnl /
equity`, `seeded-cycle:7`, `top-n-pro-rata:5`, `cash-queue:size`, `capped-haircut:0.5`,
`risk-weighted-power:3`, `risk-weighted-tail:2`, `hybrid:0.2`. `own` is what the rulebook says. A policy that
closes positions takes the place of the rulebook's own; one that cuts profits takes ADL out, so that the loss
reaches the last resort.

Public: OWN, ALL, applicable, Choice, PolicyError, hint_for, choices_of, named, listed, Result, compare,
Under.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

from adlcalc.engine.formulas.haircuts import HAIRCUTS
from adlcalc.engine.formulas.policies import POLICIES
from adlcalc.engine.formulas.scores import SCORES
from adlcalc.engine.model import Scenario
from adlcalc.engine.rules import AdlWhen, LastResortRules, Rules, in_papers
from adlcalc.ground.numbers import ONE, D
from adlcalc.source.problems import closest_hint, quote
from adlcalc.study.metrics import Value, all_of
from adlcalc.study.rounds import Outcome, outcome_of
from adlcalc.study.runs import measured
from adlcalc.venues.expression import ExpressionError, score_of

OWN, EVERY = "own", "all"
ALL = (*POLICIES, *(name for name in HAIRCUTS if name != "socialized"))
"""Every policy that applies to a single market, where `socialized` is `haircut`."""
KNOWN = (OWN, *POLICIES, *HAIRCUTS)
NUMBER = re.compile(r"\d{1,15}(\.\d{1,15})?", re.ASCII)


ARGUMENTS: Mapping[str, str] = {
    "queue": "score",
    "seeded-cycle": "seed",
    "top-n-pro-rata": "top",
    "cash-queue": "score",
    "capped-haircut": "max_cut",
    "risk-weighted-power": "exponent",
    "risk-weighted-tail": "threshold",
    "hybrid": "queue_share",
}
"""The rule that a policy's argument sets."""
WHOLE_NUMBERS = {"seed": 0, "top": 1, "exponent": 1}
"""The least value of an argument that is a whole number."""


def applicable(scenario: Scenario) -> str:
    """All policies that apply to a scenario, as a list for `choices_of`."""
    return ",".join((*ALL, "socialized") if len(scenario.markets) > 1 else ALL)


class PolicyError(ValueError):
    """There is no such policy, or it does not take that argument. name: what was not understood; known: what
    there is."""

    def __init__(self, message: str, name: str = "", known: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.name, self.known = name, known


def hint_for(name: str, known: Iterable[str]) -> str:
    """What an unknown policy may be: the one that papers call so, else the nearest name."""
    ours = in_papers(name)
    return f"it is {quote(ours)} here" if ours else closest_hint(name, known)


@dataclass(frozen=True, slots=True)
class Choice:
    """A policy as it was named. changes: the rule that its argument sets, and the value."""

    label: str
    name: str
    changes: Mapping[str, Any]

    @property
    def space(self) -> str:
        """'contract': it closes positions; 'profit': it cuts profits; 'own': the rulebook's. No rule is of
        two kinds."""
        return OWN if self.name == OWN else "contract" if self.name in POLICIES else "profit"

    def applied_to(self, rules: Rules, severity: Decimal = ONE) -> Rules:
        """The rules with this policy in its place."""
        adl, last = rules.adl, rules.last_resort
        if self.space == "contract":
            when = AdlWhen.AFTER_FUND if adl.when == AdlWhen.NEVER else adl.when
            score = self.changes.get("score", adl.score)
            adl = replace(
                adl, policy=_with(POLICIES[self.name], self.changes, adl.policy), when=when, score=score
            )
        elif self.space == "profit":
            score = self.changes.get("score", adl.score)
            adl = replace(adl, when=AdlWhen.NEVER, score=score)
            last = LastResortRules(
                _with(HAIRCUTS[self.name], {**self.changes, "severity": severity}, last.policy)
            )
        return replace(rules, adl=adl, last_resort=last)


def _with(choice: Any, changes: Mapping[str, Any], before: Any) -> Any:
    """A choice with these parameters; what it has in common with the one `before` stays as the rulebook has
    it."""
    if not isinstance(choice, type):
        return choice
    kept = {f.name: getattr(before, f.name) for f in fields(before)} if is_dataclass(before) else {}
    own = {f.name for f in fields(choice)}
    return choice(**{name: value for name, value in {**kept, **changes}.items() if name in own})


def choices_of(text: str) -> tuple[Choice, ...]:
    """The policies of a list with commas between; a comma inside parentheses belongs to a score. Raises
    PolicyError."""
    found = []
    for label in (part.strip() for part in listed(text)):
        name, colon, argument = (part.strip() for part in label.partition(":"))
        if name not in KNOWN:
            raise PolicyError(f"there is no policy '{name}'", name, KNOWN)
        if colon and name not in ARGUMENTS:
            raise PolicyError(f"policy '{name}' takes no argument")
        found.append(Choice(label, name, {ARGUMENTS[name]: _argument(name, argument)} if colon else {}))
    return tuple({choice.label: choice for choice in found}.values())


def named(text: str) -> tuple[str | None, tuple[str, ...]]:
    """A list of policies and rulebooks: the policies as a list of their own (None where there is none, or
    where the word is `all`), and the rulebooks."""
    labels = [part.strip() for part in listed(text)]
    policies = [label for label in labels if label.partition(":")[0].strip() in KNOWN]
    venues = tuple(label for label in labels if label not in policies and label != EVERY)
    return (",".join(policies) or None, venues) if EVERY not in labels else (None, venues)


def listed(text: str) -> list[str]:
    """The parts of a list with commas between; one inside parentheses belongs to a score."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _argument(name: str, text: str) -> Any:
    """The value of a policy's argument: a score, a whole number, or a number that is a share or a
    threshold."""
    rule = ARGUMENTS[name]
    if rule == "score":
        try:
            return score_of(text)
        except ExpressionError as error:
            raise PolicyError(f"the score of policy '{name}' {error.message}", text, tuple(SCORES)) from None
    if rule in WHOLE_NUMBERS:
        if not (text.isascii() and text.isdigit() and len(text) <= 7 and int(text) >= WHOLE_NUMBERS[rule]):
            raise PolicyError(
                f"the {rule} of policy '{name}' must be a whole number from {WHOLE_NUMBERS[rule]}, not "
                f"'{text}'"
            )
        return int(text)
    if not NUMBER.fullmatch(text) or (rule != "threshold" and D(text) > 1):
        limit = "a number of zero or more" if rule == "threshold" else "a fraction from 0 to 1"
        raise PolicyError(f"the {rule} of policy '{name}' must be {limit}, not '{text}'")
    return D(text)


# --- the runs -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """What one policy did under one rulebook."""

    venue: str
    choice: Choice
    outcome: Outcome
    metrics: Mapping[str, Value]


def compare(
    scenario: Scenario,
    choices: Iterable[Choice],
    severity: Decimal = ONE,
    markout: int = 1,
    metrics: Collection[str] = (),
) -> Iterator[Result]:
    """The same scenario under each policy, one run after the other. metrics: those that were asked for."""
    for row in measured(scenario, (Under(choice, severity) for choice in choices), outcome_of):
        yield Result(scenario.venue, row.variation.choice, row.value, all_of(row.value, markout, metrics))


@dataclass(frozen=True, slots=True)
class Under:
    """The variation that puts a policy into a scenario's rules."""

    choice: Choice
    severity: Decimal = ONE

    def __call__(self, scenario: Scenario) -> Scenario:
        """The scenario with that policy."""
        return replace(scenario, rules=self.choice.applied_to(scenario.rules, self.severity))
