"""Which file is which blob, read no more often than needed, and what is said of those that are none."""

import os
import threading
from pathlib import Path

import pytest

from packllama.base.errors import FileChanged, IntegrityError, ModelNotFound
from packllama.base.observer import SILENT
from packllama.base.stop import Stop
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.places.loose import Downloads, Memory, look
from tests.unit.places.loose.downloading import BLOB, CONFIG, OTHER_WEIGHTS, WEIGHTS, Counting, manifest, put
from tests.unit.stores import TINY_CONFIG

NAME = ModelName.parse("m:t")
SMALL = {"m:t": manifest(), "config": TINY_CONFIG}
HEX = BLOB.digest.hex
LINK = f"HostUrl=https://host/v2/me/m/blobs/sha256:{HEX}".encode()


def looked(folder: Path, files: dict[str, bytes], memory: Memory | None = None) -> tuple[Downloads, Counting]:
    counting = Counting()
    return look([put(folder, SMALL | files)], memory=memory, observer=counting), counting


def lacking(found: Downloads) -> dict[Blob, tuple[str, ...]]:
    return {lack.blob: lack.instead for lack in found.lacking(found.find(NAME), present=lambda _: False)}


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        ({"data": WEIGHTS}, "data"),
        ({f"sha256:{HEX}": WEIGHTS}, f"sha256:{HEX}"),
        ({f"a_{HEX}": WEIGHTS, "a": OTHER_WEIGHTS}, f"a_{HEX}"),
        (
            {"x": WEIGHTS, "x:Zone.Identifier": f"HostUrl=https://h/v2/n/m/blobs/sha256:{HEX}".encode(), "y": WEIGHTS},
            "x",
        ),
    ],
)
def test_no_choice_is_not_read(tmp_path: Path, files: dict[str, bytes], chosen: str) -> None:
    found, counting = looked(tmp_path, files)
    assert found.path(BLOB).name == chosen
    assert counting.count == 0


def test_a_choice_is_read_once(tmp_path: Path) -> None:
    memory = Memory()
    found, counting = looked(tmp_path, {"data": OTHER_WEIGHTS, "data (1)": WEIGHTS}, memory)
    assert found.path(BLOB).name == "data (1)"
    assert counting.count == 2 * BLOB.size
    again, counting = looked(tmp_path, {}, memory)
    assert again.path(BLOB).name == "data (1)"
    assert counting.count == 0


def test_small_ones_are_read_at_once(tmp_path: Path) -> None:
    found, _ = looked(tmp_path, {"another": bytes(CONFIG.size)})
    assert found.path(CONFIG).name == "config"
    put(tmp_path, {"config": bytes(CONFIG.size)})
    assert CONFIG in lacking(look([tmp_path]))


def test_doubt(tmp_path: Path) -> None:
    found, _ = looked(tmp_path, {f"a_{HEX}": OTHER_WEIGHTS, "b": WEIGHTS})
    assert found.path(BLOB).name == f"a_{HEX}"
    assert not found.doubt([BLOB], only=str(tmp_path / "b"))
    assert found.doubt([BLOB])
    assert found.path(BLOB).name == "b"
    assert not found.doubt([BLOB])
    assert found.is_right(BLOB)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, None),
        ({"data": OTHER_WEIGHTS, "data (1)": OTHER_WEIGHTS}, "damaged: "),
        ({f"sha256-{HEX}": WEIGHTS[:-1]}, "cut short: "),
        ({f"sha256-{HEX}": WEIGHTS + b"x"}, "too long: "),
        ({f"sha256-{HEX}": b""}, "it is empty"),
        ({f"sha256-{HEX}": b"<html>"}, "it is a web page"),
        ({f"sha256-{HEX}": b'{"errors":[{"code":"BLOB_UNKNOWN","message":"x"}]}'}, "BLOB_UNKNOWN"),
        ({f"sha256-{HEX}.part": WEIGHTS[:1000]}, f"sha256-{HEX}: 1 KB of 1.0 MB"),
        ({f"sha256-{HEX}": WEIGHTS, f"sha256-{HEX}.aria2": b""}, "aria2 has not finished"),
    ],
)
def test_what_lies_there_instead(tmp_path: Path, files: dict[str, bytes], said: str | None) -> None:
    found, _ = looked(tmp_path, files)
    instead = lacking(found)[BLOB]
    assert (len(instead) > 0) == (said is not None)
    assert all((said or "") in sentence for sentence in instead)


def test_another_blob_is_not_damaged(tmp_path: Path) -> None:
    found, _ = looked(tmp_path, {"n:t": manifest(OTHER_WEIGHTS), "1": OTHER_WEIGHTS, "2": OTHER_WEIGHTS})
    assert lacking(found) == {BLOB: ()}


def test_what_the_target_has_is_not_read(tmp_path: Path) -> None:
    found, counting = looked(tmp_path, {"1": OTHER_WEIGHTS, "2": OTHER_WEIGHTS})
    assert found.lacking(found.find(NAME), present=lambda _: True) == []
    assert counting.count == 0


def test_sizes_that_nobody_has(tmp_path: Path) -> None:
    found = look([put(tmp_path, {"m:t": manifest(size=1 << 60), f"sha256-{HEX}": WEIGHTS, "config": TINY_CONFIG})])
    assert [lack.blob.size for lack in found.lacking(found.find(NAME), present=lambda _: False)] == [1 << 60]


def replace_by_link(path: Path) -> None:
    path.rename(path.with_name("away"))
    path.symlink_to("away")


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "swap", [Path.unlink, lambda path: path.write_bytes(b"short"), replace_by_link, replace_by_pipe]
)
def test_a_file_that_was_swapped(tmp_path: Path, swap: object) -> None:
    assert callable(swap)
    found, _ = looked(tmp_path, {"data": WEIGHTS})
    model = found.find(NAME)
    assert found.path(BLOB)
    swap(tmp_path / "data")
    with pytest.raises(FileChanged):
        found.path(BLOB)
    with pytest.raises(IntegrityError), found.read(BLOB, of=model, start=0, stop=1):
        pass
    assert found.doubt([BLOB])
    assert str(tmp_path / "data") in lacking(found)[BLOB][0]


def test_a_source(tmp_path: Path) -> None:
    found, _ = looked(tmp_path, {"data": WEIGHTS})
    assert isinstance(found.find(ModelName.parse("M:T")), Model)
    with pytest.raises(ModelNotFound):
        found.find(ModelName.parse("n"))
    buffer = memoryview(bytearray(10))
    with found.read(BLOB, of=found.find(NAME), start=5, stop=9) as reader:
        assert reader.readinto(buffer) == 4
    assert bytes(buffer[:4]) == WEIGHTS[5:9]


def test_a_folder_that_may_not_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be seen is taken all the same."""
    real, closed = os.scandir, str(tmp_path / "closed")

    def scandir(path: str) -> object:
        if path == closed:
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    put(tmp_path, {"closed/x": b"", "data": WEIGHTS})
    found, _ = looked(tmp_path, {})
    assert lacking(found) == {}
    assert found.papers.unread[0].where == closed


def test_threads_may_read(tmp_path: Path) -> None:
    found, _ = looked(tmp_path, {"data": WEIGHTS})
    model, seen = found.find(NAME), []

    def read() -> None:
        buffer = memoryview(bytearray(100))
        with found.read(BLOB, of=model, start=0, stop=100) as reader:
            seen.append(reader.readinto(buffer))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [100] * 4


def test_a_stop(tmp_path: Path) -> None:
    put(tmp_path, SMALL)
    stop = Stop()
    found = look([tmp_path], stop=stop, observer=SILENT)
    stop.set()
    with pytest.raises(Exception, match="stopped"):
        found.path(CONFIG)


def test_a_blob_that_no_manifest_here_names(tmp_path: Path) -> None:
    """It is looked for when somebody wants it, among files of its size and with any name."""
    downloads = look([put(tmp_path, {"a": OTHER_WEIGHTS, "b": WEIGHTS, "c": b"other"})])
    with pytest.raises(IntegrityError):
        downloads.path(BLOB)
    downloads.want(BLOB)
    assert downloads.path(BLOB) == tmp_path / "b"
    downloads.want(BLOB)
    assert downloads.path(BLOB) == tmp_path / "b"
