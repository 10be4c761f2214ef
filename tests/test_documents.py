"""The documents for people: two languages that say the same, links that lead somewhere, verbs that exist."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from packllama.cli.main import ALIASES, VERBS
from tests.program import environment
from tests.unit.stores import put_model

ROOT = Path(__file__).parent.parent
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
CARRYING = ROOT / "docs" / "carry.md"
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

FENCED = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^(?P<level>#+) (?P<text>.+)$", re.MULTILINE)
VERB = re.compile(r"(?<![\w./'\"-])packllama(?: --json| -q| --store \S+)* (?P<verb>[a-z]+)")


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path) -> list[str]:
    return [match.group() for match in FENCED.finditer(read(path))]


def code(path: Path) -> Iterator[str]:
    """Everything that is set as code, in blocks and in lines."""
    yield from (match["text"] for match in FENCED.finditer(read(path)))
    yield from INLINE.findall(FENCED.sub("", read(path)))


def verbs(path: Path) -> set[str]:
    return {match["verb"] for text in code(path) for match in VERB.finditer(text)}


def headings(path: Path) -> list[re.Match[str]]:
    return list(HEADING.finditer(FENCED.sub("", read(path))))


def anchors(path: Path) -> set[str]:
    """The names that GitHub gives to headings."""
    texts = (match["text"].lower() for match in headings(path))
    return {re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in texts}


def test_both_readmes_have_the_same_code() -> None:
    assert len(blocks(README)) > 5
    assert blocks(CHINESE) == blocks(README)


def test_both_readmes_have_the_same_parts_and_links() -> None:
    assert [match["level"] for match in headings(CHINESE)] == [match["level"] for match in headings(README)]
    ours, theirs = ({match["target"] for match in LINK.finditer(read(path))} for path in (README, CHINESE))
    pictured = {target.replace(".en.png", ".zh.png") for target in ours}
    assert pictured - {CHINESE.name} == theirs - {README.name}


@pytest.mark.parametrize(("path", "other"), [(README, CHINESE), (CHINESE, README)], ids=["English", "Chinese"])
def test_each_readme_leads_to_the_other_at_its_top(path: Path, other: Path) -> None:
    assert f"]({other.name})" in "\n".join(read(path).splitlines()[:5])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links(path: Path) -> None:
    for match in LINK.finditer(FENCED.sub("", read(path))):
        target, _, anchor = match["target"].partition("#")
        if "://" in target:
            continue
        found = path.parent / target if target else path
        assert found.exists(), match.group()
        assert not anchor or anchor in anchors(found), match.group()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_verbs_exist(path: Path) -> None:
    assert verbs(path) <= VERBS.keys() | ALIASES.keys()


@pytest.mark.parametrize("path", [README, CHINESE], ids=lambda path: path.name)
def test_every_verb_is_shown(path: Path) -> None:
    assert verbs(path) >= VERBS.keys()
    assert ALIASES.keys() <= set(INLINE.findall(read(path)))


def test_carrying_by_hand(tmp_path: Path, need_program: Callable[[str, str], str]) -> None:
    """The lines that are shown, on one machine and on another."""
    need_program("tar", "tar")
    packing, unpacking = [match["text"] for match in FENCED.finditer(read(CARRYING)) if "gemma3.tar" in match["text"]]
    here, there = tmp_path / "here", tmp_path / "there"
    put_model(here / ".ollama" / "models", "gemma3")
    there.mkdir()
    assert "all right" not in _sh(packing, cwd=tmp_path, home=here)
    assert _sh(unpacking, cwd=tmp_path, home=there).endswith(" read: all right\n")


def _sh(lines: str, *, cwd: Path, home: Path) -> str:
    program = f'packllama() {{ {shlex.quote(sys.executable)} -m packllama "$@"; }}; set -eu -o pipefail; '
    variables = environment(home, {"PACKLLAMA_STORE": None})
    command = ["bash", "-c", program + lines]
    return subprocess.run(command, cwd=cwd, env=variables, stdout=subprocess.PIPE, text=True, check=True).stdout
