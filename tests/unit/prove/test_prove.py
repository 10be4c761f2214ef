"""How far proving comes, with a scripted engine: what is asked of it, and what the receipt says."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from packllama.base.errors import Busy, Cancelled, EngineFailed, EngineMissing, ModelNotFound, NoRights
from packllama.base.observer import SilentObserver
from packllama.base.reading import open_plain
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.gguf import chat_template, open_gguf
from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.places.store import Store
from packllama.prove.prove import QUESTION, prove
from packllama.prove.receipt import Receipt, Result, TemplateSource, UsedTemplate
from tests.unit.check.damages import flip_a_bit
from tests.unit.engine.conftest import Scripted, scripted
from tests.unit.stores import TINY_CONFIG, put_model, snapshot

__all__ = ["scripted"]  # a fixture of the engine's own tests

TEMPLATE = b"<user>{{ .Prompt }}<bot>"
NAME = ModelName.parse("m")
Make = Callable[..., Scripted]


@pytest.fixture
def store(tmp_path: Path, gguf: Callable[[str], Path]) -> Store:
    """A store with the model ``m``."""
    root = tmp_path / "store"
    put_model(root, "m", (LayerKind.TEMPLATE, TEMPLATE), weights=gguf("tiny.gguf").read_bytes())
    return Store(root)


def proved(store: Store, double: Scripted) -> Receipt:
    return prove(store, NAME, engine=double.program, stop=Stop(), clock=lambda: 0.0)


def test_what_is_asked_and_what_is_said(store: Store, scripted: Make) -> None:
    double = scripted(pieces=["Paris", "."], ending="limit")
    before = snapshot(store.layout.root)
    receipt = proved(store, double)
    assert (receipt.result, receipt.error, receipt.findings) == (Result.PROVED, None, ())
    assert receipt.manifest == store.model(NAME).manifest
    assert receipt.date.isoformat() == "1970-01-01T00:00:00+00:00"
    assert receipt.engine.startswith("llama-server ")
    assert receipt.load_seconds is not None
    assert receipt.template == UsedTemplate(TemplateSource.MODEL, Digest.of(TEMPLATE))
    assert receipt.prompt == f"<user>{QUESTION}<bot>"
    assert receipt.answer is not None
    assert (receipt.answer.text, receipt.answer.done.reason) == ("Paris.", "length")
    (sent,) = double.bodies("/completion")
    assert sent["prompt"] == receipt.prompt
    assert (sent["temperature"], sent["seed"], sent["n_predict"]) == (0, 1, 64)
    assert snapshot(store.layout.root) == before


def test_twice_is_the_same_but_for_times(store: Store, scripted: Make) -> None:
    double = scripted(pieces=["Paris"])
    first, second = proved(store, double), proved(store, double)
    assert replace(first, load_seconds=None) == replace(second, load_seconds=None)


@pytest.mark.parametrize(
    ("weights", "source"), [("tiny-jinja.gguf", TemplateSource.GGUF), ("tiny-plain.gguf", TemplateSource.NONE)]
)
def test_other_templates(
    weights: str, source: TemplateSource, store: Store, gguf: Callable[[str], Path], scripted: Make
) -> None:
    put_model(store.layout.root, "m", weights=gguf(weights).read_bytes())
    receipt = proved(store, scripted(pieces=["x"]))
    own = chat_template(open_gguf(gguf(weights)))
    assert receipt.template == UsedTemplate(source, Digest.of(own.encode()) if own else None)
    assert receipt.prompt == (f"<user>{QUESTION}" if own else QUESTION)


def test_a_damaged_model_is_not_loaded(store: Store, scripted: Make) -> None:
    double = scripted(pieces=["x"])
    flip_a_bit(store.layout.blob(Digest.of(TEMPLATE)))
    receipt = proved(store, double)
    assert (receipt.result, receipt.exit_status) == (Result.DAMAGED, 5)
    (finding,) = receipt.findings
    assert (finding.kind, finding.digest, finding.roles) == ("damaged", Digest.of(TEMPLATE), ("template",))
    assert (receipt.engine, receipt.load_seconds, receipt.template, receipt.answer) == ("", None, None, None)
    assert double.starts == []


def test_bytes_that_may_not_be_read(store: Store, scripted: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    double = scripted(pieces=["x"])
    forbidden = store.layout.blob(Digest.of(TEMPLATE))

    def refuse(path: str | Path, *, what: str) -> int:
        if path == forbidden:
            raise NoRights("Permission denied", where=str(path))
        return open_plain(path, what=what)

    monkeypatch.setattr("packllama.check.reading.open_plain", refuse)
    receipt = proved(store, double)
    assert isinstance(receipt.error, NoRights)
    assert (receipt.result, receipt.exit_status) == (Result.FAILED, 7)
    assert [finding.kind for finding in receipt.findings] == ["forbidden"]
    assert double.starts == []


def test_a_manifest_that_cannot_be_read(store: Store, scripted: Make) -> None:
    double = scripted(pieces=["x"])
    store.layout.manifest(NAME).write_bytes(b"no JSON")
    receipt = proved(store, double)
    assert (receipt.result, receipt.manifest) == (Result.DAMAGED, None)
    assert [finding.kind for finding in receipt.findings] == ["unreadable-manifest"]
    assert double.starts == []


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"exit": 1, "stderr": "error: unknown model architecture: 'x'\n"}, "x"),
        ({"pieces": ["half"], "ending": "crash"}, "GGML_ASSERT"),
        ({"pieces": ["half"], "ending": "cut"}, "breaks off"),
        ({"pieces": ["half"], "ending": "garbage"}, "not JSON"),
        ({"refuse": "no room"}, "no room"),
        ({"pieces": []}, "the answer is empty"),
        ({"pieces": [" ", "\n"]}, "the answer is empty"),
    ],
    ids=json.dumps,
)
def test_an_engine_that_fails(config: dict[str, object], words: str, store: Store, scripted: Make) -> None:
    receipt = proved(store, scripted(**config))
    assert (receipt.result, receipt.exit_status, receipt.findings) == (Result.FAILED, 9, ())
    assert isinstance(receipt.error, EngineFailed)
    assert words in receipt.error.message
    # An answer that is empty still tells how many tokens it was made of.
    assert (receipt.answer is not None) == (words == "the answer is empty")
    assert (receipt.prompt != "") == ("exit" not in config)


def test_no_engine(store: Store, tmp_path: Path) -> None:
    receipt = prove(store, NAME, engine=tmp_path / "nope")
    assert isinstance(receipt.error, EngineMissing)
    assert (receipt.result, receipt.exit_status, receipt.engine) == (Result.FAILED, 9, "")


@pytest.mark.parametrize(
    ("template", "config", "status", "starts"),
    [
        (b"{{ .Response.Deep }}", TINY_CONFIG, 4, 1),
        (b"{{ if }}", TINY_CONFIG, 4, 0),
        (TEMPLATE, TINY_CONFIG.replace(b'"test",', b'"test","renderer":"gemma4",', 1), 9, 0),
    ],
)
def test_a_prompt_that_cannot_be_built(
    template: bytes,
    config: bytes,
    status: int,
    starts: int,
    store: Store,
    gguf: Callable[[str], Path],
    scripted: Make,
) -> None:
    double = scripted(pieces=["x"])
    weights = gguf("tiny.gguf").read_bytes()
    put_model(store.layout.root, "m", (LayerKind.TEMPLATE, template), weights=weights, config=config)
    receipt = proved(store, double)
    assert (receipt.result, receipt.exit_status, receipt.prompt) == (Result.FAILED, status, "")
    assert len(double.starts) == starts
    assert (receipt.template is not None) == bool(starts)


def test_a_model_that_is_replaced_meanwhile(store: Store, gguf: Callable[[str], Path], scripted: Make) -> None:
    class Replaces(SilentObserver):
        def planned(self, total: int) -> None:
            put_model(store.layout.root, "m", weights=gguf("tiny.gguf").read_bytes())

    double = scripted(pieces=["x"])
    receipt = prove(store, NAME, engine=double.program, observer=Replaces())
    assert isinstance(receipt.error, Busy)
    assert (receipt.result, receipt.exit_status) == (Result.FAILED, 8)
    assert double.bodies("/completion") == []


def test_an_unknown_model(store: Store) -> None:
    with pytest.raises(ModelNotFound):
        prove(store, ModelName.parse("nope"))


def test_the_stores_spelling(store: Store, scripted: Make) -> None:
    receipt = prove(store, ModelName.parse("M"), engine=scripted(pieces=["x"]).program)
    assert (receipt.name, receipt.result) == (NAME, Result.PROVED)


def test_stopped_while_it_answers(store: Store, scripted: Make) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Cancelled):
        prove(store, NAME, engine=scripted(pieces=["x"]).program, stop=stop)
