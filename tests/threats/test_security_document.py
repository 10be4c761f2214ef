"""SECURITY.md has a part for each threat, and the tests that it names are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
PARTS = re.findall(r"^## T(\d+)\. (?:.+)\n((?:(?!^## ).*\n)*)", TEXT, re.MULTILINE)
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.\w+)`", TEXT)))


def test_each_threat_has_a_part() -> None:
    assert [int(number) for number, _ in PARTS] == list(range(1, 17))


@pytest.mark.parametrize(("number", "text"), PARTS, ids=lambda value: value if value.isdigit() else "")
def test_each_part_names_a_test(number: str, text: str) -> None:
    assert "`tests/" in text, number


@pytest.mark.parametrize("path", NAMED)
def test_each_test_that_is_named_is_there(path: str) -> None:
    assert (ROOT / path).is_file()
    assert path in {"tests/threats/refusal.py", "tests/threats/hostile_names.txt"} or "def test_" in (
        ROOT / path
    ).read_text(encoding="utf-8")


def test_each_module_here_is_named() -> None:
    modules = {f"tests/threats/{path.name}" for path in Path(__file__).parent.glob("test_t*.py")}
    assert modules <= set(NAMED)
