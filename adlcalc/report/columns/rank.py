"""The queue, and what moves a position in it. Public: QUEUE, MOVES, RANK."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from adlcalc.ground.numbers import D, divide, show
from adlcalc.report.columns.health import DISTANCE, MARGIN_RATIO, shown_ratio
from adlcalc.report.columns.shared import AS_OF, ASSUMPTIONS, DESCRIPTION, score_column
from adlcalc.report.field import CSV, DIGITS, JSON, Document, Field, Plain, Rows
from adlcalc.report.human import NOTHING, digits, score
from adlcalc.report.table import Column, lines, numbers, right
from adlcalc.report.tones import Tone

SIDE_OF_QUEUE = Field("side", "side", "the side of the positions in the queue", of="ranking.side")
MARKET_OF_QUEUE = Field("market", "market", "the market of the queue", of="ranking.market")


def _scores(places: Sequence[Any], _: Any) -> Iterator[Column | None]:
    return score_column([place.row.score for place in places])


def ratio_name(pair: tuple[str, str]) -> str:
    """The heading of a ratio that a score is made of."""
    above, below = pair
    if below == "equity" and above in ("exposure", "notional"):
        return "effective\nleverage"
    if pair == ("pnl", "entry_value"):
        return "pnl\nratio"
    return f"{above.replace('_', ' ')} /\n{below.replace('_', ' ')}"


def _ratio(
    i: int, usual: tuple[str, str], drop: int
) -> Callable[[Sequence[Any], Any], Iterator[Column | None]]:
    """The column of the i-th ratio whose product is the venue's score, so that the row shows what its score
    is made of; of a score that is no such product the usual one."""

    def column(places: Sequence[Any], queues: Any) -> Iterator[Column | None]:
        ratios = queues.scenario.rules.adl.score.ratios
        above, below = pair = ratios[i] if i < len(ratios) else usual
        pairs = [(getattr(place.row.inputs, above), getattr(place.row.inputs, below)) for place in places]
        cells = [score(divide(D(x), D(y))) if y > 0 else None for x, y in pairs]
        yield numbers(ratio_name(pair), cells, drop=drop)

    return column


def _venue_rank(place: Any, queues: Any) -> Plain | None:
    """The number that the venue's own interface would show, on its own scale."""
    from adlcalc.venues.adl_scale import scale_of

    scale = scale_of(queues.scenario.venue)
    return None if scale is None else {"field": scale.field, "value": show(scale.value(place.row.lights))}


def _venue_value(place: Any, queues: Any) -> str | None:
    scale = _venue_rank(place, queues)
    return None if scale is None else scale["value"]


def _of_the_queue(key: str, kind: str, note: str, of: str, heading: str, drop: int = 0) -> Field:
    """What a place says of the others before and behind it: nothing to be shown where the file holds a part
    of them."""
    return Field(key, kind, note, of, heading=heading, drop=drop, when=lambda queues: not queues.is_part)


def _asked(place: Any, queues: Any) -> bool:
    return place.row.account in queues.accounts


def _light(place: Any, queues: Any) -> str:
    """The venue's own light: '4 of 5'."""
    found = queues.standing(place.ranking, place.row.account)
    return NOTHING if found is None else f"{found.lights} of {found.of}"


def _indicator(place: Any, queues: Any) -> Plain | None:
    """The venue's own light, and the contracts before the position that it stands for."""
    found = queues.standing(place.ranking, place.row.account)
    if found is None:
        return None
    ends = {"ahead_at_least": found.at_least, "ahead_at_most": found.at_most}
    shown = {key: None if end is None else show(end) for key, end in ends.items()}
    return {"lights": found.lights, "of": found.of, **shown}


_END: Plain = {"type": ["string", "null"], "pattern": DIGITS["pattern"]}
INDICATOR_SCHEMA: Plain = {
    "type": "object",
    "properties": {
        "lights": {"description": "lights that are lit", "type": "integer"},
        "of": {"description": "how many there are", "type": "integer"},
        "ahead_at_least": {"description": "contracts that stand before it at least", **_END},
        "ahead_at_most": {"description": "and at most", **_END},
    },
    "required": ["lights", "of", "ahead_at_least", "ahead_at_most"],
}

QUEUE = Rows(
    "queue",
    "the places in the queues, of each market and side",
    (
        Field(
            "asked_mark",
            "text",
            "marks the accounts that were asked for",
            of=lambda place, queues: ">" if _asked(place, queues) else "",
            where=(),
            heading="",
            look=lines,
            when=lambda queues: bool(queues.accounts),
        ),
        MARKET_OF_QUEUE,
        SIDE_OF_QUEUE,
        _of_the_queue(
            "rank", "count", "the place in the queue: 1 is deleveraged first", of="row.rank", heading="rank"
        ),
        Field("account", "account", "who stands there", of="row.account", heading="account"),
        _of_the_queue(
            "lights",
            "count",
            "5 in the first fifth of the queue, 1 in the last",
            of="row.lights",
            heading="lights",
        ),
        Field(
            "venue_lights",
            "text",
            "the venue's own light",
            of=_light,
            where=(),
            heading="venue's\nlights",
            when=lambda queues: bool(queues.lights),
        ),
        _of_the_queue(
            "percentile",
            "count",
            "20 in the first fifth of the queue, 100 in the last",
            of="row.percentile",
            heading="percen\xad\ntile",
            drop=1,
        ),
        Field("share", "number", "the part of the queue down to it", of="row.share"),
        Field("score", "score", "its score", of="row.score", columns=_scores),
        Field("tied", "flag", "a neighbor has the same score", of="row.tied"),
        Field("margin", "text", "isolated or cross", of="row.margin", heading="margin", drop=3),
        Field("size", "number", "contracts", of="row.size", heading="size"),
        Field("entry_price", "number", "entry price", of="row.inputs.entry", heading="entry\nprice", drop=5),
        Field("mark_price", "number", "mark price", of="ranking.mark"),
        Field(
            "unrealized_pnl",
            "number",
            "pnl at the mark",
            of="row.inputs.pnl",
            heading="unrealized\npnl",
            tone=Tone.SIGNED,
            drop=2,
        ),
        Field(
            "pnl_ratio",
            "number",
            "pnl / entry value",
            of="row.pnl_ratio",
            columns=_ratio(0, ("pnl", "entry_value"), 7),
        ),
        Field(
            "effective_leverage",
            "number",
            "notional / equity of its margin unit; none without equity",
            of="row.leverage",
            null=True,
            columns=_ratio(1, ("exposure", "equity"), 8),
        ),
        Field("notional", "number", "value at the mark", of="row.inputs.notional"),
        Field("entry_value", "number", "value at the entry price", of="row.inputs.entry_value"),
        Field("exposure", "number", "notional of its margin unit", of="row.inputs.exposure"),
        Field(
            "equity", "number", "equity of its margin unit", of="row.inputs.equity", heading="equity", drop=4
        ),
        Field("maintenance", "number", "maintenance margin of its margin unit", of="row.inputs.maintenance"),
        Field("initial_margin", "number", "initial margin", of="row.inputs.initial_margin"),
        replace(
            MARGIN_RATIO,
            of="row.stands.ratio_text",
            shown=lambda place, _: shown_ratio(place.row.stands.margin_ratio),
            drop=10,
        ),
        Field(
            "liquidation_price",
            "number",
            "the mark at which its margin unit is due, the other markets held; none where there is none",
            of="row.stands.liquidation_price",
            null=True,
            heading="liquidation\nprice",
            drop=11,
        ),
        Field(
            "bankruptcy_price",
            "number",
            "the price at which its equity is zero; none where there is none",
            of="row.stands.bankruptcy_price",
            null=True,
        ),
        replace(DISTANCE, of="row.stands.shown_distance", heading=None),
        _of_the_queue("ahead", "number", "contracts that stand before it", of="row.ahead", heading="ahead"),
        _of_the_queue(
            "reached_partly",
            "number",
            "how large a bankrupt position must be to reach it",
            of="row.partly",
            heading="reached\npartly",
            drop=6,
        ),
        _of_the_queue(
            "reached_wholly",
            "number",
            "how large a bankrupt position must be to take all of it",
            of="row.wholly",
            heading="reached\nwholly",
            drop=9,
        ),
        Field(
            "rating",
            "text",
            "the lights as text, as ccxt has them",
            of=lambda place, _: str(place.row.lights),
        ),
        Field(
            "percentage",
            "text",
            "20 for each light, as ccxt has it",
            of=lambda place, _: str(20 * place.row.lights),
        ),
        Field(
            "venue_rank",
            "text",
            "the field and number of the venue's own interface; none where it has none",
            of=_venue_rank,
            of_schema={
                "type": "object",
                "properties": {
                    "field": {"description": "the field's name", "type": "string"},
                    "value": {"description": "what it says", **DIGITS},
                },
                "required": ["field", "value"],
            },
            null=True,
            where=(JSON,),
        ),
        Field("venue_rank", "text", "the number of the venue's own interface", of=_venue_value, where=(CSV,)),
        Field(
            "indicator",
            "text",
            "the venue's own light and what it says of the contracts before the position; none where it told "
            "none",
            of=_indicator,
            of_schema=INDICATOR_SCHEMA,
            null=True,
            where=(JSON,),
        ),
        Field("asked", "flag", "it was asked for", of=_asked),
    ),
    records="places",
    page="asked_mark rank account venue_lights lights percentile score liquidation_price margin_ratio "
    "pnl_ratio"
    " effective_leverage equity"
    " entry_price unrealized_pnl margin size ahead reached_partly reached_wholly",
    by="market side account",
)
MOVES = Rows(
    "moves",
    "the smallest changes that move an account that was asked for",
    (
        MARKET_OF_QUEUE,
        SIDE_OF_QUEUE,
        Field("account", "account", "whose place", of="move.account"),
        Field("goal", "text", "where to", of="move.goal", heading="goal"),
        Field("lever", "text", "what is changed", of="move.lever", heading="change"),
        Field(
            "before",
            "number",
            "what it is",
            of="move.before",
            heading="from",
            shown=lambda one, _: digits(one.move.before),
            look=right,
        ),
        Field(
            "after",
            "number",
            "what it must be; none where none does",
            of="move.after",
            null=True,
            heading="to",
            shown=lambda one, _: "none does" if one.move.after is None else digits(one.move.after),
            look=right,
        ),
        Field(
            "change",
            "number",
            "by how much",
            of="move.change",
            null=True,
            heading="by",
            shown=lambda one, _: digits(one.move.change),
            look=right,
            drop=2,
        ),
        Field(
            "rank",
            "count",
            "the rank that it then has",
            of=lambda one, _: one.move.then.rank if one.move.then else None,
            null=True,
            heading="then\nrank",
        ),
        Field(
            "lights",
            "count",
            "the lights that it then has",
            of=lambda one, _: one.move.then.lights if one.move.then else None,
            null=True,
            heading="lights",
        ),
        Field(
            "ahead",
            "number",
            "contracts that then stand before it",
            of=lambda one, _: one.move.then.ahead if one.move.then else None,
            null=True,
            heading="ahead",
            drop=1,
        ),
    ),
    table="move",
    records="moves",
    by="market side account goal lever",
)
RANK = Document(
    "adlcalc.rank/1",
    "The queues of a step.",
    (
        Rows(
            "scenario",
            "which step of what, and how it was ranked",
            (
                Field("title", "text", "its title", of="scenario.title", null=True, prose=True),
                DESCRIPTION,
                Field("venue", "text", "whose rules", of="scenario.venue"),
                AS_OF,
                Field("file", "text", "the name that it was read under", null=True, prose=True),
                Field("step", "step", "at which step"),
                Field("time", "text", "when that is", null=True),
                Field("score", "text", "the score that ranks", of="scenario.rules.adl.score.name"),
                Field("eligible", "text", "who stands in the queue", of="scenario.rules.adl.eligible"),
                Field("lights", "text", "what the lights count", of="scenario.rules.adl.lights"),
                Field("policy", "text", "the policy"),
            ),
            records=lambda queues: queues,
            one=True,
            where=(JSON,),
        ),
        QUEUE,
        MOVES,
        Rows(
            "",
            "",
            (Field("absent", "texts", "accounts that were asked for and stand in none of the queues"),),
            records=lambda queues: queues,
            one=True,
            where=(JSON,),
        ),
        replace(ASSUMPTIONS, where=(JSON,)),
    ),
    published="""
        market side rank account lights percentile share score tied margin size entry_price mark_price
        unrealized_pnl pnl_ratio effective_leverage notional entry_value exposure equity maintenance
        initial_margin ahead reached_partly reached_wholly rating percentage venue_rank asked goal lever
        before after change margin_ratio liquidation_price
        bankruptcy_price distance""",
)
