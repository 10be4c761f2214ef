"""Names become links by asking the registries for their manifests."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from packllama.base.errors import FarSideError, ModelNotFound
from packllama.base.observer import SILENT, Observer
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.links.listing import ModelLinks, model_links
from packllama.links.typed import Typed
from packllama.places.registry import manifest_url, open_registry
from packllama.transfer.mirrored import Mirrored


def resolve(
    typed: Typed, *, settings: Settings, mirrors: Sequence[str] = (), observer: Observer = SILENT, stop: Stop
) -> ModelLinks:
    """The links of one model. A mirror, ``https://HOST``, is asked what it is only if its registry cannot be reached.

    Raises: ModelNotFound, InvalidManifest, FarSideError, whose hint says how to do without; Cancelled.
    """
    name = typed.name
    addresses = [(name.host, typed.insecure), *map(_address, mirrors)]
    sources = [
        open_registry(host, settings, insecure=insecure, observer=observer, stop=stop) for host, insecure in addresses
    ]
    try:
        model = Mirrored(sources, observer=observer).find(name)
    except ModelNotFound as error:
        if name.short != name.short.lower():
            error.hint = f"Most names are in lower case: {name.short.lower()}"
        raise
    except FarSideError as error:
        url = manifest_url(name, insecure=typed.insecure)
        error.hint += f"\nOr save {url} with a browser, and run: packllama links {name.short} --manifest FILE"
        raise
    as_blob = any(source.keeps_as_blob(name) for source in sources)
    return model_links(name, model.manifest, as_blob=as_blob, insecure=typed.insecure, mirrors=mirrors)


def _address(mirror: str) -> tuple[str, bool]:
    """Its host, and whether it speaks http."""
    split = urlsplit(mirror)
    return split.netloc, split.scheme == "http"
