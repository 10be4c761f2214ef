"""How fast a store is looked at without reading it."""

from collections.abc import Iterator
from pathlib import Path

from tests.unit.stores import put_blob, put_manifest

from benchmarks.measure import Figure, interleaved, packllama, run
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, compose

MODELS = 10_000
_KINDS = LayerKind.MODEL, LayerKind.TEMPLATE, LayerKind.SYSTEM, LayerKind.PARAMS, LayerKind.LICENSE


def verify_quick(folder: Path) -> Iterator[Figure]:
    """``verify --quick`` of models that share five layers and have a config each; the whole command."""
    store = folder / "many"
    layers = [_layer(store, kind.media_type, kind.encode()) for kind in _KINDS]
    for number in range(MODELS):
        config = _layer(store, CONFIG_TYPE, b'{"model_type":"%d"}' % number)
        put_manifest(store, f"model{number // 10}:tag{number % 10}", compose(config, layers))
    (ours,) = interleaved([lambda: run(packllama(store, "verify", "--quick")).seconds])
    yield Figure("verify --quick, 10,000 models", ours.best, 2, "s", f"the whole command, {ours}")


def _layer(store: Path, media_type: str, data: bytes) -> Layer:
    put_blob(store, data)
    return Layer(media_type, Digest.of(data), len(data))


ALL = (verify_quick,)
