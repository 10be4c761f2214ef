"""Only plain files are read, small ones whole, and nothing waits for a pipe."""

import ctypes
import mmap
import os
import socket
from pathlib import Path

import pytest

from packllama.base import reading
from packllama.base.errors import BadInput, MissingFile


def test_a_buffer_begins_with_a_page() -> None:
    for size in (1, 256 << 10, (1 << 20) + 1):
        buffer = reading.page_buffer(size)
        assert len(buffer) == size
        assert ctypes.addressof(ctypes.c_char.from_buffer(buffer)) % mmap.PAGESIZE == 0


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "device"])
def test_only_plain_files_are_read_and_nothing_waits(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        monkeypatch.chdir(tmp_path)  # a socket's name may have 107 bytes only
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("x")
    with pytest.raises(BadInput) as caught:
        reading.read_small(path, limit=10, what="a thing")
    assert caught.value.where == str(path)


def test_read_small(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("a")
    assert reading.read_small(tmp_path / "link", limit=5, what="a thing") == b"12345"
    with pytest.raises(BadInput, match="larger than the 4 bytes"):
        reading.read_small(tmp_path / "a", limit=4, what="a thing")
    for missing in ("b", "a/b"):
        with pytest.raises(MissingFile):
            reading.read_small(tmp_path / missing, limit=4, what="a thing")
