"""The declaration of the `expect` block.

Public: ExpectSpec, LiquidationSpec, FillSpec.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Tag

from adlcalc.source.fields import Count, Number, Positive, Step, Strict, Text, by_shape, tag_by_type


class LiquidationSpec(Strict):
    """A liquidation that is expected at a step."""

    account: Text = Field(description="who is liquidated")
    step: Step | None = Field(None, description="at which step; any if left out")


class FillSpec(Strict):
    """A deleveraging that is expected; what is left out is not compared."""

    account: Text = Field(description="who is deleveraged")
    size: Positive | None = Field(None, description="contracts given up")
    price: Positive | None = Field(None, description="price of the fill")
    rank: Count | None = Field(None, description="rank in the queue; 1 is first")
    market: Text | None = Field(None, description="in which market")
    step: Step | None = Field(None, description="at which step")
    bankrupt: Text | None = Field(None, description="whose position it is closed against")


_liquidated_tag = tag_by_type(text="<id>", keys="<step>")


LiquidatedSpec = Annotated[
    Annotated[Text, Tag("<id>")] | Annotated[LiquidationSpec, Tag("<step>")],
    by_shape(_liquidated_tag, "an account id or {account, step}"),
]


class ExpectSpec(Strict):
    """What should come out; `adlcalc check` compares. What is left out is not compared."""

    liquidated: list[LiquidatedSpec] | None = Field(None, description="all accounts that are liquidated, in any order")
    fund_paid: Number | None = Field(None, description="what the funds pay, over all steps")
    fund_received: Number | None = Field(None, description="what the funds receive, over all steps")
    fund_left: Number | None = Field(None, description="what the funds hold at the end")
    deleveraged: list[FillSpec] | None = Field(None, description="all ADL fills, in order")
    skipped: list[Text] | None = Field(None, description="all accounts that were skipped in the queue, in any order")
    bad_debt: Number | None = Field(None, description="what nobody covered")
    equity: dict[str, Number] | None = Field(None, description="equity at the end, by account id")
