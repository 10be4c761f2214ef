"""A manifest that somebody saved: links without any network."""

from pathlib import Path

from packllama.base.errors import InvalidManifest, UsageError
from packllama.base.reading import read_small
from packllama.base.stop import Stop
from packllama.manifest import MANIFEST_LIMIT
from packllama.model import Model
from packllama.name import ModelName
from packllama.places.loose import look
from packllama.places.registry.fetchable import decode_fetchable

_MARK = b"\xef\xbb\xbf"


def read_saved(path: Path, *, name: ModelName | None, stop: Stop) -> Model:
    """The model whose manifest is in a file. ``name`` None: it is found as ``packllama import`` finds it.

    Raises:
        MissingFile, BadInput: there is no such file.
        InvalidManifest: it is no manifest of a model.
        UsageError: nothing says what the model is called.
    """
    # Editors put a mark in front that registries never send.
    raw = read_small(path, limit=MANIFEST_LIMIT, what="a manifest").removeprefix(_MARK)
    if raw.lstrip()[:1] == b"<":
        raise InvalidManifest(
            "this is a web page, no manifest", where=str(path), hint="Save what the manifest's link itself shows."
        )
    manifest = decode_fetchable(raw, where=str(path))
    return Model(name or _name(path, stop=stop), manifest)


def _name(path: Path, *, stop: Stop) -> ModelName:
    for sheet in look([path.absolute()], stop=stop).papers.sheets:
        if sheet.name:
            return sheet.name
    raise UsageError(
        "this is a manifest, and nothing says of which model",
        where=str(path),
        hint=f"Say it: packllama links NAME --manifest {path}",
    )
