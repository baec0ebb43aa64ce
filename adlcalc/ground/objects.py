"""Work that makes many objects and no cycles.

Public: no_collections, record.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

record = tuple.__new__
"""record(Kind, (a, b, ...)) is Kind(a, b, ...) in half the time, for the named tuples that a run makes by the
hundred thousand: all fields are given, and nobody counts them but tests/test_events.py."""
MANY = 100_000
"""So many objects are worth a word to the collector: it goes through fewer in no time."""


@contextmanager
def no_collections() -> Iterator[None]:
    """Pause the garbage collector: it would go through all of a large book again and again, and find
    nothing. Nor does it go through what has been made meanwhile as soon as it is back: where that is a lot,
    it counts as old, and is looked at with everything else that is."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if gc.get_count()[0] > MANY and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()  # from the frozen ones into the oldest generation, without a look at any
            gc.enable()
