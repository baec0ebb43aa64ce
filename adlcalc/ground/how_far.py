"""How far long work has come, told to whom it concerns: who does the work knows of no terminal.

Public: hearing, how_far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Hearer = Callable[[str, int, int], None]
_HEARER: ContextVar[Hearer | None] = ContextVar("hearer", default=None)


@contextmanager
def hearing(hearer: Hearer) -> Iterator[None]:
    """Tell `hearer` of all work that is done meanwhile."""
    token = _HEARER.set(hearer)
    try:
        yield
    finally:
        _HEARER.reset(token)


def how_far(what: str, done: int, of: int) -> None:
    """So many are done, of so many: 'account', 40,000, 100,000. The last call has done = of."""
    hearer = _HEARER.get()
    if hearer is not None:
        hearer(what, done, of)
