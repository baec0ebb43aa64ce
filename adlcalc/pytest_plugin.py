"""The pytest plug-in: scenario files are collected as tests, each held to its `expect:` block and to its
golden.

A .yaml, .yml or .json file is a scenario if it matches a pattern of the ini option `adlcalc_files`; where
that is not given, if it has accounts and prices, if its first line names the editors' schema, or if it is
named on the command line.

    pytest scenarios                     check
    pytest scenarios --adlcalc-update    write the goldens
    pytest scenarios --adlcalc-strict    assumed rules, unbalanced books and bad debt fail too
    pytest scenarios --adlcalc-rules     a rule that is another than in a golden fails, though no fact changes
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from adlcalc.check.checking import Outcome

ENDINGS = (".yaml", ".yml", ".json")
WRITTEN, PAGE, NOTED = "adlcalc golden", "adlcalc page", "adlcalc note"
LOOKED_AT = 1 << 16  # characters of a file that are read to see what it is


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the command line and of the ini file."""
    group = parser.getgroup("adlcalc", "auto-deleveraging scenarios")
    group.addoption(
        "--adlcalc-update", action="store_true", help="write the goldens of scenarios and say what changed"
    )
    group.addoption(
        "--adlcalc-strict", action="store_true", help="assumed rules, unbalanced books and bad debt fail too"
    )
    group.addoption(
        "--adlcalc-rules",
        action="store_true",
        help="a rule that is another than in a golden fails, though no fact changes",
    )
    group.addoption(
        "--adlcalc-golden", metavar="DIR", help="where the goldens are; beside the scenarios if left out"
    )
    parser.addini(
        "adlcalc_files",
        "patterns of scenario files (those that look like one, if left out)",
        type="args",
        default=[],
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A collector for a scenario file, None for any other."""
    if file_path.suffix not in ENDINGS:
        return None
    patterns = parent.config.getini("adlcalc_files")
    named = parent.session.isinitpath(file_path)
    if any(file_path.match(pattern) for pattern in patterns) or (
        not patterns and (named or _looks_like_one(file_path))
    ):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What --adlcalc-update has written, rules that changed no fact, and how goldens of an old form are
    renewed."""
    reports = [report for key in ("passed", "failed") for report in terminalreporter.getreports(key)]
    told = [(name, str(text)) for report in reports for name, text in report.user_properties]
    lines = [text for name, text in told if name in (WRITTEN, NOTED)]
    pages = [text for name, text in told if name == PAGE]
    if pages:
        from adlcalc.check.report import renew

        lines.append(renew(pages).replace("--update", "--adlcalc-update"))
    if lines:
        terminalreporter.section("goldens of adlcalc")
        terminalreporter.write_line("\n".join(lines))


def _looks_like_one(path: Path) -> bool:
    """Has it accounts and prices, or the editors' line that names our schema?"""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read(LOOKED_AT)
    except OSError:
        return False
    from adlcalc.check.collecting import is_scenario

    return is_scenario(text)


class ScenarioFile(pytest.File):
    """A scenario file holds one test."""

    def collect(self) -> Iterator[pytest.Item]:
        """The test."""
        yield ScenarioItem.from_parent(self, name="scenario")


class ScenarioItem(pytest.Item):
    """Check one scenario."""

    def runtest(self) -> None:
        """Fail with everything that is wrong."""
        from adlcalc.check.checking import Options, check_file, settled
        from adlcalc.check.collecting import collect
        from adlcalc.check.report import told
        from adlcalc.ground.output import Inputs

        config = self.config
        options = Options(
            update=config.getoption("--adlcalc-update"),
            strict=config.getoption("--adlcalc-strict"),
            rules=config.getoption("--adlcalc-rules"),
        )
        golden = config.getoption("--adlcalc-golden")
        job = collect([str(self.path)], golden).jobs[0]
        outcome = check_file(job, options)
        inputs = Inputs()
        inputs.seen.update(outcome.read)
        outcome = settled(outcome, inputs)
        if outcome.written:
            self.user_properties.append((WRITTEN, outcome.written))
        self.user_properties += [(PAGE, golden) for golden in outcome.pages]
        self.user_properties += [(NOTED, told(one)) for one in outcome.noted]
        if outcome.findings:
            raise ScenarioFailed(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """What `adlcalc check` says; a traceback only for a bug."""
        if isinstance(excinfo.value, ScenarioFailed):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the test is, and its name in a report."""
        return self.path, None, f"scenario {self.path.name}"


class ScenarioFailed(Exception):
    """A scenario that did not pass."""

    def __init__(self, outcome: Outcome) -> None:
        from adlcalc.check.report import told

        super().__init__("\n".join(told(finding) for finding in outcome.findings))
