"""The declaration of the `expect` block.

Public: ExpectSpec, AtSpec, RowSpec, LiquidationSpec, FillSpec, HeldSpec, AboutSpec.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from adlcalc.source.fields import Count, NotNegative, Number, Step, Text, by_shape, tag_by_type
from adlcalc.source.keys import REQUIRED, Key, Strict, Tag, key, keys_of, made
from adlcalc.study.expected import DELEVERAGED, HELD, LIQUIDATED, Fact
from adlcalc.study.questions import MEASURES, PREDICATES


class AboutSpec(Strict):
    """A number that need not be met to the last digit."""

    about: Number = key(
        description="the number; half a unit of its last digit is near enough where 'within' is left out"
    )
    within: NotNegative | None = key(None, description="how far away it may be")


_AMOUNT = "a number or {about, within}"
_amount_tag = tag_by_type(text="<exactly>", keys="<about>")


def _fund_tag(value: Any) -> str | None:
    if isinstance(value, dict) and not keys_of(AboutSpec).keys() & value.keys():
        return "<funds>"
    return _amount_tag(value)


AmountSpec = Annotated[
    Annotated[Number, Tag("<exactly>")] | Annotated[AboutSpec, Tag("<about>")],
    by_shape(_amount_tag, _AMOUNT),
]
FundAmountSpec = Annotated[
    Annotated[Number, Tag("<exactly>")]
    | Annotated[AboutSpec, Tag("<about>")]
    | Annotated[dict[str, AmountSpec], Tag("<funds>")],
    by_shape(_fund_tag, f"{_AMOUNT}, or one of these for each fund"),
]


class RowSpec(Strict):
    """A row that is expected; what is left out is not compared. Which fields it has, the columns of the
    results say."""


_OF_KIND: Mapping[str, Any] = {
    "number": AmountSpec,
    "score": AmountSpec,
    "step": Step,
    "count": Count,
    "side": Literal["long", "short"],
    "account": Text,
    "market": Text,
}


def _row(name: str, note: str, facts: Mapping[str, Fact], needed: Collection[str]) -> type[RowSpec]:
    """A row with the facts that an expectation may name."""
    keys: dict[str, Key] = {}
    for fact in facts.values():
        kind = _OF_KIND[fact.kind]
        if fact.name in needed:
            keys[fact.name] = Key(REQUIRED, fact.note, takes=kind)
        else:
            keys[fact.name] = Key(None, fact.note, takes=kind | None)
    declared: type[RowSpec] = made(name, note, keys, RowSpec)
    return declared


if TYPE_CHECKING:  # for the checker, a row is a row

    class LiquidationSpec(RowSpec): ...

    class FillSpec(RowSpec): ...

    class HeldSpec(RowSpec): ...

else:
    LiquidationSpec = _row(
        "LiquidationSpec",
        "A liquidation that is expected; what is left out is not compared.",
        LIQUIDATED,
        ("account",),
    )
    FillSpec = _row(
        "FillSpec",
        "A deleveraging that is expected; what is left out is not compared.",
        DELEVERAGED,
        ("account",),
    )
    HeldSpec = _row("HeldSpec", "A position that is expected to be held at the end.", HELD, ("side", "size"))
_liquidated_tag = tag_by_type(text="<id>", keys="<step>")


LiquidatedSpec = Annotated[
    Annotated[Text, Tag("<id>")] | Annotated[LiquidationSpec, Tag("<step>")],
    by_shape(_liquidated_tag, "an account id or {account, step}"),
]


class AtSpec(Strict):
    """What should come out of one step; what is left out is not compared."""

    step: Step = key(description="which step")
    liquidated: list[LiquidatedSpec] | None = key(
        None, description="all accounts that are liquidated in the step, in any order"
    )
    fund_paid: FundAmountSpec | None = key(
        None, description="what the funds pay in the step, together or by fund"
    )
    fund_received: FundAmountSpec | None = key(
        None, description="what the funds receive in the step, together or by fund"
    )
    fund_left: FundAmountSpec | None = key(
        None, description="what the funds hold at the end of the step, together or by fund"
    )
    deleveraged: list[FillSpec] | None = key(None, description="all ADL fills of the step, in order")
    skipped: list[Text] | None = key(
        None, description="all accounts that were skipped in the queue in the step, in any order"
    )
    bad_debt: AmountSpec | None = key(None, description="what nobody has covered up to the end of the step")
    equity: dict[str, AmountSpec] | None = key(
        None, description="equity at the end of the step, by account id"
    )
    positions: dict[str, list[HeldSpec]] | None = key(
        None, description="all positions held at the end of the step, by account id"
    )


class ExpectSpec(Strict):
    """What should come out; `adlcalc check` compares. What is left out is not compared."""

    liquidated: list[LiquidatedSpec] | None = key(
        None, description="all accounts that are liquidated, in any order"
    )
    liquidated_in_order: list[LiquidatedSpec] | None = key(
        None, description="all positions that are liquidated, in the order of the liquidations"
    )
    fund_paid: FundAmountSpec | None = key(
        None, description="what the funds pay, over all steps, together or by fund"
    )
    fund_received: FundAmountSpec | None = key(
        None, description="what the funds receive, over all steps, together or by fund"
    )
    fund_left: FundAmountSpec | None = key(
        None, description="what the funds hold at the end, together or by fund"
    )
    deleveraged: list[FillSpec] | None = key(None, description="all ADL fills, in order")
    skipped: list[Text] | None = key(
        None, description="all accounts that were skipped in the queue, in any order"
    )
    ranks: dict[str, Count] | None = key(
        None, description="rank at which an account was first deleveraged or skipped, by account id"
    )
    least_fund: FundAmountSpec | None = key(
        None,
        description="the least opening balance with which the fund never runs short, nor with any larger "
        "one, "
        "by fund where there are several",
    )
    bad_debt: AmountSpec | None = key(None, description="what nobody covered")
    equity: dict[str, AmountSpec] | None = key(None, description="equity at the end, by account id")
    positions: dict[str, list[HeldSpec]] | None = key(
        None, description="all positions held at the end, by account id"
    )
    measures: dict[str, AmountSpec] | None = key(
        None,
        description=f"numbers by what is measured: {', '.join(MEASURES)}; of an account in brackets, @STEP "
        "at "
        "a step",
        examples=[{"margin_ratio(alice)@1": "0.35"}],
    )
    holds: list[Text] | None = key(
        None,
        description=f"what must be so: comparisons of measures, {', '.join(PREDICATES)}, not, and, or",
        examples=[["not adl(bob)", "margin_ratio(alice) < 0.8"]],
    )
    at: list[AtSpec] | None = key(
        None,
        description="what should have come out of single steps",
        examples=[[{"step": "1", "liquidated": ["alice"], "fund_left": "500"}]],
    )
