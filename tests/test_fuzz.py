"""Mutated texts: a few thousand seeded ones here; with atheris also for some seconds with coverage as the
guide (see fuzz.py)."""

from __future__ import annotations

import importlib.util
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fuzz import attempt, corpus, mutated

SEEDS, SLOWEST = 350, 3.0
"""Seconds of the processor that one text may take; on a slow machine a thousand times what they take on
average."""

pytestmark = pytest.mark.slow
TEXTS = corpus()


@pytest.mark.parametrize("block", range(20))
def test_any_text_ends_in_a_scenario_or_in_located_errors(block: int) -> None:
    sound, times = 0, []
    for seed in range(block * SEEDS, (block + 1) * SEEDS):
        data = mutated(random.Random(f"fuzz {seed}"), TEXTS)
        start = time.process_time()
        try:
            sound += attempt(data)
        except Exception as error:
            raise AssertionError(
                f"seed {seed}: {error!r}\n{data.decode('utf-8', 'backslashreplace')[:3000]}"
            ) from error
        times.append(time.process_time() - start)
    slowest = times.index(max(times)) + block * SEEDS
    assert max(times) < max(SLOWEST, 1_000 * sum(times) / SEEDS), f"seed {slowest}"
    assert sound > 3, "mutations that leave nothing sound say little"


def test_the_files_themselves() -> None:
    assert sum(map(attempt, TEXTS)) > 10


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="needs atheris")
def test_the_guided_fuzzer_finds_nothing_in_some_seconds() -> None:
    fuzzer = str(Path(__file__).parent / "fuzz.py")
    command = [sys.executable, fuzzer, "-max_total_time=20", "-verbosity=0"]
    done = subprocess.run(command, capture_output=True, timeout=200)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-3000:]
