"""Where a receipt goes."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from packllama.base.errors import MissingFile, NoRights, PackLlamaError
from packllama.name import ModelName
from packllama.prove.document import document
from packllama.prove.files import ReceiptPlace
from packllama.prove.page import page
from packllama.prove.receipt import Receipt
from tests.unit.prove.receipts import DAMAGED, FAILED, PROVED, VECTOR

DATED = "gemma3-12b-it-qat-20261003T120005Z"


@pytest.mark.parametrize(
    ("output", "stem"),
    [
        ("receipt", "receipt"),
        ("receipt.json", "receipt"),
        ("receipt.txt", "receipt"),
        ("receipt.v1.2", "receipt.v1.2"),
        (".json", ".json"),
        ("here/receipt.txt", "here/receipt"),
        ("here", f"here/{DATED}"),
        ("here/", f"here/{DATED}"),
        (".", DATED),
    ],
)
def test_the_names(output: str, stem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path)
    place = ReceiptPlace.at(output)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    written = place.write(PROVED)
    assert written == (tmp_path / f"{stem}.json", tmp_path / f"{stem}.txt")
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(written)


@pytest.mark.parametrize("receipt", [PROVED, DAMAGED, FAILED, VECTOR])
def test_what_is_written(receipt: Receipt, tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("an older one")
    found, text = ReceiptPlace.at(str(tmp_path / "r")).write(receipt)
    assert json.loads(found.read_text()) == {"packllama": 1, **document(receipt)}
    assert found.read_text().startswith('{\n  "packllama": 1,\n')
    assert text.read_text(encoding="utf-8") == page(receipt)


def test_a_long_name_from_elsewhere(tmp_path: Path) -> None:
    name = ModelName.parse(f"host.example:5000/{'n' * 80}/{'m' * 80}:{'t' * 80}")
    written = ReceiptPlace.at(str(tmp_path)).write(replace(PROVED, name=name))
    assert [path.parent for path in written] == [tmp_path, tmp_path]
    assert written[0].name.startswith("host.example-5000-nnn")


@pytest.mark.parametrize(
    ("output", "error"), [("nowhere/", MissingFile), ("nowhere/r", MissingFile), ("f/r", PackLlamaError)]
)
def test_a_folder_that_is_none(
    output: str, error: type[PackLlamaError], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error):
        ReceiptPlace.at(output)


def test_a_folder_that_takes_no_file() -> None:
    """Not even from root."""
    with pytest.raises((NoRights, MissingFile)):
        ReceiptPlace.at(os.fspath(Path("/proc/self/receipt")))
