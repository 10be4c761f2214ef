"""Which files an engine is given: a model's own, or their translation."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from packllama.base.errors import EngineFailed, MachineError, NoSpace, PackLlamaError
from packllama.base.observer import SilentObserver
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.dialect import Derived, Pair
from packllama.engine.files import ModelFiles, Translating, derived_for, has_eyes, original_files, stock_files
from packllama.name import ModelName
from packllama.places.store import ModelParts, Store, read_parts
from tests.program import packllama
from tests.unit.dialect.test_recognise import llama3


class NoRoom(Derived):
    """A full disk, or an engine that does not take what was made."""

    def __init__(self, error: PackLlamaError | None = None) -> None:
        super().__init__(Path("/none"), limit=0)
        self._error = error or NoSpace("nothing is free")

    @contextlib.contextmanager
    def pair(self, *_: object, **__: object) -> Iterator[Pair]:
        raise self._error
        yield


class Listener(SilentObserver):
    def __init__(self) -> None:
        self.said: list[str] = []

    def noted(self, text: str) -> None:
        self.said.append(text)


def model(folder: Path, *files: Path) -> tuple[Store, ModelParts]:
    (folder / "Modelfile").write_text("".join(f"FROM {path}\n" for path in files))
    assert packllama("create", "m", cwd=folder).returncode == 0
    store = Store(folder / "store")
    return store, read_parts(store, store.find(ModelName.parse("m")))


def files(
    store: Store, parts: ModelParts, derived: Derived | None, observer: SilentObserver | None = None
) -> ModelFiles:
    translating = Translating(store.layout, derived, 60, None, observer or SilentObserver(), "m:latest", Stop())
    with stock_files(store, parts, translating) as found:
        return found


@pytest.fixture
def inline(tmp_path: Path, gguf: Callable[[str], Path]) -> tuple[Store, ModelParts]:
    return model(tmp_path, gguf("tiny-gemma3-inline.gguf"))


@pytest.mark.slow
def test_ollamas_own_engine_gets_one_file_for_both(inline: tuple[Store, ModelParts]) -> None:
    found = original_files(*inline)
    assert found.projectors == (found.weights,)


@pytest.mark.slow
def test_plain_files_are_taken_as_they_are(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    own = [gguf("tiny-gemma3.gguf"), gguf("tiny-mmproj.gguf")]
    store, parts = model(tmp_path, *own)
    found = files(store, parts, NoRoom())
    given = [hashlib.sha256(path.read_bytes()).hexdigest() for path in own]
    assert [path.name.removeprefix("sha256-") for path in (found.weights, *found.projectors)] == given
    assert found == original_files(store, parts)
    assert has_eyes(store, parts.model, engine=None)


@pytest.mark.slow
def test_without_a_place_for_it(inline: tuple[Store, ModelParts]) -> None:
    with pytest.raises(MachineError, match="no folder for its translation") as caught:
        files(*inline, None)
    assert "PACKLLAMA_DERIVED=store" in caught.value.hint
    with pytest.raises(NoSpace):
        files(*inline, NoRoom())
    assert has_eyes(inline[0], inline[1].model, engine=None)


@pytest.mark.slow
@pytest.mark.parametrize("error", [NoSpace("it is so"), EngineFailed("it is so")])
def test_llama_3_is_loaded_as_it_is_where_it_cannot_be_translated(error: PackLlamaError, tmp_path: Path) -> None:
    """llama.cpp does load it."""
    (tmp_path / "m.gguf").write_bytes(llama3().data)
    store, parts = model(tmp_path, tmp_path / "m.gguf")
    listener = Listener()
    found = files(store, parts, NoRoom(error), listener)
    assert found == original_files(store, parts)
    assert [text for text in listener.said if text.endswith("it is not translated: it is so")] == listener.said
    assert len(listener.said) == 1


def test_where_translations_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    places = [
        derived_for(settings, store)
        for settings in (Settings(cache=Path("/c")), Settings(cache=Path("/c"), derived_in_store=True), Settings())
    ]
    assert [place and place.folder for place in places] == [
        Path("/c/derived"),
        tmp_path / ".packllama" / "derived",
        None,
    ]
