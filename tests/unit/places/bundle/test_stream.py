"""A bundle that passes by: what is read of a good one, and how each evil one is refused."""

import os
import tarfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from packllama.base.errors import (
    Cancelled,
    IntegrityError,
    PackLlamaError,
)
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, Manifest, compose
from packllama.model import Model
from packllama.name import ModelName
from packllama.pieces import PIECE_BYTES
from packllama.places.bundle import BundleStream
from packllama.places.bundle.entry import BLOCK, Entry, encode, encode_file
from packllama.places.bundle.layout import INDEX, SUMS, blob_path, oci_path
from tests.unit.places.bundle.bundles import (
    BOTH,
    CONFIG,
    TEMPLATE,
    TWO,
    TWO_BYTES,
    WEIGHTS,
    Opened,
    blob,
    bytes_of,
    consume,
    entries,
    model,
    opened_file,
    opened_pipe,
    packed,
    pieces_of,
    write,
)

GOOD = packed(entries())


@pytest.mark.parametrize("opened", BOTH)
def test_gives_back_what_went_in(opened: Opened, tmp_path: Path) -> None:
    with opened(write(tmp_path / "x.tar").read_bytes(), tmp_path) as descriptor:
        assert consume(descriptor) == (list(TWO), TWO_BYTES)


@pytest.mark.parametrize("opened", BOTH)
def test_what_is_not_read_is_passed_over(opened: Opened, tmp_path: Path) -> None:
    with opened(packed(entries()), tmp_path) as descriptor:
        stream = BundleStream(descriptor, where="x.tar", stop=Stop())
        assert [each for each, _ in stream.blobs()] == [blob(b""), blob(TEMPLATE), blob(CONFIG), blob(WEIGHTS)]


def test_a_reader_is_empty_once_the_next_blob_was_asked_for(tmp_path: Path) -> None:
    with opened_file(packed(entries()), tmp_path) as descriptor:
        readers = [reader for _, reader in BundleStream(descriptor, where="x", stop=Stop()).blobs()]
        assert [reader.readinto(memoryview(bytearray(9))) for reader in readers] == [0, 0, 0, 0]


def test_models_are_known_before_the_first_blob(tmp_path: Path) -> None:
    table = entries()
    before = b"".join(list(table.values())[: list(table).index(blob_path(Digest.of(b"")))])
    with opened_pipe(before, tmp_path) as descriptor:
        assert BundleStream(descriptor, where="x", stop=Stop()).models() == TWO


def test_pieces_of_a_large_blob(tmp_path: Path) -> None:
    large = b"a" * (PIECE_BYTES + 1)
    path = write(tmp_path / "x.tar", [model("m", large)], bytes_of(large, CONFIG))
    with path.open("rb") as file:
        stream = BundleStream(file.fileno(), where="x", stop=Stop())
        assert len(list(stream.blobs())) == 2
        assert stream.pieces == {Digest.of(large): pieces_of(large)}


def test_two_names_of_one_manifest(tmp_path: Path) -> None:
    twice = [model("a", WEIGHTS), model("b", WEIGHTS)]
    with opened_file(packed(entries(twice, bytes_of(WEIGHTS, CONFIG))), tmp_path) as descriptor:
        assert consume(descriptor)[0] == twice


def test_a_blob_that_is_another_models_manifest(tmp_path: Path) -> None:
    inner = model("a", WEIGHTS)
    models, data = [inner, model("b", inner.manifest.raw)], bytes_of(WEIGHTS, CONFIG, inner.manifest.raw)
    path = write(tmp_path / "x.tar", models, data)
    with tarfile.open(path) as archive:
        assert len(set(archive.getnames())) == len(archive.getnames())
    with opened_file(path.read_bytes(), tmp_path) as descriptor:
        assert consume(descriptor) == (models, data)


@pytest.mark.parametrize("opened", BOTH)
def test_the_reverse_links_are_right_too(opened: Opened, tmp_path: Path) -> None:
    table, digest = entries(), Digest.of(WEIGHTS)
    ollama, oci = blob_path(digest), oci_path(digest)
    table[ollama] = encode(Entry(oci, len(WEIGHTS))) + table[ollama][BLOCK:]
    table[oci] = encode(Entry(ollama, target=oci))
    with opened(packed(table), tmp_path) as descriptor:
        assert consume(descriptor) == (list(TWO), TWO_BYTES)


def test_a_long_name(tmp_path: Path) -> None:
    long = model("h" * 350 + "/" + "n" * 80 + "/" + "m" * 80 + ":" + "t" * 80, TEMPLATE)
    with opened_file(packed(entries([long], bytes_of(TEMPLATE, CONFIG))), tmp_path) as descriptor:
        assert consume(descriptor)[0] == [long]


@pytest.mark.parametrize("opened", BOTH)
def test_later_versions_may_put_small_files_beside_the_index(opened: Opened, tmp_path: Path) -> None:
    beside = {f"{INDEX}.minisig": b"untrusted comment:", "notes.json": b"{}"}
    table: dict[str, bytes] = {}
    for path, entry in entries().items():
        table |= {name: encode_file(name, data) for name, data in beside.items()} if path == SUMS else {}
        table[path] = entry
    with opened(packed(table), tmp_path) as descriptor:
        assert consume(descriptor)[0] == list(TWO)


@pytest.mark.parametrize("opened", BOTH)
@pytest.mark.parametrize("zeros", [0, 1, 512, 10239])
def test_zeros_behind_the_end_are_no_harm(opened: Opened, zeros: int, tmp_path: Path) -> None:
    with opened(packed(entries()) + bytes(zeros), tmp_path) as descriptor:
        assert consume(descriptor)[0] == list(TWO)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example(flips=[(GOOD.index(b"format"), 0x20)])
@example(flips=[(GOOD.rindex(b"packllama"), 1)])
@given(flips=st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(1, 255)), min_size=1, max_size=3))
def test_changed_bytes_are_never_taken_for_right_ones(flips: list[tuple[int, int]], tmp_path: Path) -> None:
    data = bytearray(GOOD)
    for position, bits in flips:
        data[position] ^= bits
    with opened_file(bytes(data), tmp_path) as descriptor:
        try:
            assert consume(descriptor) == (list(TWO), TWO_BYTES)
        except PackLlamaError as error:
            assert error.exit_status in {4, 5}
        else:
            # The index alone may be spelled differently: its keys have no letter case.
            assert bytes(data).lower() == GOOD.lower()


def test_memory_does_not_grow_with_the_blobs(tmp_path: Path) -> None:
    size = 64 << 20
    large = Digest("ab" * 32)
    manifest = compose(Layer(CONFIG_TYPE, Digest.of(CONFIG), len(CONFIG)), [Layer("x", large, size)])
    of = Model(ModelName.parse("m"), Manifest.decode(manifest, where="m"))
    table = entries([of], {large: b"", **bytes_of(CONFIG)})
    ahead = packed(table).partition(encode(Entry(blob_path(large), size)))[0]
    path = tmp_path / "large.tar"
    with path.open("wb") as file:
        file.write(ahead + encode(Entry(blob_path(large), size)))
        file.truncate(file.tell() + size)
    buffer = memoryview(bytearray(1 << 16))
    passed = 0
    with path.open("rb") as file:
        tracemalloc.start()
        stream = BundleStream(file.fileno(), where="x", stop=Stop())
        with pytest.raises(IntegrityError, match="cut short"):
            for _, reader in stream.blobs():
                while count := reader.readinto(buffer):
                    passed += count
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert passed == size + len(CONFIG)
    assert peak < 1 << 20


def test_a_silent_pipe_can_be_left() -> None:
    reading, writing = os.pipe()
    stop = Stop()
    stop.set()
    with pytest.raises(Cancelled):
        BundleStream(reading, where="x", stop=stop).models()
    os.close(reading)
    os.close(writing)
