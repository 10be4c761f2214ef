"""Shell completion of models' names, asked for as shells ask."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.program import called, environment
from tests.unit.stores import put_model

NAMES = ("gemma3", "gemma3:12b", "gemma3:1b", "tiny", "me/x:Q4", "localhost:5000/me/m")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        put_model(tmp_path / "store", name)
    return tmp_path


def ask(folder: Path, *words: str, shell: str = "bash", **more: str) -> list[str]:
    """What is offered for the last word. Nothing but that is printed, and the status is 0."""
    asked = {"_PACKLLAMA_COMPLETE": f"{shell}_complete", "COMP_WORDS": "\n".join(words)}
    asked["COMP_CWORD"] = words[-1] if shell == "fish" else str(len(words) - 1)
    done = called(cwd=folder, env={**asked, **more})
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize("verb", ["run", "show", "rm", "cp", "verify", "check", "files", "create"])
def test_every_verb_that_takes_a_name(verb: str, folder: Path) -> None:
    assert ask(folder, "packllama", verb, "ti") == ["plain,tiny"]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("show", "gem"), ["gemma3", "gemma3:12b", "gemma3:1b"]),
        (("show", "GEM"), ["gemma3", "gemma3:12b", "gemma3:1b"]),
        (("show", "gemma3:l"), ["gemma3:latest"]),
        (("show", "gemma3:1"), ["gemma3:12b", "gemma3:1b"]),
        (("show", "localhost:5"), ["localhost:5000/me/m:latest"]),
        (("show", "localhost:5000/"), ["localhost:5000/me/m"]),
        (("show", "me/"), ["me/x:Q4"]),
        (("show", "nope"), []),
        (("show", "tiny", ""), []),
        (("run", "tiny", "ti"), []),
        (("cp", "tiny", "me"), ["me/x:Q4"]),
        (("rm", "tiny", "gemma3:12b", "me"), ["me/x:Q4"]),
        (("show", "--json", "ti"), ["tiny"]),
        (("-q", "show", "ti"), ["tiny"]),
    ],
)
def test_names(words: tuple[str, ...], offered: list[str], folder: Path) -> None:
    assert ask(folder, "packllama", *words, shell="fish") == [f"plain,{name}" for name in offered]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("show", "gemma3", ":"), ["12b", "1b", "latest"]),
        (("show", "gemma3", ":", "1"), ["12b", "1b"]),
        (("show", "gemma3:1"), ["gemma3:12b", "gemma3:1b"]),
        (("rm", "gemma3", ":", "1b", "ti"), ["tiny"]),
        (("show", "localhost", ":", "5000/me/m", ":"), ["latest"]),
        (("--store", "=", "store", "show", "ti"), ["tiny"]),
    ],
)
def test_words_that_bash_has_split(words: tuple[str, ...], offered: list[str], folder: Path) -> None:
    assert ask(folder, "packllama", *words) == [f"plain,{name}" for name in offered]


@pytest.mark.parametrize("words", [("--store", "other", "show", "o"), ("show", "--store", "other", "o")])
def test_the_store_that_was_named(words: tuple[str, ...], folder: Path) -> None:
    put_model(folder / "other", "other")
    assert ask(folder, "packllama", *words) == ["plain,other"]


def _no_folder(store: Path) -> None:
    store.write_text("")


def _manifests_is_a_file(store: Path) -> None:
    store.mkdir()
    (store / "manifests").write_text("")


def _link_to_nowhere(store: Path) -> None:
    store.mkdir()
    (store / "manifests").symlink_to("nowhere")


@pytest.mark.parametrize(
    "spoil", [None, _no_folder, _manifests_is_a_file, _link_to_nowhere], ids=["missing", "file", "no manifests", "link"]
)
def test_a_store_that_cannot_be_read(spoil: Callable[[Path], None] | None, tmp_path: Path) -> None:
    if spoil:
        spoil(tmp_path / "store")
    assert ask(tmp_path, "packllama", "show", "ti") == []


def test_no_home(tmp_path: Path) -> None:
    assert ask(tmp_path, "packllama", "show", "ti", HOME="", PACKLLAMA_STORE="") == []


def test_a_model_that_is_damaged_is_offered(folder: Path) -> None:
    put_model(folder / "store", "hurt").write_text("no manifest")
    assert ask(folder, "packllama", "rm", "hu") == ["plain,hurt"]


def test_verbs(folder: Path) -> None:
    assert ask(folder, "packllama", "s") == ["plain,show"]


@pytest.mark.parametrize(
    ("words", "offered"), [("packllama show ti", "tiny"), ("packllama show gemma3 : 12", "12b")], ids=["plain", "colon"]
)
def test_in_bash(words: str, offered: str, folder: Path, need_program: Callable[[str, str], str]) -> None:
    """The function that the script defines, in a real bash."""
    program = folder / "packllama"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m packllama "$@"\n')
    program.chmod(0o755)
    script = f"""
        eval "$(_PACKLLAMA_COMPLETE=bash_source packllama)"
        COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _packllama_completion packllama; printf '%s\\n' "${{COMPREPLY[@]}}" """
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [need_program("bash", "bash"), "-c", script],
        cwd=folder,
        env=environment(folder, {"PATH": path}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (f"{offered}\n", "")
