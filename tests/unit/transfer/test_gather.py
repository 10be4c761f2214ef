"""Files that are only taken for a model's blobs: when one is wrong, the next is tried."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from packllama.base.errors import IntegrityError, NoSpace, PackLlamaError
from packllama.model import Blob, Move
from packllama.name import ModelName
from packllama.places.loose import Lack, look
from packllama.places.store import Store, StoreTarget
from packllama.transfer import CopyReport, copy
from packllama.transfer.gather import gather
from tests.unit.places.loose.downloading import BLOB, CONFIG, OTHER_WEIGHTS, WEIGHTS, manifest, put
from tests.unit.stores import TINY_CONFIG

NAME = ModelName.parse("m:t")
FILES = {"m:t": manifest(), "config": TINY_CONFIG}


class Try:
    """One model of a folder on its way into a store."""

    def __init__(self, tmp_path: Path, files: dict[str, bytes]) -> None:
        self.folder = put(tmp_path / "dl", FILES | files)
        self.store = Store(tmp_path / "store")
        self.found = look([self.folder])
        self.model = self.found.find(NAME)
        self.times = 0

    def present(self, blob: Blob) -> bool:
        return self.store.layout.finished_blob(blob.digest).exists()

    def carry(self) -> CopyReport:
        self.times += 1
        return copy([Move(self.model)], sources=[self.found], target=StoreTarget(self.store))

    def run(self) -> CopyReport | Sequence[Lack]:
        return gather(self.model, self.found, present=self.present, carry=self.carry)

    def lack(self) -> Lack:
        lacks = self.run()
        assert not isinstance(lacks, CopyReport)
        (lack,) = lacks
        return lack


def test_whole(tmp_path: Path) -> None:
    trying = Try(tmp_path, {"x": WEIGHTS})
    report = trying.run()
    assert isinstance(report, CopyReport)
    assert report.published == (NAME,)


def test_the_one_that_is_called_so_is_wrong(tmp_path: Path) -> None:
    trying = Try(tmp_path, {f"sha256-{BLOB.digest.hex}": OTHER_WEIGHTS, "x": WEIGHTS})
    assert isinstance(trying.run(), CopyReport)
    assert trying.times == 2


def test_all_are_wrong(tmp_path: Path) -> None:
    trying = Try(tmp_path, {"x": OTHER_WEIGHTS})
    lack = trying.lack()
    assert lack.blob == BLOB
    assert lack.instead[0].startswith("damaged: ")
    assert trying.present(CONFIG)
    assert trying.store.scan().names == []


def test_a_file_that_is_swapped_while_it_is_copied(tmp_path: Path) -> None:
    trying = Try(tmp_path, {"x": WEIGHTS})
    assert trying.found.path(BLOB)
    (trying.folder / "x").write_bytes(OTHER_WEIGHTS)
    lack = trying.lack()
    assert "not what it was a moment ago" in lack.instead[0]
    assert trying.store.scan().names == []


@pytest.mark.parametrize("error", [IntegrityError("of the target"), NoSpace("of the target", where="store")])
def test_when_the_files_are_not_to_blame(tmp_path: Path, error: PackLlamaError) -> None:
    trying = Try(tmp_path, {"x": WEIGHTS})

    def fail() -> CopyReport:
        raise error

    with pytest.raises(type(error), match="of the target"):
        gather(trying.model, trying.found, present=trying.present, carry=fail)
