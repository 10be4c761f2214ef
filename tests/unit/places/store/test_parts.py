"""What a stored model says of itself."""

from pathlib import Path

import pytest

from packllama.base.errors import IntegrityError, InvalidManifest
from packllama.digest import Digest
from packllama.manifest import LayerKind
from packllama.message import Message
from packllama.name import ModelName
from packllama.places.store import ModelParts, Store, layer_paths, read_parts
from packllama.places.store.layout import Layout
from tests.unit.stores import TINY_GGUF, put_model

Kind = LayerKind


def parts(root: Path, *layers: tuple[LayerKind, bytes]) -> ModelParts:
    put_model(root, "a", *layers)
    return read_parts(Store(root), Store(root).find(ModelName.parse("a")))


def test_a_model_without_any(tmp_path: Path) -> None:
    found = parts(tmp_path)
    assert (found.template, found.system, found.parameters, found.messages, found.licenses) == (None, "", {}, (), ())
    assert found.config.model_family == "test"


def test_the_later_layer_wins(tmp_path: Path) -> None:
    found = parts(
        tmp_path,
        (Kind.PROMPT, b"t0"),
        (Kind.TEMPLATE, b"t1"),
        (Kind.TEMPLATE, b"t2"),
        (Kind.SYSTEM, b"s1"),
        (Kind.SYSTEM, b"s2"),
        (Kind.LICENSE, b"l1"),
        (Kind.LICENSE, b"l2"),
        (Kind.PARAMS, b'{"a":1,"b":[1]}'),
        (Kind.PARAMS, b'{"b":[2],"c":null}\n'),
        (Kind.MESSAGES, b'[{"role":"user","content":"1"}]'),
        (Kind.MESSAGES, b'[{"Role":"user","CONTENT":"2","images":["x"]},{"role":"assistant"}]\n'),
        (Kind.EMBED, b"ignored"),
    )
    assert (found.template, found.system, found.licenses) == ("t2", "s2", ("l1", "l2"))
    assert found.parameters == {"a": 1, "b": [2], "c": None}
    assert found.messages == (Message("user", "2"), Message("assistant", ""))


def test_texts_that_are_not_utf8(tmp_path: Path) -> None:
    assert parts(tmp_path, (Kind.SYSTEM, b"a\xffb")).system == "a\ufffdb"


def test_null_is_nothing(tmp_path: Path) -> None:
    found = parts(tmp_path, (Kind.PARAMS, b"null"), (Kind.MESSAGES, b"null\n"))
    assert (found.parameters, found.messages) == ({}, ())


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Kind.PARAMS, b""),
        (Kind.PARAMS, b"[]"),
        (Kind.PARAMS, b'{"temperature":1e999}'),
        (Kind.MESSAGES, b"{}"),
        (Kind.MESSAGES, b'["hi"]'),
        (Kind.MESSAGES, b'[{"role":1}]'),
    ],
)
def test_layers_that_are_not_what_they_say(tmp_path: Path, kind: LayerKind, data: bytes) -> None:
    with pytest.raises(InvalidManifest) as caught:
        parts(tmp_path, (kind, data))
    assert caught.value.where == f"a:latest: {kind}"


def test_a_config_that_is_none(tmp_path: Path) -> None:
    put_model(tmp_path, "a", config=b"[]")
    with pytest.raises(InvalidManifest) as caught:
        read_parts(Store(tmp_path), Store(tmp_path).find(ModelName.parse("a")))
    assert caught.value.where == "a:latest: config"


def test_a_missing_layer(tmp_path: Path) -> None:
    put_model(tmp_path, "a", (Kind.SYSTEM, b"s"))
    Layout(tmp_path).blob(Digest.of(b"s")).unlink()
    with pytest.raises(IntegrityError):
        read_parts(Store(tmp_path), Store(tmp_path).find(ModelName.parse("a")))


def test_where_the_weights_are(tmp_path: Path) -> None:
    put_model(tmp_path, "a", (Kind.PROJECTOR, b"p"), (Kind.MODEL, b"m"))
    store, layout = Store(tmp_path), Layout(tmp_path)
    model = store.find(ModelName.parse("a"))
    assert layer_paths(store, model, Kind.MODEL) == (layout.blob(Digest.of(TINY_GGUF)), layout.blob(Digest.of(b"m")))
    assert layer_paths(store, model, Kind.DRAFT) == ()
