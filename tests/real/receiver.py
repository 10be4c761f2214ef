"""Move one model into a store, as a copy does: ``receiver.py STORE``. The exit status is that of the error."""

import sys
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.base.hashing import Hashing
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, Manifest, compose
from packllama.model import Model, Move
from packllama.name import ModelName
from packllama.pieces import PIECE_BYTES, Pieces
from packllama.places.store import Store, StoreTarget
from packllama.places.store.append import PartAppender, PresentAppender

# The first is large enough to be gone on with.
PARTS = (b"weights!" * (200 << 10), b"template", b"config")
BY_DIGEST = {Digest.of(part): part for part in PARTS}


def model() -> Model:
    weights, template, config = (Digest.of(part) for part in PARTS)
    layers = [
        Layer(LayerKind.MODEL.media_type, weights, len(PARTS[0])),
        Layer(LayerKind.TEMPLATE.media_type, template, len(PARTS[1])),
    ]
    raw = compose(Layer(CONFIG_TYPE, config, len(PARTS[2])), layers)
    return Model(ModelName.parse("m"), Manifest.decode(raw, where="m"))


def fill(appender: PartAppender | PresentAppender, data: bytes) -> bool:
    """Append what is missing in small steps; whether the whole, read again from the place, is right."""
    for start in range(appender.kept, len(data), 1 << 18):
        appender.write(memoryview(data)[start : start + (1 << 18)])
    kept = bytearray(appender.kept)
    with appender.reread() as reader:
        assert reader.readinto(memoryview(kept)) == appender.kept
    return data.startswith(kept)


def main() -> None:
    target = StoreTarget(Store(Path(sys.argv[1])))
    with target.begin([Move(model())], stop=Stop()) as session:
        for blob, move in session.missing():
            data = BY_DIGEST[blob.digest]
            with session.append(blob, of=move) as appender:
                if not fill(appender, data):
                    appender.discard()
                    sys.exit(5)
                with Hashing(step=PIECE_BYTES) as hashing:
                    hashing.put(memoryview(bytearray(1)), memoryview(data))
                    pieces = Pieces.of(hashing.finish().beginnings)
                appender.finish(pieces)
        session.publish(Move(model()))
    target.delete_replaced()


try:
    main()
except PackLlamaError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_status)
