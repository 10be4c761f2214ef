"""The texts in the parsers of those who read them, with words that no link may have, as if one had come through."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from packllama.links.formats import Format, write
from tests.unit.links.cases import CASES, Case
from tests.unit.links.hostile import (
    HOSTILE,
    METALINK,
    check_metalink,
    check_powershell,
    check_script,
    nodes,
    powershell,
    unchecked,
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(("form", "program"), [(Format.CURL, "curl"), (Format.WGET, "wget")])
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shells(shell: str, form: Format, program: str, text: str, tmp_path: Path) -> None:
    check_script(write(unchecked(text), form), text, shell=shell, program=program, folder=tmp_path)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_powershell_parses(case: Case) -> None:
    text = write(case.listing(), Format.POWERSHELL)
    assert not [node for node in nodes(powershell(text)) if node.is_error or node.is_missing]


def test_the_parser_finds_what_is_wrong() -> None:
    assert powershell("if (-not (Get-Whole 'a' { $right").has_error


@pytest.mark.parametrize("text", HOSTILE)
def test_powershell(text: str) -> None:
    harmless = write(unchecked("x"), Format.POWERSHELL)
    check_powershell(write(unchecked(text), Format.POWERSHELL), text, harmless=harmless)


@pytest.mark.parametrize("text", HOSTILE)
def test_metalink_with_hostile_words(text: str) -> None:
    check_metalink(write(unchecked(text), Format.METALINK), text)


# What RFC 5854 says of the elements that we write: those inside, how often, and their attributes.
GRAMMAR = {
    "metalink": ({"generator": (0, 1), "file": (1, None)}, set()),
    "generator": ({}, set()),
    "file": ({"size": (0, 1), "hash": (0, None), "url": (1, None)}, {"name"}),
    "size": ({}, set()),
    "hash": ({}, {"type"}),
    "url": ({}, {"priority"}),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_metalink(case: Case) -> None:
    listing = case.listing()
    root = ElementTree.fromstring(write(listing, Format.METALINK))
    for element in root.iter():
        children, attributes = GRAMMAR[element.tag.removeprefix(METALINK)]
        assert set(element.keys()) == attributes
        assert {child.tag.removeprefix(METALINK) for child in element} <= set(children)
        for name, (least, most) in children.items():
            assert least <= len(element.findall(METALINK + name)) <= (most or 10_000)
    files = root.findall(f"{METALINK}file")
    assert [file.get("name") for file in files] == [link.saved for link in listing.links]
    for file, link in zip(files, listing.links, strict=True):
        assert ".." not in (file.get("name") or "").split("/")
        assert [url.text for url in file.findall(f"{METALINK}url")] == list(link.urls)
        assert [url.get("priority") for url in file.findall(f"{METALINK}url")] == [
            str(number) for number in range(1, len(link.urls) + 1)
        ]
        assert [(found.get("type"), found.text) for found in file.findall(f"{METALINK}hash")] == (
            [("sha-256", link.digest.hex)] if link.digest else []
        )
