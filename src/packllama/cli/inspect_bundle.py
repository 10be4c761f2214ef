"""What ``packllama inspect`` shows of a bundle."""

from packllama.base.units import human_bytes
from packllama.cli.door import Door
from packllama.cli.table import section
from packllama.describe import BundleInspection


def show_bundle(door: Door, found: BundleInspection) -> None:
    """Print its models and blobs, as tables or as a document."""
    blobs = sorted({blob for model in found.models for blob in model.blobs}, key=lambda blob: (blob.size, blob.digest))
    if door.as_json:
        door.result_json(
            {
                "path": str(found.path),
                "what": "bundle",
                "size": found.size,
                "models": [
                    {
                        "name": model.name.short,
                        "digest": model.manifest.digest.hex,
                        "size": model.manifest.total_size,
                        "blobs": [str(blob.digest) for blob in model.blobs],
                    }
                    for model in found.models
                ],
                "blobs": [{"digest": str(blob.digest), "size": blob.size} for blob in blobs],
            }
        )
        return
    door.result(section("File", [("what", "bundle"), ("size", human_bytes(found.size))]))
    models = [(m.name.short, m.manifest.digest.short, human_bytes(m.manifest.total_size)) for m in found.models]
    door.result(section("Models", models))
    door.result(section("Blobs", [(str(blob.digest), human_bytes(blob.size)) for blob in blobs]))
