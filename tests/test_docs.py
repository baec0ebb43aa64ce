"""The pages that ship with adlcalc: those that are made from the code are as they would be made, nothing is
missing on them, and every link leads somewhere. tests/test_readme.py runs their console blocks."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import reference
from conftest import ROOT, Result

from adlcalc.cli.app import COMMANDS
from adlcalc.cli.topics import text_of, topics
from adlcalc.engine.formulas.scores import SCORES
from adlcalc.study.metrics import METRICS

DOCS = ROOT / "adlcalc" / "docs"
FILLED = re.compile(r"^(```console\n\$ [^\n]*\n).*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
PAGES = sorted(DOCS.glob("*.md"))
LINKED = [ROOT / "README.md", ROOT / "scenarios" / "README.md", ROOT / "scenarios" / "claims.md", *PAGES]


def emptied(text: str) -> str:
    """Without what the commands print, which is another test's."""
    return FILLED.sub(r"\1```", text)


@pytest.mark.slow
@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_is_what_the_code_makes_of_it(name: str, request: pytest.FixtureRequest) -> None:
    page, fresh = DOCS / f"{name}.md", "".join(reference.PAGES[name]())
    if request.config.getoption("--update-golden"):
        if not page.exists() or emptied(page.read_text(encoding="utf-8")) != fresh:
            page.write_text(fresh, encoding="utf-8")
    else:
        assert emptied(page.read_text(encoding="utf-8")) == fresh


def test_every_page_is_listed_once() -> None:
    assert sorted(topic.name for topic in topics()) == sorted(
        page.stem for page in PAGES if page.stem != "README"
    )


def test_no_topic_has_the_name_of_a_command() -> None:
    assert not {topic.name for topic in topics()} & set(COMMANDS)


@pytest.mark.parametrize(
    ("page", "names"), [("commands", COMMANDS), ("scores", SCORES), ("metrics", METRICS)]
)
def test_nothing_is_missing(page: str, names: dict[str, object]) -> None:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    assert [name for name in names if f"\n## {name}" not in text] == []


@pytest.mark.parametrize("page", LINKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Files and headings of the repository; what is elsewhere is not asked for."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    wrong = []
    for found in LINK.finditer(text):
        target, _, heading = found["target"].partition("#")
        if ":" in target:
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (heading and heading not in anchors(file)):
            wrong.append(found["target"])
    assert wrong == []


def anchors(file: Path) -> set[str]:
    """The headings of a page as links name them."""
    lines = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.slow
def test_help_lists_commands_and_topics_and_prints_a_page(adlcalc: Callable[..., Result]) -> None:
    listed = adlcalc("help").out
    assert all(f"\n  {topic.name} " in listed for topic in topics())
    assert all(f"\n  {name} " in listed for name in COMMANDS)
    assert (
        adlcalc("help", "glossary").out.split() == (DOCS / "glossary.md").read_text(encoding="utf-8").split()
    )
    got = adlcalc("help", "glosary")
    assert (got.code, got.out) == (2, "")
    assert "did you mean 'glossary'?" in got.err


COUNTED = re.compile(r"(?<=<!-- numbers: tests/reference.py -->\n\n).*?(?=\n<!-- end -->)", re.DOTALL)


def test_the_readmes_numbers_are_counted(request: pytest.FixtureRequest) -> None:
    page = ROOT / "README.md"
    text = page.read_text(encoding="utf-8")
    fresh = COUNTED.sub(lambda _: reference.numbers(), text)
    if request.config.getoption("--update-golden"):
        page.write_text(fresh, encoding="utf-8")
    else:
        assert text == fresh
        assert COUNTED.search(text)


def test_the_readme_is_short_and_narrow() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 250
    assert [line for line in lines if len(line) > 100 and not line.startswith("$ ")] == []


ONE_LINE = frozenset(
    [
        "backwards",
        "ci",
        "commands",
        "errors",
        "health",
        "python",
        "questions",
        "sharing",
        "speed",
        "trader",
        "trust",
        "tutorial",
        "worlds",
    ]
)
"""Pages that show commands to copy, messages about files or lines of `diff` and `check`, each on one line."""


@pytest.mark.parametrize("topic", [one.name for one in topics() if one.name not in ONE_LINE])
def test_the_blocks_of_a_page_keep_80_columns(topic: str) -> None:
    """In a pipe a page is printed as it stands: prose and tables may be wider, what is laid out may not."""
    inside, wide = False, []
    for line in text_of(topic).splitlines():
        if line.startswith("```"):
            inside = not inside
        elif inside and len(line) > 80:
            wide.append(line)
    assert wide == []
