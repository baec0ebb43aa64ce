"""The command line. One file per command: options, one call, one print.

stdout is data (UTF-8, the same bytes everywhere), stderr is talk. Exit codes: 0 ran, 1 a check failed, 2 bad
command line or bad scenario, 70 a bug in adlcalc, 130 interrupted.

Public: main.
"""

import gc
import os
import sys


def main() -> None:
    """The entry point."""
    _open_closed_streams()
    try:
        _answer()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if error.filename is not None:
            raise
        from adlcalc.cli.exits import UNUSABLE, say
        from adlcalc.ground.output import drop_stdout

        drop_stdout()  # it is a help page that could not be written; commands say such things themselves
        if not isinstance(error, BrokenPipeError):
            say(f"adlcalc: cannot write to standard output: {error.strerror}")
            sys.exit(UNUSABLE)


def _answer() -> None:
    """What has no options is answered without typer, which takes more time to import and to set up than a
    small run."""
    from adlcalc.cli.usual import only_files

    command, arguments = sys.argv[1:2], sys.argv[2:]
    if sys.argv[1:] == ["--version"]:
        from adlcalc import __version__

        print(f"adlcalc {__version__}", flush=True)
    elif command == ["run"] and only_files(arguments) and "_ADLCALC_COMPLETE" not in os.environ:
        gc.disable()  # for good: a run makes no cycles, and imports nothing but what stays
        from adlcalc.cli.batch import Request, work_through

        sys.exit(work_through(arguments, Request()))
    else:
        from adlcalc.cli.usage import answered

        sys.exit(answered(sys.argv[1:]))


def _open_closed_streams() -> None:
    """A stream that the shell has closed (`>&-`) is None in Python; let it be one that gives and keeps
    nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
