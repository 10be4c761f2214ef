"""All checks together: one that fails is told, and the others are told too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, MachineError
from packllama.base.stop import Stop
from packllama.prove.doctor import disk, registries
from packllama.prove.doctor.checkup import Fact, Level, Patient, Topic
from packllama.prove.doctor.examine import examine
from tests.unit.prove.patients import patient, sentences


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(5, "Input/output error", "/media/stick"), "could not be looked at: [Errno 5] Input/output error: '/m"),
        (MachineError("it is gone", where="/media/stick", hint="Plug it in."), "/media/stick: it is gone → Plug it in"),
        (ValueError("embedded null byte"), "could not be looked at: embedded null byte"),
        (KeyError("MemAvailable"), "could not be looked at: 'MemAvailable' (KeyError)"),
        (RuntimeError("odd"), "could not be looked at: odd (RuntimeError)"),
    ],
)
def test_a_check_that_fails(error: Exception, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Patient) -> Iterator[Fact]:
        yield Fact(Topic.DISK, Level.OK, "so far so good")
        raise error

    monkeypatch.setattr(disk, "look", fail)
    found = examine(patient(tmp_path), stop=Stop())
    assert said in sentences(fact for fact in found.facts if fact.topic is Topic.DISK)
    assert "so far so good" in sentences(found.facts)
    assert {fact.topic for fact in found.facts} >= {Topic.STORE, Topic.RIGHTS, Topic.OLLAMA, Topic.NETWORK}


@pytest.mark.parametrize("error", [Cancelled(), KeyboardInterrupt()])
def test_who_stops_it_is_heard(error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Patient) -> Iterator[Fact]:
        raise error

    monkeypatch.setattr(disk, "look", fail)
    with pytest.raises(type(error)):
        examine(patient(tmp_path), stop=Stop())


def test_registries_are_asked_only_when_that_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def reach(url: str, _client: object) -> Iterator[Fact]:
        asked.append(url)
        yield Fact(Topic.REGISTRIES, Level.OK, f"{url} answers")

    monkeypatch.setattr(registries, "reach", reach)
    examine(patient(tmp_path), stop=Stop())
    assert asked == []
    found = examine(patient(tmp_path, {"PACKLLAMA_MIRROR": "me@no"}), ask=True, stop=Stop())
    assert asked == ["https://registry.ollama.ai", "https://hf.co"]
    assert "could not be looked at: an address with a user's name" in sentences(found.of(Level.WARNING))


def test_the_flag_is_an_origin(tmp_path: Path) -> None:
    found = examine(patient(tmp_path, {"PACKLLAMA_STORE": "/p"}, flag=tmp_path / "f"), stop=Stop())
    (store,) = (each for each in found.settings if each.name == "store")
    assert (store.value, store.origin, found.store) == (f"{tmp_path}/f", "--store", tmp_path / "f")


def test_without_any_store(tmp_path: Path) -> None:
    found = examine(Patient({}, root=tmp_path), stop=Stop())
    assert found.store is None
    assert sentences(found.facts).count("HOME is not set") == 1
    assert not found.well
