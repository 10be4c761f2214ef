"""A bundle file as a source: any range of any blob, from several threads."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from packllama.base.errors import BadInput, IntegrityError, MissingFile, ModelNotFound
from packllama.digest import Digest
from packllama.model import Blob
from packllama.name import ModelName
from packllama.places.bundle import BundleSource, is_bundle
from packllama.places.place import Source
from tests.unit.places.bundle.bundles import CONFIG, TEMPLATE, TWO, TWO_BYTES, WEIGHTS, blob, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "x.tar")


def read(source: Source, of: Blob, start: int, stop: int) -> bytes:
    data, buffer = b"", memoryview(bytearray(100))
    with source.read(of, of=TWO[0], start=start, stop=stop) as reader:
        while count := reader.readinto(buffer):
            data += buffer[:count]
    return data


@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, len(WEIGHTS)), (0, 0), (5, 5), (5, 6), (700, 2000), (2303, 2304), (2304, 2304), (2000, 9999)],
)
def test_reads_any_range(start: int, stop: int, path: Path) -> None:
    with BundleSource(path) as source:
        assert read(source, blob(WEIGHTS), start, stop) == WEIGHTS[start:stop]


def test_reads_from_several_threads(path: Path) -> None:
    with BundleSource(path) as source, ThreadPoolExecutor(8) as pool:
        of = [WEIGHTS, TEMPLATE, CONFIG, b""] * 50
        assert list(pool.map(lambda data: read(source, blob(data), 0, len(data)), of)) == of


def test_finds_by_name_in_any_letter_case(path: Path) -> None:
    with BundleSource(path) as source:
        assert list(source.names()) == [each.name for each in TWO]
        assert source.find(ModelName.parse("hf.co/me/big-gguf:q4_k_m")) == TWO[0]
        with pytest.raises(ModelNotFound) as caught:
            source.find(ModelName.parse("gemna"))
        assert "gemma:latest" in caught.value.hint
        assert caught.value.where == str(path)
        assert source.streams == 1
        assert str(source) == str(path)


@pytest.mark.parametrize("wanted", [blob(b"absent"), Blob(Digest.of(WEIGHTS), 5)])
def test_refuses_a_blob_that_it_has_not(wanted: Blob, path: Path) -> None:
    with BundleSource(path) as source, pytest.raises(IntegrityError, match="there are no"):
        read(source, wanted, 0, 1)


def test_refuses_a_file_that_is_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-512])
    with pytest.raises(IntegrityError, match="cut short"), BundleSource(path):
        pass


def test_what_is_a_bundle(path: Path, tmp_path: Path) -> None:
    assert is_bundle(path)
    for data in (b"", b"GGUF", path.read_bytes()[:1000], bytes(5000)):
        (tmp_path / "other").write_bytes(data)
        assert not is_bundle(tmp_path / "other")
    with pytest.raises(MissingFile):
        is_bundle(tmp_path / "absent")
    with pytest.raises(BadInput):
        is_bundle(tmp_path)


def test_the_data_is_what_was_written(path: Path) -> None:
    with BundleSource(path) as source:
        assert {d: read(source, Blob(d, len(data)), 0, len(data)) for d, data in TWO_BYTES.items()} == TWO_BYTES
