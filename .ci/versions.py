"""The versions that pyproject.toml allows and those that are installed.

python .ci/versions.py --lowest   the lowest versions declared, as constraints for pip: what is declared is
                                  what is tested
python .ci/versions.py NAME       a line of the matrix: Python and the versions that are installed beside it
"""

from __future__ import annotations

import platform
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def requirements() -> list[str]:
    """All that the project asks for, the optional ones too: `name>=version; marker`."""
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    return [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]


def lowest() -> list[str]:
    """`name==version; marker`, for each that has a lowest version."""
    return [one.replace(">=", "==", 1) for one in requirements() if ">=" in one.partition(";")[0]]


def installed() -> list[str]:
    """`name version`, for each that has a lowest version and is installed."""
    found = []
    for name in dict.fromkeys(re.match(r"[\w.-]+", one)[0] for one in lowest()):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    if sys.argv[1:] == ["--lowest"]:
        print(*lowest(), sep="\n")
    else:
        print(f"Python {platform.python_version()}, {' '.join(sys.argv[1:])}: {', '.join(installed())}")
