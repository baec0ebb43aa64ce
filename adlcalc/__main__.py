"""`python -m adlcalc` is the command `adlcalc`."""

from adlcalc.cli import main

main()
