"""A model and the blobs it needs."""

from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, Manifest, compose
from packllama.model import Blob, Model
from packllama.name import ModelName


def test_each_blob_once_and_the_config_last() -> None:
    weights, config = Digest.of(b"w"), Digest.of(b"c")
    layers = [Layer(LayerKind.MODEL.media_type, weights, 1), Layer(LayerKind.DRAFT.media_type, weights, 1)]
    manifest = Manifest.decode(compose(Layer(CONFIG_TYPE, config, 2), layers), where="m")
    assert Model(ModelName.parse("a"), manifest).blobs == (Blob(weights, 1), Blob(config, 2))
