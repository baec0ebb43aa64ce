"""The readers: what YAML, JSON and CSV text becomes, where every value stands, and that both YAML parsers
agree."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from adlcalc.source.document import DEPTH, read_document
from adlcalc.source.files import decoded, text_of
from adlcalc.source.nodes import List, Map, Node, Scalar, Source, at, plain
from adlcalc.source.number import NumberError, number_of
from adlcalc.source.problems import Problems, ScenarioErrors, format_problem
from adlcalc.source.table import Table, numbers_of

ROOT = Path(__file__).parent.parent
FILES = sorted([*(ROOT / "scenarios").glob("*.yaml"), *(ROOT / "tests" / "bad").glob("*.yaml")])


def read(text: str, *, pure: bool = False) -> Node:
    problems = Problems()
    node = read_document(Source("f.yaml", text), problems, pure=pure)
    problems.raise_if_any()
    assert node is not None
    return node


def told(text: str, *, pure: bool = False) -> str:
    with pytest.raises(ScenarioErrors) as caught:
        read(text, pure=pure)
    return str(caught.value)


# --- values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 60_000", "60_000"),
        ("a: 1e5", "1e5"),
        ("a: 010", "010"),
        ("a: 21:15", "21:15"),
        ("a: no", "no"),
        ("a: on", "on"),
        ("a: 2025-10-10", "2025-10-10"),
        ("a: .nan", ".nan"),
        ("a: =", "="),
        ("a: true", True),
        ("a: False", False),
        ("a: null", None),
        ("a: ~", None),
        ("a:", None),
        ("a: 'true'", "true"),
        ('a: "null"', "null"),
        ('a: ""', ""),
        ('a: "\\u00e9"', "é"),
        ("a: |\n  two\n  lines\n", "two\nlines\n"),
        ("a:\tb", "b"),
        ("a: b # comment", "b"),
    ],
)
def test_plain_scalars_stay_text_but_null_and_truth(text: str, value: object) -> None:
    assert plain(read(text)) == {"a": value}
    assert plain(read(text, pure=True)) == {"a": value}


def test_json_is_a_subset() -> None:
    assert plain(read('{"a":1,"b":[1.50,"x",{"c":null}],\n"d":true}')) == {
        "a": "1",
        "b": ["1.50", "x", {"c": None}],
        "d": True,
    }


def test_windows_line_ends_and_byte_order_mark_are_accepted() -> None:
    source = decoded("f.yaml", b"\xef\xbb\xbfa: 1\r\nb: [2,\r\n 3]\r\n")
    node = read_document(source, Problems())
    assert node is not None
    assert plain(node) == {"a": "1", "b": ["2", "3"]}
    assert (at(node, ("b", 1)).line, at(node, ("b", 1)).column) == (3, 2)
    assert source.line(1) == "a: 1"


# --- places -------------------------------------------------------------------------------------------------


def spot(node: Node) -> tuple[int, int, int]:
    return node.line, node.column, node.length


def test_every_value_knows_line_column_and_length() -> None:
    root = read("accounts:\n  - {id: alice, size: 2}\n  - id: 'bob'\n    size: 10\n")
    assert isinstance(root, Map)
    assert spot(root.keys["accounts"]) == (1, 1, 8)
    first, second = at(root, ("accounts", 0)), at(root, ("accounts", 1))
    assert spot(first) == (2, 5, 20)
    assert spot(at(first, ("size",))) == (2, 23, 1)
    assert spot(second) == (3, 5, 2)  # a block map is shown at its first key
    assert spot(at(second, ("id",))) == (3, 9, 5)
    assert isinstance(at(root, ("accounts",)), List)


def test_a_path_that_leads_nowhere_ends_at_the_last_value_on_it() -> None:
    root = read("a: {b: 1}")
    assert at(root, ("a", "c", "d")) is at(root, ("a",))
    assert isinstance(at(root, ("a", "b", "x")), Scalar)


@pytest.mark.slow
def test_both_yaml_parsers_say_the_same_of_every_file() -> None:
    def outcome(path: Path, *, pure: bool) -> object:
        problems = Problems()
        try:
            node = read_document(text_of(str(path)), problems, pure=pure)
            problems.raise_if_any()
        except ScenarioErrors as errors:
            return str(errors)
        return None if node is None else plain(node)

    for path in FILES:
        assert outcome(path, pure=False) == outcome(path, pure=True), path.name


# --- refusals -----------------------------------------------------------------------------------------------


def test_all_faults_of_the_reader_are_told_at_once_in_file_order() -> None:
    text = "a: &x 1\nb: *x\na: 2\n[c]: 3\nd: !!int 4\n"
    lines = [line.split(":")[1] for line in told(text).splitlines() if line.startswith("f.yaml")]
    assert lines == ["1", "2", "3", "4", "5"]


def test_depth_is_bounded_without_recursion() -> None:
    deepest = "[" * DEPTH + "]" * DEPTH
    assert isinstance(read(deepest), List)
    assert "more than 32 levels" in told(f"[{deepest}]")
    assert "more than 32 levels" in told("[" * 100_000)
    assert "more than 32 levels" in told("[" * 1000, pure=True)


@pytest.mark.slow
@pytest.mark.parametrize("levels", [33, 1_001])
@pytest.mark.parametrize("opening", ["[", "[ ", "[\n ", "{a: ", "[a, ", "[ '[', "])
@pytest.mark.parametrize(
    ("before", "outside"),
    [
        ("", 0),
        ("a: ", 1),
        ("é𝔸:\n - 'b [[[': ", 3),
        ("[[c, 'd'], \"𝔸\", ", 1),
        ("{e: [g], h: ", 1),
        ("- i[[\n- # [[\n  ", 1),
        ("- |\n [[[\n- ", 1),
    ],
)
def test_depth_is_told_at_the_same_bracket_whatever_limit_a_parser_has(
    before: str, outside: int, opening: str, levels: int
) -> None:
    """A parser may refuse depth in its own words, and that before it has given out a single level."""
    text = before + opening * levels
    lines = (before + opening * (DEPTH - outside)).split("\n")
    said = told(text)
    assert said.startswith(
        f"f.yaml:{len(lines)}:{len(lines[-1]) + 1}: error: the values are nested more than 32 levels deep\n"
    )
    assert said == told(text, pure=True)


@pytest.mark.parametrize("levels", [33, 1_000, 5_000])
@pytest.mark.parametrize("opening", ["- ", "? "])
def test_depth_without_brackets(opening: str, levels: int) -> None:
    said = told(opening * levels)
    assert "more than 32 levels" in said
    assert said.splitlines()[-3:] == told(opening * levels, pure=True).splitlines()[-3:]


@pytest.mark.parametrize("text", ["'[", '"[', "a: '[", "[ '["])
def test_brackets_in_a_text_are_no_depth(text: str) -> None:
    """Not even where that text is faulty."""
    assert "error: this quote is never closed" in told(text + "[" * 500)
    assert "error: this quote is never closed" in told(text + "[" * 500, pure=True)


def test_a_bomb_of_aliases_is_refused_not_expanded() -> None:
    text = "a: &a [x, x]\n" + "".join(
        f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert told(text).count("error: aliases") == 14


def test_files_that_are_too_large_missing_or_folders_are_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (16 * 1024 * 1024 + 1))
    for path, words in (
        (large, "larger than 16 MB"),
        (tmp_path / "none.yaml", "no such file"),
        (tmp_path, "a folder"),
    ):
        with pytest.raises(ScenarioErrors, match=words):
            text_of(str(path))


def test_control_characters_are_escaped_where_they_are_shown() -> None:
    with pytest.raises(ScenarioErrors) as caught:
        decoded("a\x1b[31m.yaml", b"title: \x1b[31mred\n")
    shown = str(caught.value)
    assert "\x1b" not in shown
    assert shown.startswith("a\\x1b[31m.yaml:1:8: error: control character U+001B")
    assert " 1 | title: \\x1b[31mred\n   |        ^^^^" in shown


def test_carets_stand_under_the_culprit_behind_wide_characters() -> None:
    problems = Problems()
    root = read("{清算: 買い}")
    problems.add(at(root, ("清算",)), "wrong")
    with pytest.raises(ScenarioErrors) as caught:
        problems.raise_if_any()
    assert (
        format_problem(caught.value.problems[0])
        == "f.yaml:1:6: error: wrong\n 1 | {清算: 買い}\n   |        ^^^^"
    )


# --- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("60_000", "60000"),
        ("0.1", "0.1"),
        ("-3.25", "-3.25"),
        ("1e5", "1e5"),
        ("1.5E-3", "0.0015"),
        ("1e+2", "100"),
        ("0", "0"),
        ("-0", "0"),
        ("0.000", "0"),
        ("1234567890.12345678901234567890", "1234567890.12345678901234567890"),
        ("999999999999999999", "999999999999999999"),
        ("1e-18", "1e-18"),
        ("0e99", "0"),
        ("1_000.25", "1000.25"),
        ("+500", "500"),
        ("+1_000.5", "1000.5"),
        ("+0", "0"),
    ],
)
def test_numbers_are_exactly_what_is_written(text: str, value: str) -> None:
    assert number_of(text) == Decimal(value)
    assert not number_of(text).is_signed() or number_of(text) < 0


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " 1",
            "+-1",
            "+01",
            ".5",
            "5.",
            "010",
            "00",
            "-01",
            "1__0",
            "_1",
            "1_",
            "1_.5",
            "0x1F",
            "0o7",
            "1:30",
            "1,000",
            "1 000",
            "--1",
        ),
        *(
            "nan",
            "inf",
            ".inf",
            "Infinity",
            "1e",
            "e5",
            "1e1.5",
            "1e18",
            "-1e18",
            "1e-19",
            "1e99999999999",
            "1" * 31,
            "½",
            "١",
        ),
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(NumberError):
        number_of(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("010", "write 10"),
        ("1,000,000.5", "write 1_000_000.5"),
        ("5%", "write the price, the amount or the number itself: this is no rate"),
        ("-6 %", "write the price, the amount or the number itself: this is no rate"),
        ("10k", "write 10_000"),
        ("1.5M", "write 1_500_000"),
        ("$2mn", "write 2_000_000"),
        ("0.25 bn", "write 250_000_000"),
        (".5", "write 0.5"),
        ("nan", "numbers are finite"),
        ("abc", ""),
    ],
)
def test_common_slips_get_a_hint(text: str, hint: str) -> None:
    with pytest.raises(NumberError) as caught:
        number_of(text)
    assert caught.value.hint == hint


# --- tables -------------------------------------------------------------------------------------------------


def table(text: str) -> Table:
    return Table(Source("f.csv", text))


def test_columns_are_exact_numbers() -> None:
    problems = Problems()
    csv = table("ID,size\na,1.10\n\n b ,2e3\n")
    (chunk,) = csv.chunks(problems)
    assert csv.names == ["id", "size"]
    assert list(chunk.columns["id"]) == ["a", " b "]
    assert numbers_of(csv, chunk, "size", problems) == [Decimal("1.10"), Decimal(2000)]
    assert len(problems) == 0


def test_a_faulty_cell_is_found_behind_quotes_empty_lines_and_broken_lines() -> None:
    csv = table('id,size\n"a, ""x""",1\n\n"b\nc",2\nd,x\n')
    problems = Problems()
    (chunk,) = csv.chunks(problems)
    assert numbers_of(csv, chunk, "size", problems) is None
    with pytest.raises(ScenarioErrors) as caught:
        problems.raise_if_any()
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.length, problem.text) == (6, 3, 1, "d,x")


@pytest.mark.parametrize("cell", ["", "NaN", "1e18", " 1\n2", "1_", "٣"])
def test_the_fast_path_lets_nothing_through(cell: str) -> None:
    problems = Problems()
    csv = table(f'size\n"1"\n"{cell}"\n')
    (chunk,) = csv.chunks(problems)
    assert numbers_of(csv, chunk, "size", problems) is None
    assert len(problems) == 1


@pytest.mark.slow
def test_many_rows_come_in_chunks_and_keep_their_places() -> None:
    rows = 120_001
    csv = table("id,size\n" + "".join(f"a{i},{i}\n" for i in range(rows - 1)) + "last,oops\n")
    problems = Problems()
    chunks = list(csv.chunks(problems))
    assert len(chunks) > 2
    assert [chunk.first for chunk in chunks] == [
        sum(chunk.size for chunk in chunks[:i]) for i in range(len(chunks))
    ]
    assert sum(chunk.size for chunk in chunks) == rows
    assert numbers_of(csv, chunks[-1], "size", problems) is None
    with pytest.raises(ScenarioErrors, match=f"f.csv:{rows + 1}:6: error"):
        problems.raise_if_any()
