"""``packllama rm``."""

from pathlib import Path

import pytest

from packllama.manifest import LayerKind
from tests.unit.cli.conftest import Run
from tests.unit.stores import put_manifest, put_model, snapshot


def test_removing(run: Run, store: Path) -> None:
    put_model(store, "a", (LayerKind.SYSTEM, b"x" * 2000))
    put_model(store, "b")
    done = run("rm", "A", "b")
    assert (done.status, done.out) == (0, "deleted 'A'\ndeleted 'b'\n")
    assert done.err == "freed 2 KB\nfreed 215 B\n"
    assert sorted(snapshot(store, without=".packllama")) == ["blobs", "manifests"]


def test_quiet(run: Run, store: Path) -> None:
    put_model(store, "a")
    assert run("-q", "rm", "a").err == ""


def test_a_dry_run(run: Run, store: Path) -> None:
    put_model(store, "a")
    before = snapshot(store)
    done = run("rm", "--dry-run", "a")
    assert (done.status, done.out, done.err) == (0, "would delete 'a'\n", "would free 215 B\n")
    assert snapshot(store) == before


def test_the_first_unknown_name_ends_it(run: Run, store: Path) -> None:
    for name in ("a", "b"):
        put_model(store, name)
    done = run("rm", "a", "x", "b")
    assert (done.status, done.out) == (3, "deleted 'a'\n")
    assert "Error: model 'x:latest' not found" in done.err
    assert (store / "manifests/registry.ollama.ai/library/b/latest").exists()


def test_names_are_checked_before_anything_is_removed(run: Run, store: Path) -> None:
    put_model(store, "a")
    before = snapshot(store)
    assert run("rm", "a", "../../etc").status == 4
    assert snapshot(store) == before


def test_what_stays_and_why(run: Run, store: Path) -> None:
    put_model(store, "a")
    put_manifest(store, "b", b"{\x1b[31m")
    done = run("rm", "a")
    assert (done.status, done.out) == (0, "deleted 'a'\n")
    assert done.err.startswith("its data stays in the store: ")
    assert "/b/latest" in done.err
    assert "\x1b" not in done.err


def test_json(run: Run, store: Path) -> None:
    put_model(store, "a")
    assert run("rm", "--json", "a").document == {
        "packllama": 1,
        "dry_run": False,
        "removed": [{"name": "a", "freed": 215, "kept_because": ""}],
    }


@pytest.mark.parametrize("words", [["rm"], ["rm", "--all"]])
def test_usage(run: Run, store: Path, words: list[str]) -> None:
    store.mkdir()
    assert run(*words).status == 2
