"""Which store is taken and why, what is wrong with it, who may write into it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import NoStore
from packllama.places.store.layout import Layout
from packllama.prove.doctor import stores
from packllama.prove.doctor.checkup import Level, Patient
from tests.unit.prove.patients import SERVICE, patient, sentences, worst
from tests.unit.stores import put_model


def own(folder: Path) -> Path:
    return folder / "home/.ollama/models"


def service(folder: Path) -> Path:
    return folder / "root" / SERVICE.lstrip("/")


@pytest.mark.parametrize(
    ("there", "flag", "environ", "why"),
    [
        (
            ("own", "service", "p", "o"),
            "f",
            {"PACKLLAMA_STORE": "p", "OLLAMA_MODELS": "o"},
            "f is taken: --store names",
        ),
        (("own", "service", "o"), "", {"PACKLLAMA_STORE": "p", "OLLAMA_MODELS": "o"}, "p is taken: PACKLLAMA_STORE na"),
        (("own", "service"), "", {"OLLAMA_MODELS": "o"}, "o is taken: OLLAMA_MODELS names it"),
        (("own", "service"), "", {}, "own is taken: it is your own"),
        (("service",), "", {}, "service is taken: it is the service's, and you have none of your own"),
        ((), "", {}, "own is taken: it is your own"),
    ],
)
def test_why_it_is_taken(there: tuple[str, ...], flag: str, environ: dict[str, str], why: str, tmp_path: Path) -> None:
    places = {"own": own(tmp_path), "service": service(tmp_path)} | {name: tmp_path / name for name in "fpo"}
    for name in there:
        put_model(places[name], "m")
    values = {variable: str(places[name]) for variable, name in environ.items()}
    said = sentences(stores.look(patient(tmp_path, values, flag=places[flag] if flag else None)))
    name = why.partition(" ")[0]
    assert said.startswith(why.replace(name, str(places[name]), 1))
    for other in {"own", "service", *environ.values()} & set(there) - {name}:
        assert f"not taken: {places[other]}, " in said


def test_the_one_that_is_taken_is_not_told_twice(tmp_path: Path) -> None:
    put_model(own(tmp_path), "m")
    said = sentences(stores.look(patient(tmp_path, {"OLLAMA_MODELS": str(own(tmp_path))})))
    assert "OLLAMA_MODELS names it" in said
    assert "not taken" not in said


def test_what_is_in_it(tmp_path: Path) -> None:
    put_model(own(tmp_path), "m")
    put_model(own(tmp_path), "n")
    assert "2 models, 215 B in 2 blobs, belongs to " in sentences(stores.look(patient(tmp_path)))


@pytest.mark.parametrize("number", [0, 987654])
def test_whose_it_is(number: int, tmp_path: Path, need_root: None) -> None:
    put_model(own(tmp_path), "m")
    os.chown(own(tmp_path), number, number)
    assert f"belongs to {'user 987654' if number else 'root'}" in sentences(stores.look(patient(tmp_path)))


def a_file(store: Path) -> None:
    store.write_text("no store")


def something_else(store: Path) -> None:
    (store / "letters").mkdir(parents=True)


def one_below(store: Path) -> None:
    (store / "models/manifests").mkdir(parents=True)


def a_link_to_nowhere(store: Path) -> None:
    store.symlink_to("/media/gone")


def newer(store: Path) -> None:
    put_model(store, "m")
    Layout(store).own.mkdir()
    Layout(store).version_file.write_text("7\n")


def nothing(_store: Path) -> None:
    pass


def empty(store: Path) -> None:
    store.mkdir()


@pytest.mark.parametrize(
    ("made", "level", "said"),
    [
        (a_file, Level.PROBLEM, "is no folder"),
        (something_else, Level.PROBLEM, "there is no store here"),
        (one_below, Level.PROBLEM, "There is one in "),
        (a_link_to_nowhere, Level.PROBLEM, "is no folder → Mount the disk"),
        (newer, Level.PROBLEM, "a newer packllama writes into it (version 7"),
        (nothing, Level.WARNING, "it is not there, although PACKLLAMA_STORE names it"),
        (empty, Level.OK, "0 models"),
    ],
)
def test_what_a_named_one_may_be(made: Callable[[Path], None], level: Level, said: str, tmp_path: Path) -> None:
    store = tmp_path / "named"
    made(store)
    found = list(stores.look(patient(tmp_path, {"PACKLLAMA_STORE": str(store)})))
    assert worst(found) is level
    assert said in sentences(found, level)


def test_a_fresh_home_is_nothing_to_worry_about(tmp_path: Path) -> None:
    found = list(stores.look(patient(tmp_path)))
    assert worst(found) is Level.NOTE
    assert "it is not there yet" in sentences(found)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"OLLAMA_MODELS": "~/models"}, "begins with ~, which is taken as the name of a folder"),
        ({"OLLAMA_MODELS": "models"}, "means another folder wherever you stand"),
        ({"PACKLLAMA_STORE": "models"}, "Give PACKLLAMA_STORE an absolute path."),
    ],
)
def test_pitfalls(environ: dict[str, str], said: str, tmp_path: Path) -> None:
    assert said in sentences(stores.look(patient(tmp_path, environ)), Level.WARNING)


def test_a_tilde_of_ours_is_the_home(tmp_path: Path) -> None:
    put_model(tmp_path / "home/mine", "m")
    found = list(stores.look(patient(tmp_path, {"PACKLLAMA_STORE": "~/mine"})))
    assert sentences(found).startswith(f"{tmp_path}/home/mine is taken: PACKLLAMA_STORE names it")
    assert worst(found) is Level.OK


def test_a_home_by_its_other_name(tmp_path: Path) -> None:
    put_model(tmp_path / "mine", "m")
    found = stores.look(Patient({"USERPROFILE": str(tmp_path), "PACKLLAMA_STORE": "~/mine"}, root=tmp_path / "root"))
    assert sentences(found).startswith(f"{tmp_path}/mine is taken: PACKLLAMA_STORE names it")


def test_without_a_home(tmp_path: Path) -> None:
    nobody = Patient({}, root=tmp_path)
    assert "HOME is not set" in sentences(stores.look(nobody), Level.PROBLEM)
    with pytest.raises(NoStore):
        list(stores.look_at_rights(nobody))


def test_rights(tmp_path: Path) -> None:
    put_model(own(tmp_path), "m")
    assert sentences(stores.look_at_rights(patient(tmp_path))).startswith("you may read and write it")


def test_a_place_to_make_it(tmp_path: Path) -> None:
    assert sentences(stores.look_at_rights(patient(tmp_path))) == f"you may make it in {tmp_path}/home → "


def test_as_root_in_somebodys(tmp_path: Path, need_root: None) -> None:
    put_model(own(tmp_path), "m")
    os.chown(own(tmp_path), 987654, 987654)
    assert "will belong to user 987654" in sentences(stores.look_at_rights(patient(tmp_path)))
