"""`adlcalc check --jobs`: processes that are killed, parents that are killed, Ctrl-C. Nothing here waits for
a time to pass: a process tells through a pipe that it has begun, and the end of the pipe tells that it has
ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from conftest import ROOT

from adlcalc.ground import workers
from adlcalc.ground.workers import Ended, Pace, _Worker, pays, worked_by, worked_where_it_pays

pytestmark = [
    pytest.mark.slow,  # processes of their own
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no signals and pipes of POSIX"),
]
LIMIT = 60  # seconds after which a test that hangs is given up; none needs them


# --- the pool -----------------------------------------------------------------------------------------------


def square(n: int) -> int:
    return n * n


def killed(n: int, *, at: int, times: int, folder: str) -> int:
    """n * n, but a process that takes `at` kills itself, `times` times in all."""
    if n == at:
        tries = len(os.listdir(folder))
        if tries < times:
            Path(folder, str(tries)).touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return n * n


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("items", [0, 1, 7])
def test_every_item_is_worked_once(processes: int, items: int) -> None:
    found = list(worked_by(processes, square, range(items)))
    assert sorted(found) == [(n, n * n) for n in range(items)]


def test_where_there_is_no_server_of_forks_each_process_is_an_interpreter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert sorted(worked_by(2, square, range(7), seconds=1)) == [(n, n * n) for n in range(7)]


def test_the_item_of_a_killed_process_is_worked_again(tmp_path: Path) -> None:
    found = list(worked_by(2, partial(killed, at=3, times=1, folder=str(tmp_path)), range(8)))
    assert [one for one in found if isinstance(one, Ended)] == [Ended(3, "signal 9", True)]
    assert sorted(one for one in found if not isinstance(one, Ended)) == [(n, n * n) for n in range(8)]


def test_an_item_that_ends_every_process_is_given_up_and_no_other(tmp_path: Path) -> None:
    found = list(worked_by(2, partial(killed, at=3, times=9, folder=str(tmp_path)), range(8)))
    assert [one for one in found if isinstance(one, Ended)] == [
        Ended(3, "signal 9", True),
        Ended(3, "signal 9", False),
    ]
    assert sorted(one for one in found if not isinstance(one, Ended)) == [
        (n, n * n) for n in range(8) if n != 3
    ]
    assert len(os.listdir(tmp_path)) == 2


def test_what_was_in_hand_with_it_is_worked_again_alone(tmp_path: Path) -> None:
    """A batch of eight and more is lost with the process; only the one that ends processes is given up."""
    found = list(worked_by(1, partial(killed, at=30, times=9, folder=str(tmp_path)), range(100), seconds=60))
    ended = [one for one in found if isinstance(one, Ended)]
    assert [one.item for one in ended if not one.again] == [30]
    assert len([one for one in ended if one.again]) > 1
    assert sorted(one for one in found if not isinstance(one, Ended)) == [
        (n, n * n) for n in range(100) if n != 30
    ]
    assert len(os.listdir(tmp_path)) == 2


def test_many_short_items_are_few_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight times as many at once each time, and what is left is shared out at the end."""
    given: list[int] = []
    give = _Worker.give

    def counted(worker: _Worker[int, int], indexes: Sequence[int], items: list[int]) -> None:
        given.append(len(items))
        give(worker, indexes, items)

    monkeypatch.setattr(_Worker, "give", counted)
    found = list(worked_by(2, square, range(20_000), seconds=60))
    assert sorted(found) == [(n, n * n) for n in range(20_000)]
    assert sum(given) == 20_000
    assert len(given) < 60


def test_a_batch_is_some_seconds_of_work() -> None:
    """One is tried; a hundredth of a second each are 150 in 1.5 seconds, by eight times at most; two seconds
    each are one; of the last 100 each of two processes takes a quarter."""
    pace = Pace(1.5, 2)
    sizes = [pace.size(10**6)]
    for _ in range(3):
        pace.took(sizes[-1], sizes[-1] * 0.01)
        sizes.append(pace.size(10**6))
    assert sizes == [1, 8, 64, 150]
    assert (pace.size(100), pace.size(3), pace.size(1)) == (25, 1, 1)
    pace.took(150, 300)
    assert pace.size(10**6) == 1
    alone = Pace(0, 2)
    alone.took(1, 0.001)
    assert alone.size(10**6) == 1


# --- where it pays ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "each", "items", "processors", "here"),
    [
        (0.3, 0.015, 21, 2, 21),  # 19 x 0.015 s: sooner done than a process has begun
        (0.3, 0.015, 21, 64, 21),
        (0.3, 0.1, 21, 2, 2),  # 1.9 s here, 0.3 + 0.95 s by two
        (0.3, 0.1, 21, 1, 21),  # nobody else could work
        (0.3, 0.5, 3, 64, 3),  # one is left: nothing to share
        (0.3, 0.5, 4, 64, 2),  # 1 s here, 0.3 + 0.5 s by two
        (0.3, 0.5, 1, 64, 1),
        (0.3, 0.5, 0, 64, 0),
    ],
)
def test_processes_start_where_they_save_time(
    monkeypatch: pytest.MonkeyPatch, first: float, each: float, items: int, processors: int, here: int
) -> None:
    """The clock moves by what each item takes; which items go to processes is counted."""
    now, begun = 0.0, []

    def work(n: int) -> int:
        nonlocal now
        now += each if n else first
        return n * n

    def elsewhere(processes: int, function: object, those: range) -> Iterator[tuple[int, int] | Ended]:
        begun.append((processes, len(those)))
        yield Ended(0, "signal 9", True)
        yield from reversed([(i, n * n) for i, n in enumerate(those)])

    monkeypatch.setattr(workers, "worked_by", elsewhere)
    monkeypatch.setattr(workers, "_processors", lambda: processors)
    found = list(worked_where_it_pays(8, work, range(items), spent=lambda: now))
    assert begun == ([] if here == items else [(min(8, processors), items - here)])
    assert sorted(one for one in found if not isinstance(one, Ended)) == [(n, n * n) for n in range(items)]
    assert [one for one in found if isinstance(one, Ended)] == [Ended(here, "signal 9", True)] * len(begun)


def test_one_process_never_pays() -> None:
    assert not pays(1, 1e9, 0)
    assert not pays(2, 1, 0.5)  # as long


# --- the command --------------------------------------------------------------------------------------------

SCRIPT = """
import os, signal, sys
from adlcalc.check import checking
from adlcalc.ground import workers

workers.pays = lambda *_: True  # from the first file on, on any machine
workers._processors = lambda: 2
plain = checking._checked

def killed(job, options):
    '''A process that has b.yaml in hand is killed, as often as the test wants.'''
    if job.file.endswith("b.yaml"):
        tries = len(os.listdir("tries"))
        if tries < int(os.environ["TIMES"]):
            open(f"tries/{tries}", "x").close()
            os.kill(os.getpid(), signal.SIGKILL)
    return plain(job, options)

def waiting(job, options):
    '''Says that it has begun, and works when it is told to.'''
    with open("begun", "w") as begun:
        print(os.getpid(), file=begun, flush=True)
        os.read(os.open("go", os.O_RDONLY), 1)
    return plain(job, options)

checking._checked = globals()[os.environ["PLAYED"]]

if __name__ == "__main__":
    from adlcalc.cli import main
    sys.argv = ["adlcalc", "check", "a.yaml", "b.yaml", "c.yaml", "--jobs", "2", *sys.argv[1:]]
    main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Three scenarios, and an alarm that ends a test which waits for a process that never comes."""
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(LIMIT)
    for name in "abc":
        text = (ROOT / "scenarios" / "04-fund-half-absorbs.yaml").read_text(encoding="utf-8")
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "tries").mkdir()
    os.mkfifo(tmp_path / "begun")
    os.mkfifo(tmp_path / "go")
    yield tmp_path
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _too_long(*_: object) -> None:
    raise TimeoutError


def start(
    folder: Path, played: str, *arguments: str, times: int = 0, **options: object
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "script.py", *arguments],
        cwd=folder,
        env={**os.environ, "PLAYED": played, "TIMES": str(times)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,  # type: ignore[call-overload]
    )


def all_well(*, goldens: int) -> str:
    """What is said of three files that are as expected."""
    return f"adlcalc check: 3 files, {goldens} goldens: all as expected\n"


def test_a_killed_process_is_a_sentence_and_exit_2_and_its_file_is_worked_again(folder: Path) -> None:
    process = start(folder, "killed", "--update", times=1)
    out, err = process.communicate(timeout=LIMIT)
    assert err == "adlcalc check: the process that worked b.yaml was ended by signal 9; it is worked again\n"
    assert (out, process.returncode) == ("a.golden: new\nb.golden: new\nc.golden: new\n", 2)
    process = start(folder, "killed")
    assert (*process.communicate(timeout=LIMIT), process.returncode) == ("", all_well(goldens=3), 0)


def test_a_file_that_ends_every_process_is_told_and_the_others_are_worked(folder: Path) -> None:
    process = start(folder, "killed", "--update", times=9)
    out, err = process.communicate(timeout=LIMIT)
    assert err == (
        "adlcalc check: the process that worked b.yaml was ended by signal 9; it is worked again\n"
        "b.yaml: error: not checked: each process that worked it was ended (by signal 9); with --jobs 1 "
        "there "
        "is most memory "
        "for it\n"
        "adlcalc check: 1 of 3 did not pass\n"
    )
    assert (out, process.returncode) == ("a.golden: new\nc.golden: new\n", 2)


def until_both_have_begun(folder: Path, then: Callable[[], object]) -> list[int]:
    """Do something when two processes have a file in hand; the ids of those that began. Returns when the last
    has ended."""
    begun: list[int] = []
    with open(folder / "begun") as pipe:
        for line in pipe:
            begun.append(int(line))
            if len(begun) == 2:
                then()
    return begun


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_processes_end_without_a_word_when_their_parent_is_killed(folder: Path, sign: signal.Signals) -> None:
    process = start(folder, "waiting")
    begun = until_both_have_begun(
        folder, lambda: process.send_signal(sign)
    )  # and until nobody is left who could write
    assert len(begun) == 2
    assert (*process.communicate(timeout=LIMIT), process.returncode) == ("", "", -sign)


def test_ctrl_c_ends_all_of_them_without_a_word(folder: Path) -> None:
    process = start(
        folder, "waiting", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
    )
    begun = until_both_have_begun(folder, lambda: os.killpg(process.pid, signal.SIGINT))
    assert len(begun) == 2
    assert (*process.communicate(timeout=LIMIT), process.returncode) == ("", "", 130)


def test_where_ctrl_c_is_ignored_it_ends_nothing(folder: Path) -> None:
    """`nohup adlcalc check ... &` in a script whose terminal gets a Ctrl-C."""
    process = start(folder, "waiting", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))

    pipes = [
        os.open(folder / name, os.O_RDWR) for name in ("begun", "go")
    ]  # nobody waits for the other end, none ends early
    with open(pipes[0]) as pipe:
        begun = [pipe.readline(), pipe.readline()]
        os.killpg(process.pid, signal.SIGINT)
        os.write(pipes[1], b"abc")  # a letter for each file
        begun.append(pipe.readline())
    assert (*process.communicate(timeout=LIMIT), process.returncode) == ("", all_well(goldens=0), 0)
    os.close(pipes[1])
    assert len(set(begun)) == 2  # the third file was worked by one of the two: none was ended


def test_standard_input_may_be_one_of_the_files(folder: Path) -> None:
    command = [sys.executable, "-m", "adlcalc", "check", "a.yaml", "-", "b.yaml", "--jobs", "2"]
    done = subprocess.run(
        command, cwd=folder, input=(folder / "c.yaml").read_bytes(), capture_output=True, timeout=LIMIT
    )
    assert (done.stdout, done.stderr.decode(), done.returncode) == (b"", all_well(goldens=0), 0)
