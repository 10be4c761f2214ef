"""What we write for other programs to read has exactly the words that were meant.

Scripts of links are tested in ``tests/unit/links/test_texts.py``: in real shells, and in parsers of PowerShell and XML.
"""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from packllama.digest import Digest
from tests.threats.refusal import Program, Scene
from tests.unit.stores import TINY_GGUF

HOSTILE = [
    "$(touch canary)", "`touch canary`", "'; touch canary; '", '"; touch canary; "', "a\ntouch canary\n#",
    "a && touch canary", "a | touch canary", "-rf", "--reference=x", "%PATH%", "$HOME", "back\\slash", "a*?[b]{c,d}!e",
    "~", "a b  c", "a\ttab", "new\nline", "#hash", "\\", "'", '"', "''", '"""', "ä\u202e", "{{ .Prompt }}", "$IFS",
    "x;y", ">x", "<x", "&",
]  # fmt: skip


@pytest.fixture(params=HOSTILE, ids=ascii)
def odd(request: pytest.FixtureRequest, tmp_path: Path, program: Program) -> Scene:
    """A scene whose folder has such a name, so that every path in it does."""
    return Scene.make(tmp_path / f"odd{request.param}", program)


def words_of(line: str, folder: Path) -> list[str]:
    """What a shell makes of a line, whose program is one of ours that writes down its words."""
    stand_ins = folder / "stand-ins"
    stand_ins.mkdir(exist_ok=True)
    for name in ("rm", "mv", "cp", "chmod", "chown", "sudo", "packllama"):
        (stand_ins / name).write_text(f"#!/bin/sh\nprintf '%s\\0' {name} \"$@\"\n")
        (stand_ins / name).chmod(0o755)
    path = f"{stand_ins}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", line], cwd=folder, env={"PATH": path}, capture_output=True, check=False)
    assert not (folder / "canary").exists()
    return done.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]


CURE = re.compile(r"(?<![\w/])(?:sudo )?(?:rm|mv|cp|chmod|chown|packllama) .*", re.DOTALL)


def cures(document: Mapping[str, object]) -> list[str]:
    findings = document["findings"]
    assert isinstance(findings, list)
    return [match.group() for finding in findings if (match := CURE.search(finding["hint"]))]


def test_the_cures_of_verify(odd: Scene, tmp_path: Path) -> None:
    """For strays of every kind, in a store at such a place, they name the very file."""
    name = odd.folder.parents[1].name
    stray = odd.store / "blobs" / f"stray{name.replace('/', '')}"
    stray.write_bytes(b"stray")
    moved = odd.store / "blobs" / f"sha256:{Digest.of(b'moved').hex}"
    moved.write_bytes(b"moved")
    (odd.store / "manifests" / "dangling").symlink_to("nowhere")
    (odd.store / "manifests/registry.ollama.ai/library/here/link").symlink_to("nowhere")
    found = cures(json.loads(odd.run("--json", "verify").out))
    assert len(found) >= 2
    seen = [words_of(line.rpartition(". ")[0] or line, tmp_path) for line in found]
    assert str(moved) in [word for words in seen for word in words]
    for words in seen:
        named = [word for word in words[1:] if str(odd.store) in word]
        assert all(os.path.lexists(word) or Path(word).parent.exists() for word in named), words


def test_paths_for_other_programs(odd: Scene) -> None:
    """``files -0 --absolute`` into ``xargs -0``: each path is one word."""
    done = odd.run("files", "-0", "--absolute", "here")
    out = done.out.encode("utf-8", "surrogateescape")
    command = ["xargs", "-0", "sha256sum", "-z", "--"]
    sums = subprocess.run(command, input=out, capture_output=True, check=True).stdout.decode("utf-8", "surrogateescape")
    assert [line.split("  ", 1)[1] for line in sums.split("\0")[:-1]] == done.out.split("\0")[:-1]
    assert f"{Digest.of(TINY_GGUF).hex}  " in sums


def test_what_init_says_comes_next(odd: Scene, tmp_path: Path) -> None:
    (odd.folder / "model.gguf").write_bytes(TINY_GGUF)
    done = odd.run("init", "model.gguf", "-o", str(odd.folder / "Made"))
    assert done.status == 0
    line = done.err.partition("next: ")[2].rstrip("\n")
    if "\\x" not in line and "\\u" not in line:  # what is shown escaped is for reading, not for a shell
        assert words_of(line, tmp_path) == ["packllama", "create", "NAME", "-f", str(odd.folder / "Made")]
    assert shlex.split(line)[:2] == ["packllama", "create"]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_modelfile_that_we_write_builds_the_same_model(text: str, scene: Scene) -> None:
    (scene.folder / "model.gguf").write_bytes(TINY_GGUF)
    quoted = f'"""{text}"""' if '"' not in text else text
    lines = [f"{word} {quoted}" for word in ("SYSTEM", "LICENSE", "PARAMETER stop", "MESSAGE user")]
    (scene.folder / "M").write_text("\n".join(["FROM ./model.gguf", "TEMPLATE {{ .Prompt }}", *lines, ""]))
    assert scene.run("create", "m", "-f", "M").status == 0
    written = scene.run("show", "--modelfile", "m").out
    (scene.folder / "again").write_text(written)
    assert scene.run("create", "again", "-f", "again").status == 0
    assert layers_of(scene, "again") == layers_of(scene, "m")
    assert not (scene.folder / "canary").exists()


def layers_of(scene: Scene, name: str) -> list[object]:
    """In any order."""
    raw = (scene.store / f"manifests/registry.ollama.ai/library/{name}/latest").read_bytes()
    return sorted(json.loads(raw)["layers"], key=str)
