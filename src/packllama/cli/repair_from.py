"""The places that ``repair`` may fetch from, as they are written on the command line."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from packllama.base.errors import MissingFile, UsageError
from packllama.base.observer import Observer
from packllama.check.repair.suppliers import Origin
from packllama.cli.address import check_different, is_place, parse_place
from packllama.cli.door import Door
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.pieces import Pieces
from packllama.places.bundle import BundleSource
from packllama.places.loose import Downloads, look
from packllama.places.place import Reader
from packllama.places.registry.address import Address, parse_addresses
from packllama.places.store import Store
from packllama.places.store.kept_pieces import read_pieces

_EXAMPLES = (
    "--from ./folder of a store or of downloads, --from models.tar, "
    "--from registry.ollama.ai, --from http://10.0.0.5:8080"
)


@dataclass(frozen=True, slots=True)
class From:
    """A place as it was written, understood, and not opened yet."""

    text: str
    place: Path | Address

    def open(self, door: Door, stack: ExitStack, observer: Observer) -> Origin:
        """Registries are not asked yet. Raises: MissingFile, BadInput; UsageError, when it is the store itself."""
        if isinstance(self.place, Address):
            return self._registry(self.place, door, observer)
        if self.place.is_dir():
            return self._folder(self.place, door)
        bundle = stack.enter_context(BundleSource(self.place, stop=door.stop))
        return Origin(self.text, bundle, lambda blob: bundle.pieces.get(blob.digest))

    def _registry(self, address: Address, door: Door, observer: Observer) -> Origin:
        from packllama.places.registry import open_registry

        insecure = address.insecure
        source = open_registry(address.host, door.settings, insecure=insecure, observer=observer, stop=door.stop)
        return Origin(self.text, source)

    def _folder(self, path: Path, door: Door) -> Origin:
        check_different(path, door.store().layout.root)
        store = Store(path)
        if store.layout.blobs.is_dir():
            return Origin(self.text, store, lambda blob: read_pieces(store.layout, blob))
        return Origin(self.text, _Loose(look([path], stop=door.stop)))


def parse_from(texts: Sequence[str], door: Door, *, insecure: bool) -> list[From]:
    """Raises: UsageError, when there is none, or one that may mean two things."""
    if not texts:
        raise UsageError("repair needs --from PLACE: where to fetch from", hint=f"For example {_EXAMPLES}.")
    return [From(text, _parse(text, door, insecure=insecure)) for text in dict.fromkeys(texts)]


def _parse(text: str, door: Door, *, insecure: bool) -> Path | Address:
    if is_place(text):
        path = parse_place(text, door.settings)
        if not path.exists():
            hint = "Check the spelling, and that the disk is mounted."
            raise MissingFile("there is no such folder or bundle", where=text, hint=hint)
        return path
    if "://" not in text and (Path(text).exists() or not any(sign in text for sign in ".:")):
        # A folder's name must not be taken for a host that would be asked.
        hint = f"Write ./{text} for a folder, https://{text} for a registry."
        raise UsageError(f"'{text}' may be a folder or a registry", hint=hint)
    (address,) = parse_addresses([text])
    return replace(address, insecure=insecure or address.insecure)


class _Loose:
    """A folder of downloads. When a file turns out to be something else, the next one that may be the blob is tried."""

    streams = 1

    def __init__(self, downloads: Downloads) -> None:
        self._downloads = downloads

    def find(self, name: ModelName) -> Model:
        return self._downloads.find(name)

    def read(self, blob: Blob, *, of: Model, start: int, stop: int) -> AbstractContextManager[Reader]:
        self._downloads.want(blob)
        return self._downloads.read(blob, of=of, start=start, stop=stop)

    def was_right(self, blob: Blob, right: Pieces) -> None:
        self._downloads.confirm([blob])

    def was_wrong(self, blob: Blob, found: Pieces) -> bool:
        return self._downloads.doubt([blob])
