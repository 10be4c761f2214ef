"""What verbs that move models tell: also of what was done before they failed."""

import os
from pathlib import Path

import pytest

from packllama.digest import Digest
from tests.unit.cli.conftest import Run
from tests.unit.stores import TINY_CONFIG, put_model, snapshot

# The smallest blobs go first, so this model comes to be before the other's weights are read.
SMALL, LARGE, OLD = b"small weights", b"large weights" * 1000, b"of an older day"


@pytest.fixture
def there(store: Path) -> Path:
    """Another store, with an older model; the first one has that model, and one that is damaged."""
    put_model(store, "small", weights=SMALL)
    put_model(store, "large", weights=LARGE)
    (store / "blobs" / Digest.of(LARGE).file_name).write_bytes(b"other bytes!!" * 1000)
    put_model(store.parent / "there", "small", weights=OLD)
    return store.parent / "there"


def old_blob(there: Path) -> Path:
    return there / "blobs" / Digest.of(OLD).file_name


def test_what_was_published_before_it_failed(there: Path, run: Run) -> None:
    done = run("copy", "large", "small", "--to", "./there")
    assert (done.status, done.out) == (5, "copied small:latest to there\n")
    assert "freed 15 B of the older model\n" in done.err
    assert "Error: " in done.err
    assert not old_blob(there).exists()


def test_as_a_document(there: Path, run: Run) -> None:
    done = run("--json", "copy", "large", "small", "--to", "./there")
    assert done.status == 5
    assert done.document["published"] == ["small:latest"]
    assert done.document["error"]["kind"] == "digest-mismatch"
    assert not old_blob(there).exists()


def test_what_was_replaced_may_be_kept(there: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_NOPRUNE", "1")
    assert run("copy", "large", "small", "--to", "./there").status == 5
    assert old_blob(there).exists()


def test_a_bundle_is_published_whole_or_not_at_all(there: Path, run: Run) -> None:
    done = run("export", "large", "small", "-o", "models.tar")
    assert (done.status, done.out) == (5, "")
    done = run("--json", "export", "large", "small", "-o", "models.tar")
    assert "published" not in done.document
    assert run("export", "small", "-o", "small.tar").out == "exported small:latest\n"


def test_several_bundles(there: Path, run: Run) -> None:
    assert run("export", "small", "-o", "small.tar").status == 0
    Path("cut.tar").write_bytes(Path("small.tar").read_bytes()[:3000])
    words = "--store", "there", "import", "small.tar", "cut.tar"
    done = run(*words)
    assert (done.status, done.out) == (5, "imported small:latest\n")
    done = run("--json", *words)
    assert (done.status, done.document["published"]) == (5, ["small:latest"])
    assert done.document["error"]["where"].startswith("cut.tar")


@pytest.mark.parametrize("words", [("copy", "small", "--to", "./new"), ("--store", "new", "import", "small.tar")])
@pytest.mark.parametrize("left", [".part", ""])
def test_a_dry_run_counts_what_an_earlier_run_left(words: tuple[str, ...], left: str, there: Path, run: Run) -> None:
    assert run("export", "small", "-o", "small.tar").status == 0
    parts = there.parent / "new" / ".packllama" / "blobs"
    parts.mkdir(parents=True)
    kept = SMALL[:5] if left else SMALL
    (parts / f"{Digest.of(SMALL).hex}{left}").write_bytes(kept)
    (parts.parent.parent / "blobs").mkdir()
    before = snapshot(there.parent)
    plan = run("--json", *words, "--dry-run").document
    assert (plan["bytes_present"], plan["bytes_to_move"]) == (len(kept), len(SMALL + TINY_CONFIG) - len(kept))
    assert snapshot(there.parent) == before


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PACKLLAMA_LIMIT_RATE", "fast", "PACKLLAMA_LIMIT_RATE: 'fast' is no number of bytes; write 500K, 2M or 1.5G"),
        ("PACKLLAMA_LIMIT_RATE", "0", "PACKLLAMA_LIMIT_RATE: '0' is no number of bytes"),
        ("PACKLLAMA_PARALLEL", "many", "PACKLLAMA_PARALLEL: 'many' is not a valid integer range"),
        ("PACKLLAMA_PARALLEL", "65", "PACKLLAMA_PARALLEL: 65 is not in the range 1<=x<=64"),
    ],
)
def test_variables_that_say_nothing_possible(
    variable: str, value: str, said: str, there: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    done = run("copy", "small", "--to", "./there")
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert old_blob(there).exists()


def test_an_option_outdoes_its_variable(there: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PACKLLAMA_LIMIT_RATE", "fast")
    monkeypatch.setenv("PACKLLAMA_PARALLEL", "0")
    assert run("copy", "small", "--to", "./there", "--limit-rate", "1G", "--parallel", "2").status == 0
    assert "[PACKLLAMA_LIMIT_RATE]" in run("copy", "--help").out


@pytest.mark.slow
def test_a_rate_from_a_variable(there: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a bundle all bytes are sent, whatever the file system can."""
    put_model(there, "slow", weights=os.urandom(300_000))
    monkeypatch.setenv("PACKLLAMA_LIMIT_RATE", "100K")
    started = os.times().elapsed
    assert run("--store", "there", "export", "slow", "-o", "slow.tar").status == 0
    assert os.times().elapsed - started > 2
