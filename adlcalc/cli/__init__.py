"""The command line. One file per command: options, one call, one print.

stdout is data (UTF-8, the same bytes everywhere), stderr is talk. Exit codes: 0 ran, 1 a check failed, 2 bad command line or bad
scenario, 70 a bug in adlcalc, 130 interrupted.

Public: main.
"""

import sys


def main() -> None:
    """The entry point. `--version` alone is answered before anything is imported that takes time."""
    if sys.argv[1:] == ["--version"]:
        from adlcalc import __version__

        print(f"adlcalc {__version__}")
        return
    try:
        from adlcalc.cli.app import app

        app(prog_name="adlcalc")
    except KeyboardInterrupt:
        sys.exit(130)
