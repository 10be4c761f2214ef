"""What the engine gets of a picture, and what it never sees."""

import io
import struct
import sys
import time
import tracemalloc
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from packllama.base.errors import BadInput, EngineMissing
from packllama.engine import pictures
from packllama.engine.pictures import sendable

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    width: int = 5,
    height: int = 3,
    *,
    depth: int = 8,
    colour: int = 2,
    methods: Sequence[int] = (0, 0, 0),
    inflated: int | None = None,
    parts: int = 1,
) -> bytes:
    """A black PNG; ``inflated`` is how many bytes its pixels unpack to."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1)
    size = height * (1 + (width * channels * depth + 7) // 8) if inflated is None else inflated
    data = zlib.compress(bytes(size))
    cuts = [data[part * len(data) // parts : (part + 1) * len(data) // parts] for part in range(parts)]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, *methods)
    return SIGNATURE + chunk(b"IHDR", header) + b"".join(chunk(b"IDAT", cut) for cut in cuts) + chunk(b"IEND")


def encoded(kind: str, *, mode: str = "RGB", size: tuple[int, int] = (5, 3), **options: object) -> bytes:
    result = io.BytesIO()
    Image.new(mode, size, 200 if mode in "1L" else "red").save(result, kind, **options)
    return result.getvalue()


JPEG = encoded("JPEG")
WEBP = encoded("WEBP")
FRAME = JPEG.index(b"\xff\xc0")
SCAN = JPEG.index(b"\xff\xda")


def of_frame(marker: int, *, precision: int = 8, height: int = 3, width: int = 5) -> bytes:
    """The JPEG with another frame header."""
    header = struct.pack(">BBHBHH", 0xFF, marker, 17, precision, height, width)
    return JPEG[:FRAME] + header + JPEG[FRAME + len(header) :]


def of_canvas(kind: bytes, payload: bytes) -> bytes:
    """A WebP that is all header."""
    return b"RIFF" + struct.pack("<I", 12 + len(payload)) + b"WEBP" + kind + struct.pack("<I", len(payload)) + payload


@pytest.mark.parametrize(
    "data",
    [
        png(),
        png(1, 1),
        png(parts=4),
        *(png(depth=depth, colour=0) for depth in (1, 2, 4, 8, 16)),
        png(depth=16),
        png(depth=1, colour=3),
        png(colour=4),
        png(depth=16, colour=6),
        png(8192, 8192, depth=1, colour=0),
        png(65_535, 1),
        png() + b"more",
        *(encoded("PNG", mode=mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA")),
        *(encoded("JPEG", mode=mode) for mode in ("L", "RGB", "CMYK")),
        encoded("JPEG", progressive=True),
        JPEG + b"more",
        JPEG[:2] + b"\xff\xff\xff\xfe\0\3x" + JPEG[2:],
    ],
)
def test_png_and_jpeg_go_as_they_are(data: bytes) -> None:
    assert sendable(data, where="x") is data


def interlaced(size: int = 16) -> bytes:
    """A PNG in seven passes, each row with a byte of its own."""
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = b"".join(bytes(1 + 3 * len(range(x, size, dx))) * len(range(y, size, dy)) for x, y, dx, dy in passes)
    return png(size, size, methods=(0, 0, 1), inflated=len(rows))


@pytest.mark.parametrize("size", [8, 16, 33, 500])
def test_interlaced_png_goes_as_it_is(size: int) -> None:
    assert sendable(data := interlaced(size), where="x") is data


@pytest.mark.parametrize(
    ("data", "colour"),
    [
        (WEBP, (255, 0, 0)),
        (encoded("WEBP", lossless=True), (255, 0, 0)),
        (encoded("WEBP", mode="RGBA", lossless=True), (255, 0, 0)),
        (encoded("WEBP", save_all=True, append_images=[Image.new("RGB", (5, 3), "blue")]), (255, 0, 0)),
        (encoded("WEBP", exif=b"Exif\0\0more"), (255, 0, 0)),
    ],
)
def test_webp_becomes_png(data: bytes, colour: tuple[int, int, int]) -> None:
    result = sendable(data, where="x")
    assert sendable(result, where="x") is result
    with Image.open(io.BytesIO(result), formats=["PNG"]) as image:
        assert (image.size, image.mode, getattr(image, "n_frames", 1)) == ((5, 3), "RGB", 1)
        pixel = image.getpixel((2, 1))
    assert isinstance(pixel, tuple)
    assert all(abs(found - wanted) < 8 for found, wanted in zip(pixel, colour, strict=True))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a picture that the model can be shown"),
        (b"x" * 600, "not a picture that the model can be shown"),
        (encoded("GIF"), "not a picture that the model can be shown"),
        (encoded("BMP"), "not a picture that the model can be shown"),
        (SIGNATURE, "it is cut short"),
        (png()[:20], "it is cut short"),
        (png()[:-1], "it is cut short"),
        (png()[:-12], "it is cut short"),
        (SIGNATURE + chunk(b"IDAT") + png()[8:], "it does not begin with its size"),
        (SIGNATURE + chunk(b"IHDR", bytes(12)), "it does not begin with its size"),
        (SIGNATURE + chunk(b"IEND"), "it does not begin with its size"),
        (png(depth=3), "its header makes no sense"),
        (png(colour=1), "its header makes no sense"),
        (png(depth=16, colour=3), "its header makes no sense"),
        (png(methods=(1, 0, 0)), "its header makes no sense"),
        (png(methods=(0, 0, 2)), "its header makes no sense"),
        (png(0, 5), "it has no pixels"),
        (png(5, 0), "it has no pixels"),
        (png().replace(b"IDAT", b"IDAU"), "a checksum is wrong, at byte 33"),
        (png().replace(b"\0\0\0\5\0\0\0\3", b"\0\0\0\3\0\0\0\3"), "a checksum is wrong, at byte 8"),
        (png(inflated=44), "it holds less than its size says"),
        (png(inflated=1_000), "it holds more than its size says"),
        (png()[:33] + chunk(b"IDAT", b"x" * 9) + chunk(b"IEND"), "its pixels cannot be unpacked"),
        (png()[:33] + chunk(b"IEND"), "it holds less than its size says"),
        (png()[:33] + chunk(b"tEXt") * 100_000 + png()[33:], "it has more than 100,000 parts"),
        (JPEG[:4], "it has no pixels"),
        (JPEG[:FRAME], "it has no pixels"),
        (JPEG[: SCAN - 1], "it has no pixels"),
        (JPEG[:FRAME] + JPEG[SCAN:], "it has no size"),
        (JPEG[:-2], "it is cut short"),
        (JPEG[: SCAN + 20], "it is cut short"),
        (JPEG[: FRAME + 6], "it has no pixels"),
        (JPEG[:2] + b"\xff\xe1\0\0" + JPEG[2:], "it has no pixels"),
        (JPEG[:2] + b"\xff\xd9" + JPEG[2:], "it has no pixels"),
        (JPEG[:2] + b"\xff\xfe\0\2" * 100_000 + JPEG[2:], "it has more than 100,000 parts"),
        (of_frame(0xC0, height=0), "it has no pixels"),
        (of_frame(0xC3), "a kind of JPEG that hardly any program reads"),
        (of_frame(0xC9), "a kind of JPEG that hardly any program reads"),
        (of_frame(0xC1, precision=12), "a kind of JPEG that hardly any program reads"),
        (WEBP[:12], "it does not begin with its size"),
        (WEBP[:25], "it does not begin with its size"),
        (WEBP[:40], "it cannot be decoded"),
        (WEBP[:12] + b"ICCP" + WEBP[16:], "it does not begin with its size"),
        (of_canvas(b"VP8L", b"\x2f" + bytes(9)), "it cannot be decoded"),
    ],
)
def test_broken_pictures(data: bytes, why: str) -> None:
    with pytest.raises(BadInput) as caught:
        sendable(data, where="./x.png")
    assert caught.value.where == "./x.png"
    assert caught.value.message.removeprefix("the picture is broken: ") == why
    assert caught.value.hint


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (png(60_000, 60_000, inflated=9), "60,000 × 60,000, 3,600.0 megapixels"),
        (png((1 << 32) - 1, 1, inflated=9), "4,294,967,295 × 1, 4,295.0 megapixels"),
        (png(8192, 8193, inflated=9), "8,192 × 8,193, 67.1 megapixels"),
        (of_frame(0xC0, width=65_535, height=65_535), "65,535 × 65,535, 4,294.8 megapixels"),
        (of_frame(0xC9, width=9_000, height=9_000), "9,000 × 9,000, 81.0 megapixels"),
        (of_canvas(b"VP8 ", b"\0\0\0\x9d\x01\x2a\xff\x3f\xff\x7f" + bytes(9)), "16,383 × 16,383, 268.4 megapixels"),
        (of_canvas(b"VP8L", b"\x2f\xff\xff\xff\x0f" + bytes(9)), "16,384 × 16,384, 268.4 megapixels"),
        (of_canvas(b"VP8X", b"\0\0\0\0\xff\xff\xff\xff\0\0"), "16,777,216 × 256, 4,295.0 megapixels"),
        (png(65_536, 1), "65,536 × 1; a side"),
        (of_canvas(b"VP8X", b"\0\0\0\0\2\0\0\4\0\xfa"), "3 × 16,384,005; a side"),
    ],
)
def test_bombs_are_refused_by_their_header(data: bytes, size: str) -> None:
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(BadInput) as caught:
        sendable(data, where="x")
    seconds = time.perf_counter() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.message.startswith(f"the picture is {size}")
    assert seconds < 0.1
    assert peak < 100_000


def test_a_png_that_unpacks_to_more_than_its_size_is_refused_early() -> None:
    packer = zlib.compressobj()
    pixels = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    data = png()[:33] + chunk(b"IDAT", pixels) + chunk(b"IEND")
    tracemalloc.start()
    with pytest.raises(BadInput, match="it holds more than its size says"):
        sendable(data, where="x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20


def test_what_follows_the_pixels_is_not_collected() -> None:
    data = png()
    data = data[:-12] + chunk(b"IDAT", bytes(8 << 20)) + data[-12:]
    start = time.perf_counter()
    assert sendable(data, where="x") is data
    assert time.perf_counter() - start < 1


def test_more_than_the_engine_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_BYTES", 50)
    with pytest.raises(BadInput, match=f"comes to {len(JPEG)} bytes; at most 50 can be shown"):
        sendable(JPEG, where="x")


def test_without_pillow_png_and_jpeg_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert sendable(png(), where="x")
    assert sendable(JPEG, where="x")
    with pytest.raises(EngineMissing, match="only Pillow can decode a WebP picture") as caught:
        sendable(WEBP, where="./x.webp")
    assert caught.value.where == "./x.webp"
    assert "pip install 'packllama[engine]'" in caught.value.hint


STARTS = (b"", SIGNATURE, SIGNATURE + png()[8:33], b"\xff\xd8\xff", JPEG[:SCAN], b"RIFF\0\0\0\0WEBP", WEBP[:30])


@given(st.sampled_from(STARTS), st.binary(max_size=300))
def test_any_bytes_are_a_picture_or_refused(start: bytes, data: bytes) -> None:
    _take_or_refuse(start + data)


@given(
    st.sampled_from((png(), interlaced(), JPEG, of_frame(0xC9), WEBP, encoded("WEBP", lossless=True))),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=5),
)
def test_any_damage_is_endured_or_refused(data: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    _take_or_refuse(bytes(damaged))


def _take_or_refuse(data: bytes) -> None:
    try:
        assert sendable(data, where="x")
    except BadInput as error:
        assert error.where == "x"
