"""``packllama rm`` from outside."""

import json
from pathlib import Path

import pytest

from tests.program import called, snapshot
from tests.unit.stores import put_model


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for name in ("a", "a:8b", "b", "b:local", "far:20b-cloud"):
        put_model(tmp_path / "store", name)
    return tmp_path / "store"


def names(store: Path) -> list[str]:
    tags = store / "manifests" / "registry.ollama.ai" / "library"
    return sorted(f"{path.parent.name}:{path.name}" for path in tags.glob("*/*"))


@pytest.mark.parametrize(
    ("typed", "gone"),
    [("a", "a:latest"), ("A:8B", "a:8b"), ("b:local", "b:local"), ("far:20b:cloud", "far:20b-cloud")],
)
def test_what_is_named_goes(typed: str, gone: str, store: Path, tmp_path: Path) -> None:
    before = names(store)
    done = called("rm", typed, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"deleted '{typed}'\n")
    assert set(before) - set(names(store)) == {gone}


@pytest.mark.parametrize(
    ("typed", "status", "message"),
    [
        ("a:local", 4, "model 'a:local' not found; Ollama would remove 'a' instead"),
        ("a:8b:local", 4, "model 'a:8b:local' not found; Ollama would remove 'a:8b' instead"),
        ("a:cloud", 3, "model 'a:cloud' not found"),
        ("a:8b-cloud", 3, "model 'a:8b-cloud' not found"),
        ("nope", 3, "model 'nope:latest' not found"),
        ("a b", 4, "invalid model name: a b"),
    ],
)
def test_nothing_else_goes(typed: str, status: int, message: str, store: Path, tmp_path: Path) -> None:
    before = snapshot(store)
    done = called("rm", typed, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert message in done.stderr
    assert snapshot(store) == before


def test_a_text_that_is_no_name_stops_before_anything_is_removed(store: Path, tmp_path: Path) -> None:
    before = snapshot(store)
    for wrong in ("b c", "a:local"):
        assert called("rm", "a", wrong, cwd=tmp_path).returncode == 4
    assert snapshot(store) == before


def test_as_a_document(store: Path, tmp_path: Path) -> None:
    before = snapshot(store)
    document = json.loads(called("rm", "--dry-run", "--json", "a", cwd=tmp_path).stdout)
    assert document["removed"] == [{"name": "a", "freed": 0, "kept_because": ""}]
    assert snapshot(store) == before


def test_json_tells_what_went_before_an_error(store: Path, tmp_path: Path) -> None:
    done = called("rm", "--json", "a", "nope", "b", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert done.returncode == 3
    assert [item["name"] for item in document["removed"]] == ["a"]
    assert document["error"]["message"] == "model 'nope:latest' not found"
    assert "a:latest" not in names(store)
    assert "b:latest" in names(store)
