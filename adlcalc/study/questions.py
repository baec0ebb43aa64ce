"""What is asked of a finished run, in one small language: `margin_ratio(alice) >= 0.8 and not adl(bob)`.

    measures       numbers: `bad_debt`, `equity(alice)`; with @STEP as it was after that step
    predicates     `adl`, `adl(bob)`, `liquidated(alice)`, `stopped(fund)`; `no adl` is `not adl`
    comparisons    a measure or number, one of < <= > >= == !=, a measure or number
    together       not, and, or, ( )
    names          as they are written, in quotes where they have a blank or one of ( ) ' " @ , in them

A number that does not exist (the liquidation price of a position that has none, the rank of who stands in no
queue) compares as false with everything. Numbers are exact; a margin ratio is `inf` at an equity of zero or
less.

`read` knows nothing of a run: names are checked against a Names. `answer` asks a run; what it had to look at
while it was made (an equity before the end, ranks, margin ratios) `watch_for` says.

Public: MEASURES, PREDICATES, Names, Question, Measure, QuestionError, number_of, read, read_measure,
read_assertion, split, as_asked, told.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from adlcalc.ground.numbers import D, decimal_of, round_to, show

if TYPE_CHECKING:
    from adlcalc.source.problems import ScenarioErrors

LENGTH, DEPTH = 1_000, 32
"""How long a question may be, and how deeply nested."""


class QuestionError(ValueError):
    """What is wrong with a question: `message` is a predicate ('must ...'); column (from 1) and length point
    into it."""

    def __init__(self, column: int, length: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.column, self.length, self.message, self.hint = column, length, message, hint

    def told_of(self, option: str, text: str) -> ScenarioErrors:
        """The same of the option that the question was given with."""
        from adlcalc.source.problems import Problem, ScenarioErrors

        message = f"it {self.message}"
        return ScenarioErrors([Problem(option, 1, self.column, self.length, message, self.hint, text)])


class Kind(NamedTuple):
    """A measure or predicate. takes: 'account', 'fund', 'market' or '' for what stands in its brackets;
    needed: it cannot be left out; seen: what must be looked at while the run is made: '', 'account' (its
    moments), 'rank' (and its places);
    always: also where no step is named; whole: it is of the whole run, and of no step; of_vaults: a vault
    with money of its own may stand for the account."""

    note: str
    takes: str = ""
    needed: bool = False
    seen: str = ""
    always: bool = False
    whole: bool = False
    of_vaults: bool = False


METRICS = (
    "shortfall", "needed_budget", "haircut_total", "overshoot", "undershoot", "forgone_pnl", "markout",
    "notional_closed", "fund_used", "backstop_pnl", "accounts_liquidated", "accounts_touched", "wholly_closed",
    "largest_haircut", "largest_share", "top_10_share", "gini", "inversions",
    "ptsr", "pmr", "ptsr_repository", "pmr_repository", "rd_nse",
    "leverage_left", "equity_of_most_levered",
)  # fmt: skip
"""Those of study/metrics.py that no measure has the name of."""

MEASURES: Mapping[str, Kind] = {
    "fund_paid": Kind("what the funds paid, or one of them", "fund"),
    "fund_received": Kind("what the funds received, or one of them", "fund"),
    "fund_left": Kind("what the funds hold, or one of them", "fund"),
    "fund_worth": Kind(
        "what the funds hold, or one of them, with the pnl at the last mark of the positions that they keep",
        "fund",
        whole=True,
    ),
    "bad_debt": Kind("what nobody covered"),
    "least_fund": Kind(
        "the least fund that never runs short, nor does any larger one (or one of several funds)",
        "fund",
        whole=True,
    ),
    "adl_size": Kind("contracts closed by deleveraging, in all markets or one", "market"),
    "adl_accounts": Kind("how many accounts were deleveraged"),
    "liquidations": Kind("how many positions the venue closed"),
    "equity": Kind(
        "equity of an account, or of a vault with money of its own (vault)",
        "account",
        needed=True,
        seen="account",
        of_vaults=True,
    ),
    "forgone": Kind("what deleveraging cost an account against the mark", "account", needed=True),
    "rank": Kind("its best place in a queue, at the end", "account", needed=True, seen="rank", always=True),
    "margin_ratio": Kind(
        "its worst margin ratio, over the whole path", "account", needed=True, seen="account", always=True
    ),
    "liquidation_price": Kind(
        "of its one open position; of several, the nearest", "account", needed=True, seen="account"
    ),
    **{name: Kind(f"a metric of the run: adlcalc compare --explain {name}", whole=True) for name in METRICS},
}
"""Numbers. With @STEP: what came to pass until the end of that step, or stood there then."""

PREDICATES: Mapping[str, Kind] = {
    "liquidation": Kind("was anybody liquidated?"),
    "adl": Kind("was anybody deleveraged, or this account?", "account"),
    "ran_short": Kind("was a fund used up: asked in a step for more than it could pay or bear?", "fund"),
    "loss": Kind(
        "was a loss shared by winners who keep their positions, or left to nobody? (adl is another)"
    ),
    "liquidated": Kind("was this account liquidated?", "account", needed=True, of_vaults=True),
    "stopped": Kind("has its drawdown stopped the fund?", "fund", needed=True),
}
"""What is true or false. With @STEP: in that step."""

OPERATORS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
INFINITE = "inf"
_FAR = Fraction(10) ** 1_500
"""More than any number of a run: what `inf` compares as."""
_JOINED = ("and", "or", "not", "no")


class Names(NamedTuple):
    """What a question may name; currencies: how many there are, as amounts of several are not added; vaults:
    those with money of their own, of which some measures of an account may be asked."""

    accounts: Collection[str]
    funds: Collection[str]
    markets: Collection[str]
    steps: int
    currencies: int = 1
    vaults: Collection[str] = ()

    def of(self, takes: str) -> Collection[str]:
        """Those of a kind."""
        return {"account": self.accounts, "fund": self.funds, "market": self.markets}[takes]


class Measure(NamedTuple):
    """A word with what stands in its brackets, at a step (None: at the end, or over the whole path)."""

    word: str
    of: str | None = None
    step: int | None = None

    @property
    def kind(self) -> Kind:
        """What it is."""
        return MEASURES.get(self.word) or PREDICATES[self.word]

    @property
    def text(self) -> str:
        """As it is written."""
        of = "" if self.of is None else f"({self.of})"
        return f"{self.word}{of}" + ("" if self.step is None else f"@{self.step}")

    @property
    def seen(self) -> str:
        """What must be looked at for it while the run is made."""
        return self.kind.seen if self.kind.always or self.step is not None else ""


Asked = Callable[[Measure], Fraction | bool | None]
"""What a measure or predicate comes to in a run; None where there is no such number."""


class Question(NamedTuple):
    """A predicate that has been read. parts: the measures and predicates in it, in order."""

    text: str
    parts: tuple[Measure, ...]
    holds: Callable[[Asked], bool]


def as_asked(name: str) -> str:
    """A name as a question has it in brackets: in quotes where it needs them."""
    found = _ID.fullmatch(name)
    return name if found is not None and found[3] == name else "'" + name.replace("'", "''") + "'"


def told(x: Fraction | bool | None) -> str:
    """A number as it is said: to eight decimals where it has more."""
    if x is None:
        return "none"
    if isinstance(x, bool):
        return "yes" if x else "no"
    if x >= _FAR:
        return INFINITE
    whole = decimal_of(x)
    return show(round_to(whole, D("0.00000001")) or whole)


def number_of(x: Decimal | int | None) -> Fraction | None:
    """A number of a run as questions compare it."""
    if x is None:
        return None
    return _FAR if isinstance(x, Decimal) and not x.is_finite() else Fraction(x)


def read(text: str, names: Names) -> Question:
    """The predicate that a text says. Raises QuestionError."""
    reader = _Reader(text, names)
    holds = reader.predicate()
    reader.end("'and', 'or'")
    return Question(text, tuple(reader.parts), holds)


def read_measure(text: str, names: Names) -> Measure:
    """The measure that a text names. Raises QuestionError."""
    reader = _Reader(text, names)
    found = reader.measure()
    reader.end("the end")
    return found


def read_assertion(text: str) -> Callable[[Fraction | None], bool]:
    """What an answer shall be: '<= 5_000_000', '> 0 and < 10'. Raises QuestionError."""
    reader = _Assertion(text, Names((), (), (), 1))
    holds = reader.predicate()
    reader.end("'and', 'or'")
    return lambda answer: holds(lambda _: answer)


# --- reading ------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"(?P<number>-?\d+(_\d+)*(\.\d+)?)(?![\w.])|(?P<name>[A-Za-z_]\w*)|(?P<sign>[<>=!]=|[<>()@])", re.ASCII
)
_ID = re.compile(r"""\s*(?:'((?:[^']|'')*)'|"((?:[^"]|"")*)"|([^\s()'"@,]+))""")
_WORD = re.compile(r"[\w.]+|.", re.DOTALL)


class _Token(NamedTuple):
    kind: str  # 'number', 'name', 'sign', 'id', 'end'
    text: str
    column: int
    length: int


def _tokens(text: str) -> Iterator[_Token]:
    """What stands in brackets behind a measure is a name of its own, whatever it looks like."""
    if len(text) > LENGTH:
        raise QuestionError(1, len(text), f"must have at most {LENGTH:,} characters, not {len(text):,}")
    at, before = 0, ""
    while at < len(text):
        if before == "(" and (found := _ID.match(text, at)):
            start = len(found[0]) - len(found[0].lstrip())
            name = next(part for part in found.groups() if part is not None)
            quote = found[0][start]
            name = name.replace(quote * 2, quote) if quote in "'\"" else name
            yield _Token("id", name, at + start + 1, len(found[0]) - start)
            at, before = found.end(), ""
            continue
        found = _TOKEN.match(text, at)
        if found:
            token = _Token(str(found.lastgroup), found[0], at + 1, len(found[0]))
            yield token
            opens = token.text == "(" and before in (*MEASURES, *PREDICATES)
            before = "(" if opens else token.text if token.kind == "name" else ""
            at = found.end()
        elif text[at].isspace():
            at += 1
        else:
            bad = _WORD.findall(text, at)[0]
            hint = "measures, numbers, < <= > >= == !=, not, and, or"
            raise QuestionError(at + 1, len(bad), f"must not contain {bad!a} here", hint)
    yield _Token("end", "", len(text.rstrip()) + 1, 1)


class _Reader:
    """Recursive descent, one method a level: or, and, not, comparison, measure."""

    def __init__(self, text: str, names: Names) -> None:
        self._tokens, self._at, self._depth = [*_tokens(text)], 0, 0
        self._names = names
        self.parts: list[Measure] = []

    # where we stand

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *texts: str) -> str:
        token = self._next
        if token.kind not in ("name", "sign") or token.text not in texts:
            return ""
        self._at += 1
        return token.text

    def _unexpected(self, wanted: str) -> QuestionError:
        token = self._next
        found = "the end" if token.kind == "end" else repr(token.text)
        return QuestionError(token.column, token.length, f"must have {wanted} here, not {found}")

    def end(self, wanted: str) -> None:
        """Nothing may follow."""
        if self._next.kind != "end":
            raise self._unexpected(wanted if wanted == "the end" else f"{wanted} or the end")

    # the levels

    def predicate(self) -> Callable[[Asked], bool]:
        """Several joined by `or`, each of several joined by `and`."""
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda asked: any(part(asked) for part in parts)

    def _all(self) -> Callable[[Asked], bool]:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda asked: all(part(asked) for part in parts)

    def _one(self) -> Callable[[Asked], bool]:
        self._depth += 1
        if self._depth > DEPTH:
            raise QuestionError(self._next.column, 1, f"must not be nested deeper than {DEPTH} levels")
        made = (
            self._negated()
            if self._take("not", "no")
            else self._grouped()
            if self._take("(")
            else self._compared()
        )
        self._depth -= 1
        return made

    def _negated(self) -> Callable[[Asked], bool]:
        part = self._one()
        return lambda asked: not part(asked)

    def _grouped(self) -> Callable[[Asked], bool]:
        part = self.predicate()
        if not self._take(")"):
            raise self._unexpected("')'")
        return part

    def _compared(self) -> Callable[[Asked], bool]:
        start = self._next
        left, what = self._number()
        sign = self._take(*OPERATORS)
        if not sign:
            if what is None or what.word not in PREDICATES:
                raise self._unexpected(f"a comparison ({' '.join(OPERATORS)}) behind {start.text!r}")
            return lambda asked: bool(left(asked))
        if what is not None and what.word in PREDICATES:
            hint = f"{what.word!r} is true or false, not a number"
            raise QuestionError(start.column, start.length, "must compare measures and numbers", hint)
        right, other = self._number()
        if other is not None and other.word in PREDICATES:
            raise QuestionError(
                start.column, 1, "must compare measures and numbers", f"{other.word!r} is true or false"
            )
        compare = OPERATORS[sign]

        def holds(asked: Asked) -> bool:
            a, b = left(asked), right(asked)
            return a is not None and b is not None and compare(Fraction(a), Fraction(b))

        return holds

    def _number(self) -> tuple[Callable[[Asked], Fraction | bool | None], Measure | None]:
        """A number or a measure."""
        token = self._next
        if token.kind == "number":
            self._at += 1
            if sum(c.isdigit() for c in token.text) > 60:
                raise QuestionError(
                    token.column, token.length, "must not have a number of more than 60 digits"
                )
            number = Fraction(token.text.replace("_", ""))
            return (lambda _: number), None
        if token.text == INFINITE and token.kind == "name":
            self._at += 1
            return (lambda _: _FAR), None
        measure = self.measure(predicates=True)
        self.parts.append(measure)
        return (lambda asked: asked(measure)), measure

    def measure(self, *, predicates: bool = False) -> Measure:
        """A word, what stands in its brackets, the step."""
        token = self._next
        known = {**MEASURES, **PREDICATES} if predicates else MEASURES
        if token.kind != "name" or token.text in _JOINED:
            raise self._unexpected("a measure, a number or a predicate" if predicates else "a measure")
        if token.text not in known:
            what = "measure or predicate" if predicates else "measure"
            message = f"must not use {token.text!r}, which is no {what}"
            raise QuestionError(token.column, token.length, message, _hint(token, known))
        self._at += 1
        of, at = self._name_of(token, known[token.text]), self._next
        step = self._step()
        if step is not None and known[token.text].whole:
            raise QuestionError(
                at.column, at.length, f"must not name a step: {token.text!r} is of the whole run"
            )
        return Measure(token.text, of, step)

    def _name_of(self, word: _Token, kind: Kind) -> str | None:
        """What stands in brackets."""
        opens = self._next
        if not self._take("("):
            if kind.needed:
                hint = f"{word.text}({kind.takes.upper()})"
                raise QuestionError(word.column, word.length, f"must say of which {kind.takes}", hint)
            of_one = word.text == "least_fund" and len(self._names.funds) > 1
            if of_one or (word.text.startswith("fund_") and self._names.currencies > 1):
                why = "each has its own" if of_one else "several currencies are not added up"
                message = f"must say of which fund: {why}"
                raise QuestionError(word.column, word.length, message, f"{word.text}(FUND)")
            return None
        if not kind.takes:
            raise QuestionError(opens.column, 1, f"must not have brackets behind {word.text!r}")
        token = self._next
        if token.kind != "id":
            raise self._unexpected(f"the name of {'an' if kind.takes == 'account' else 'a'} {kind.takes}")
        self._at += 1
        if not self._take(")"):
            raise self._unexpected("')'")
        vaults = self._names.vaults if kind.of_vaults else ()
        if token.text not in self._names.of(kind.takes) and token.text not in vaults:
            message = f"must not name {token.text!r}: there is no such {kind.takes}"
            known = [*self._names.of(kind.takes), *vaults] if vaults else self._names.of(kind.takes)
            raise QuestionError(token.column, token.length, message, _hint(token, known))
        return token.text

    def _step(self) -> int | None:
        if not self._take("@"):
            return None
        token, last = self._next, self._names.steps - 1
        if token.kind == "name" and token.text == "last":
            self._at += 1
            return last
        if token.kind != "number" or not token.text.isdigit():
            raise self._unexpected("a step")
        self._at += 1
        if int(token.text) > last:
            message = f"must not name step {token.text}: the steps are 0 to {last}, or last"
            raise QuestionError(token.column, token.length, message)
        return int(token.text)


class _Assertion(_Reader):
    """Comparisons whose left side is the answer, and is not written."""

    def _number(self) -> tuple[Callable[[Asked], Fraction | bool | None], Measure | None]:
        if self._next.text in OPERATORS and self._next.kind == "sign":
            return (lambda asked: asked(ANSWER)), ANSWER
        token = self._next
        if token.kind != "number" or not self._at:
            raise self._unexpected(f"a comparison ({' '.join(OPERATORS)}) with a number")
        return super()._number()


ANSWER = Measure("fund_paid")
"""Stands for the answer that an assertion is about."""


def split(text: str) -> list[str]:
    """A list with commas between; those in brackets and in quotes belong to what they stand in."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and depth:
            quote = character
        else:
            depth += (character == "(") - (character == ")")
        if character == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _hint(token: _Token, known: Collection[str]) -> str:
    from adlcalc.source.problems import closest_hint

    return closest_hint(token.text, known)
