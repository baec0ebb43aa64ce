"""What is written: never over what the call reads, never out of its folder by a link, whole or not at all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT, Result

from adlcalc.ground import output

pytestmark = pytest.mark.slow

Command = Callable[..., Result]
RULEBOOK = (
    "venue: {name}\ntitle: t\nas_of: x\nextends: {base}\nadl:\n  score: {{value: size, status: "
    "assumed, note: n}}\n"
)
BOOK = "id,side,size,entry,leverage\nalice,long,2,60_000,10\nbob,short,2,60_000,10\n"
POSITION = {
    "symbol": "BTC/USDT:USDT",
    "side": "long",
    "contracts": 2,
    "entryPrice": 100,
    "markPrice": 90,
    "collateral": 30,
}
TIERS = {
    "BTC/USDT:USDT": [
        {"tier": 1, "minNotional": 0, "maxNotional": 1000, "maintenanceMarginRate": 0.01, "maxLeverage": 50}
    ]
}
FILES = {
    "s.yaml": "venue: own.yaml\nfund: 1_000\naccounts: {file: book.csv}\nprices: {file: klines.csv}\n",
    "other.yaml": "fund: 1_000\naccounts: {file: book.csv}\nprices: [60_000, 53_000]\n",
    "own.yaml": RULEBOOK.format(name="own", base="base.yaml"),
    "base.yaml": RULEBOOK.format(name="base", base="generic"),
    "book.csv": BOOK,
    "klines.csv": "time,open,high,low,close\n1700000000,60000,60000,60000,60000\n1700000060,53000,53000,53000,53000\n",
    "positions.json": json.dumps([POSITION]),
    "tiers.json": json.dumps(TIERS),
}
CALLS = {
    "run s.yaml": {"s.yaml", "own.yaml", "base.yaml", "book.csv", "klines.csv"},
    "run other.yaml s.yaml -f csv": {
        "other.yaml",
        "s.yaml",
        "own.yaml",
        "base.yaml",
        "book.csv",
        "klines.csv",
    },
    "run other.yaml --venue own.yaml": {"other.yaml", "own.yaml", "base.yaml", "book.csv"},
    "rank s.yaml": {"s.yaml", "own.yaml", "base.yaml", "book.csv", "klines.csv"},
    "explain s.yaml alice": {"s.yaml", "own.yaml", "base.yaml", "book.csv", "klines.csv"},
    "compare other.yaml --venues generic,own.yaml": {"other.yaml", "own.yaml", "base.yaml", "book.csv"},
    "venues ./own.yaml": {"own.yaml", "base.yaml"},
    "import ccxt positions.json --tiers tiers.json": {"positions.json", "tiers.json"},
    "import klines klines.csv": {"klines.csv"},
    "check s.yaml other.yaml": {
        "s.yaml",
        "other.yaml",
        "own.yaml",
        "base.yaml",
        "book.csv",
        "klines.csv",
        "s.golden",
    },
    "check s.yaml own.yaml": {"s.yaml", "own.yaml", "base.yaml", "book.csv", "klines.csv", "s.golden"},
    "check . -j 2 -f json": {
        "s.yaml",
        "other.yaml",
        "own.yaml",
        "base.yaml",
        "book.csv",
        "klines.csv",
        "s.golden",
    },
}
"""A call, and the files of the folder that it reads."""


@pytest.fixture
def folder(adlcalc: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files above and a golden; the working directory."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert adlcalc("check", "s.yaml", "--update").code == 0
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


_opened: list[str] | None = None


@contextmanager
def opened_for_reading() -> Iterator[list[str]]:
    """The files that this process opens and does not write to."""
    global _opened
    _opened = found = []
    try:
        yield found
    finally:
        _opened = None


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if (
        event == "open"
        and _opened is not None
        and arguments[1] in ("r", "rb")
        and isinstance(arguments[0], str)
    ):
        _opened.append(arguments[0])


sys.addaudithook(_hook)


@pytest.mark.parametrize("call", [call for call in CALLS if "-j" not in call])
def test_what_a_call_reads_is_known_to_us(adlcalc: Command, folder: Path, call: str) -> None:
    """By Python's own account of what is opened, so that CALLS leaves none out."""
    with opened_for_reading() as found:
        adlcalc(*call.split())
    assert {
        os.path.basename(path) for path in found if os.path.dirname(os.path.realpath(path)) == str(folder)
    } == CALLS[call]


@pytest.mark.parametrize(
    ("call", "read"), [(call, name) for call, names in CALLS.items() for name in sorted(names)]
)
def test_no_output_replaces_what_the_call_reads(adlcalc: Command, folder: Path, call: str, read: str) -> None:
    before = contents(folder)
    got = adlcalc(*call.split(), "-o", read)
    assert (got.out, got.code) == ("", 2)
    assert f"adlcalc: --output {read} would overwrite the file that is read\n" in got.err
    assert contents(folder) == before


@pytest.mark.parametrize("how", ["./{}", "{folder}/{}", "in/../{}", "link", "hard", "linked/{}"])
@pytest.mark.parametrize("call", ["run s.yaml", "check s.yaml", "check . -j 2", "rank s.yaml"])
def test_nor_under_another_name_of_it(adlcalc: Command, folder: Path, call: str, how: str) -> None:
    before = contents(folder)
    (folder / "in").mkdir()
    (folder / "linked").symlink_to(folder)
    (folder / "link").symlink_to(folder / "book.csv")
    os.link(folder / "book.csv", folder / "hard")
    assert adlcalc(*call.split(), "-o", how.format("book.csv", folder=folder)).code == 2
    assert before.items() <= contents(folder).items()


def test_nor_where_standard_input_comes_from(
    folder: Path, adlcalc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`adlcalc run - < other.yaml -o other.yaml`"""
    import subprocess

    with open(folder / "other.yaml", "rb") as opened:
        command = [sys.executable, "-m", "adlcalc", "run", "-", "-o", "other.yaml"]
        done = subprocess.run(command, stdin=opened, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, b"")
    assert contents(folder)["other.yaml"].decode() == FILES["other.yaml"]


def test_a_shipped_rulebook_is_read_too(adlcalc: Command, folder: Path) -> None:
    rulebook = ROOT / "adlcalc" / "venues" / "generic.yaml"
    before = rulebook.read_bytes()
    for call in ("run other.yaml", "venues", "venues generic", "run s.yaml"):
        assert adlcalc(*call.split(), "-o", str(rulebook)).code == 2
    assert rulebook.read_bytes() == before


def test_a_file_with_the_name_of_a_rulebook_is_not_that_rulebook(adlcalc: Command, folder: Path) -> None:
    (folder / "generic").write_text("old")
    (folder / "venues").write_text("old")
    assert adlcalc("venues", "generic", "-o", "generic").code == 0
    assert adlcalc("venues", "-o", "venues").code == 0
    assert "old" not in ((folder / "generic").read_text(), (folder / "venues").read_text())


def test_devices_are_read_and_written(adlcalc: Command, folder: Path) -> None:
    assert adlcalc("run", "other.yaml", "-o", os.devnull) == Result("", "", 0)
    assert adlcalc("run", "-", "-o", os.devnull, stdin=(folder / "other.yaml").read_bytes()) == Result(
        "", "", 0
    )
    assert adlcalc("run", "-", "-o", "book.csv", stdin=(folder / "other.yaml").read_bytes()).code == 2


def test_the_same_file_again_is_written_again(adlcalc: Command, folder: Path) -> None:
    for _ in range(2):
        assert adlcalc("run", "s.yaml", "-f", "json", "-o", "out.json").code == 0
    assert json.loads((folder / "out.json").read_text())["schema"] == "adlcalc.run/1"


# --- links --------------------------------------------------------------------------------------------------


@pytest.fixture
def victim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of somebody else's, outside of every folder that is worked on."""
    path = tmp_path_factory.mktemp("elsewhere") / "victim.csv"
    path.write_text("secret,side,size,entry,leverage\n")
    return path


CHECKS = [
    ["check", ".", "--update"],
    ["check", "s.yaml", "--update"],
    ["check", ".", "--update", "-j", "2"],
    ["check", "."],
]


@pytest.mark.parametrize("call", CHECKS)
def test_a_golden_is_neither_written_nor_shown_through_a_link_out_of_the_folder(
    adlcalc: Command, folder: Path, victim: Path, call: list[str]
) -> None:
    (folder / "s.golden").unlink()
    (folder / "s.golden").symlink_to(victim)
    before = victim.read_bytes()
    got = adlcalc(*call)
    assert got.code == 2
    assert "s.golden: error: the golden leads out of its folder by a link\n" in got.err
    assert "secret" not in got.out + got.err
    assert victim.read_bytes() == before
    victim.unlink()  # a link to nothing is not written through either
    assert adlcalc(*call).code == 2
    assert not victim.exists()


def test_nor_through_a_folder_of_goldens(adlcalc: Command, folder: Path, victim: Path) -> None:
    (folder / "all" / "deep").mkdir(parents=True)
    (folder / "all" / "deep" / "x.yaml").write_text("accounts: []\nprices: [1]\n")
    (folder / "goldens").mkdir()
    (folder / "goldens" / "deep").symlink_to(victim.parent)
    assert adlcalc("check", "all", "--golden", "goldens", "--update").code == 2
    assert list(victim.parent.iterdir()) == [victim]
    (folder / "mine").symlink_to(victim.parent)  # a folder that the user has named is where it leads
    assert adlcalc("check", "all", "--golden", "mine", "--update").code == 0
    assert (victim.parent / "deep" / "x.golden").exists()


def test_a_golden_through_a_link_in_its_folder_is_written(adlcalc: Command, folder: Path) -> None:
    (folder / "s.golden").rename(folder / "kept")
    (folder / "s.golden").symlink_to("kept")
    (folder / "kept").write_text("old\n")
    assert adlcalc("check", "s.yaml", "--update").code == 0
    assert (folder / "s.golden").is_symlink()
    assert (folder / "kept").read_text().startswith('{"golden": "adlcalc run", ')


@pytest.mark.parametrize(
    "order", [["other.yaml", "x.yaml"], ["x.yaml", "other.yaml"], ["x.yaml", "other.yaml", "-j", "2"]]
)
def test_a_golden_does_not_replace_what_any_file_of_the_call_reads(
    adlcalc: Command, folder: Path, order: list[str]
) -> None:
    """x.golden is the book of other.yaml, by a link or by its name."""
    (folder / "x.yaml").write_text("accounts: []\nprices: [1]\n")
    (folder / "x.golden").symlink_to("book.csv")
    got = adlcalc("check", *order, "--update")
    assert (folder / "book.csv").read_text() == BOOK
    assert "x.golden: error: the golden is not written: it is a file that is read\n" in got.err
    assert got.code == 2
    (folder / "x.golden").unlink()
    (folder / "x.golden").write_text(BOOK)
    (folder / "other.yaml").write_text(FILES["other.yaml"].replace("book.csv", "x.golden"))
    assert adlcalc("check", *order, "--update").code == 2
    assert (folder / "x.golden").read_text() == BOOK


def test_of_two_files_that_share_a_golden_one_has_it(adlcalc: Command, folder: Path) -> None:
    (folder / "other.golden").symlink_to("s.golden")
    before = (folder / "s.golden").read_bytes()
    got = adlcalc("check", "s.yaml", "other.yaml", "--update")
    assert (got.code, got.err) == (
        2,
        "adlcalc: other.yaml and s.yaml would share a golden; give them different names\n",
    )
    assert (folder / "s.golden").read_bytes() == before


def test_an_output_is_not_written_through_a_link_out_of_its_folder(
    adlcalc: Command, folder: Path, victim: Path
) -> None:
    (folder / "out").symlink_to(victim)
    before = victim.read_bytes()
    for call in (
        "run s.yaml",
        "check .",
        "check . -f json",
        "rank s.yaml",
        "schema",
        "import klines klines.csv",
    ):
        got = adlcalc(*call.split(), "-o", "out")
        assert (
            f"adlcalc: cannot write out: it is a link that leads out of its folder, to {victim}\n" in got.err
        )
        assert got.code == 2
        assert victim.read_bytes() == before
    victim.unlink()
    assert adlcalc("run", "s.yaml", "-o", "out").code == 2
    assert not victim.exists()


@pytest.mark.parametrize("name", ["file", "folder"])
@pytest.mark.parametrize("key", ["accounts", "prices", "venue", "extends"])
def test_a_scenario_reads_nothing_through_a_link_out_of_its_folder(
    adlcalc: Command, folder: Path, victim: Path, name: str, key: str
) -> None:
    (folder / "in.yaml").symlink_to(victim)
    (folder / "sub").symlink_to(victim.parent)
    (victim.parent / "victim.yaml").write_text("secret: 1\n")
    path = (
        "in.yaml"
        if name == "file"
        else "sub/victim.yaml"
        if key in ("venue", "extends")
        else "sub/victim.csv"
    )
    values = {"venue": "generic", "accounts": "[]", "prices": "[1]"}
    values[key] = path if key in ("venue", "extends") else f"{{file: {path}}}"
    if key == "extends":
        (folder / "top.yaml").write_text(RULEBOOK.format(name="top", base=values.pop("extends")))
        values["venue"] = "top.yaml"
    (folder / "x.yaml").write_text("".join(f"{k}: {value}\n" for k, value in values.items()))
    for command in ("run", "check"):
        got = adlcalc(command, "x.yaml")
        assert got.code == 2
        assert f"error: file '{path}' leads out of the folder of the scenario by a link\n" in got.err
        assert "secret" not in got.out + got.err


def test_links_in_the_folder_and_a_folder_that_is_a_link_are_followed(adlcalc: Command, folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "book.csv").rename(folder / "in" / "book.csv")
    (folder / "book.csv").symlink_to("in/book.csv")
    (folder / "here").symlink_to(folder)
    (folder / "positions.json").unlink()
    (folder / "tiers.json").unlink()
    assert adlcalc("run", "s.yaml").code == 0
    assert adlcalc("run", "here/s.yaml").code == 0
    assert adlcalc("check", "here", "--update").code == 0


def test_check_follows_no_scenario_out_of_a_folder(adlcalc: Command, folder: Path, victim: Path) -> None:
    (folder / "x.yaml").symlink_to(victim)
    got = adlcalc("check", ".")
    assert got.code == 2
    assert "secret" not in got.out + got.err
    assert (
        "x.yaml: error: this link leads out of the folder; name the file itself to have it checked\n"
        in got.err
    )
    assert "secret" in adlcalc("check", "x.yaml").err  # the user's own words


# --- whole or not at all ------------------------------------------------------------------------------------


def test_a_file_beside_it_is_nobodys_to_take_away(folder: Path) -> None:
    """A name for the half-written file that is taken belongs to somebody."""
    theirs = [folder / f".adlcalc-{os.getpid()}-{number}.tmp" for number in (0, 1)]
    theirs[0].write_text("theirs")
    theirs[1].symlink_to(folder / "nowhere")
    output.write("ours", "out")
    assert ((folder / "out").read_text(), theirs[0].read_text(), theirs[1].is_symlink()) == (
        "ours",
        "theirs",
        True,
    )
    assert not (folder / "nowhere").exists()


@pytest.mark.parametrize("failing", ["replace", "chmod"])
def test_what_fails_half_way_leaves_what_was_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    before = contents(folder)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(KeyboardInterrupt):
        output.write("ours", "book.csv")
    assert contents(folder) == before


def test_a_folder_where_nothing_may_be_written_is_an_error(
    adlcalc: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may write everywhere, so the system's refusal is played."""
    before = contents(folder)

    def refused(path: str) -> tuple[str, object]:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(output, "_beside", refused)
    got = adlcalc("run", "s.yaml", "-o", "out")
    assert (got.err, got.code) == ("adlcalc: cannot write out: Permission denied\n", 2)
    (folder / "s.golden").unlink()
    got = adlcalc("check", "s.yaml", "--update")
    assert (got.err.splitlines()[0], got.code) == (
        "s.golden: error: cannot write s.golden: Permission denied",
        2,
    )
    assert adlcalc("new", "-o", "new.yaml").code == 2
    assert contents(folder) == {name: data for name, data in before.items() if name != "s.golden"}


def test_a_file_keeps_its_rights_and_one_that_is_read_only_its_content(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "out"
    path.write_text("old")
    path.chmod(0o600)
    output.write("new", "out")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o600)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root is refused nothing
    with pytest.raises(output.OutputError, match="read-only"):
        output.write("newer", "out")
    assert path.read_text() == "new"


def test_a_name_as_long_as_the_system_takes_is_written(folder: Path) -> None:
    output.write("ours", "x" * 255)
    assert (folder / ("x" * 255)).read_text() == "ours"


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="no /dev/stdout")
def test_standard_output_by_its_name_is_written_where_the_shell_has_put_it(folder: Path) -> None:
    import subprocess

    with open(folder / "out", "wb") as out:
        command = [sys.executable, "-m", "adlcalc", "run", "s.yaml", "-o", "/dev/stdout"]
        assert subprocess.run(command, stdout=out, timeout=60).returncode == 0
        assert os.fstat(out.fileno()).st_ino == os.stat(folder / "out").st_ino
    assert "Deleveraged" in (folder / "out").read_text(encoding="utf-8")
