import io
import zipfile

import pytest

from tests.unit.gguf import builder


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.pkl", "x")
    return buffer.getvalue()


@pytest.mark.parametrize("version", [2, 3])
def test_versions_that_are_read(version: int) -> None:
    assert builder.parse(builder.gguf(version=version)).version == version


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (0, "unknown GGUF version 0"),
        (1, "version 1 is not supported yet"),
        (4, "unknown GGUF version 4"),
        (0x01000000, "big-endian GGUF is not supported yet"),
        (0x02000000, "big-endian GGUF is not supported yet"),
        (0x03000000, "big-endian GGUF is not supported yet"),
        (0x80000000, "unknown GGUF version 2147483648"),
        (0xFFFFFFFF, "unknown GGUF version 4294967295"),
    ],
)
def test_versions_that_are_not(version: int, words: str) -> None:
    assert builder.refused(builder.gguf(version=version), words).hint


def test_the_other_big_endian_magic() -> None:
    builder.refused(b"FUGG" + bytes(20), "big-endian GGUF is not supported yet")


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
