"""Bytes to text, and files that are no Modelfiles."""

import io
import os
import tempfile
from pathlib import Path

import pytest

from packllama.base.errors import MissingFile, ModelfileError
from packllama.modelfile import MAX_BYTES, decode_modelfile, read_modelfile
from tests.another_user import packllama_as


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        ("FROM é😀".encode(), "FROM é😀"),
        (b"\xef\xbb\xbfFROM a", "FROM a"),
        (b"\xff\xfeF\0R\0\xe9\0", "FRé"),
        (b"\xfe\xff\0F\0R\0\xe9", "FRé"),
        (b"\xff\xfe\x3d\xd8\x00\xde", "😀"),
        # without a mark UTF-16 is taken for UTF-8
        (b"F\0R\0", "F\0R\0"),
        # one sign per ill-formed sequence, but one per byte after a mark
        (b"a\xe2\x82z", "a\ufffdz"),
        (b"\xef\xbb\xbfa\xe2\x82z", "a\ufffd\ufffdz"),
        (b"a\xff\xfez", "a\ufffd\ufffdz"),
        (b"a\xf0\x9f\x98", "a\ufffd"),
        (b"\xef\xbb\xbfa\xf0\x9f\x98", "a\ufffd\ufffd\ufffd"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        (b"\xef\xbb\xbf\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        (b"\xc0\xaf", "\ufffd\ufffd"),
        # surrogates without a partner
        (b"\xff\xfe\x3d\xd8a\0", "\ufffda"),
        (b"\xff\xfe\x00\xdea\0", "\ufffda"),
        (b"\xfe\xff\xd8\x3d", "\ufffd"),
        (b"\xff\xfea\0b", "a\ufffd"),
        # a second mark is an ordinary character
        (b"\xef\xbb\xbf\xef\xbb\xbfa", "\ufeffa"),
        (b"\xef\xbb", "\ufffd"),
    ],
)
def test_decodes(data: bytes, text: str) -> None:
    assert decode_modelfile(data) == text


def test_reads_a_path_and_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "Modelfile"
    path.write_bytes(b"\xef\xbb\xbfFROM a\r\n")
    assert read_modelfile(path) == read_modelfile(str(path)) == "FROM a\r\n"
    stream = io.BytesIO(b"FROM b")
    assert read_modelfile(stream) == "FROM b"
    assert not stream.closed


class _Dribble(io.RawIOBase):
    """Gives one byte at a time, as a pipe may."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int = -1) -> bytes:
        piece, self._data = self._data[:1], self._data[1:]
        return piece


def test_a_short_read_is_not_the_end() -> None:
    assert read_modelfile(_Dribble(b"FROM abc")) == "FROM abc"  # type: ignore[arg-type]


def test_the_size_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "Modelfile"
    path.write_bytes(b"\n" * MAX_BYTES)
    assert len(read_modelfile(path)) == MAX_BYTES
    with path.open("r+b") as stream:
        stream.truncate(2**40)
    with pytest.raises(ModelfileError, match="16 MiB") as caught:
        read_modelfile(path)
    assert caught.value.where == str(path)


class _Endless(io.RawIOBase):
    given = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0
        self.given += size
        return bytes(size)


def test_no_more_is_read_than_needed_to_refuse() -> None:
    endless = _Endless()
    with pytest.raises(ModelfileError, match="16 MiB"):
        read_modelfile(endless)  # type: ignore[arg-type]
    assert endless.given == MAX_BYTES + 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_special_files_are_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelfileError, match="a pipe"):
        read_modelfile(tmp_path / "pipe")
    for device in ("/dev/zero", "/dev/null"):
        with pytest.raises(ModelfileError, match="a device"):
            read_modelfile(device)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelfileError, match="directory"):
        read_modelfile(tmp_path)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        read_modelfile(tmp_path / "nope")


def test_a_forbidden_file_is_said_to_be_forbidden() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "Modelfile").write_bytes(b"FROM a")
        (folder / "Modelfile").chmod(0)
        # Root may read everything, so there somebody else tries.
        done = packllama_as(0 if os.geteuid() else 65534, "create", "m", cwd=folder)
    assert done.returncode == 7
    assert "Permission denied" in done.stderr
