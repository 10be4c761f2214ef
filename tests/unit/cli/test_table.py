"""Columns as Ollama prints them."""

import pytest

from packllama.cli.table import padded_rows, titled_table


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([], []),
        ([["a"]], ["a    "]),
        ([["a", "b"], ["ccc", "d"]], ["a      b    ", "ccc    d    "]),
        ([["a", "b"], ["ccc"]], ["a      b    ", "ccc    "]),
        ([["世界", "x"], ["abc", "y"]], ["世界    x    ", "abc     y    "]),
        ([["e\u0301", "x"], ["ab", "y"]], ["e\u0301     x    ", "ab    y    "]),
        ([["", ""]], ["        "]),
    ],
)
def test_rows(rows: list[list[str]], lines: list[str]) -> None:
    assert padded_rows(rows) == lines


def test_an_empty_table() -> None:
    assert titled_table(("NAME", "ID", "SIZE", "MODIFIED"), []) == ["NAME    ID    SIZE    MODIFIED "]


def test_a_title_row() -> None:
    assert titled_table(("NAME", "ID"), [("longer", "x"), ("b", "123456")]) == [
        "NAME      ID     ",
        "longer    x         ",
        "b         123456    ",
    ]
