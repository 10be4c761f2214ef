"""The texts in the parsers of those who read them, with words that no link may have, as if one had come through."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tree_sitter
import tree_sitter_powershell

from packllama.digest import Digest
from packllama.links.formats import Format, write
from packllama.links.link import FOLDER, Link
from packllama.links.listing import Listing, RepositoryLinks
from tests.unit.links.cases import CASES, Case

METALINK = "{urn:ietf:params:xml:ns:metalink}"
DIGEST = Digest("a" * 64)
HOSTILE = [
    "$(touch canary)", "`touch canary`", "'; touch canary; '", '"; touch canary; "', "a\ntouch canary\n#",
    "a && touch canary", "a | touch canary", "%PATH%", "$HOME", "back\\slash", "a’; touch canary; ‘b",
    "<x>&amp;]]>--></url>", "a*?[b]{c,d}!e", "~",
]  # fmt: skip


def unchecked(text: str) -> Listing:
    """A link that could not be made."""
    link = object.__new__(Link)
    values = {"what": text, "urls": (f"https://h/{text}",), "path": f"blobs/{text}", "size": 5, "digest": DIGEST}
    for name, value in {**values, "target": None}.items():
        object.__setattr__(link, name, value)
    return Listing((), (RepositoryLinks("hf.co/me/m", (link,)),))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(("form", "program"), [(Format.CURL, "curl"), (Format.WGET, "wget")])
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shells(shell: str, form: Format, program: str, text: str, tmp_path: Path) -> None:
    """A program of that name writes down its words; nothing else was run."""
    stand_in = tmp_path / "bin" / program
    stand_in.parent.mkdir()
    stand_in.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" >'{tmp_path}/words'\n")
    stand_in.chmod(0o755)
    (tmp_path / "FILE").write_text(write(unchecked(text), form))
    path = f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run([shell, "FILE"], cwd=tmp_path, env={"PATH": path}, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    words = (tmp_path / "words").read_text().split("\0")
    assert words[-3:-1] == [f"{FOLDER}/blobs/{text}.part", f"https://h/{text}"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["FILE", "bin", FOLDER, "words"]


def nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def powershell(text: str) -> tree_sitter.Node:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    return parser.parse(text.encode()).root_node


@pytest.mark.parametrize("case", CASES, ids=str)
def test_powershell_parses(case: Case) -> None:
    text = write(case.listing(), Format.POWERSHELL)
    assert not [node for node in nodes(powershell(text)) if node.is_error or node.is_missing]


def test_the_parser_finds_what_is_wrong() -> None:
    assert powershell("if (-not (Get-Whole 'a' { $right").has_error


@pytest.mark.parametrize("text", HOSTILE)
def test_powershell(text: str) -> None:
    """Whatever a word is, the script has the same commands, and it is one plain string."""
    root, harmless = (powershell(write(unchecked(word), Format.POWERSHELL)) for word in (text, "x"))
    assert not root.has_error
    assert [node.type for node in nodes(root)] == [node.type for node in nodes(harmless)]
    words = [
        node.text.decode()[1:-1] for node in nodes(root) if node.type == "verbatim_string_characters" and node.text
    ]
    for quote in "'‘’‚‛":
        words = [word.replace(quote * 2, quote) for word in words]
    assert {f"{FOLDER}/blobs/{text}", f"https://h/{text}"} <= set(words)


@pytest.mark.parametrize("text", HOSTILE)
def test_metalink_with_hostile_words(text: str) -> None:
    root = ElementTree.fromstring(write(unchecked(text), Format.METALINK))
    (file,) = root.findall(f"{METALINK}file")
    assert file.get("name") == f"{FOLDER}/blobs/{text}"
    assert file.findtext(f"{METALINK}url") == f"https://h/{text}"
    assert len(list(root.iter())) == 6


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
