"""`adlcalc report`: one page, nothing of a file's text in it unescaped, and nothing written where it cannot
be."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from conftest import ROOT, Result

pytest.importorskip("vl_convert", reason="the page needs the extra `report`")
pytest.importorskip("jinja2", reason="the page needs the extra `report`")

pytestmark = pytest.mark.slow
Command = Callable[..., Result]
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
HOSTILE = [
    "<script>alert(1)</script>",
    "</title></svg><img src=x onerror=alert(1)>",
    '"><style>*{display:none}</style>',
    "url(http://evil.example/x)",
    "}body{background:url(//evil.example)}",
    "&lt;b&gt;&#0;",
    "{{ 7 * 7 }}{% raw %}",
    "]]><!--",
    "\u05d0\u05d1\u05d2 \u0627\u0644\u0639",
    "datum.x && alert(1)",
]


class Page(HTMLParser):
    """What a browser makes of it: elements with their attributes, and the text of each cell."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def scenario(names: list[str], title: str) -> str:
    """One who falls and one who is deleveraged for each name, as id or as market."""
    long, short = names[0], names[1]
    return json.dumps(
        {
            "title": title,
            "fund": 0,
            "markets": {names[2]: {}},
            "accounts": [
                {"id": long, "side": "long", "size": 2, "entry": 100, "leverage": 10},
                {"id": short, "side": "short", "size": 2, "entry": 100, "leverage": 2},
            ],
            "prices": [100, 80],
        }
    )


ALLOWED = """html head meta title style body a header main footer section nav ol ul li p h1 h2 h3 b code dl dt dd div
    span br bdi figure figcaption details summary table caption thead tbody tr th td svg desc g path line rect text circle
    defs clippath"""
ELEMENTS = frozenset(ALLOWED.split())


@pytest.mark.parametrize("i", range(len(HOSTILE)))
def test_nothing_of_a_file_is_unescaped(adlcalc: Command, tmp_path: Path, i: int) -> None:
    names = [HOSTILE[(i + k) % len(HOSTILE)] for k in range(3)]
    file = tmp_path / "s.yaml"
    file.write_text(scenario(names, f"T {names[0]}"), encoding="utf-8")
    out = tmp_path / "page.html"
    result = adlcalc("report", str(file), "--account", names[0], "-o", str(out))
    assert (result.code, result.out) == (0, ""), result.err
    text = out.read_text(encoding="utf-8")
    page = Page(text)
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") or name in ("src", "style") for name in attributes), tag
        assert re.match(r"#|https://", attributes.get("href") or "#"), "only a source can be followed"
    assert text.count("<style>") == 1
    assert names[0] in "".join(page.text), "and yet it is there to read"
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert name == "aria-label" or "url(" not in (value or "").replace("url(#f", ""), tag
    style = text[text.index("<style>") : text.index("</style>")]
    assert (
        style
        == (plain := adlcalc("report", "scenarios/04-fund-half-absorbs.yaml").out)[
            plain.index("<style>") : plain.index("</style>")
        ]
    )


def test_a_page_says_what_it_may_do(adlcalc: Command) -> None:
    result = adlcalc("report", "scenarios/04-fund-half-absorbs.yaml")
    page = Page(result.out)
    metas = [attributes for tag, attributes in page.elements if tag == "meta"]
    policies = [m["content"] for m in metas if m.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert policies[0] is not None
    assert policies[0].startswith(POLICY)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert not re.search(r"(src|action)=\"(?!#)", result.out)
    assert not re.search(r"<(?!a )[^>]*href=\"(?!#)", result.out)
    followed = [attributes for tag, attributes in page.elements if tag == "a"]
    assert all(re.match("#|https://", one["href"] or "") for one in followed)
    assert "//" not in re.sub(r' href="https://[^"]*"|http://www.w3.org/2000/svg', "", result.out)


def decided(text: str) -> dict[str, str]:
    """The section of the rules that decided: what is said of each."""
    section = text[text.index('<dl class="rules">') :]
    section = section[: section.index("</dl>")]
    pairs = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", section, re.DOTALL)
    return {re.sub("<[^>]+>", "", term): meaning for term, meaning in pairs}


def test_the_rules_that_decided_have_their_sources(adlcalc: Command) -> None:
    """Those of `explain`, each with value, status, and a source that can be followed."""
    found = decided(adlcalc("report", "scenarios/18-march-2020.yaml").out)
    (score,) = (one for one in found if one.startswith("adl.score"))
    assert score.startswith("adl.score = bitmex documented")
    assert "scalper, fund-x and miner" in found[score]
    assert re.search(r'<a href="https://[^"]*bitmex[^"]*" rel="noreferrer">[^<]+</a>', found[score])
    told = adlcalc("explain", "scenarios/18-march-2020.yaml", "scalper", "--width", "0").out
    rules = re.findall(r"^\* (\S+) = ", told[told.index("\nRules\n") :], re.MULTILINE)
    assert rules == ["adl.when", "adl.score"]
    assert all(any(term.startswith(rule) for term in found) for rule in rules)


def test_a_source_that_is_no_address_cannot_be_followed(adlcalc: Command, tmp_path: Path) -> None:
    book = (ROOT / "adlcalc" / "venues" / "bitmex.yaml").read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(
        re.sub(r"url: https://\S+", "url: javascript:alert(1)", book), encoding="utf-8"
    )
    result = adlcalc("report", "scenarios/18-march-2020.yaml", "--venue", str(tmp_path / "own.yaml"))
    assert result.code in (0, 2)
    assert 'href="javascript' not in result.out


def test_the_audit_is_told_in_words(adlcalc: Command) -> None:
    text = adlcalc("report", "scenarios/04-fund-half-absorbs.yaml").out
    assert "<b>exact</b> <span>money and open interest balance to the last unit</span>" in text
    assert "0 / 0" not in text


def test_a_page_and_its_drawings_have_one_family(adlcalc: Command) -> None:
    """The style names it once, for the body, and no drawing names another; code aside."""
    text = adlcalc("report", "scenarios/04-fund-half-absorbs.yaml").out
    style = text[text.index("<style>") : text.index("</style>")]
    fonts = re.findall(r"font:[^;}]*?(Helvetica[^;}]*|ui-monospace)", style)
    assert len(fonts) == 2
    assert set(re.findall(r'font-family="([^"]+)"', text)) == {fonts[0]}


def test_a_page_is_the_same_bytes_again(adlcalc: Command) -> None:
    once, again = (adlcalc("report", "scenarios/14-counterparty-skipped.yaml").out for _ in range(2))
    assert once == again


def test_every_figure_has_title_description_and_table(adlcalc: Command) -> None:
    text = adlcalc("report", "scenarios/21-who-pays.yaml", "--compare", "queue,haircut").out
    figures = re.findall(r"<figure.*?</figure>", text, re.DOTALL)
    assert len(figures) == 6
    for figure in figures:
        assert re.search(r"<h2[^>]*><bdi>[^<]+</bdi></h2><p>[^<]+</p>", figure)
        assert "<table>" in figure
        for drawing in re.findall(r"<svg xmlns.*?</svg>", figure, re.DOTALL):
            root = ElementTree.fromstring(drawing)
            assert root[0].text
            assert root[1].text


def test_several_scenarios_make_one_page(adlcalc: Command) -> None:
    text = adlcalc("report", "scenarios/04-fund-half-absorbs.yaml", "scenarios/05-fund-empty-adl.yaml").out
    assert "<h1>2 scenarios</h1>" in text
    assert text.count('<section id="run-') == 2


def test_figures_are_written_as_specification_svg_and_png(adlcalc: Command, tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    result = adlcalc(
        "report",
        "scenarios/04-fund-half-absorbs.yaml",
        "--figures",
        str(folder),
        "-o",
        str(tmp_path / "p.html"),
    )
    assert result.code == 0
    names = {path.name.partition(".")[0] for path in folder.iterdir()}
    assert names == {"page", "path", "cover", "queue", "fund", "equity", "health"}
    for name in names - {"page"}:
        assert json.loads((folder / f"{name}.vl.json").read_text(encoding="utf-8"))["$schema"].endswith(
            "v6.json"
        )
        ElementTree.parse(folder / f"{name}.svg")
        legend = {"path": "bankruptcy price", "queue": "gave up", "equity": "deleveraged"}.get(name, "")
        assert legend in (folder / f"{name}.svg").read_text(encoding="utf-8").partition("</desc>")[2]
        assert (folder / f"{name}.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("missing", ["vl_convert", "jinja2"])
def test_without_the_extra_it_says_how_to_install_it(
    adlcalc: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    import adlcalc.report.html.extra as extra

    found = extra.find_spec
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == missing else found(name))
    out, folder = tmp_path / "page.html", tmp_path / "figures"
    result = adlcalc(
        "report", "scenarios/04-fund-half-absorbs.yaml", "-o", str(out), "--figures", str(folder)
    )
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "adlcalc: a page with figures needs the extra `report`: pip install 'adlcalc[report]'\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scenarios/04-fund-half-absorbs.yaml", "no.yaml"], "no.yaml: error: there is no such file"),
        (["scenarios/04-fund-half-absorbs.yaml", "--account", "bo"], "there is no account 'bo'"),
        (["scenarios/04-fund-half-absorbs.yaml", "--compare", "qeue"], "did you mean 'queue'?"),
    ],
)
def test_nothing_is_written_where_something_is_wrong(
    adlcalc: Command, tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = adlcalc(
        "report", *arguments, "-o", str(tmp_path / "page.html"), "--figures", str(tmp_path / "f")
    )
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "hint"), [("x.csv", "run -o FILE"), ("x.JSON", "run -o FILE"), ("x.png", "--figures DIR")]
)
def test_a_page_is_not_called_otherwise(adlcalc: Command, tmp_path: Path, name: str, hint: str) -> None:
    file = tmp_path / name
    file.write_text("mine")
    result = adlcalc("report", "scenarios/04-fund-half-absorbs.yaml", "-o", str(file))
    assert (result.code, file.read_text()) == (2, "mine")
    assert hint in result.err


def test_a_page_does_not_take_the_place_of_its_scenario(adlcalc: Command, tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(
        "fund: 0\naccounts: [{id: a, side: long, size: 1, entry: 100, leverage: 2}]\nprices: [100]\n"
    )
    before = file.read_text()
    assert adlcalc("report", str(file), "-o", str(file)).code == 2
    assert file.read_text() == before


def test_a_large_book_is_shown_as_distributions(adlcalc: Command, tmp_path: Path) -> None:
    """4,000 accounts: a few drawings, each of few elements, and the named one marked."""
    lines = ["id,side,size,entry,leverage"]
    lines += [
        f"a{i},{'long' if i % 2 else 'short'},{1 + i % 7},{59_000 + i % 2000},{2 + i % 40}"
        for i in range(4000)
    ]
    (tmp_path / "book.csv").write_text("\n".join(lines) + "\n")
    file = tmp_path / "s.yaml"
    file.write_text("fund: 1_000_000\naccounts: {file: book.csv}\nprices: [60_000, 58_000, 54_000, 55_000]\n")
    result = adlcalc("report", str(file), "--account", "a17")
    assert result.code == 0
    titles = re.findall(r"<h2 id=[^>]*><bdi>([^<]+)</bdi>", result.out)
    assert {"How equity changed", "Most affected", "Margin ratios of who is left"} <= set(titles)
    assert ">a17</text>" in result.out
    assert "accounts that were named" in result.out
    assert len(result.out) < 600_000
    assert len(re.findall("<(path|rect|text|line) ", result.out)) < 6_000


PICTURE = ROOT / "scenarios" / "pictures" / "18-march-2020.png"


def source_of(png: bytes) -> bytes:
    """The digest of the drawing that a picture was made from, which it carries."""
    at = png.index(b"tEXtSource\0") + len(b"tEXtSource\0")
    return png[at : at + 64]


def test_the_picture_of_the_readme_is_the_page_of_today(
    adlcalc: Command, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Made again: the drawing in it is the same to the byte, and so is its size in pixels; how letters look
    is the machine's. `--update-golden` puts the new one there."""
    result = adlcalc(
        "report",
        "-q",
        "scenarios/18-march-2020.yaml",
        "--figures",
        str(tmp_path),
        "-o",
        str(tmp_path / "p.html"),
    )
    assert result.code == 0, result.err
    made = (tmp_path / "page.png").read_bytes()
    if request.config.getoption("--update-golden"):
        PICTURE.parent.mkdir(exist_ok=True)
        PICTURE.write_bytes(made)
    held = PICTURE.read_bytes()
    assert source_of(held) == source_of(made)
    assert held[16:24] == made[16:24]
    assert max(len(held), len(made)) < 200_000
    assert f"]({PICTURE.relative_to(ROOT).as_posix()})" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_notebook_shows_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures, then the tables; without the extra the tables alone."""
    import adlcalc
    import adlcalc.report.html.extra as extra

    run = adlcalc.run(adlcalc.load(ROOT / "scenarios" / "04-fund-half-absorbs.yaml"))
    shown = run._repr_html_()
    page = Page(shown)
    assert [tag for tag, _ in page.elements].count("figure") == 6
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {"script", "style", "img"}.isdisjoint(tag for tag, _ in page.elements)
    assert "var(--" not in shown
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    tables = run._repr_html_()
    assert "<figure" not in tables
    assert shown == f"<div>{shown[5 : -len(tables) - 6]}{tables}</div>"


def test_the_least_fund_by_how_deep_the_crash_is(adlcalc: Command) -> None:
    """21: alice, long 20 from 100 and bankrupt at 90, needs a fund of 20 x (90 - mark): 200 at 80, and 395 at
    70.25, one of the marks that are 0.75 apart around 80."""
    text = adlcalc("report", "scenarios/21-who-pays.yaml", "--solve", "fund").out
    figure = text[text.index("How large a fund, for how deep a crash?") :]
    rows = [
        [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", figure[: figure.index("</figure>")])
    ]
    found = {row[0]: row[1:3] for row in rows if row}
    assert found["80"] == ["200", "199.99"]
    for mark, (holds, _) in found.items():
        if float(mark) < 90:
            assert float(holds) == pytest.approx(20 * (90 - float(mark)))
    assert "is not a recommended size" in figure
    assert (
        "200 would have been enough: at 80, the mark of this scenario, nobody is deleveraged with it."
        in figure
    )


def test_solve_in_a_page_takes_the_fund_only(adlcalc: Command) -> None:
    result = adlcalc("report", "scenarios/21-who-pays.yaml", "--solve", "fnd")
    assert (result.code, result.out) == (2, "")
    assert "--solve takes fund, not 'fnd'" in result.err


def test_a_page_of_a_sweep_begins_with_it(adlcalc: Command, tmp_path: Path) -> None:
    """04 with funds of 0, 1,000 and 2,000: the fund pays 0, 1,000 and 2,000; somebody is deleveraged with the
    first two. The scenario of the file comes after it, and is said to be that."""
    store = str(tmp_path / "s.db")
    swept = adlcalc(
        "sweep", "scenarios/04-fund-half-absorbs.yaml", "--vary", "fund=0,1000,2000", "--measure", "fund_paid", "--measure",
        "adl", "--store", store,
    )  # fmt: skip
    assert swept.code == 0, swept.err
    text = adlcalc("report", "scenarios/04-fund-half-absorbs.yaml", "--store", store).out

    def rows_of(title: str) -> list[list[str]]:
        figure = text[text.index(f"<bdi>{title}</bdi></h2>") :]
        rows = re.findall(r"<tr>(<td.*?)</tr>", figure[: figure.index("</figure>")])
        return [[re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<td.*?</td>", row)] for row in rows]

    assert rows_of("fund_paid by fund") == [["0", "1", "0", "0", "0"], *(
        [x, "1", x, x, x] for x in ("1,000", "2,000")
    )]  # fmt: skip
    assert [row[:2] for row in rows_of("adl by fund")] == [["0", "1"], ["1,000", "1"], ["2,000", "0"]]
    verdict = re.search(r'<p class="verdict">(.*?)</p>', text)
    assert verdict is not None
    assert (
        verdict[1]
        == "fund_paid: 0 with fund=0, 2,000 with fund=2,000; adl: no with fund=2,000, yes with fund=0."
    )
    assert (
        text.index("fund_paid by fund")
        < text.index("The scenario as its file has it")
        < text.index("The path")
    )
    missing = adlcalc("report", "scenarios/04-fund-half-absorbs.yaml", "--store", str(tmp_path / "no.db"))
    assert (missing.code, missing.out) == (2, "")


def test_the_run_beside_a_sweep_is_one_of_its_paths_or_none(adlcalc: Command, tmp_path: Path) -> None:
    """24 draws its path: of a sweep with its own seed it is draw 2, of one with another seed none."""
    for seed, said in ((7, "One of these paths: draw 2"), (8, "which is none of these")):
        store = str(tmp_path / f"{seed}.db")
        asked = ("--paths", f"n=3,seed={seed}", "--measure", "adl", "--store", store)
        assert adlcalc("sweep", "scenarios/24-a-random-crash.yaml", *asked).code == 0
        assert said in adlcalc("report", "scenarios/24-a-random-crash.yaml", "--store", store).out


def test_a_page_is_not_poured_into_a_terminal(
    adlcalc: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "adlcalc.cli.report.sys", SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True))
    )
    got = adlcalc("report", "scenarios/04-fund-half-absorbs.yaml")
    assert (got.code, got.out) == (2, "")
    assert "a page is a file\nhint: -o page.html" in got.err


def test_a_frontier_of_a_large_book_is_bounded(adlcalc: Command, tmp_path: Path) -> None:
    """250 accounts over 2 steps are 500 a run: of the 500,000 that solve allows itself that is 1,000 runs,
    enough for 40 marks. With 750 accounts over 3 steps it is 222, so 18 marks of 6 funds, which is said
    before, in a pipe too; --values bounds it further."""
    from adlcalc.reporting import _effort
    from adlcalc.scenario import load

    def book(accounts: int, prices: str) -> Path:
        rows = [f"a{i},{'long' if i % 2 else 'short'},1,100,{10 if i % 2 else 2}" for i in range(accounts)]
        (tmp_path / "book.csv").write_text("id,side,size,entry,leverage\n" + "\n".join(rows) + "\n")
        (tmp_path / "s.yaml").write_text(f"fund: 50\naccounts: {{file: book.csv}}\nprices: {prices}\n")
        return tmp_path / "s.yaml"

    whole = _effort(load(book(250, "[100, 85]")).scenario, "fund", None)
    assert (whole.marks, whole.values, whole.unit) == (40, 100, None)
    large = book(750, "[100, 95, 85]")
    # 375 longs of 1 from 100, bankrupt at 90 and closed at 85, take 5 each: 1,875, known to 100
    assert _effort(load(large).scenario, "fund", None)[:3] == (18, 6, 100)
    few, many = (adlcalc("report", str(large), "--solve", "fund", "--values", n) for n in ("2", "20"))
    assert (few.code, many.code, few.out[:15], few.err) == (0, 0, "<!doctype html>", "")
    assert re.fullmatch(r"note: \d{3} runs or more of 750 accounts over 3 steps .* fewer\n", many.err)
    assert "and somebody with 100 less" in few.out


def section_of(text: str, heading: str) -> str:
    """What a reader reads from a heading to the next one."""
    found = re.sub(r"<svg xmlns.*?</svg>", "", text[text.index("<body>") :], flags=re.DOTALL)
    parts = re.split(r"<h[123][^>]*>", found)
    own = next(part for part in parts if unescape(re.sub("<[^>]+>", "", part)).startswith(heading))
    return unescape(" ".join(re.sub("<[^>]+>", " ", own).split()))


def test_a_page_of_a_sweep_shows_what_was_asked(adlcalc: Command, tmp_path: Path) -> None:
    """04 pays 0 of a fund of 0, and 1,000 of one of 1,000, of which nothing is left; of 3,000 it pays 2,000.
    `fund_left < 1` is so with the first two, and it is what the page tells, in the order of the question: not
    `fund_left`, of which the store keeps the numbers. So does the sweep that is asked again."""
    store, asked = str(tmp_path / "s.db"), "fund_left < 1,adl"
    words = ("--vary", "fund=0,1000,3000", "--measure", asked, "--store", store)
    swept = adlcalc("sweep", "scenarios/04-fund-half-absorbs.yaml", *words)
    assert swept.code == 0, swept.err
    text = adlcalc("report", "scenarios/04-fund-half-absorbs.yaml", "--store", store).out
    assert re.findall(r"<h2[^>]*><bdi>([^<]* by fund)</bdi></h2>", text) == [
        "fund_left &lt; 1 by fund",
        "adl by fund",
    ]
    verdict = re.search(r'<p class="verdict">(.*?)</p>', text)
    assert verdict is not None
    assert unescape(verdict[1]) == (
        "fund_left < 1: no with fund=3,000, yes with fund=0; adl: no with fund=3,000, yes with fund=0."
    )
    alone = adlcalc("report", "scenarios/04-fund-half-absorbs.yaml").out
    for word in ("Interval, 95%", "Path", "Point"):
        assert (f"<dt>{word}</dt>" in text, f"<dt>{word}</dt>" in alone) == (True, False)
    again = adlcalc("sweep", "--store", store, "--json")
    assert [(one["measure"], one["hits"]) for one in json.loads(again.out)["figures"]] == [
        *(("fund_left < 1", hits) for hits in (1, 1, 0)),
        *(("adl", hits) for hits in (1, 1, 0)),
    ]


def test_a_question_over_all_points_is_counted_as_it_was_asked(adlcalc: Command, tmp_path: Path) -> None:
    """Nothing is varied, three paths are drawn: of a question so many are so, of a number whatever quantiles
    are asked there is one drawing."""
    store = str(tmp_path / "s.db")
    asked = "fund_paid >= 0, quantile(fund_paid, 0.5), shortfall(fund_paid, 0.5)"
    words = ("--paths", "n=3", "--measure", asked, "--store", store)
    assert adlcalc("sweep", "scenarios/24-a-random-crash.yaml", *words).code == 0
    text = adlcalc("report", "scenarios/24-a-random-crash.yaml", "--store", store).out
    assert re.findall(r"<h2[^>]*><bdi>([^<]* over all points)</bdi></h2>", text) == [
        "fund_paid &gt;= 0 over all points",
        "fund_paid over all points",
    ]
    assert "The numbers of fund_paid >= 0 over all points fund_paid >= 0" in section_of(
        text, "fund_paid >= 0"
    )
    assert re.search(r"\bso 3 not so 0\b", section_of(text, "fund_paid >= 0"))


def test_the_run_of_a_file_that_was_not_swept_is_said_to_be_none(adlcalc: Command, tmp_path: Path) -> None:
    """24 has a fund of its own; swept are two others. With --set it is one of them, however it is written."""
    store = str(tmp_path / "s.db")
    words = ("--paths", "n=3", "--vary", "fund=7000,9000", "--measure", "adl", "--store", store)
    assert adlcalc("sweep", "scenarios/24-a-random-crash.yaml", *words).code == 0
    page = ("report", "scenarios/24-a-random-crash.yaml", "--store", store)
    own = section_of(adlcalc(*page).out, "One of these paths: draw 2, with everything as the file has it")
    assert re.search(
        r"Fund is [\d,]+ here, which is none of the 2 swept \(7,000, 9,000\): what follows is no", own
    )
    assert "--set fund=7000 shows one." in own
    varied = adlcalc(*page, "--set", "fund=7e3").out
    assert "is none of" not in section_of(varied, "One of these paths: draw 2, with fund=7,000")


def test_a_drawing_of_its_own_says_what_it_is(adlcalc: Command, tmp_path: Path) -> None:
    """Each file has the figure's title, and of a sweep both axes say what they are: 1, 10 and 100 stand by
    their logarithms. The page has titles already, and draws none."""
    store, folder = str(tmp_path / "s.db"), tmp_path / "figures"
    words = ("--paths", "n=2", "--vary", "fund=1,10,100", "--measure", "adl", "--store", store)
    assert adlcalc("sweep", "scenarios/24-a-random-crash.yaml", *words).code == 0
    result = adlcalc(
        "report", "scenarios/24-a-random-crash.yaml", "--store", store, "--figures", str(folder),
        "-o", str(tmp_path / "p.html"),
    )  # fmt: skip
    assert result.code == 0, result.err
    for drawing in folder.glob("*.svg"):
        root = ElementTree.parse(drawing).getroot()
        drawn = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
        assert drawing.stem == "page" or root[0].text in drawn
        if drawing.stem == "sweep-1":
            assert {"adl by fund", "fund (log scale)", "probability of adl, 95% interval"} <= {*drawn}
    assert ">adl by fund</text>" not in (tmp_path / "p.html").read_text(encoding="utf-8")


def test_what_a_rulebook_has_in_backticks_is_code(adlcalc: Command, tmp_path: Path) -> None:
    """A note is escaped piece by piece; one backtick alone stays what it is."""
    from adlcalc.report.html.written import coded

    assert [*coded("a `b: {c: d}`, or `e")] == [("a ", False), ("b: {c: d}", True), (", or `e", False)]
    book = (ROOT / "adlcalc" / "venues" / "bitmex.yaml").read_text(encoding="utf-8")
    assert "note: " in book
    (tmp_path / "own.yaml").write_text(
        re.sub(r"(note: >?-?\s*)", r"\1Say `<b>x</b>` here. ", book), encoding="utf-8"
    )
    result = adlcalc("report", "scenarios/18-march-2020.yaml", "--venue", str(tmp_path / "own.yaml"))
    assert result.code == 0, result.err
    assert "Say <code>&lt;b&gt;x&lt;/b&gt;</code> here." in result.out


def test_what_would_have_helped_is_told_by_a_few_runs(
    adlcalc: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """21: alice, long 20 from 100 and bankrupt at 90, owes 20 x (90 - 80) = 200, and the fund is empty: with 200
    nobody is deleveraged, with a cent less somebody is.

    gambler scores 160 / 800 x 640 / 192 = 2/3, early 480 / 1,440 x 960 / 960 = 1/3. With an equity of 384, which
    is 192 more, gambler's is 1/5 x 640 / 384 = 1/3 as well, and early's 12 are more than gambler's 8: early is
    first. That is a collateral of 224, a leverage of 800 / 224 = 3.5714.., in hundredths at most 3.57. gambler's
    8 of 70 contracts then end at 20, in the second fifth (14 to 28): 4 lights. But the queue is to take 20, 12
    of early and 8 of the next: it is deleveraged all the same. So the next goal is told, the back half: whale
    scores 800 / 4,000 x 3,200 / 2,050 = 0.31219.., and with an equity of 410, a collateral of 250, gambler's is 1/5
    x 640 / 410, the same; whale's 40 are more than its 8, and 12 + 40 of 70 stand before it. 800 / 250 = 3.2.

    One run is the page's; two are of the fund, one is of the queue, three of each goal (as it is, and two)."""
    from adlcalc.engine import loop
    from adlcalc.study.helped import LIGHT
    from adlcalc.study.what_if import GOALS

    assert LIGHT in GOALS
    begun = []
    state = loop.State
    monkeypatch.setattr(loop, "State", lambda *given: begun.append(1) or state(*given))
    text = section_of(adlcalc("report", "scenarios/21-who-pays.yaml").out, "What would have helped")
    assert text == (
        "What would have helped The fund had 0. With 200 at the start nobody would have been deleveraged, nor "
        "with any more, for it never runs short; with 199.99 somebody is. It is for this path, book and depth "
        "only: marks are given and nobody trades. It is not a recommended size. gambler was deleveraged first, "
        "at rank 1 of 4 in the queue of the shorts at step 1. With 218 more collateral (250 instead of 32) or "
        "leverage 3.2 instead of 25 it would have stood at rank 3, with 1 light instead of 5, nobody else "
        "changing anything. That is one moment: beginning the run with 218 more collateral or leverage 3.2 it "
        "is not deleveraged. adlcalc rank scenarios/21-who-pays.yaml --account gambler --step 1 has "
        "the other ways."
    )
    assert len(begun) == 1 + 2 + 1 + 3 + 3
    page = adlcalc("report", "scenarios/21-who-pays.yaml", "--account", "early").out
    text = section_of(page, "What would have helped")
    assert "early was deleveraged at rank 2 of 4 in the queue of the shorts at step 1." in text
    assert "gambler was" not in text


@pytest.mark.parametrize(
    ("file", "options", "said"),
    [
        # of alice's 10 the book takes 3: bob gives his 4 however rich the fund is
        (
            "16-queue-too-short",
            (),
            "Even one that never runs short would not have spared everybody: bob",
        ),
        (
            "16-queue-too-short",
            (),
            "Nobody else stood there, so nothing of its own could have moved it back.",
        ),
        ("18-march-2020", (), "does not follow from one run: bitmex has fund.holds , under which"),
        (
            "18-march-2020",
            (),
            "adlcalc solve scenarios/18-march-2020.yaml --vary fund --until 'no adl' tries",
        ),
        ("21-who-pays", ("--set", "rules.adl.policy=pro-rata"), "by the policy pro-rata: it does not take"),
        # what `rank` says of it in the tutorial
        ("04-fund-half-absorbs", (), "leverage 6.65 it is not deleveraged."),
    ],
)
def test_what_would_have_helped_says_what_is_not_known(
    adlcalc: Command, file: str, options: tuple[str, ...], said: str
) -> None:
    result = adlcalc("report", f"scenarios/{file}.yaml", *options)
    assert result.code == 0, result.err
    assert said in section_of(result.out, "What would have helped")


def test_nothing_would_have_helped_where_nobody_was_deleveraged(adlcalc: Command) -> None:
    assert "What would have helped" not in adlcalc("report", "scenarios/03-fund-absorbs.yaml").out


KEPT = """fund: 1_000
markets: {X: {tick: 0.01, lot: 1}, Y: {tick: 0.01, lot: 1}}
accounts:
  - {id: one, market: X, side: long, size: 1, entry: 100, leverage: 10}
  - {id: "a, b", margin: cross, balance: 12, positions: [{market: X, side: long, size: 1, entry: 100}]}
  - {id: two.three, margin: isolated, positions: [{market: Y, side: short, size: 1, entry: 50, leverage: 1},
      {market: X, side: long, size: 1, entry: 100, collateral: 11}]}
prices: {X: [100, 85], Y: [50, 50]}
"""


@pytest.mark.parametrize("who", ["one", "a, b", "two.three"])
def test_who_was_asked_for_and_liquidated_is_told_the_question_of_its_margin(
    adlcalc: Command, tmp_path: Path, who: str
) -> None:
    """Short of 85 each lacks 15 and the maintenance of 0.5 % of 85, 0.425: 15.43 is enough by a unit of money and more."""
    file = tmp_path / "kept.yaml"
    file.write_text(KEPT)
    text = section_of(adlcalc("report", str(file), "--account", who).out, "What would have helped")
    assert f"{who} was liquidated" in text
    assert "at step 1. How much more margin would have kept it: adlcalc solve" in text
    command = shlex.split(text.partition("adlcalc ")[2].removesuffix("."))
    solved = json.loads(adlcalc(*command, "--json").out)
    assert solved["answer"]["holds"].startswith("15.425"), solved["answer"]
    assert "What would have helped" not in adlcalc("report", str(file)).out


def test_who_stood_first_has_its_score_worked_out(adlcalc: Command) -> None:
    """21: what `explain` has, for each who is named: gambler 160 / 800 x 640 / 192, early 480 / 1,440 x
    960 / 960."""
    told = section_of(adlcalc("report", "scenarios/21-who-pays.yaml").out, "What deleveraging cost whom")
    worked = "score = pnl / entry value x exposure / equity ="
    assert f"{worked} 160 / 800 x 640 / 192 = 0.666667, rounded to six digits" in told
    assert f"{worked} 480 / 1,440 x 960 / 960 = 0.333333, rounded to six digits" in told


def test_where_nobody_pays_there_is_no_empty_drawing(adlcalc: Command, tmp_path: Path) -> None:
    """03: the fund has enough, so under no policy anybody pays. With 04 somebody does."""
    for name, drawings in (("03-fund-absorbs", 0), ("04-fund-half-absorbs", 2)):
        words = (
            "--compare",
            "queue,pro-rata",
            "--figures",
            str(tmp_path / name),
            "-o",
            str(tmp_path / "p.html"),
        )
        result = adlcalc("report", f"scenarios/{name}.yaml", *words)
        assert result.code == 0, result.err
        text = (tmp_path / "p.html").read_text(encoding="utf-8")
        (figure,) = (
            one
            for one in re.findall(r"<figure.*?</figure>", text, re.DOTALL)
            if "under other policies" in one
        )
        assert ("Nobody pays under any of them." in figure) is (drawings == 0)
        assert figure.count("<svg xmlns") == drawings
        assert "<table>" in figure, "the numbers of each policy are still there"
        assert (tmp_path / name / "compare.svg").exists() is (drawings > 0)


def test_the_words_of_a_page_say_what_its_lights_count(adlcalc: Command) -> None:
    """In the words of the glossary: by contracts, or where a venue counts positions by those."""
    from adlcalc.engine.rules import Lights
    from adlcalc.report.limits import LIGHTS

    glossary = (ROOT / "adlcalc" / "docs" / "glossary.md").read_text(encoding="utf-8")
    assert all(told in glossary for told in LIGHTS.values())
    own, other = "scenarios/03-fund-absorbs.yaml", "scenarios/21-who-pays.yaml"
    pages = {
        (Lights.CONTRACTS,): adlcalc("report", own, other).out,
        (Lights.HEADS,): adlcalc("report", own, "--set", "rules.adl.lights=heads").out,
    }
    for rules, text in pages.items():
        found = unescape(re.findall(r"<dt>Lights</dt><dd>(.*?)</dd>", text)[0])
        assert [one for one in Lights if LIGHTS[one] in found] == [*rules]


def test_a_larger_fund_that_is_not_safe_is_said_beside_the_least() -> None:
    """Of a curve whose fund of 600 is enough, while those from 700 to 800 and from 900 on are not."""
    from adlcalc.ground.numbers import D
    from adlcalc.report.charts.least_fund import LeastFund, _again, enough
    from adlcalc.study.solve import Method, Stretch

    spans = ((0, 599, False), (600, 699, True), (700, 800, False), (801, 899, True), (900, 1200, False))
    stretches = tuple(Stretch(D(low), D(high), holds) for low, high, holds in spans)
    solution = SimpleNamespace(method=Method.SAMPLED, holds=D(600), stretches=stretches, high=D(1200))
    again = "deleverage again from 700 to 800 and from 900 to 1,200, the end of the range"
    assert _again(solution) == again  # type: ignore[arg-type]  # what it reads of one
    solved = SimpleNamespace(columns=[SimpleNamespace(at=D(52), solution=solution)])
    told = enough(LeastFund(solved, "X", 1, D(52), D(10)))
    assert told == (
        "600 would have been enough, as far as was tried: at 52, the mark of this scenario, nobody is "
        f"deleveraged with it. But more is not safe: larger funds {again}."
    )
    assert enough(LeastFund(solved, "X", 1, D(53), D(10))) == ""
    solution.stretches = stretches[:2]
    assert _again(solution) == ""  # type: ignore[arg-type]


def test_why_points_of_a_sweep_failed_is_said(adlcalc: Command, tmp_path: Path) -> None:
    """Under bitmex no run tells what a fund must hold: its points fail, and its figure says so."""
    store = str(tmp_path / "s.db")
    words = (
        "--paths",
        "n=2",
        "--venues",
        "generic,bitmex",
        "--measure",
        "least_fund > 5",
        "--store",
        store,
    )
    adlcalc("sweep", "scenarios/24-a-random-crash.yaml", *words)
    text = adlcalc("report", "scenarios/24-a-random-crash.yaml", "--store", store).out
    (reason,) = re.findall(r"<p>Points that failed:</p>\s*<ul><li><bdi>(.*?)</bdi></li></ul>", text)
    assert reason.startswith("least_fund is proven only of a fund that pays down to its floor")
    assert reason.endswith("and bitmex has fund.holds (2 points)")
    assert "1 group has no point that tells it." in section_of(text, "least_fund > 5 by venue")
