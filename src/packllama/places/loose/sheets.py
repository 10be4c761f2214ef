"""The manifests among files: each model once, with its name if something says it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from packllama.base.errors import BadInput, InvalidManifest, PackLlamaError
from packllama.base.stop import Stop
from packllama.manifest import Manifest
from packllama.model import Blob, blobs_of
from packllama.name import ModelName
from packllama.places.loose.content import Oddity, read_content
from packllama.places.loose.naming import looks_fetched, name_at, name_from_file_name
from packllama.places.loose.origin import is_registrys, name_in
from packllama.places.loose.walk import Seen

# Of manifests that are in memory at once: a thousand ordinary models have 1 MB, the largest known manifest 1.5 MB.
_MOST_BYTES = 64 << 20
_SHOWN = 4

# A path to the links that are noted for it.
Origins = Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A manifest in a folder. ``files`` all have its bytes; ``name`` None: nothing says what the model is called."""

    files: tuple[Seen, ...]
    manifest: Manifest
    name: ModelName | None

    @property
    def path(self) -> str:
        return self.files[0].path

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Each blob once."""
        return blobs_of(self.manifest)


@dataclass(slots=True)
class Papers:
    """What small files turned out to be. ``oddities``: by path, what is no part of a model but may look like one.

    ``refused`` says what is wrong with the sheets in ``kept``.
    """

    sheets: list[Sheet] = field(default_factory=list)
    kept: list[Sheet] = field(default_factory=list)
    refused: list[PackLlamaError] = field(default_factory=list)
    oddities: dict[str, Oddity] = field(default_factory=dict)
    unread: list[PackLlamaError] = field(default_factory=list)


def read_papers(files: Sequence[Seen], *, origins: Origins, stop: Stop) -> Papers:
    """Look into all files that are small enough to be manifests.

    Raises: BadInput, when there are too many of them; Cancelled.
    """
    papers = Papers()
    found: list[Sheet] = []
    left = _MOST_BYTES
    for file in files:
        stop.check()
        try:
            content = read_content(file)
        except PackLlamaError as error:
            papers.unread.append(error)
            continue
        if isinstance(content, Manifest):
            found.append(Sheet((file,), content, _name(file.path, origins)))
            left -= len(content.raw)
            if left < 0:
                raise BadInput(f"there are more than {_MOST_BYTES:,} bytes of manifests", where=file.path)
        elif name_at(file.path):
            papers.oddities[file.path] = replace(content or Oddity("it is no manifest of a model"), surely=True)
        elif content and (content.surely or looks_fetched(file.name) or any(map(is_registrys, origins(file.path)))):
            papers.oddities[file.path] = content
    _sort(found, papers)
    return papers


def _name(path: str, origins: Origins) -> ModelName | None:
    return name_at(path) or next(filter(None, map(name_in, origins(path))), None) or name_from_file_name(path)


def _sort(found: Sequence[Sheet], papers: Papers) -> None:
    """Equal manifests of one name are one; a nameless one that is equal to a named one is that one."""
    merged: dict[tuple[ModelName | None, bytes], Sheet] = {}
    for sheet in found:
        same = merged.setdefault((sheet.name, sheet.manifest.raw), sheet)
        if same is not sheet:
            merged[sheet.name, sheet.manifest.raw] = replace(same, files=same.files + sheet.files)
    by_name: dict[tuple[str, ...], list[Sheet]] = {}
    for sheet in merged.values():
        if sheet.name:
            by_name.setdefault(sheet.name.folded, []).append(sheet)
    known = {sheet.manifest.raw for alike in by_name.values() for sheet in alike}
    papers.sheets += [sheet for sheet in merged.values() if not sheet.name and sheet.manifest.raw not in known]
    for alike in by_name.values():
        if len(alike) == 1:
            papers.sheets += alike
        else:
            papers.refused.append(_ambiguous(alike))
            papers.kept += alike


def _ambiguous(alike: Sequence[Sheet]) -> InvalidManifest:
    others = ", ".join(sheet.path for sheet in alike[1:_SHOWN])
    name = alike[0].name
    return InvalidManifest(
        f"this manifest and {others} differ, and both are of {name.short if name else 'one model'}",
        where=alike[0].path,
        hint="Leave the right one there and take the other away.",
    )
