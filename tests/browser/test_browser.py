"""The page as a browser shows it: nothing leaves, nothing is wider than the window, nothing is cut on paper,
dark is dark, the tables are the run's numbers, and axe-core finds no serious fault."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import Result

from tests.browser.conftest import CALLS, MODES, Reader

pytestmark = pytest.mark.slow
Page = Callable[[str], Path]
EVERY = pytest.mark.parametrize("name", CALLS)


def told_by(reader: Reader, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = reader.driver.get_log(kind)
    return found


@EVERY
def test_nothing_leaves_and_nothing_is_wrong(reader: Reader, page: Page, name: str) -> None:
    """No request but the file itself, no message in the console."""
    path = page(name)
    reader.driver.get("about:blank")  # not what the browser itself begins with
    told_by(reader, "performance")
    told_by(reader, "browser")
    reader.open(path)
    messages = [json.loads(entry["message"])["message"] for entry in told_by(reader, "performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert set(asked) == {path.as_uri()}
    assert told_by(reader, "browser") == []


def test_the_policy_stops_what_would_leave(reader: Reader, page: Page, tmp_path: Path) -> None:
    """A picture and a script put into the page do nothing: the policy is in force."""
    path = tmp_path / "page.html"
    text = page("04").read_text(encoding="utf-8")
    text = text.replace("</footer>", "<img src=x.png><script>document.title='run'</script></footer>")
    path.write_text(text, encoding="utf-8")
    told_by(reader, "browser")
    reader.open(path)
    assert reader.driver.title != "run"
    assert len(told_by(reader, "browser")) == 2


@EVERY
@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_wider_than_the_window(reader: Reader, page: Page, name: str, mode: str) -> None:
    reader.open(page(name), mode)
    reader.ask("document.querySelectorAll('details').forEach(one => one.open = true)")
    wide = reader.ask("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


@EVERY
@pytest.mark.parametrize("mode", MODES)
def test_each_figure_is_drawn_once_and_its_text_is_legible(
    reader: Reader, page: Page, name: str, mode: str
) -> None:
    """One of its drawings is seen, no smaller than seven pixels of text, no text beyond its edges."""
    reader.open(page(name), mode)
    figures = reader.ask(
        """return [...document.querySelectorAll('figure')].map(figure => {
            const seen = [...figure.querySelectorAll('svg[role=img]')].filter(one => one.getClientRects().length);
            const box = seen[0].getBoundingClientRect();
            const texts = [...seen[0].querySelectorAll('text')].map(one => one.getBoundingClientRect());
            const scale = box.width / seen[0].viewBox.baseVal.width;
            const sizes = [...seen[0].querySelectorAll('text')].map(one => parseFloat(getComputedStyle(one).fontSize) * scale);
            const out = [...seen[0].querySelectorAll('text')].filter(one => {
                const it = one.getBoundingClientRect();
                return it.left < box.left - 2 || it.right > box.right + 2 || it.top < box.top - 2 || it.bottom > box.bottom + 2;
            }).map(one => one.textContent);
            return [seen.length, Math.min(...sizes), out, texts.length];
        })"""
    )
    assert figures
    for seen, least, out, texts in figures:
        assert seen == 1
        assert least >= 7
        assert out == []
        assert texts > 0


@EVERY
def test_no_label_lies_over_another(reader: Reader, page: Page, name: str) -> None:
    """Two texts of a drawing do not cover one another by more than a hair."""
    for mode in ("light", "phone"):
        reader.open(page(name), mode)
        over = reader.ask(
            """const found = [];
            document.querySelectorAll('svg[role=img]').forEach(svg => {
                if (!svg.getClientRects().length) return;
                const texts = [...svg.querySelectorAll('text')].map(one => [one.textContent, one.getBoundingClientRect()]);
                texts.forEach(([a, p], i) => texts.slice(i + 1).forEach(([b, q]) => {
                    const x = Math.min(p.right, q.right) - Math.max(p.left, q.left);
                    const y = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
                    if (x > 2 && y > 4) found.push(a + ' / ' + b);
                }));
            });
            return found;"""
        )
        assert over == [], mode


def luminance(color: str) -> float:
    """Relative luminance of 'rgb(r, g, b)', as WCAG 2 has it."""
    parts = [int(x) / 255 for x in re.findall(r"\d+", color)[:3]]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@EVERY
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_label_stands_out(reader: Reader, page: Page, name: str, mode: str) -> None:
    """AA: 4.5 to 1 for each text of a drawing on the card; axe-core looks at the rest of the page."""
    reader.open(page(name), mode)
    card = reader.ask("return getComputedStyle(document.querySelector('.card')).backgroundColor")
    assert (luminance(card) < 0.1) == (mode == "dark")
    colors = reader.ask(
        "return [...new Set([...document.querySelectorAll('svg[role=img] text')].map(one => "
        "getComputedStyle(one).fill))]"
    )
    assert colors
    assert {color: round(contrast(color, card), 2) for color in colors if contrast(color, card) < 4.5} == {}


def test_on_paper_no_figure_is_cut(reader: Reader, page: Page) -> None:
    """Dark or not, paper is white; a figure that does not fit goes to the next page."""
    for name in CALLS:
        reader.open(page(name), "print")
        rules = reader.ask(
            "return [...document.querySelectorAll('.card')].map(one => getComputedStyle(one).breakInside)"
        )
        assert set(rules) == {"avoid"}
        tall = reader.ask(
            "return Math.max(...[...document.querySelectorAll('.card')].map(one => "
            "one.getBoundingClientRect().height))"
        )
        assert tall < 1020, "it fits on one page of A4"
    printed = reader.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    assert base64.b64decode(printed["data"])[:5] == b"%PDF-"


def cells(reader: Reader, title: str) -> list[list[str]]:
    """The rows of the first table of a figure, as a person reads them."""
    found: list[list[str]] = reader.ask(
        """const all = [...document.querySelectorAll('figure')];
        const figure = all.find(one => one.querySelector('h2').textContent == arguments[0]);
        figure.querySelector('details').open = true;
        return [...figure.querySelector('table').rows].map(row => [...row.cells].map(one => one.innerText));""",
        title,
    )
    return found


def number(text: str) -> Decimal | None:
    return None if text == "-" else Decimal(text.replace(",", ""))


@pytest.mark.parametrize("name", ["04", "18"])
def test_the_tables_are_the_numbers_of_the_run(
    reader: Reader, page: Page, adlcalc: Callable[..., Result], name: str
) -> None:
    run = json.loads(adlcalc("run", CALLS[name][0], "--json").out)
    reader.open(page(name))
    head, *rows = cells(reader, "The insurance fund")
    told = [dict(zip(head, row, strict=True)) for row in rows]
    moved = [row for row in run["fund"] if Decimal(row["received"]) or Decimal(row["paid"])]
    assert [number(row["closing"]) for row in told] == [Decimal(row["closing"]) for row in moved]
    assert [number(row["paid"]) or 0 for row in told] == [Decimal(row["paid"]) for row in moved]
    head, *rows = cells(reader, "Before and after")
    told = [dict(zip(head, row, strict=True)) for row in rows]
    ends = {row["account"]: Decimal(row["equity_end"]) for row in run["accounts"]}
    assert {row["account"]: number(row["equity at end"]) for row in told}.items() <= ends.items()
    head, *rows = cells(reader, "How far from liquidation")
    told = [dict(zip(head, row, strict=True)) for row in rows]
    prices = {
        row["account"]: Decimal(one["liquidation_price"])
        for row in run["accounts"]
        for one in row["positions"]
        if one["liquidation_price"] is not None
    }
    assert {row["account"]: number(row["liquidation price"]) for row in told} == prices
    if name == "04":
        head, *rows = cells(reader, "The path")
        marks = [number(dict(zip(head, row, strict=True))["mark price"]) for row in rows]
        assert marks == [Decimal(step["marks"]["BTC-PERP"]) for step in run["steps"]]


def test_the_keyboard_reaches_every_table(reader: Reader, page: Page) -> None:
    """Tab by tab: the link past the head, then the numbers of each figure, open with Enter."""
    from selenium.webdriver.common.keys import Keys

    reader.open(page("04"))
    count = reader.ask("return document.querySelectorAll('summary').length")
    seen = []
    for _ in range(count + 1):
        reader.driver.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(reader.ask("return document.activeElement.tagName"))
    assert seen == ["A", *["SUMMARY"] * count]
    reader.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert reader.ask("return [...document.querySelectorAll('details')].at(-1).open")


@EVERY
@pytest.mark.parametrize("mode", ["light", "dark", "phone"])
def test_axe_finds_no_serious_fault(reader: Reader, page: Page, name: str, mode: str) -> None:
    axe_selenium = pytest.importorskip("axe_selenium_python", reason="axe-selenium-python brings axe-core")
    reader.open(page(name), mode)
    reader.ask("document.querySelectorAll('details').forEach(one => one.open = true)")
    axe = axe_selenium.Axe(reader.driver)
    axe.inject()
    found = axe.run()
    assert len(found["passes"]) > 10
    bad = [
        (one["id"], one["impact"], [node["target"] for node in one["nodes"]][:3])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert bad == []


def test_a_drawing_has_its_name_and_description(reader: Reader, page: Page) -> None:
    """In the accessibility tree: each figure an image with a name, and nothing of it that chatters."""
    reader.open(page("21"))
    nodes = reader.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    images = [node for node in nodes if node.get("role", {}).get("value") == "image"]
    count = reader.ask("return document.querySelectorAll('figure').length")
    assert len(images) == count
    assert all(len(node["name"]["value"]) > 20 for node in images)
