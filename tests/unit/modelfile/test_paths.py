"""Paths in a Modelfile, made absolute."""

import os
from pathlib import Path

import pytest

from packllama.base.errors import ModelfileError
from packllama.modelfile import expand_path, user_home

HOMES = {"": Path("/home/me"), "ann": Path("/home/ann")}
pytestmark = pytest.mark.skipif(os.name == "nt", reason="written with POSIX paths")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("m.gguf", "/models/x/m.gguf"),
        ("./m.gguf", "/models/x/m.gguf"),
        ("../m.gguf", "/models/m.gguf"),
        ("../../../../m", "/m"),
        ("a//b/./c/..", "/models/x/a/b"),
        ("", "/models/x"),
        (".", "/models/x"),
        ("/a/../b", "/b"),
        ("//a", "/a"),
        ("~", "/home/me"),
        ("~/m", "/home/me/m"),
        ("~//m", "/home/me/m"),
        ("~/../x", "/home/x"),
        ("~ann", "/home/ann"),
        ("~ann/m", "/home/ann/m"),
        ("a~", "/models/x/a~"),
        ("./~ann", "/models/x/~ann"),
        ("$HOME/m", "/models/x/$HOME/m"),
        ("*.gguf", "/models/x/*.gguf"),
        ("a b", "/models/x/a b"),
    ],
)
def test_expands(text: str, path: str) -> None:
    assert expand_path(text, base=Path("/models/x"), home=HOMES.get) == Path(path)


def test_a_leading_backslash_leaves_the_base_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert expand_path("\\m", base=Path("/models"), home=HOMES.get) == tmp_path / "\\m"


def test_an_unknown_user_has_no_home() -> None:
    with pytest.raises(ModelfileError, match="failed to find user 'bob': user: unknown user bob"):
        expand_path("~bob/m", base=Path("/models"), home=HOMES.get)


def test_links_stay(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/usr")
    assert expand_path("link/x", base=tmp_path) == tmp_path / "link" / "x"


def test_homes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_home("") == tmp_path
    assert user_home("no-such-user-here") is None
