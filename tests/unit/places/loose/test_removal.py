"""Only files that were found right and that nothing else needs go away."""

import os
from pathlib import Path

from packllama.places.loose import Downloads, clear, look
from tests.unit.places.loose.downloading import OTHER_WEIGHTS, WEIGHTS, manifest, put
from tests.unit.stores import TINY_CONFIG

FILES = {"a:t": manifest(), "data": WEIGHTS, "config": TINY_CONFIG}


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def cleared(found: Downloads, *names: str) -> list[str]:
    taken = [sheet for sheet in found.papers.sheets if sheet.name and sheet.name.model in names]
    return clear(found, taken)


def test_all_of_it(tmp_path: Path) -> None:
    found = look([put(tmp_path, FILES | {"data:Zone.Identifier": b"", "mine": b"", "data (1)": WEIGHTS[:-1]})])
    assert cleared(found, "a") == []
    assert left(tmp_path) == ["data (1)", "mine"]


def test_what_another_manifest_needs(tmp_path: Path) -> None:
    found = look([put(tmp_path, FILES | {"b:t": manifest(OTHER_WEIGHTS)})])
    cleared(found, "a")
    assert left(tmp_path) == ["b:t", "config"]


def test_what_two_differing_manifests_need(tmp_path: Path) -> None:
    found = look([put(tmp_path, FILES | {"x/b:t": manifest(OTHER_WEIGHTS), "y/b:t": manifest() + b"\n"})])
    cleared(found, "a")
    assert left(tmp_path) == ["config", "data", "x", "y"]


def test_what_is_not_what_it_seems(tmp_path: Path) -> None:
    """The store had the blob, so this file was never read."""
    found = look([put(tmp_path, FILES | {"data": OTHER_WEIGHTS})])
    cleared(found, "a")
    assert left(tmp_path) == ["data"]


def test_what_was_changed_meanwhile(tmp_path: Path) -> None:
    found = look([put(tmp_path, FILES)])
    assert found.is_right(found.papers.sheets[0].blobs[0])
    (tmp_path / "new").write_bytes(WEIGHTS)
    (tmp_path / "new").replace(tmp_path / "data")
    cleared(found, "a")
    assert left(tmp_path) == ["data"]


def test_while_not_everything_can_be_read(tmp_path: Path) -> None:
    found = look([put(tmp_path, FILES | {"b:t": manifest()[:-9]})])
    (said,) = cleared(found, "a")
    assert "b:t" in said
    assert len(left(tmp_path)) == 4


def test_a_second_name_stays(tmp_path: Path) -> None:
    put(tmp_path, FILES)
    os.link(tmp_path / "data", tmp_path / "zz")
    cleared(look([tmp_path]), "a")
    assert left(tmp_path) == ["zz"]
    assert (tmp_path / "zz").read_bytes() == WEIGHTS


def test_blobs_of_a_store_whose_manifests_were_not_named(tmp_path: Path) -> None:
    put(tmp_path, {"a:t": manifest(), "old/blobs/data": WEIGHTS, "old/blobs/c": TINY_CONFIG, "old/manifests/x": b"x"})
    (said, _) = cleared(look([tmp_path / "a:t", tmp_path / "old" / "blobs"]), "a")
    assert "old/manifests, which was not looked through" in said
    assert left(tmp_path / "old" / "blobs") == ["c", "data"]
    cleared(look([put(tmp_path, {"a:t": manifest()})]), "a")
    assert left(tmp_path / "old" / "blobs") == []
