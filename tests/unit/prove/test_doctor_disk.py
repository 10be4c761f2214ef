"""What the disk can do, and that little is written to learn it, and nothing where it is not ours."""

import os
import time
from pathlib import Path

import pytest

from packllama.base.fs import remove
from packllama.base.stop import Stop
from packllama.check.prune.leftover import LeftoverKind
from packllama.check.prune.leftovers import leftovers
from packllama.places.store import Store
from packllama.places.store.layout import Layout
from packllama.prove.doctor import disk
from packllama.prove.doctor.checkup import Level
from tests.program import snapshot
from tests.unit.prove.patients import patient, sentences, worst
from tests.unit.stores import put_model


@pytest.fixture
def store(tmp_path: Path) -> Path:
    put_model(tmp_path / "home/.ollama/models", "m")
    return tmp_path / "home/.ollama/models"


def test_what_is_tried_leaves_nothing(store: Path, tmp_path: Path) -> None:
    before = snapshot(store)
    found = list(disk.look(patient(tmp_path)))
    assert "hard links work" in sentences(found)
    assert worst(found) is Level.OK
    assert snapshot(store) == before
    assert not Layout(store).own.exists()


def test_our_folder_stays_where_it_was(store: Path, tmp_path: Path) -> None:
    Layout(store).locks.mkdir(parents=True)
    list(disk.look(patient(tmp_path)))
    assert [path.name for path in Layout(store).own.iterdir()] == ["locks"]


def test_what_a_kill_would_leave_is_pruned(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[Path] = set()

    def looked(path: Path) -> None:
        seen.update(path.parent.iterdir())
        remove(path)

    monkeypatch.setattr(disk, "remove", looked)
    disk.abilities(Layout(store))
    assert {path.name[len("tmp0123456789abcdef") :] for path in seen} == {"", "-2", ":5000"}
    Layout(store).own.mkdir()
    for path in seen:
        path.touch()
    found = leftovers(Store(store), cache=None, older_than=0.0, now=time.time() + 10_000, stop=Stop()).going
    assert {each.path for each in found if each.kind is LeftoverKind.TEMPORARY} == seen


def test_abilities_are_those_of_the_disk(store: Path) -> None:
    """Linux's own file systems have links, cases and colons; clones some of them."""
    found = disk.abilities(Layout(store))
    assert (found.links, found.cases, found.colons) == (True, True, True)


def test_somebody_elses_store_is_only_looked_at(store: Path, tmp_path: Path) -> None:
    found = sentences(disk.look(patient(tmp_path, user=os.geteuid() + 1)))
    assert "not tried, as that would write into it" in found
    assert not Layout(store).own.exists()


def test_no_store_is_made(tmp_path: Path) -> None:
    found = sentences(disk.look(patient(tmp_path)))
    assert " free" in found
    assert list((tmp_path / "home").iterdir()) == []


def test_a_folder_of_other_things_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/one.txt").write_text("Dear …")
    list(disk.look(patient(tmp_path, {"PACKLLAMA_STORE": str(tmp_path / "letters")})))
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["one.txt"]


@pytest.mark.parametrize(
    ("can", "said"),
    [
        (disk.Abilities(clones=True, links=True, cases=True, colons=True), "hard links work; clones work → "),
        (disk.Abilities(clones=False, links=True, cases=True, colons=True), "no clones: 'import'"),
        (disk.Abilities(clones=True, links=False, cases=True, colons=True), "no hard links: --link copies"),
        (disk.Abilities(clones=True, links=True, cases=False, colons=True), "differ only in their letters' case"),
        (disk.Abilities(clones=True, links=True, cases=True, colons=False), "no name may have a colon"),
    ],
)
def test_what_abilities_mean(
    can: disk.Abilities, said: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "abilities", lambda _layout: can)
    assert said in sentences(disk.look(patient(tmp_path)))


def test_little_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "free_space", lambda _path: 10**8)
    found = sentences(disk.look(patient(tmp_path)), Level.WARNING)
    assert "100 MB free → Free some space" in found


def test_a_link_in_the_place_of_our_folder_is_not_followed(store: Path, tmp_path: Path) -> None:
    from packllama.base.errors import MachineError

    (tmp_path / "elsewhere").mkdir()
    Layout(store).own.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MachineError, match="nothing is written"):
        list(disk.look(patient(tmp_path)))
    assert list((tmp_path / "elsewhere").iterdir()) == []
