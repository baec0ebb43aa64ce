"""A rule that decided something in a run, for its page.

Public: Decided.
"""

from __future__ import annotations

from typing import NamedTuple


class Decided(NamedTuple):
    """what: what it decided, and for whom; source: where it is documented, in words; title, url: of that
    source, where it can be followed."""

    rule: str
    value: str
    status: str
    what: str
    source: str
    note: str
    title: str
    url: str
