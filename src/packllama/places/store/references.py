"""Which blobs the store's manifests name. Nothing may be removed unless every one of them could be read."""

from packllama.base.errors import InvalidManifest, NotFound
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.name import ModelName
from packllama.places.store.store import Store


def referenced(store: Store, *, besides: ModelName | None = None, stop: Stop | None = None) -> frozenset[Digest]:
    """All digests that a manifest names, but for those only ``besides`` names.

    Raises:
        InvalidManifest: an entry is no model's name, or a manifest cannot be read or understood, or a newer
            layout of Ollama's is in use: then no blob can be called unused.
        Cancelled: ``stop`` was set.
    """
    newer = store.layout.newer_manifests
    # A link to a disk that is not mounted, perhaps, may lead to such names, too.
    if newer.is_symlink() or newer.exists():
        raise InvalidManifest("may name any blob, and is not understood", where=str(newer))
    scan = store.scan()
    if scan.strays:
        raise InvalidManifest("not a model's name", where=min(scan.strays))
    used: set[Digest] = set()
    stop = stop or Stop()
    for name in scan.names:
        stop.check()
        if name != besides:
            try:
                used |= store.model(name).manifest.digests()
            except NotFound as error:
                raise InvalidManifest(error.message, where=str(store.layout.manifest(name))) from error
    return frozenset(used)
