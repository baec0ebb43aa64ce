"""Mutated texts: a few thousand seeded ones here; with atheris also for some seconds with coverage as the
guide (see fuzz.py)."""

from __future__ import annotations

import cProfile
import importlib.util
import random
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz import attempt, corpus, mutated

SEEDS, CALLS = 350, 1_000_000
"""Calls of functions that one text may take, those written in C among them."""

pytestmark = pytest.mark.slow
TEXTS = corpus()


@pytest.mark.parametrize("block", range(20))
def test_any_text_ends_in_a_scenario_or_in_located_errors(block: int) -> None:
    sound = 0
    for seed in range(block * SEEDS, (block + 1) * SEEDS):
        data = mutated(random.Random(f"fuzz {seed}"), TEXTS)
        profile = cProfile.Profile()
        try:
            sound += profile.runcall(attempt, data)
        except Exception as error:
            raise AssertionError(
                f"seed {seed}: {error!r}\n{data.decode('utf-8', 'backslashreplace')[:3000]}"
            ) from error
        calls = sum(entry.callcount for entry in profile.getstats())
        assert calls < CALLS, f"seed {seed}: nobody is made up for a text that is refused"
    assert sound > 3, "mutations that leave nothing sound say little"


def test_the_files_themselves() -> None:
    assert sum(map(attempt, TEXTS)) > 10


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="needs atheris")
def test_the_guided_fuzzer_finds_nothing_in_some_seconds() -> None:
    fuzzer = str(Path(__file__).parent / "fuzz.py")
    command = [sys.executable, fuzzer, "-max_total_time=20", "-verbosity=0"]
    done = subprocess.run(command, capture_output=True, timeout=200)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
