"""``packllama cp`` from outside."""

import json
from pathlib import Path

import pytest

from packllama.manifest import LayerKind
from tests.faults.checker import check
from tests.program import called
from tests.unit.stores import put_manifest, put_model, snapshot


@pytest.fixture
def store(tmp_path: Path) -> Path:
    put_model(tmp_path / "store", "a", (LayerKind.SYSTEM, b"Be brief."))
    return tmp_path / "store"


@pytest.mark.parametrize("typed", [("a", "b"), ("A:latest", "Me/New:Q8_0")])
def test_what_it_says(typed: tuple[str, str], store: Path, tmp_path: Path) -> None:
    done = called("cp", *typed, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"copied '{typed[0]}' to '{typed[1]}'\n", "")
    assert called("show", "--system", typed[1], cwd=tmp_path).stdout == "Be brief."
    assert check(str(store)) == []


def test_onto_itself(store: Path, tmp_path: Path) -> None:
    before = snapshot(store)
    done = called("cp", "a", "A", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "copied 'a' to 'A'\n")
    assert snapshot(store) == before


def test_a_replaced_model(store: Path, tmp_path: Path) -> None:
    put_model(store, "b", weights=b"old weights")
    done = called("cp", "a", "b", cwd=tmp_path)
    assert done.stderr == "freed 11 B of the older model\n"
    assert called("verify", cwd=tmp_path).returncode == 0


def test_a_replaced_model_whose_data_stays(store: Path, tmp_path: Path) -> None:
    put_model(store, "b", weights=b"old weights")
    put_manifest(store, "c", b"{")
    done = called("cp", "a", "b", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.startswith("what the older model left over stays: ")


def test_json(store: Path, tmp_path: Path) -> None:
    done = called("cp", "a", "b", "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == {
        "packllama": 1,
        "source": "a:latest",
        "destination": "b:latest",
        "freed": 0,
        "kept_because": "",
    }


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (("nope", "b"), 3, 'Error: model "nope" not found\n'),
        (("a", "b:cloud"), 4, "the tag 'cloud' has a meaning of its own"),
        (("a", "../b"), 4, "invalid model name: ../b"),
        (("a",), 2, "DESTINATION"),
        (("a", "b", "c"), 2, "unexpected extra argument"),
    ],
)
def test_what_is_refused(args: tuple[str, ...], status: int, words: str, store: Path, tmp_path: Path) -> None:
    before = snapshot(store)
    done = called("cp", *args, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
    assert snapshot(store) == before


def test_a_missing_model_in_json(store: Path, tmp_path: Path) -> None:
    done = called("--json", "cp", "nope", "b", cwd=tmp_path)
    assert done.returncode == 3
    error = json.loads(done.stdout)["error"]
    assert (error["kind"], error["message"]) == ("model-not-found", 'model "nope" not found')
