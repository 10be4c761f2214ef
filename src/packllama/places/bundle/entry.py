"""The entries of a bundle: what a tar's header says, written one way and read back only from that one way.

GNU's dialect: sizes from 8 GiB on are binary numbers in the same field, a path of more than 100 bytes stands in an
entry of its own before. A header is right when it is the very bytes that :func:`encode` gives for what it says. So
two tar programs can't read two things from it, and there is nothing else in it that one would have to look at.
"""

import struct
from dataclasses import dataclass

from packllama.base.errors import IntegrityError, InvalidBundle, PackLlamaError
from packllama.places.bundle.tape import Tape

BLOCK = 512
END = bytes(2 * BLOCK)

# Name, mode, owner, group, size, time, checksum, kind, target, dialect; the rest is names of owners and devices.
_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s8s247x")
_NAME_BYTES = 100
_DIALECT = b"ustar  \0"
_FILE, _LINK, _LONG_NAME = b"0", b"1", b"L"

# The same time for all, so that equal models give equal files. 2000-01-01: FAT knows no time before 1980.
_TIME = 946_684_800
_MODE = 0o644

# A manifest's path has 603 bytes at most.
_LONGEST_PATH = 1024

# What to do about bytes that are not what was written.
COPY_AGAIN = "Copy or fetch the file again; of several volumes, see that all are there, and in order."

_FOREIGN = {
    b"\0": "a file of an old tar",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"5": "a folder",
    b"6": "a FIFO",
    b"7": "a contiguous file",
    b"g": "a pax header",
    b"x": "a pax header",
    b"D": "a list of a folder",
    b"K": "a long link",
    b"M": "a part of a file",
    b"N": "an old long name",
    b"S": "a sparse file",
    b"V": "a volume's name",
    b"X": "a Solaris header",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of ``size`` bytes, or a hard link to the entry at ``target``."""

    path: str
    size: int = 0
    target: str = ""

    def __str__(self) -> str:
        return f"{self.path} -> {self.target}" if self.target else f"{self.path} of {self.size:,} bytes"


def padding(size: int) -> bytes:
    """The zeros that fill a content's last block."""
    return bytes(-size % BLOCK)


def encode(entry: Entry) -> bytes:
    """The header of an entry: one block, or three or more when the path is long."""
    name = entry.path.encode()
    kind = _LINK if entry.target else _FILE
    header = _header(name[:_NAME_BYTES], kind, entry.size, target=entry.target.encode(), mode=_MODE, time=_TIME)
    if len(name) <= _NAME_BYTES:
        return header
    text = name + b"\0"
    return _header(b"././@LongLink", _LONG_NAME, len(text)) + text + padding(len(text)) + header


def encode_file(path: str, data: bytes) -> bytes:
    """A whole small file: header, content, padding."""
    return encode(Entry(path, len(data))) + data + padding(len(data))


def read_entry(tape: Tape) -> Entry:
    """The next header.

    Raises:
        IntegrityError: the tape ends, or its bytes are damaged.
        InvalidBundle: it is no header that packllama writes.
    """
    raw = header = tape.read(BLOCK)
    name = header[:_NAME_BYTES]
    if _kind(header) == _LONG_NAME:
        length = _size(header)
        if not 0 < length <= _LONGEST_PATH:
            raise InvalidBundle(f"the path of an entry has {length:,} bytes", where=tape.where)
        name = tape.read(length)
        header = tape.read(-length % BLOCK + BLOCK)[-BLOCK:]
        raw = raw + name + padding(length) + header
    entry = Entry(_text(name), _size(header), _text(header[157:257]))
    if raw != encode(entry):
        raise _refusal(raw[:BLOCK], header, entry, tape)
    return entry


def _header(name: bytes, kind: bytes, size: int, *, target: bytes = b"", mode: int = 0, time: int = 0) -> bytes:
    nobody = b"0000000\0"
    before = (name, b"%07o\0" % mode, nobody, nobody, _number(size), b"%011o\0" % time)
    after = (kind, target, _DIALECT)
    return _HEADER.pack(*before, b"%06o\0 " % sum(_HEADER.pack(*before, b" " * 8, *after)), *after)


def _number(size: int) -> bytes:
    return b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")


def _kind(header: bytes) -> bytes:
    return header[156:157]


def _size(header: bytes) -> int:
    """-1 for what is no size."""
    field = header[124:136]
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.rstrip(b"\0")
    return int(digits, 8) if digits.isdigit() and b"8" not in digits and b"9" not in digits else -1


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("ascii", "backslashreplace")


def _refusal(first: bytes, header: bytes, entry: Entry, tape: Tape) -> PackLlamaError:
    if not any(first):
        return IntegrityError(
            f"there are zeros where an entry was expected, before byte {tape.position:,}",
            where=tape.where,
            hint="The file was not written to its end, or is cut short. Copy or fetch it again.",
        )
    if not (_has_right_sum(first) and _has_right_sum(header)):
        return IntegrityError(
            f"the header of an entry is damaged, before byte {tape.position:,}",
            where=tape.where,
            hint=COPY_AGAIN,
        )
    if _kind(header) not in {_FILE, _LINK}:
        found = _FOREIGN.get(_kind(header), "an entry of an unknown kind")
    else:
        found = "an entry with a mode, an owner, a number or a dialect that packllama does not write"
    return InvalidBundle(f"{entry.path} is {found}", where=tape.where)


def _has_right_sum(header: bytes) -> bool:
    stated = header[148:156].strip(b"\0 ")
    return stated.isdigit() and stated == b"%06o" % (sum(header) - sum(header[148:156]) + 8 * ord(" "))
