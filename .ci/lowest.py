"""Writes the lowest versions that pyproject.toml declares, as constraints for pip: so what is declared is what is tested.

python .ci/lowest.py > lowest.txt && pip install -c lowest.txt '.[test]'
"""

from __future__ import annotations

import tomllib
from pathlib import Path


def lowest() -> list[str]:
    """`name==version`, with its marker, for every requirement with a lower bound, the optional ones too."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    return [one.replace(">=", "==", 1) for one in requirements if ">=" in one.partition(";")[0]]


if __name__ == "__main__":
    print(*lowest(), sep="\n")
