"""Words that no link may have, and what becomes of them in the programs and parsers that read our texts."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import tree_sitter
import tree_sitter_powershell

from packllama.digest import Digest
from packllama.links.link import FOLDER, Link
from packllama.links.listing import Listing, RepositoryLinks

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


def check_script(script: str, text: str, *, shell: str, program: str, folder: Path) -> None:
    """A program of that name writes down its words, and fetches nothing; nothing else was run."""
    stand_in = folder / "bin" / program
    stand_in.parent.mkdir(parents=True)
    stand_in.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" >'{folder}/words'\n")
    stand_in.chmod(0o755)
    (folder / "FILE").write_text(script)
    path = f"{stand_in.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run([shell, "FILE"], cwd=folder, env={"PATH": path}, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    words = (folder / "words").read_text().split("\0")
    assert words[-3:-1] == [f"{FOLDER}/blobs/{text}.part", f"https://h/{text}"]
    assert sorted(path.name for path in folder.iterdir()) == ["FILE", "bin", FOLDER, "words"]


def check_powershell(script: str, text: str, *, harmless: str) -> None:
    """Whatever a word is, the script has the same commands as the harmless one, and the word is one plain string."""
    root = powershell(script)
    assert not root.has_error
    assert [node.type for node in nodes(root)] == [node.type for node in nodes(powershell(harmless))]
    words = [
        node.text.decode()[1:-1] for node in nodes(root) if node.type == "verbatim_string_characters" and node.text
    ]
    for quote in "'‘’‚‛":
        words = [word.replace(quote * 2, quote) for word in words]
    assert {f"{FOLDER}/blobs/{text}", f"https://h/{text}"} <= set(words)


def check_metalink(document: str, text: str) -> None:
    root = ElementTree.fromstring(document)
    (file,) = root.findall(f"{METALINK}file")
    assert file.get("name") == f"{FOLDER}/blobs/{text}"
    assert file.findtext(f"{METALINK}url") == f"https://h/{text}"
    assert len(list(root.iter())) == 6


def powershell(text: str) -> tree_sitter.Node:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    return parser.parse(text.encode()).root_node


def nodes(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.children:
        yield from nodes(child)
