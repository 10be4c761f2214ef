import errno
import os
import struct
from collections.abc import Callable

import pytest

from packllama.base.errors import Cancelled, FileChanged, GGUFError, MachineError
from packllama.base.stop import Stop
from packllama.gguf import limits
from packllama.gguf.window import WINDOW_BYTES, Window
from tests.unit.gguf import builder

U32 = struct.Struct("<I")


def test_reads_numbers_and_bytes_in_order() -> None:
    with builder.descriptor(b"\x01\0\0\0abc") as fd:
        window = Window(fd, size=7, where="f")
        assert window.integer(U32, "a number") == 1
        assert window.take(2, "letters") == b"ab"
        assert (window.position, window.left) == (6, 1)


@pytest.mark.parametrize("start", [WINDOW_BYTES - 3, WINDOW_BYTES - 4, WINDOW_BYTES, 3 * WINDOW_BYTES + 1])
def test_a_number_across_the_edge_of_two_windows(start: int) -> None:
    with builder.descriptor(bytes(start) + U32.pack(0xDEADBEEF)) as fd:
        window = Window(fd, size=start + 4, where="f")
        window.integer(U32, "the first number")
        window.skip(start - 4, "zeros")
        assert window.integer(U32, "the last number") == 0xDEADBEEF


def test_takes_more_than_a_window() -> None:
    data = os.urandom(2 * WINDOW_BYTES + 5)
    with builder.descriptor(data + b"end") as fd:
        window = Window(fd, size=len(data) + 3, where="f")
        assert window.take(len(data), "much") == data
        assert window.take(3, "the end") == b"end"


def test_the_descriptors_own_position_is_left_alone() -> None:
    with builder.descriptor(b"abcdef") as fd:
        os.lseek(fd, 4, os.SEEK_SET)
        Window(fd, size=6, where="f").take(3, "letters")
        assert os.lseek(fd, 0, os.SEEK_CUR) == 4


@pytest.mark.parametrize(
    "read",
    [
        lambda window: window.take(8, "the name"),
        lambda window: window.skip(8, "the name"),
        lambda window: window.view(8, "the name"),
        lambda window: window.require(8, "the name"),
        lambda window: window.take(1 << 62, "the name"),
    ],
)
def test_beyond_the_end_is_an_error_that_says_where(read: Callable[[Window], object]) -> None:
    with builder.descriptor(b"abcdef") as fd:
        window = Window(fd, size=6, where="f")
        window.take(2, "letters")
        with pytest.raises(GGUFError, match="unexpected end of file: the name needs") as caught:
            read(window)
    assert "at offset 2, but the file ends at 6" in caught.value.message
    assert caught.value.where == "f"


def test_a_file_that_becomes_shorter_has_changed() -> None:
    with builder.descriptor(b"abcdef") as fd, pytest.raises(FileChanged, match="ends at 6, but was 600"):
        Window(fd, size=600, where="f").take(7, "letters")


def test_a_medium_that_fails_is_the_machines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "pread", fail)
    with pytest.raises(MachineError, match=r"Input/output error \(while reading the GGUF\)"):
        Window(0, size=10, where="f").take(1, "a byte")


def test_reads_that_bring_little_are_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, count, offset: pread(fd, min(count, 2), offset))
    with builder.descriptor(b"abcdef") as fd:
        assert Window(fd, size=6, where="f").take(5, "letters") == b"abcde"


def test_a_header_has_an_end_even_in_an_endless_file() -> None:
    with builder.descriptor(b"") as fd:
        window = Window(fd, size=1 << 50, where="f")
        window.skip(limits.HEADER_BYTES, "as much as allowed")
        with pytest.raises(GGUFError, match="the header goes on beyond"):
            window.skip(1, "more")


def test_looks_at_stop_at_every_read() -> None:
    stop = Stop()
    with builder.descriptor(bytes(WINDOW_BYTES + 1)) as fd:
        window = Window(fd, size=WINDOW_BYTES + 1, where="f", stop=stop)
        window.take(1, "the first byte")
        stop.set()
        window.take(WINDOW_BYTES - 1, "what was read already")
        with pytest.raises(Cancelled):
            window.take(1, "the last byte")
