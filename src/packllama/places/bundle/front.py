"""Read a bundle up to its first blob, and see that all it says of itself is true."""

import re
from collections import Counter, deque
from itertools import islice

from packllama.base.errors import DigestMismatch, InvalidBundle
from packllama.digest import Digest
from packllama.manifest import MANIFEST_LIMIT, Manifest
from packllama.model import Blob, Model
from packllama.places.bundle.contents import MANIFESTS_LIMIT, Contents
from packllama.places.bundle.entry import encode_file, read_entry
from packllama.places.bundle.index import Index
from packllama.places.bundle.layout import INDEX, OCI_INDEX, OCI_LAYOUT, SMALL_LIMIT, SUMS, oci_path
from packllama.places.bundle.packed import check_unpacked
from packllama.places.bundle.take import check_small, take_content, take_known, take_small, unexpected
from packllama.places.bundle.tape import Tape
from packllama.places.bundle.twin import LAYOUT

# What later versions may put beside the index: signatures, notes. It is passed over.
_BESIDE = re.compile(r"SHA256SUMS|[a-z0-9][a-z0-9._-]{0,90}\.(json|minisig)")
_BESIDE_LIMIT = 16

# The first entry, by which a bundle is known.
BEGINNING = encode_file(OCI_LAYOUT, LAYOUT)


def read_front(tape: Tape) -> Contents:
    """What the bundle holds. The tape stands before the first blob afterwards.

    Raises:
        IntegrityError: it is cut short or damaged.
        InvalidBundle, InvalidManifest: it is no bundle, or says what is not so.
        NotSupported: it has a later format.
    """
    _take_beginning(tape)
    found = {path: take_small(tape, path, limit=SMALL_LIMIT) for path in (OCI_INDEX, INDEX)}
    index = Index.decode(found[INDEX], where=_in(tape, INDEX))
    manifests = _take_manifests(tape, index, found)
    contents = Contents.of((Model(model.name, manifests[model.manifest]) for model in index.models), where=tape.where)
    _compare(contents.index, index, where=_in(tape, INDEX))
    for path, data in islice(contents.filed.items(), len(manifests), None):
        take_known(tape, path, data)
    for path, data in contents.front.items():
        if path not in {OCI_LAYOUT, INDEX} and found.get(path) != data:
            raise InvalidBundle(f"it does not say what {INDEX} says", where=_in(tape, path))
    return contents


def _take_beginning(tape: Tape) -> None:
    found = tape.read_up_to(len(BEGINNING))
    if found == BEGINNING:
        return
    if BEGINNING.startswith(found):
        raise tape.cut_short()
    check_unpacked(found, where=tape.where)
    raise InvalidBundle(
        "this is no bundle of packllama",
        where=tape.where,
        hint="A bundle is what 'packllama export' writes. "
        "Import other files by naming their folder; a GGUF is for 'packllama create'.",
    )


def _take_manifests(tape: Tape, index: Index, found: dict[str, bytes]) -> dict[Digest, Manifest]:
    """The manifests by their digests. What stands before the first of them comes into ``found``."""
    names = Counter(model.manifest for model in index.models)
    wanted = deque(names)
    manifests: dict[Digest, Manifest] = {}
    room = MANIFESTS_LIMIT
    while wanted:
        entry = read_entry(tape)
        if entry.path == oci_path(wanted[0]) and not entry.target:
            digest = wanted.popleft()
            check_small(tape, entry, limit=min(room // names[digest], MANIFEST_LIMIT))
            room -= entry.size * names[digest]  # each has a twin of its own
            manifests[digest] = _take_manifest(tape, entry.size, digest)
        elif _BESIDE.fullmatch(entry.path) and not (manifests or entry.target or entry.path in found):
            check_small(tape, entry, limit=SMALL_LIMIT if len(found) < _BESIDE_LIMIT else 0)
            content = take_content(tape, entry.size)
            found[entry.path] = content if entry.path == SUMS else b""
        else:
            raise unexpected(tape, oci_path(wanted[0]), entry)
    return manifests


def _take_manifest(tape: Tape, size: int, digest: Digest) -> Manifest:
    raw, where = take_content(tape, size), _in(tape, oci_path(digest))
    if Digest.of(raw) != digest:
        raise DigestMismatch(expected=str(digest), actual=str(Digest.of(raw)), where=where)
    return Manifest.decode(raw, where=where)


def _compare(ours: Index, found: Index, *, where: str) -> None:
    """Raises: InvalidBundle, when the index is not the one that the manifests give."""
    if ours == found:
        return
    announced, needed = set(found.blobs), set(ours.blobs)
    if lacking := sorted(needed - announced, key=_size):
        raise InvalidBundle(f"a manifest names {_told(lacking[0])}, which the index does not announce", where=where)
    if idle := sorted(announced - needed, key=_size):
        raise InvalidBundle(f"the index announces {_told(idle[0])}, which no manifest names", where=where)
    raise InvalidBundle("models or blobs are not in order, stand twice, or have another twin", where=where)


def _size(blob: Blob) -> int:
    return blob.size


def _told(blob: Blob) -> str:
    return f"{blob.size:,} bytes of {blob.digest}"


def _in(tape: Tape, path: str) -> str:
    return f"{tape.where}: {path}"
