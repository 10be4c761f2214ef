import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, GGUFError, MissingFile, NoRights
from packllama.base.stop import Stop
from packllama.gguf import ByteOrder, ValueType, limits, open_gguf
from tests.unit.gguf import builder
from tests.unit.gguf.builder import Writer, every_layout


def test_a_tiny_model(gguf: Callable[[str], Path]) -> None:
    found = open_gguf(gguf("tiny.gguf"))
    assert (found.version, found.byte_order) == (3, ByteOrder.LITTLE)
    assert (found.alignment, found.data_offset) == (32, 17792)
    assert found.size == gguf("tiny.gguf").stat().st_size
    assert [found.tensors[2].name, found.tensors[2].shape] == ["output.weight", (64, 717)]


def test_a_file_cut_in_its_data_says_what_ollama_says(gguf: Callable[[str], Path]) -> None:
    with pytest.raises(GGUFError) as caught:
        open_gguf(gguf("cut.gguf"))
    assert caught.value.message == 'tensor "output.weight" offset+size (201600) exceeds file size (200000)'


def test_a_file_cut_in_its_header(gguf: Callable[[str], Path]) -> None:
    with pytest.raises(GGUFError, match="unexpected end of file"):
        open_gguf(gguf("cut-header.gguf"))


def test_a_file_of_keys_alone(gguf: Callable[[str], Path]) -> None:
    found = open_gguf(gguf("meta-only.gguf"))
    assert found.tensors == ()
    assert len(found.metadata) > 0


def test_a_text_file(gguf: Callable[[str], Path]) -> None:
    with pytest.raises(GGUFError, match="supplied file was not in GGUF format"):
        open_gguf(gguf("not.gguf"))


@every_layout
@pytest.mark.parametrize("alignment", [1, 8, 64, 4096])
def test_alignment_moves_the_data(w: Writer, alignment: int) -> None:
    keys = [w.uint32("general.alignment", alignment)]
    data = w.gguf(keys, [w.tensor("a")], alignment=alignment, data=1)
    found = builder.parse(data)
    assert found.alignment == alignment
    assert found.data_offset == len(data) - 1
    builder.refused(data[:-1], f"offset+size ({len(data)}) exceeds file size ({len(data) - 1})")


@every_layout
@pytest.mark.parametrize(
    ("alignment", "words"),
    [
        (lambda w: w.uint32("general.alignment", 0), "must be a power of two, but is 0"),
        (lambda w: w.uint32("general.alignment", 33), "must be a power of two, but is 33"),
        (lambda w: w.uint32("general.alignment", 2**32 - 1), "must be a power of two"),
        (lambda w: w.scalar("general.alignment", ValueType.UINT64, 32), "must be stored as uint32, but is uint64"),
        (lambda w: w.scalar("general.alignment", ValueType.INT32, 32), "must be stored as uint32, but is int32"),
        (lambda w: w.boolean("general.alignment", True), "must be stored as uint32, but is bool"),
        (lambda w: w.string("general.alignment", "32"), "must be stored as uint32, but is string"),
        (lambda w: w.array("general.alignment", 4, 0), "must be stored as uint32, but is array"),
    ],
)
def test_alignments_that_no_engine_takes(w: Writer, alignment: Callable[[Writer], bytes], words: str) -> None:
    builder.refused(w.gguf([alignment(w)]), words)


@every_layout
@pytest.mark.parametrize(
    ("table", "words"),
    [
        (lambda w: [w.tensor("a", (100,)), w.tensor("b", offset=96)], 'tensors "a" and "b" overlap'),
        (lambda w: [w.tensor("a", offset=32), w.tensor("b", (33,))], 'tensors "b" and "a" overlap'),
        (lambda w: [w.tensor("a"), w.tensor("b")], 'tensors "a" and "b" overlap'),
        (lambda w: [w.tensor("a", offset=33)], 'tensor "a" begins at 33, not a multiple of 32'),
        (lambda w: [w.tensor("a", offset=2**64 - 32)], 'tensor "a" offset+size'),
        (lambda w: [w.tensor("a", (w.most >> 1,))], 'tensor "a" offset+size'),
        (lambda w: [w.tensor("a", (1025,))], "exceeds file size"),
    ],
)
def test_data_that_is_not_where_it_should_be(w: Writer, table: Callable[[Writer], list[bytes]], words: str) -> None:
    builder.refused(w.gguf(tensors=table(w), data=1024), words)


@every_layout
def test_tensors_may_stand_in_any_order_with_gaps(w: Writer) -> None:
    table = [w.tensor("a", (32,), offset=96), w.tensor("b", (96,))]
    assert len(builder.parse(w.gguf(tensors=table, data=128)).tensors) == 2


def test_stops_before_anything_is_read(gguf: Callable[[str], Path]) -> None:
    stop = Stop()
    stop.set()
    with pytest.raises(Cancelled):
        open_gguf(gguf("tiny.gguf"), stop=stop)


@pytest.mark.parametrize("w", [builder.CURRENT, builder.FIRST], ids=str)
def test_stops_soon_within_the_longest_array(w: Writer, tmp_path: Path) -> None:
    """A hole in the file is as many empty strings as an array may have; passing over them takes seconds."""
    path = tmp_path / "long.gguf"
    path.write_bytes(w.gguf([w.array("a", ValueType.STRING, limits.ARRAY_ELEMENTS)], alignment=1))
    os.truncate(path, limits.HEADER_BYTES)
    stop = Stop()
    timer = threading.Timer(0.2, stop.set)
    begun = time.monotonic()
    timer.start()
    with pytest.raises(Cancelled):
        open_gguf(path, stop=stop)
    timer.join()
    assert time.monotonic() - begun < 1


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def make_link_to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Path.mkdir, "found a directory"),
        (make_fifo, "found a named pipe"),
        (make_socket, "found a socket"),
        (make_link_to_device, "found a character device"),
    ],
)
def test_what_is_no_file_is_refused_without_waiting(
    make: Callable[[Path], None], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path has to be short
    path = Path("special.gguf")
    make(path)
    with pytest.raises(GGUFError, match=words):
        open_gguf(path)


def test_a_pipe_that_takes_the_files_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the opening; without O_NONBLOCK this test would hang."""
    regular, pipe = tmp_path / "regular", tmp_path / "pipe"
    regular.write_bytes(b"")
    os.mkfifo(pipe)
    status = regular.stat()
    monkeypatch.setattr(Path, "stat", lambda self: status)
    with pytest.raises(GGUFError, match="found a named pipe"):
        open_gguf(pipe)


@pytest.mark.parametrize("name", ["absent.gguf", "file/below.gguf", "dangling.gguf", "nul\0.gguf", "\ud800"])
def test_what_is_not_there(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "dangling.gguf").symlink_to("nowhere")
    with pytest.raises(MissingFile):
        open_gguf(f"{tmp_path}/{name}")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal is simulated, since root may read everything."""
    path = tmp_path / "secret.gguf"
    path.write_bytes(builder.gguf())

    def refuse(*args: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(NoRights, match="Permission denied"):
        open_gguf(path)


@pytest.mark.parametrize("sound", [True, False])
def test_no_descriptor_is_left_open(sound: bool, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(builder.gguf() if sound else b"GGUF")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        if sound:
            open_gguf(path)
        else:
            with pytest.raises(GGUFError):
                open_gguf(path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
