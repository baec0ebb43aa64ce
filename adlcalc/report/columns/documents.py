"""All documents that are printed: each is declared in a file here. Public: DOCUMENTS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from adlcalc.report import columns
from adlcalc.report.field import Document


def _declared() -> Iterator[Document]:
    """Those of every file, by the names of the files."""
    for module in iter_modules(columns.__path__, f"{columns.__name__}."):
        if module.name != __name__:
            found = vars(import_module(module.name)).values()
            yield from (one for one in found if isinstance(one, Document))


DOCUMENTS: Mapping[str, Document] = {one.name.split(".")[1].split("/")[0]: one for one in _declared()}
"""Every JSON document that is printed, by name."""
