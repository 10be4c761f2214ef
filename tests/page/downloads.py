"""A small model as somebody downloaded it: its manifest, and its files under names of their own."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from packllama.manifest import CONFIG_TYPE, MANIFEST_TYPE, LayerKind

# The weights are so large that a file of their size is not one by chance.
BLOBS = {
    LayerKind.MODEL: b"weights" * 300_000,
    LayerKind.TEMPLATE: b"{{ .Prompt }}",
    LayerKind.LICENSE: b"Do as you like.",
    LayerKind.PARAMS: b'{"stop":["x"]}',
}
CONFIG = b'{"model_format":"gguf"}'


@dataclass(frozen=True, slots=True)
class Downloads:
    folder: Path
    manifest: str

    @property
    def weights(self) -> Path:
        return self.folder / "model.bin"


def downloaded(folder: Path) -> Downloads:
    """The files of ``gemma3:12b``, in a new folder, beside one that is none of them."""
    folder.mkdir()
    for kind, data in BLOBS.items():
        (folder / f"{kind.value}.bin").write_bytes(data)
    (folder / "config").write_bytes(CONFIG)
    (folder / "holiday.jpg").write_bytes(b"not of the model")
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": _layer(CONFIG_TYPE, CONFIG),
        "layers": [_layer(kind.media_type, data) for kind, data in BLOBS.items()],
    }
    text = json.dumps(manifest)
    (folder / "12b").write_text(text)
    return Downloads(folder, text)


def _layer(media_type: str, data: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": f"sha256:{hashlib.sha256(data).hexdigest()}", "size": len(data)}
