"""Which models there are, by their manifests."""

import os
from pathlib import Path

import pytest

from packllama.base.errors import BadInput
from packllama.places.loose import Downloads, look, sheets
from tests.unit.places.loose.downloading import OTHER_WEIGHTS, manifest, put

STORE = "manifests/registry.ollama.ai/library"
LINK = b"https://registry.ollama.ai/v2/library/gemma3/manifests/12b"


def names(found: Downloads) -> list[str | None]:
    return [sheet.name.short if sheet.name else None for sheet in found.papers.sheets]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"manifest": manifest()}, [None]),
        ({"gemma3:12b": manifest()}, ["gemma3:12b"]),
        ({f"{STORE}/gemma3:12b": manifest()}, ["gemma3:12b"]),
        ({"manifest": manifest(), "manifest (1)": manifest()}, [None]),
        ({"manifest": manifest(), f"{STORE}/a/b": manifest()}, ["a:b"]),
        ({f"{STORE}/a/b": manifest(), f"{STORE}/c/d": manifest()}, ["a:b", "c:d"]),
        ({"x/gemma3:12b": manifest(), "y/gemma3:12b": manifest()}, ["gemma3:12b"]),
        ({"manifest": manifest(), "manifest:Zone.Identifier": b"HostUrl=" + LINK}, ["gemma3:12b"]),
        ({"b:c": manifest(), "b:c:Zone.Identifier": b"HostUrl=" + LINK}, ["gemma3:12b"]),
        ({f"{STORE}/b/c": manifest(), f"{STORE}/b/c:Zone.Identifier": b"HostUrl=" + LINK}, ["b:c"]),
    ],
)
def test_names(tmp_path: Path, files: dict[str, bytes], expected: list[str | None]) -> None:
    assert names(look([put(tmp_path, files)])) == expected


def test_the_link_that_a_program_noted(tmp_path: Path) -> None:
    put(tmp_path, {"12b": manifest()})
    os.setxattr(tmp_path / "12b", "user.xdg.origin.url", LINK)
    assert names(look([tmp_path])) == ["gemma3:12b"]


def test_two_that_differ(tmp_path: Path) -> None:
    put(tmp_path, {"x/Gemma3:12b": manifest(), "y/gemma3:12b": manifest(OTHER_WEIGHTS), "z/a:b": manifest()})
    found = look([tmp_path])
    assert names(found) == ["a:b"]
    (error,) = found.papers.refused
    assert error.where == str(tmp_path / "x/Gemma3:12b")
    assert str(tmp_path / "y/gemma3:12b") in error.message


@pytest.mark.parametrize(
    ("files", "odd"),
    [
        ({"manifest": b"<html>"}, True),
        ({"index.html": b"<html>"}, False),
        ({"12b": b"<html>"}, True),
        ({"page.htm": b"<html>", "page.htm:Zone.Identifier": b"HostUrl=" + LINK}, True),
        ({"sha256_" + "a" * 64: b""}, True),
        ({"__init__.py": b""}, False),
        ({"x.json": b'{"errors":[{"code":"DENIED"}]}'}, True),
        ({f"{STORE}/a/b": b""}, True),
    ],
)
def test_what_is_worth_a_word(tmp_path: Path, files: dict[str, bytes], odd: bool) -> None:
    assert bool(look([put(tmp_path, files)]).papers.oddities) == odd


@pytest.mark.parametrize("data", [b"", b'{"schemaVersion":2,', b'{"layers":[]}', b"text", bytes(5 << 20)])
def test_what_should_be_a_manifest(tmp_path: Path, data: bytes) -> None:
    (oddity,) = look([put(tmp_path, {f"{STORE}/a/b": data})]).papers.oddities.values()
    assert oddity.surely


def test_more_than_memory_should_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "_MOST_BYTES", 1000)
    with pytest.raises(BadInput, match="bytes of manifests"):
        look([put(tmp_path, {f"m:{number}": manifest() for number in range(9)})])
