import io
import zipfile

import pytest

from packllama.gguf import ByteOrder
from tests.unit.gguf import builder
from tests.unit.gguf.builder import Writer


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", "x")
    return buffer.getvalue()


SWAPPED = Writer(order=">", magic=b"FUGG")


@pytest.mark.parametrize(
    ("start", "version", "order"),
    [
        (b"GGUF\2\0\0\0", 2, ByteOrder.LITTLE),
        (b"GGUF\3\0\0\0", 3, ByteOrder.LITTLE),
        (b"GGUF\0\0\0\2", 2, ByteOrder.BIG),
        (b"GGUF\0\0\0\3", 3, ByteOrder.BIG),
        (b"FUGG\0\0\0\2", 2, ByteOrder.BIG),
        (b"FUGG\0\0\0\3", 3, ByteOrder.BIG),
        (b"GGUF\1\0\0\0", 1, ByteOrder.LITTLE),
        (b"GGUF\0\0\0\1", 1, ByteOrder.BIG),
        (b"FUGG\0\0\0\1", 1, ByteOrder.BIG),
    ],
)
def test_versions_and_byte_orders_that_are_read(start: bytes, version: int, order: ByteOrder) -> None:
    gguf = builder.parse(start + bytes(16))
    assert (gguf.version, gguf.byte_order) == (version, order)


@pytest.mark.parametrize("version", [0, 4, 0x04000000, 0x80000000, 0xFFFFFFFF])
@pytest.mark.parametrize("writer", [builder.CURRENT, SWAPPED], ids=str)
def test_versions_that_are_not(writer: Writer, version: int) -> None:
    error = builder.refused(writer.gguf(version=version), f"unknown GGUF version {version}: 1, 2 and 3 are known")
    assert error.hint


def test_with_the_swapped_magic_the_version_is_swapped_too() -> None:
    builder.refused(b"FUGG\3\0\0\0" + bytes(24), "unknown GGUF version 50331648")


@pytest.mark.parametrize("end", [b"", b"\0"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("length", ["I", "Q"])
@pytest.mark.parametrize("name", ["a", "abc", "general.architecture", "x" * 65_534])
def test_both_forms_of_version_1_are_told_apart(name: str, length: str, order: str, end: bytes) -> None:
    """By the first name, be it a key's or a tensor's."""
    writer = Writer(version=1, total="I", length=length, order=order, end=end)
    assert list(builder.parse(writer.gguf([writer.uint32(name, 5)])).metadata) == [name]
    assert builder.parse(writer.gguf(tensors=[writer.tensor(name)], data=1)).tensors[0].name == name


def test_version_1_with_nothing_in_it() -> None:
    gguf = builder.parse(b"GGUF" + builder.u32(1) + bytes(8))
    assert (gguf.version, len(gguf.metadata), gguf.tensors) == (1, 0, ())


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:", "git lfs pull"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html><html>", "web page"),
        (b"<html><body>Sign in", "web page"),
        (b"lmgg\x01\0\0\0", "before August 2023"),
        (b"tjgg\x03\0\0\0", "before August 2023"),
        (builder.u64(2) + b"{}" + bytes(9), "safetensors"),
        (zipped(), "zip archive"),
        (b"\x1f\x8b\x08\0\0", "Unpack"),
        (b'{"error":"unauthorized"}', "error message"),
        (bytes(4096), "zeros"),
        (b"This is not a model.\n", ""),
        (b"GGU", ""),
        (b"gguf\x03\0\0\0", ""),
    ],
)
def test_what_is_no_gguf_is_named_if_possible(data: bytes, hint: str) -> None:
    error = builder.refused(data, "supplied file was not in GGUF format")
    assert hint in error.hint
    assert bool(error.hint) is bool(hint)
