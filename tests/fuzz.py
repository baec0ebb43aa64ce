"""Texts that nobody would write, for the reader and for rulebooks: mutations of good and bad files.

Whatever the text, a load ends with a scenario or with located errors, quickly; and a small scenario that
loads also runs, with an audit that closes.

    python tests/fuzz.py                          coverage-guided, until it is stopped (needs the extra
                                                  `fuzz`: atheris)
    python tests/fuzz.py -max_total_time=60       for a minute, as in CI
    python tests/fuzz.py FILE                     what was found, once more

`tests/test_fuzz.py` runs the same check on a few thousand seeded mutations without a guide, wherever the
tests run.

Public: attempt, corpus, mutated.
"""

from __future__ import annotations

import io
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).parent.parent
SMALL = 40  # accounts and steps that are run as well
LONGEST = 20_000  # bytes of a mutated text
TOKENS = (
    *(b"accounts: prices: fund: rules: markets: expect: funding: venue: leverage: collateral: balance: "
    b"margin: cross".split()),
    *(b"isolated long short linear inverse unlimited none true false null ~".split()),
    *(b"0 -1 1e18 1e-18 .5 0x1 1_000 0.00000001 1e999999999".split()),
    *(b"[ ] { } , : - ? & * ! | > ' \" % @ ` # --- ...".split()),
    b"\t", b"\r\n", b"\n  - ", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\x1b[31m", b"\xe2\x80\xa8", b"{linear: 1, "
    b"inverse: 2}",
    b"{about: 1, within: "
    b"2}", b"{file: x.csv}", b"{from: 1, to: 2, steps: 3}", b"score: size * (", b"[[0, 1], [1, 2]]",
)  # fmt: skip


def attempt(data: bytes) -> bool:
    """Load a text as a scenario, or as a rulebook where it looks like one; run what is small. True if it was
    sound. Any exception but those that a user is shown is a fault of ours and goes on to the caller."""
    from adlcalc.check.collecting import Kind, kind_of_text
    from adlcalc.engine.loop import PrecisionError
    from adlcalc.source import ScenarioErrors

    kind = kind_of_text(data.decode("utf-8", "replace"))
    try:
        if kind is Kind.rulebook:
            _rulebook(data)
        else:
            _scenario(data)
    except ScenarioErrors as errors:
        _is_located(errors)
        return False
    except PrecisionError:
        return False
    return True


def _scenario(data: bytes) -> None:
    from adlcalc.check.expectations import differences
    from adlcalc.engine.loop import run
    from adlcalc.report import Run
    from adlcalc.scenario import load

    stdin, sys.stdin = sys.stdin, SimpleNamespace(buffer=io.BytesIO(data))  # type: ignore[assignment]
    try:
        loaded = load("-")
    finally:
        sys.stdin = stdin
    scenario = loaded.scenario
    if len(scenario.accounts) > SMALL or scenario.path.steps > SMALL:
        return
    done = Run(scenario, run(scenario), file="-")
    for text in (done.to_text(), done.to_json(), done.to_csv(), done.to_markdown()):
        assert "\x1b" not in text
    if loaded.expect is not None:
        differences(done, loaded.expect)


def _rulebook(data: bytes) -> None:
    """By way of a file in memory, where there is such a thing, as rulebooks are read from files."""
    import tempfile

    from adlcalc.source.nodes import Place, Source
    from adlcalc.source.problems import Problems
    from adlcalc.venues.rulebook import load_rulebook

    with tempfile.NamedTemporaryFile(
        suffix=".yaml", dir="/dev/shm" if Path("/dev/shm").is_dir() else None
    ) as file:
        file.write(data)
        file.flush()
        problems = Problems()
        load_rulebook(file.name, problems, where=Place(Source(file.name, "")))
        problems.raise_if_any()


def _is_located(errors: Exception) -> None:
    """Every problem has a file, a sentence and a place that is there, and can be printed as it is."""
    shown = str(errors)
    assert shown.strip()
    assert all(line.isprintable() for line in shown.split("\n")), "a character that cannot be printed"
    for problem in errors.problems:  # type: ignore[attr-defined]
        assert problem.message
        assert problem.file
        assert min(problem.line, problem.column) >= 0


def corpus() -> list[bytes]:
    """What is mutated: every good and bad file that we have, the small ones."""
    paths = [
        *(ROOT / "scenarios").glob("*.yaml"),
        *(ROOT / "tests/bad").glob("*.yaml"),
        *(ROOT / "adlcalc").rglob("*.yaml"),
    ]
    texts = [path.read_bytes() for path in sorted(paths)]
    return [text for text in texts if len(text) < LONGEST]


def mutated(rng: random.Random, texts: Sequence[bytes]) -> bytes:
    """One to four changes to one of the texts."""
    data = rng.choice(texts)
    for _ in range(rng.randint(1, 4)):
        data = rng.choice(CHANGES)(rng, data, texts)
    return data[:LONGEST]


def _cut(rng: random.Random, data: bytes, texts: Sequence[bytes]) -> bytes:
    a = rng.randint(0, len(data))
    return data[:a] + data[min(len(data), a + rng.randint(1, 40)) :]


def _insert(rng: random.Random, data: bytes, texts: Sequence[bytes]) -> bytes:
    a = rng.randint(0, len(data))
    return data[:a] + rng.choice(TOKENS) + data[a:]


def _replace(rng: random.Random, data: bytes, texts: Sequence[bytes]) -> bytes:
    """A word or number becomes a token."""
    words = data.split(b" ")
    i = rng.randrange(len(words))
    words[i] = rng.choice(TOKENS) + (b"," if words[i].endswith(b",") else b"")
    return b" ".join(words)


def _flip(rng: random.Random, data: bytes, texts: Sequence[bytes]) -> bytes:
    if not data:
        return data
    a = rng.randrange(len(data))
    return data[:a] + bytes([rng.randrange(256)]) + data[a + 1 :]


def _splice(rng: random.Random, data: bytes, texts: Sequence[bytes]) -> bytes:
    """Lines of another text."""
    lines, others = data.split(b"\n"), rng.choice(texts).split(b"\n")
    a, b = rng.randint(0, len(lines)), rng.randint(0, len(others))
    return b"\n".join([*lines[:a], *others[b : b + rng.randint(1, 5)], *lines[a:]])


def _repeat(rng: random.Random, data: bytes, texts: Sequence[bytes]) -> bytes:
    a = rng.randint(0, len(data))
    b = min(len(data), a + rng.randint(1, 30))
    return data[:b] + data[a:b] * rng.choice([1, 2, 50]) + data[b:]


def _digits(rng: random.Random, data: bytes, texts: Sequence[bytes]) -> bytes:
    """Another number in the place of one."""
    places = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return data
    a = rng.choice(places)
    number = rng.choice(
        [
            b"0",
            b"1",
            b"9" * 17,
            b"0.00000001",
            b"-3",
            b"1e-9",
            b"7.123456789012345678",
            str(rng.random()).encode(),
        ]
    )
    return data[:a] + number + data[a + 1 :]


CHANGES: tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...] = (
    _cut, _insert, _replace, _flip, _splice, _repeat, _digits, _digits,
)  # fmt: skip


def guided() -> None:
    """Hand over to the coverage-guided fuzzer; its options are libFuzzer's."""
    import tempfile

    import atheris  # type: ignore[import-not-found,unused-ignore]

    with atheris.instrument_imports(include=["adlcalc", "yaml"]):
        import adlcalc.check.collecting
        import adlcalc.engine.loop
        import adlcalc.scenario.loading
        import adlcalc.venues.rulebook  # noqa: F401

    folder = Path(tempfile.mkdtemp(prefix="adlcalc-fuzz-"))
    seeds, words = folder / "seeds", folder / "words"
    seeds.mkdir()
    for i, text in enumerate(corpus()):
        (seeds / f"{i:04}").write_bytes(text)
    words.write_text("".join(f'"{"".join(f"{chr(92)}x{byte:02x}" for byte in token)}"\n' for token in TOKENS))
    options = [
        f"-dict={words}",
        f"-max_len={LONGEST}",
        "-timeout=60",
        "-rss_limit_mb=1024",
        f"-artifact_prefix={folder}/",
    ]
    print(f"what is found is written to {folder}", file=sys.stderr)
    atheris.Setup([sys.argv[0], *options, *sys.argv[1:], str(seeds)], lambda data: attempt(data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    if Path(sys.argv[-1]).is_file() and sys.argv[1:]:
        print("sound" if attempt(Path(sys.argv[-1]).read_bytes()) else "refused")
    else:
        guided()
