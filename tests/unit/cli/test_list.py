"""``packllama list``."""

import os
import time
from pathlib import Path

import pytest

from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, compose
from tests.unit.cli.conftest import Run
from tests.unit.stores import GEMMA_MANIFEST, TINY_GGUF, put_gemma, put_manifest, put_model, snapshot

HEADER = "NAME    ID    SIZE    MODIFIED \n"


@pytest.mark.parametrize("verb", ["list", "ls"])
def test_an_empty_store(run: Run, store: Path, verb: str) -> None:
    store.mkdir()
    done = run(verb)
    assert (done.status, done.out, done.err) == (0, HEADER, "")


def test_the_default_store_need_not_be_there(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PACKLLAMA_STORE")
    (tmp_path / ".ollama/models").mkdir(parents=True)
    assert run("list").out == HEADER


def test_the_published_gemma3(run: Run, store: Path) -> None:
    path = put_gemma(store, TINY_GGUF)
    now = time.time()
    os.utime(path, (now - 3 * 86400 - 60, now - 3 * 86400 - 60))
    before = snapshot(store)
    done = run("list")
    assert done.out == (
        "NAME                 ID              SIZE      MODIFIED   \n"
        "gemma3:12b-it-qat    5d4fa005e7bb    8.9 GB    3 days ago    \n"
    )
    assert path.read_bytes() == GEMMA_MANIFEST
    assert snapshot(store) == before


def test_newest_first(run: Run, store: Path) -> None:
    now = time.time()
    for name, age in (("old", 7200.0), ("new", 60.0), ("hf.co/me/R:Q4", 3600.0)):
        os.utime(put_model(store, name), (now - age, now - age))
    lines = run("list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "new:latest", "hf.co/me/R:Q4", "old:latest"]
    assert "About a minute ago" in lines[1]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        (["GEM"], ["gemma3:12b", "gemma3:27b"]),
        (["gemma3:12"], ["gemma3:12b"]),
        (["emma"], []),
        (["*12b"], ["gemma3:12b"]),
        (["gemma3:?7B"], ["gemma3:27b"]),
        (["me/", "ignored", "words"], ["me/llama:latest"]),
        (["["], []),
    ],
)
def test_patterns(run: Run, store: Path, pattern: list[str], names: list[str]) -> None:
    for name in ("gemma3:12b", "gemma3:27b", "me/llama"):
        put_model(store, name)
    done = run("list", *pattern)
    assert sorted(line.split()[0] for line in done.out.splitlines()[1:]) == names


def test_sizes_beyond_all_disks_and_remote_stubs(run: Run, store: Path) -> None:
    config = Layer(CONFIG_TYPE, Digest.of(b"c"), 1 << 60)
    put_manifest(store, "huge", compose(config, [Layer(LayerKind.MODEL.media_type, Digest.of(b"m"), 1 << 60)]))
    put_manifest(store, "stub", compose(Layer(CONFIG_TYPE, Digest.of(b"c"), 5), []))
    rows = {line.split("    ")[0].strip(): line for line in run("list").out.splitlines()}
    assert "    2305843 TB    " in rows["huge:latest"]
    assert "    -             " in rows["stub:latest"]


def test_json(run: Run, store: Path) -> None:
    path = put_model(store, "a")
    os.utime(path, (1_700_000_000.9, 1_700_000_000.9))
    assert run("list", "--json").document["models"] == [
        {
            "name": "a:latest",
            "digest": "f75369d1dd1fb2f7c3db80c05854077604d2e78397dbe270fbe9d8a453ae62ff",
            "size": 215,
            "modified": 1_700_000_000,
        }
    ]


def test_a_broken_model_is_named_and_the_others_are_listed(run: Run, store: Path) -> None:
    put_model(store, "a")
    broken = put_manifest(store, "b", b"{half")
    (broken.parent / "gone").symlink_to("nowhere")
    done = run("list")
    assert done.status == 0
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == ["a:latest"]
    assert sorted(line.partition(":")[0] for line in done.err.splitlines() if line.startswith("not listed")) == [
        "not listed",
        "not listed",
    ]
    assert str(broken) in done.err
    assert "not listed: model 'b:gone' not found" in done.err
    assert run("list", "-h").status == 0


def test_entries_with_hostile_names_are_not_listed(run: Run, store: Path) -> None:
    folder = put_model(store, "a").parent
    (folder / "\x1b[2J\x07").touch()
    done = run("list")
    assert "\x1b" not in done.out + done.err
    assert len(done.out.splitlines()) == 2


def test_a_hostile_manifest_is_named_harmlessly(run: Run, store: Path) -> None:
    put_manifest(store, "b", b'{"config":{"digest":"\\u001b]52;c;aGk=\\u0007","size":1}}')
    done = run("list")
    assert "\x1b" not in done.err
    assert "\\x1b" in done.err


@pytest.mark.parametrize("words", [["--store", "other", "list"], ["list", "--store", "other"]])
def test_another_store(run: Run, store: Path, words: list[str]) -> None:
    put_model(store.parent / "other", "elsewhere")
    assert "elsewhere:latest" in run(*words).out


@pytest.mark.parametrize("name", ["absent", "x" * 300])
def test_a_named_store_must_be_there(run: Run, name: str) -> None:
    done = run("list", "--store", name)
    assert (done.status, done.out) == (3, "")
    assert f"Error: {name}: there is no store here" in done.err
