"""Pictures as the engine can take them: bounded, whole, and PNG or JPEG.

The engine decodes every kind of PNG, and JPEGs of the baseline and progressive kinds. It looks at no checksum, fills
what a cut JPEG lacks with black, inflates a PNG to whatever it holds, and hands what it does not know to ``ffprobe``.
So what goes there is looked through first, without decoding: that needs nothing but Python. WebP, which the engine
cannot decode, becomes a PNG by Pillow, which sees no other format and nothing above the bound.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator

from packllama.base.errors import BadInput, EngineMissing

# 256 MiB once decoded, and every 64-megapixel camera's picture; the eye of a model sees a few megapixels at most.
MOST_PIXELS = 64 * 1024 * 1024
# What a JPEG can have. Decoders take minutes for rows of millions of pixels, or refuse them.
LONGEST_SIDE = 65_535
# The engine refuses a request of more than 100 MiB, in which a picture's bytes are base64 and not alone.
MOST_BYTES = 64 * 1024 * 1024
# Chunks or segments: real pictures have thousands at most, and millions of empty ones would take seconds to walk.
_MOST_PARTS = 100_000
# Inflated at a time; the worst input grows a thousandfold.
_INFLATED_BYTES = 16 * 1024

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_WEBP = re.compile(rb"RIFF....WEBP", re.DOTALL)
# By colour type: the channels, and the bits that each may have.
_COLOURS = {0: (1, (1, 2, 4, 8, 16)), 2: (3, (8, 16)), 3: (1, (1, 2, 4, 8)), 4: (2, (8, 16)), 6: (4, (8, 16))}

# A marker and the length that counts itself. Those without a length have no place before the scan.
_SEGMENT = re.compile(rb"\xff+([\xc0-\xcf\xda-\xfe])(..)", re.DOTALL)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Baseline, extended and progressive; the others are lossless or arithmetic.
_DECODED_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_SCAN, _END = 0xDA, b"\xff\xd9"

# The frame header of a lossy WebP; a lossless one; and the canvas of one with extras. Each with width and height.
_LOSSY = re.compile(rb"VP8 .{7}\x9d\x01\x2a(..)(..)", re.DOTALL)
_LOSSLESS = re.compile(rb"VP8L.{4}\x2f(.{4})", re.DOTALL)
_CANVAS = re.compile(rb"VP8X.{8}(...)(...)", re.DOTALL)
_FIRST_CHUNK = 12


def sendable(data: bytes, *, where: str) -> bytes:
    """The picture as the engine gets it: PNG and JPEG as they are, WebP as a PNG of its first frame.

    Raises:
        BadInput: it is broken, of another kind, or larger than `MOST_PIXELS`, `LONGEST_SIDE` and `MOST_BYTES` allow.
        EngineMissing: only Pillow can decode it, and that is not installed.
    """
    try:
        result = _decodable(data)
        if len(result) > MOST_BYTES:
            raise _too_large(f"the picture comes to {len(result):,} bytes; at most {MOST_BYTES:,}")
    except (BadInput, EngineMissing) as error:
        error.where = where
        raise
    return result


def _decodable(data: bytes) -> bytes:
    if data.startswith(_PNG):
        _check_png(memoryview(data))
        return data
    if data.startswith(_JPEG):
        _check_jpeg(data)
        return data
    if _WEBP.match(data):
        _check_webp(data)
        return _png_of_webp(data)
    raise BadInput("not a picture that the model can be shown", hint="PNG, JPEG and WebP pictures work.")


def _check_png(data: memoryview) -> None:
    chunks = _chunks(data)
    name, header = next(chunks)
    if name != b"IHDR" or len(header) != 13:
        raise _broken("it does not begin with its size")
    width, height, depth, colour, *methods = struct.unpack(">IIBBBBB", header)
    channels, depths = _COLOURS.get(colour, (0, ()))
    if depth not in depths or methods not in ([0, 0, 0], [0, 0, 1]):
        raise _broken("its header makes no sense")
    _check_size(width, height)
    _check_inflated(chunks, least=(width * height * channels * depth + 7) // 8, rows=height)


def _chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The chunks of a PNG, the last one included, each with its checksum right."""
    at = len(_PNG)
    for _ in range(_MOST_PARTS):
        name = bytes(data[at + 4 : at + 8])
        end = at + 8 + int.from_bytes(data[at : at + 4])
        if end + 4 > len(data):
            raise _broken("it is cut short")
        if zlib.crc32(data[at + 4 : end]) != int.from_bytes(data[end : end + 4]):
            raise _broken(f"a checksum is wrong, at byte {at:,}")
        yield name, data[at + 8 : end]
        if name == b"IEND":
            return
        at = end + 4
    raise _too_many_parts()


def _check_inflated(chunks: Iterator[tuple[bytes, memoryview]], *, least: int, rows: int) -> None:
    """Raises: BadInput, when the chunks' pixels are not about as many bytes as the header says."""
    # Each row has a byte more, and interlacing makes about twice as many rows, each with a partly used byte.
    most = least + 4 * rows + 64
    inflater = zlib.decompressobj()
    inflated = 0
    for part in (part for name, payload in chunks if name == b"IDAT" for part in _parts(payload)):
        # Past its end the inflater would collect what it is given.
        if inflater.eof:
            continue
        try:
            inflated += len(inflater.decompress(part))
        except zlib.error as error:
            raise _broken("its pixels cannot be unpacked") from error
        if inflated > most:
            raise _broken("it holds more than its size says")
    if inflated < least:
        raise _broken("it holds less than its size says")


def _parts(payload: memoryview) -> Iterator[memoryview]:
    return (payload[at : at + _INFLATED_BYTES] for at in range(0, len(payload), _INFLATED_BYTES))


def _check_jpeg(data: bytes) -> None:
    frame, at = 0, 0
    for marker, at in _segments(data):
        if marker in _FRAMES:
            precision, height, width = struct.unpack(">BHH", data[at : at + 5].ljust(5, b"\0"))
            _check_size(width, height)
            frame = marker
            if marker not in _DECODED_FRAMES or precision != 8:
                raise BadInput("a kind of JPEG that hardly any program reads", hint="Save it as a PNG.")
    if not frame:
        raise _broken("it has no size")
    # In the pixels' data every other 0xFF is followed by a zero or a mark.
    if data.find(_END, at) < 0:
        raise _broken("it is cut short")


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """The markers of a JPEG and where the content of each begins, up to the first scan."""
    at = 2
    for _ in range(_MOST_PARTS):
        segment = _SEGMENT.match(data, at)
        if segment is None:
            raise _broken("it has no pixels")
        yield segment[1][0], segment.end()
        if segment[1][0] == _SCAN:
            return
        at = segment.start(2) + int.from_bytes(segment[2])
    raise _too_many_parts()


def _check_webp(data: bytes) -> None:
    if found := _LOSSY.match(data, _FIRST_CHUNK):
        width, height = (int.from_bytes(side, "little") & 0x3FFF for side in found.groups())
    elif found := _LOSSLESS.match(data, _FIRST_CHUNK):
        bits = int.from_bytes(found[1], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif found := _CANVAS.match(data, _FIRST_CHUNK):
        width, height = (int.from_bytes(side, "little") + 1 for side in found.groups())
    else:
        raise _broken("it does not begin with its size")
    _check_size(width, height)


def _check_size(width: int, height: int) -> None:
    if width == 0 or height == 0:
        raise _broken("it has no pixels")
    if width * height > MOST_PIXELS:
        megapixels = f"{width * height / 1e6:,.1f} megapixels; at most {MOST_PIXELS / 1e6:.1f}"
        raise _too_large(f"the picture is {width:,} × {height:,}, {megapixels}")
    if max(width, height) > LONGEST_SIDE:
        raise _too_large(f"the picture is {width:,} × {height:,}; a side of at most {LONGEST_SIDE:,}")


def _png_of_webp(data: bytes) -> bytes:
    """The first frame, without transparency, which the engine ignores too."""
    try:
        from PIL import Image  # noqa: PLC0415  only here is it needed
    except ImportError as error:
        raise EngineMissing(
            "only Pillow can decode a WebP picture, and it is not installed",
            hint="pip install 'packllama[engine]', or convert the picture to PNG.",
        ) from error
    result = io.BytesIO()
    try:
        # No other decoder shall see the bytes.
        with Image.open(io.BytesIO(data), formats=["WEBP"]) as image:
            _check_size(*image.size)
            # Speed: it goes no further than the engine.
            image.convert("RGB").save(result, "PNG", compress_level=1)
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise _broken("it cannot be decoded") from error
    return result.getvalue()


def _too_large(how: str) -> BadInput:
    return BadInput(f"{how} can be shown to a model", hint="Make it smaller, or cut out the part that matters.")


def _broken(why: str) -> BadInput:
    return BadInput(f"the picture is broken: {why}", hint="Open it in a picture viewer, or fetch it again.")


def _too_many_parts() -> BadInput:
    return _broken(f"it has more than {_MOST_PARTS:,} parts")
