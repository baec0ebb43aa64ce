"""The declaration of the `expect` block.

Public: ExpectSpec, LiquidationSpec, FillSpec, HeldSpec, AboutSpec.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from adlcalc.source.fields import Count, NotNegative, Number, Step, Strict, Text, by_shape, tag_by_type


class AboutSpec(Strict):
    """A number that need not be met to the last digit."""

    about: Number = Field(description="the number; half a unit of its last digit is near enough where 'within' is left out")
    within: NotNegative | None = Field(None, description="how far away it may be")


_AMOUNT = "a number or {about, within}"
_amount_tag = tag_by_type(text="<exactly>", keys="<about>")


def _fund_tag(value: Any) -> str | None:
    if isinstance(value, dict) and not AboutSpec.model_fields.keys() & value.keys():
        return "<funds>"
    return _amount_tag(value)


AmountSpec = Annotated[
    Annotated[Number, Tag("<exactly>")] | Annotated[AboutSpec, Tag("<about>")],
    by_shape(_amount_tag, _AMOUNT),
]
FundAmountSpec = Annotated[
    Annotated[Number, Tag("<exactly>")] | Annotated[AboutSpec, Tag("<about>")] | Annotated[dict[str, AmountSpec], Tag("<funds>")],
    by_shape(_fund_tag, f"{_AMOUNT}, or one of these for each fund"),
]
Side = Literal["long", "short"]


class LiquidationSpec(Strict):
    """A liquidation that is expected; what is left out is not compared."""

    account: Text = Field(description="who is liquidated")
    step: Step | None = Field(None, description="at which step")
    market: Text | None = Field(None, description="in which market")
    side: Side | None = Field(None, description="long or short")
    size: AmountSpec | None = Field(None, description="contracts")
    entry_price: AmountSpec | None = Field(None, description="entry price of the position")
    mark_price: AmountSpec | None = Field(None, description="mark price at which it happened")
    bankruptcy_price: AmountSpec | None = Field(None, description="the price at which its equity is zero")
    liquidation_price: AmountSpec | None = Field(None, description="the price at which it was due")


class FillSpec(Strict):
    """A deleveraging that is expected; what is left out is not compared."""

    account: Text = Field(description="who is deleveraged")
    size: AmountSpec | None = Field(None, description="contracts given up")
    price: AmountSpec | None = Field(None, description="price of the fill")
    rank: Count | None = Field(None, description="rank in the queue; 1 is first")
    market: Text | None = Field(None, description="in which market")
    side: Side | None = Field(None, description="the side of the position that is given up")
    step: Step | None = Field(None, description="at which step")
    bankrupt: Text | None = Field(None, description="whose position it is closed against")
    score: AmountSpec | None = Field(None, description="the score that gave the rank")
    realized_pnl: AmountSpec | None = Field(None, description="pnl that the fill realized")
    forgone_pnl: AmountSpec | None = Field(None, description="|mark - price| x size, what the fill cost against the mark")


class HeldSpec(Strict):
    """A position that is expected to be held at the end."""

    market: Text | None = Field(None, description="in which market; may be left out where there is one")
    side: Side = Field(description="long or short")
    size: AmountSpec = Field(description="contracts")
    entry: AmountSpec | None = Field(None, description="entry price")


_liquidated_tag = tag_by_type(text="<id>", keys="<step>")


LiquidatedSpec = Annotated[
    Annotated[Text, Tag("<id>")] | Annotated[LiquidationSpec, Tag("<step>")],
    by_shape(_liquidated_tag, "an account id or {account, step}"),
]


class ExpectSpec(Strict):
    """What should come out; `adlcalc check` compares. What is left out is not compared."""

    liquidated: list[LiquidatedSpec] | None = Field(None, description="all accounts that are liquidated, in any order")
    liquidated_in_order: list[LiquidatedSpec] | None = Field(
        None, description="all positions that are liquidated, in the order of the liquidations"
    )
    fund_paid: FundAmountSpec | None = Field(None, description="what the funds pay, over all steps, together or by fund")
    fund_received: FundAmountSpec | None = Field(None, description="what the funds receive, over all steps, together or by fund")
    fund_left: FundAmountSpec | None = Field(None, description="what the funds hold at the end, together or by fund")
    deleveraged: list[FillSpec] | None = Field(None, description="all ADL fills, in order")
    skipped: list[Text] | None = Field(None, description="all accounts that were skipped in the queue, in any order")
    ranks: dict[str, Count] | None = Field(
        None, description="rank at which an account was first deleveraged or skipped, by account id"
    )
    bad_debt: AmountSpec | None = Field(None, description="what nobody covered")
    equity: dict[str, AmountSpec] | None = Field(None, description="equity at the end, by account id")
    positions: dict[str, list[HeldSpec]] | None = Field(None, description="all positions held at the end, by account id")
