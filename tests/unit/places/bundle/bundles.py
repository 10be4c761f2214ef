"""Small models, bundles of them, and two ways to read one: from a file and from a pipe."""

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from packllama.base.errors import DigestMismatch
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, Manifest, compose
from packllama.model import Blob, Model, Move
from packllama.name import ModelName
from packllama.pieces import PIECE_BYTES, Pieces
from packllama.places.bundle import BundleStream, BundleTarget, ToFile
from packllama.places.bundle.contents import Contents
from packllama.places.bundle.entry import END, encode, encode_file, padding
from packllama.places.bundle.layout import PIECES
from packllama.places.bundle.piece_list import encode as encode_pieces
from packllama.places.place import Session

Bytes = dict[Digest, bytes]

WEIGHTS = bytes(range(256)) * 9
TEMPLATE = b"{{ .Prompt }}"
CONFIG = b'{"model_format":"gguf"}'


def blob(data: bytes) -> Blob:
    return Blob(Digest.of(data), len(data))


def layer(kind: LayerKind, data: bytes) -> Layer:
    return Layer(kind.media_type, Digest.of(data), len(data))


def model(name: str, *layers: bytes, config: bytes = CONFIG) -> Model:
    of = [layer(LayerKind.MODEL, data) for data in layers]
    raw = compose(Layer(CONFIG_TYPE, Digest.of(config), len(config)), of)
    return Model(ModelName.parse(name), Manifest.decode(raw, where=name))


def bytes_of(*data: bytes) -> Bytes:
    return {Digest.of(each): each for each in data}


# By name: the order in which a bundle has them.
TWO = (model("hf.co/Me/Big-GGUF:Q4_K_M", WEIGHTS, b""), model("gemma", WEIGHTS, TEMPLATE))
TWO_BYTES = bytes_of(WEIGHTS, TEMPLATE, CONFIG, b"")


def pieces_of(data: bytes) -> Pieces:
    ends = range(PIECE_BYTES, len(data) + PIECE_BYTES, PIECE_BYTES)
    return Pieces.of([hashlib.sha256(data[:end]).hexdigest() for end in ends])


def send(session: Session, data: Mapping[Digest, bytes]) -> None:
    for each, move in session.missing():
        with session.append(each, of=move) as appender:
            appender.write(memoryview(data[each.digest]))
            appender.finish(pieces_of(data[each.digest]))


def write(path: Path, models: Sequence[Model] = TWO, data: Mapping[Digest, bytes] = TWO_BYTES) -> Path:
    """A bundle, written as an export writes it."""
    moves = [Move(each) for each in models]
    with BundleTarget(ToFile(path)).begin(moves, stop=Stop()) as session:
        send(session, data)
        for move in moves:
            session.publish(move)
    return path


def entries(models: Sequence[Model] = TWO, data: Mapping[Digest, bytes] = TWO_BYTES) -> dict[str, bytes]:
    """The same bundle as a table of its entries by path, each with header and padding; the end mark by ``end``."""
    contents = Contents.of(models)
    table = {path: encode_file(path, text) for path, text in (contents.front | contents.filed).items()}
    for each in contents.blobs:
        first, link = contents.entries(each)
        table[first.path] = encode(first) + data[each.digest] + padding(each.size)
        if link:
            table[link.path] = encode(link)
    last = {PIECES: encode_pieces({each: pieces_of(text) for each, text in data.items()}), **contents.back}
    table |= {path: encode_file(path, text) for path, text in last.items()}
    return table | {"end": END}


@contextlib.contextmanager
def opened_file(data: bytes, folder: Path) -> Iterator[int]:
    path = folder / "foreign.tar"
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def opened_pipe(data: bytes, folder: Path) -> Iterator[int]:
    """A pipe into which somebody writes at an uneven pace, and that is closed early when nobody reads on."""
    reading, writing = os.pipe()

    def feed() -> None:
        with contextlib.suppress(BrokenPipeError), os.fdopen(writing, "wb", buffering=0) as pipe:
            step = 777 if len(data) < 1 << 20 else 77_777
            for start in range(0, len(data), step):
                pipe.write(data[start : start + step])

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield reading
    finally:
        os.close(reading)
        thread.join()


Opened = Callable[[bytes, Path], contextlib.AbstractContextManager[int]]
BOTH: list[Opened] = [opened_file, opened_pipe]


def packed(table: Mapping[str, bytes]) -> bytes:
    """The file that has these entries."""
    return b"".join(table.values())


def consume(descriptor: int) -> tuple[list[Model], Bytes]:
    """Read all of a bundle as an import does, which hashes every blob."""
    stream = BundleStream(descriptor, where="foreign.tar", stop=Stop())
    models = list(stream.models())
    found: Bytes = {}
    for each, reader in stream.blobs():
        data, buffer = bytearray(), memoryview(bytearray(1000))
        while count := reader.readinto(buffer):
            data += buffer[:count]
        if Digest.of(data) != each.digest:
            raise DigestMismatch(expected=str(each.digest), actual=str(Digest.of(data)), where="foreign.tar")
        found[each.digest] = bytes(data)
    return models, found
