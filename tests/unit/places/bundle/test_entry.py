"""Headers of a bundle's entries: what is written, and that only this is read."""

import tarfile
from pathlib import Path
from typing import Literal

import pytest

from packllama.base.errors import IntegrityError, InvalidBundle, PackLlamaError
from packllama.base.stop import Stop
from packllama.places.bundle.entry import BLOCK, Entry, encode, encode_file, read_entry
from packllama.places.bundle.tape import Tape
from tests.unit.places.bundle.bundles import opened_file

ENTRIES = [
    Entry("oci-layout", 30),
    Entry("empty"),
    Entry("blobs/sha256/x", target="blobs/sha256-x"),
    Entry("n" * 100, 1),
    Entry("n" * 101, 1),
    Entry("manifests/" + "h" * 350 + "/n/m/t", 5),
    Entry("just-octal", 8**11 - 1),
    Entry("just-binary", 8**11),
    Entry("nine-gib", 9 << 30),
    Entry("huge", 1 << 62),
]


def read_from(raw: bytes, folder: Path) -> Entry:
    with opened_file(raw, folder) as descriptor:
        return read_entry(Tape(descriptor, where="x.tar", stop=Stop()))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path[:20])
def test_what_is_written_is_read(entry: Entry, tmp_path: Path) -> None:
    assert read_from(encode(entry), tmp_path) == entry


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.path[:20])
def test_other_programs_read_the_same(entry: Entry) -> None:
    raw = encode(entry)
    assert len(raw) % BLOCK == 0
    found = tarfile.TarInfo.frombuf(raw[-BLOCK:], "ascii", "strict")
    assert (found.size, found.mode, found.mtime, found.uid, found.uname) == (entry.size, 0o644, 946_684_800, 0, "")
    assert (found.name, found.linkname) == (entry.path[:100], entry.target)


def header(path: str = "x", dialect: Literal[0, 1, 2] = tarfile.GNU_FORMAT, **fields: object) -> bytes:
    """A header as another program may write it."""
    info = tarfile.TarInfo(path)
    info.mode, info.mtime = 0o644, 946_684_800
    for name, value in fields.items():
        setattr(info, name, value)
    return info.tobuf(dialect)


def with_field(start: int, text: bytes) -> bytes:
    """A header with something else in one field, and the checksum that fits."""
    raw = bytearray(encode(Entry("x", 5)))
    raw[start : start + len(text)] = text
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw)
    return bytes(raw)


def long_name(length: int) -> bytes:
    raw = bytearray(header("././@LongLink", type=b"L", size=length))
    return bytes(raw) + b"n" * min(length, 1 << 20)


FOREIGN = {
    "a file of an old tar": header(type=b"\0"),
    "a symbolic link": header(type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "a character device": header(type=tarfile.CHRTYPE),
    "a block device": header(type=tarfile.BLKTYPE),
    "a folder": header(type=tarfile.DIRTYPE),
    "a FIFO": header(type=tarfile.FIFOTYPE),
    "a pax header": header("p" * 101, dialect=tarfile.PAX_FORMAT),
    "a sparse file": header(type=tarfile.GNUTYPE_SPARSE),
    "a long link": header(type=tarfile.LNKTYPE, linkname="t" * 101),
    "an entry of an unknown kind": header(type=b"Z"),
    "the path of an entry has 1,048,576 bytes": long_name(1 << 20),
    "the path of an entry has 0 bytes": long_name(0),
    "the path of an entry has -1 bytes": header(type=b"L", size=-1),
}
UNUSUAL = {
    "setuid": header(mode=0o4644),
    "executable": header(mode=0o755),
    "owner": header(uid=1000),
    "owner's name": header(uname="me"),
    "time": header(mtime=0),
    "the dialect of POSIX": header(dialect=tarfile.USTAR_FORMAT),
    "a prefix": with_field(345, b"../.."),
    "something behind the name's end": with_field(2, b"\0y"),
    "a small binary size": with_field(124, b"\x80" + (5).to_bytes(11, "big")),
    "a negative size": with_field(124, b"\xff" * 12),
    "a size that is none": with_field(124, b"0x10       \0"),
    "a size with an underscore": with_field(124, b"0000000_005\0"),
    "a size with digits that are not octal": with_field(124, b"00000000009\0"),
    "a name that is not ASCII": with_field(0, b"\xff"),
    "a link with a size": header(type=tarfile.LNKTYPE, linkname="t", size=0)[:124] + b"00000000009\0",
}


@pytest.mark.parametrize("words", FOREIGN)
def test_refuses_other_kinds_by_name(words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidBundle, match=words):
        read_from(FOREIGN[words], tmp_path)


@pytest.mark.parametrize("oddity", UNUSUAL)
def test_refuses_what_packllama_does_not_write(oddity: str, tmp_path: Path) -> None:
    with pytest.raises(PackLlamaError):
        read_from(UNUSUAL[oddity].ljust(BLOCK, b"\0"), tmp_path)


@pytest.mark.parametrize("position", [0, 100, 130, 150, 156, 200, 260, 511])
def test_a_changed_byte_is_damage(position: int, tmp_path: Path) -> None:
    raw = bytearray(encode(Entry("x", 5)))
    raw[position] ^= 1
    with pytest.raises(IntegrityError, match="damaged"):
        read_from(bytes(raw), tmp_path)


def test_zeros_and_an_early_end(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="there are zeros"):
        read_from(bytes(BLOCK), tmp_path)
    with pytest.raises(IntegrityError, match="cut short: it ends after 511 bytes"):
        read_from(encode(Entry("x"))[:-1], tmp_path)


def test_a_small_file_is_padded() -> None:
    assert len(encode_file("x", b"")) == BLOCK
    assert len(encode_file("x", b"a" * BLOCK)) == 2 * BLOCK
    assert encode_file("x", b"a").endswith(b"a" + bytes(BLOCK - 1))
