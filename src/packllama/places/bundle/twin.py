"""A model as OCI tools want it: the same config and layers under an OCI manifest, the model's twin.

The original manifest is the twin's last layer, so that it comes back byte for byte after any trip through a registry.
"""

from collections.abc import Mapping

from packllama import gojson
from packllama.digest import Digest
from packllama.manifest import ORIGINAL_TYPE, TWIN_TYPE, Layer
from packllama.model import Model
from packllama.name import ModelName
from packllama.places.bundle.index import canonical

_INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
_NAME = "org.opencontainers.image.ref.name"
_ORIGINAL = "packllama.original"

LAYOUT = canonical({"imageLayoutVersion": "1.0.0"})


def twin(model: Model) -> bytes:
    """The OCI manifest of a model."""
    manifest = model.manifest
    original = Layer(ORIGINAL_TYPE, Digest.of(manifest.raw), len(manifest.raw))
    return canonical(
        {
            "schemaVersion": 2,
            "mediaType": TWIN_TYPE,
            "config": _descriptor(manifest.config),
            "layers": [_descriptor(layer) for layer in (*manifest.layers, original)],
            "annotations": {_NAME: model.name.full, _ORIGINAL: str(original.digest)},
        }
    )


def oci_index(twins: Mapping[ModelName, bytes]) -> bytes:
    """The OCI index that lists the twins by their models' full names."""
    return canonical(
        {
            "schemaVersion": 2,
            "mediaType": _INDEX_TYPE,
            "manifests": [
                {**_descriptor(Layer(TWIN_TYPE, Digest.of(data), len(data))), "annotations": {_NAME: name.full}}
                for name, data in twins.items()
            ],
        }
    )


def _descriptor(layer: Layer) -> dict[str, gojson.JSON]:
    return {"mediaType": layer.media_type, "digest": str(layer.digest), "size": layer.size}
