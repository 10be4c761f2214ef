"""Give a model a second name. No blob is read or copied: only the manifest's bytes are, one by one."""

from dataclasses import dataclass

from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.name import ModelName, check_not_reserved
from packllama.places.store.hash_record import has_valid_record
from packllama.places.store.remove import Removal, delete_replaced
from packllama.places.store.session import Session
from packllama.places.store.store import Store


@dataclass(frozen=True, slots=True)
class Copied:
    """Both names in the store's spelling, and what a model that had the second one left over."""

    source: ModelName
    target: ModelName
    removed: Removal


def copy_name(
    store: Store,
    source: ModelName,
    target: ModelName,
    *,
    keep_replaced: bool = False,
    observer: Observer = SILENT,
    stop: Stop | None = None,
) -> Copied:
    """Let ``target`` stand for the model that ``source`` stands for. Copying a name onto itself changes nothing.

    A model that had the name is replaced, and the blobs that only it used are removed, unless ``keep_replaced``.

    Raises:
        InvalidName: the target's tag has a meaning of its own in Ollama.
        ModelNotFound: there is no ``source``.
        InvalidManifest: its manifest cannot be understood.
        IntegrityError: one of its blobs is missing or has another size.
        NoSpace, NoRights: the store. In all these cases it is as it was.
    """
    stop = stop or Stop()
    check_not_reserved(target)
    model = store.find(source)
    if store.canonical(target) == model.name:
        return Copied(model.name, model.name, Removal(0))
    with Session(store, holder=f"cp {source.short} {target.short}", observer=observer, stop=stop) as session:
        session.check_name(target)
        # Read again: until the session began, anybody could remove it.
        model = store.find(source)
        for blob in model.blobs:
            store.path(blob)
            if has_valid_record(store.layout, blob.digest):
                session.adopt(blob)
        target, replaced = session.publish(target, model.manifest.raw)
    removed = Removal(0) if keep_replaced else delete_replaced(store, replaced, by=model.manifest)
    return Copied(model.name, target, removed)
