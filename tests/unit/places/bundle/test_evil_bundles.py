"""How each evil bundle is refused, from a file and from a pipe: before anything that is wrong is handed on."""

import re
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from packllama.base.errors import (
    DigestMismatch,
    IntegrityError,
    InvalidBundle,
    InvalidManifest,
    NotSupported,
    PackLlamaError,
)
from packllama.digest import Digest
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, Manifest, compose
from packllama.model import Model
from packllama.name import ModelName
from packllama.places.bundle.contents import Contents
from packllama.places.bundle.entry import BLOCK, END, Entry, encode, encode_file, padding
from packllama.places.bundle.index import Index, canonical
from packllama.places.bundle.layout import INDEX, OCI_INDEX, PIECES, SUMS, blob_path, manifest_path, oci_path
from tests.unit.places.bundle.bundles import (
    BOTH,
    CONFIG,
    TEMPLATE,
    TWO,
    TWO_BYTES,
    WEIGHTS,
    Opened,
    consume,
    entries,
    model,
    packed,
)


def refusal(data: bytes, opened: Opened, folder: Path) -> PackLlamaError:
    with opened(data, folder) as descriptor, pytest.raises(PackLlamaError) as caught:
        consume(descriptor)
    assert caught.value.exit_status in {4, 5}
    return caught.value


@pytest.mark.parametrize("opened", BOTH)
def test_a_cut_is_noticed_wherever_it_is(opened: Opened, tmp_path: Path) -> None:
    whole, head = packed(entries()), len(Contents.of(TWO).head())
    for end in range(0, len(whole), BLOCK):
        for cut in {end, end + 1, end + 511}:
            error = refusal(whole[:cut], opened, tmp_path)
            assert isinstance(error, IntegrityError), cut
            assert f"cut short: it ends after {cut:,}" in error.message
            assert (f" of {len(whole):,} bytes, in " in error.message) == (cut >= head), cut
            assert "again" in error.hint


def foreign(path: str, **fields: object) -> bytes:
    info = tarfile.TarInfo(path)
    info.mode, info.mtime = 0o644, 946_684_800
    for name, value in fields.items():
        setattr(info, name, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def before(path: str, extra: bytes) -> bytes:
    """A good bundle with something before one of its entries."""
    table = entries()
    table[path] = extra + table[path]
    return packed(table)


def instead(path: str, other: bytes) -> bytes:
    return packed(entries() | {path: other})


def pax_size() -> bytes:
    info = tarfile.TarInfo(BLOB)
    info.pax_headers = {"size": "1"}
    return info.tobuf(tarfile.PAX_FORMAT)


def reordered(path: str, *, behind: str) -> bytes:
    table = entries()
    moved = table.pop(path)
    table[behind] += moved
    return packed(table)


def announced(**changes: object) -> bytes:
    """A bundle with another index."""
    value = {**INDEX_VALUE, **changes}
    return instead(INDEX, encode_file(INDEX, canonical(value)))  # type: ignore[arg-type]


def two_sizes() -> bytes:
    lying = Layer(LayerKind.TEMPLATE.media_type, Digest.of(WEIGHTS), 5)
    config = Layer(CONFIG_TYPE, Digest.of(CONFIG), len(CONFIG))
    manifest = Manifest.decode(compose(config, [lying]), where="b")
    good, bad = entries([model("a", WEIGHTS)], TWO_BYTES), Model(ModelName.parse("b"), manifest)
    index = Index.decode(good[INDEX][BLOCK:].rstrip(b"\0"), where="x")
    more = Index.decode(entries([bad], {Digest.of(WEIGHTS): b"", **TWO_BYTES})[INDEX][BLOCK:].rstrip(b"\0"), where="x")
    good[INDEX] = encode_file(INDEX, Index(index.models + more.models, index.blobs).encode())
    good[oci_path(index.models[0].manifest)] += encode_file(oci_path(more.models[0].manifest), manifest.raw)
    return packed(good)


def many_names() -> bytes:
    """A large manifest that stands once in the file, and would have a large twin for each of its names."""
    plain = model("m", WEIGHTS).manifest.raw
    manifest = Manifest.decode(plain + b" " * (1 << 20), where="m")
    index = Index.decode(entries([Model(ModelName.parse("m"), manifest)])[INDEX][BLOCK:].rstrip(b"\0"), where="x")
    names = [replace(index.models[0], name=ModelName.parse(f"m{i:05}")) for i in range(1000)]
    table = entries()
    table[INDEX] = encode_file(INDEX, Index(tuple(names), index.blobs).encode())
    table[SUMS] += encode_file(oci_path(index.models[0].manifest), manifest.raw)
    return packed(table)


BLOB, LINK = blob_path(Digest.of(WEIGHTS)), oci_path(Digest.of(WEIGHTS))
OTHER = blob_path(Digest.of(TEMPLATE))
FIRST_BLOB = blob_path(Digest.of(b""))
MANIFEST = oci_path(Digest.of(TWO[0].manifest.raw))
LAST = manifest_path(TWO[1].name)
_WHOLE = Index.decode(entries()[INDEX][BLOCK:].rstrip(b"\0"), where="x")
INDEX_VALUE: dict[str, object] = {
    "packllama": 1,
    "format": 1,
    "models": [{"name": m.name.full, "manifest": str(m.manifest), "twin": str(m.twin)} for m in _WHOLE.models],
    "blobs": [{"digest": str(b.digest), "size": b.size} for b in _WHOLE.blobs],
}
ABSENT = {"digest": str(Digest.of(b"absent")), "size": len(WEIGHTS) + 1}
_SPOILT = bytes([WEIGHTS[0] ^ 1]) + WEIGHTS[1:]

EVIL: dict[str, tuple[Callable[[], bytes], type[PackLlamaError], str]] = {
    "nothing like a bundle": (lambda: b"GGUF" + bytes(2000), InvalidBundle, "no bundle"),
    "another tar": (lambda: foreign("x") + END, InvalidBundle, "no bundle"),
    "compressed": (lambda: b"\x1f\x8b" + bytes(2000), InvalidBundle, "a gzip file"),
    "zeros": (lambda: bytes(5000), InvalidBundle, "no bundle"),
    "traversal": (lambda: before(FIRST_BLOB, foreign("../../x")), InvalidBundle, r"found \.\./\.\./x"),
    "traversal in the front": (lambda: before(SUMS, foreign("../x.json")), InvalidBundle, r"found \.\./x.json"),
    "traversal at the end": (lambda: before(LAST, foreign("manifests/../../x")), InvalidBundle, r"\.\./x"),
    "absolute": (lambda: before(FIRST_BLOB, foreign("/etc/cron.d/x")), InvalidBundle, "found /etc/cron.d/x"),
    "symbolic link": (lambda: before(BLOB, foreign(BLOB, type=b"2", linkname="/")), InvalidBundle, "symbolic link"),
    "device": (lambda: before(BLOB, foreign(BLOB, type=b"3")), InvalidBundle, "character device"),
    "block device": (lambda: before(BLOB, foreign(BLOB, type=b"4")), InvalidBundle, "block device"),
    "folder": (lambda: before(BLOB, foreign("blobs", type=b"5", mode=0)), InvalidBundle, "a folder"),
    "FIFO": (lambda: before(BLOB, foreign(BLOB, type=b"6")), InvalidBundle, "a FIFO"),
    "sparse": (lambda: before(BLOB, foreign(BLOB, type=b"S")), InvalidBundle, "sparse"),
    "setuid": (lambda: before(BLOB, foreign(BLOB, mode=0o4644)), InvalidBundle, "a mode"),
    "pax": (lambda: before(BLOB, pax_size()), InvalidBundle, "a pax header"),
    "link elsewhere": (
        lambda: instead(LINK, encode(Entry(LINK, target="../../etc/passwd"))),
        InvalidBundle,
        "-> ../../etc/passwd",
    ),
    "link to itself": (lambda: instead(LINK, encode(Entry(LINK, target=LINK))), InvalidBundle, f"-> {LINK}"),
    "link to another digest": (lambda: instead(LINK, encode(Entry(LINK, target=OTHER))), InvalidBundle, "expected"),
    "link from another digest": (
        lambda: instead(LINK, encode(Entry(oci_path(Digest.of(b"?")), target=BLOB))),
        InvalidBundle,
        "expected",
    ),
    "link to the index": (lambda: instead(LINK, encode(Entry(LINK, target=OCI_INDEX))), InvalidBundle, "-> index"),
    "link forward": (lambda: before(BLOB, encode(Entry(LINK, target=BLOB))), InvalidBundle, "expected blobs/sha256-"),
    "link for a manifest": (
        lambda: instead(LAST, encode(Entry(LAST, target=MANIFEST))),
        InvalidBundle,
        "expected manifests/",
    ),
    "link for a small file": (lambda: instead(OCI_INDEX, encode(Entry(OCI_INDEX, target="x"))), InvalidBundle, "->"),
    "no link": (lambda: instead(LINK, b""), InvalidBundle, "expected blobs/sha256/"),
    "a blob twice": (lambda: before(PIECES, entries()[BLOB]), InvalidBundle, "expected pieces.json"),
    "a small file twice": (lambda: before(MANIFEST, entries()[SUMS]), InvalidBundle, "found SHA256SUMS"),
    "the index twice": (lambda: before(SUMS, entries()[INDEX]), InvalidBundle, "found packllama.json"),
    "a manifest twice": (lambda: before(BLOB, entries()[MANIFEST]), InvalidBundle, "expected blobs/sha256-"),
    "a manifest before its blobs": (lambda: reordered(LAST, behind=SUMS), InvalidBundle, "found manifests/"),
    "blobs not in order": (lambda: reordered(FIRST_BLOB, behind=LINK), InvalidBundle, "expected blobs/"),
    "a blob is longer": (
        lambda: instead(BLOB, encode(Entry(BLOB, len(WEIGHTS) + 1)) + WEIGHTS + b"x" + padding(len(WEIGHTS) + 1)),
        InvalidBundle,
        "2,305 bytes",
    ),
    "a blob is shorter": (
        lambda: instead(BLOB, encode(Entry(BLOB, len(WEIGHTS) - 1)) + WEIGHTS[1:] + padding(len(WEIGHTS) - 1)),
        InvalidBundle,
        "2,303 bytes",
    ),
    "a blob is missing": (lambda: instead(BLOB, b""), InvalidBundle, "expected blobs/sha256-"),
    "a blob is another": (
        lambda: instead(BLOB, encode(Entry(BLOB, len(WEIGHTS))) + _SPOILT + padding(len(WEIGHTS))),
        DigestMismatch,
        "expected sha256:",
    ),
    "something in the padding": (
        lambda: instead(OTHER, entries()[OTHER][:-1] + b"x"),
        InvalidBundle,
        "between two entries",
    ),
    "a manifest is another": (
        lambda: instead(MANIFEST, entries()[MANIFEST].replace(b'"layers"', b'"Layers"')),
        DigestMismatch,
        "expected sha256:",
    ),
    "the last manifest is another": (
        lambda: instead(LAST, entries()[LAST].replace(b'"layers"', b'"Layers"')),
        InvalidBundle,
        "is not what the manifests say",
    ),
    "the last manifest is missing": (lambda: instead(LAST, b""), IntegrityError, "there are zeros"),
    "the OCI index is another": (
        lambda: instead(OCI_INDEX, encode_file(OCI_INDEX, b"{}")),
        InvalidBundle,
        "does not say what packllama.json says",
    ),
    "other checksums": (lambda: instead(SUMS, encode_file(SUMS, b"")), InvalidBundle, "does not say what"),
    "no checksums": (lambda: instead(SUMS, b""), InvalidBundle, "does not say what"),
    "other pieces": (
        lambda: instead(PIECES, encode_file(PIECES, b'{"packllama":1,"piece":16777216,"blobs":{"x":[]}}')),
        InvalidBundle,
        "the pieces of each blob",
    ),
    "something behind the end": (lambda: packed(entries()) + b"x", InvalidBundle, "behind the end"),
    "a second archive": (lambda: packed(entries()) * 2, InvalidBundle, "behind the end"),
    "zeros without end": (lambda: packed(entries()) + bytes(10240), InvalidBundle, "behind the end"),
    "an entry more": (lambda: before("end", foreign("x")), InvalidBundle, "more entries"),
    "a hole": (lambda: before(BLOB, bytes(BLOCK)), IntegrityError, "zeros"),
    "a volume is missing": (lambda: instead(BLOB, entries()[BLOB][:-BLOCK]), PackLlamaError, ""),
    "a wrong checksum": (lambda: instead(LAST, b"N" + entries()[LAST][1:]), IntegrityError, "damaged"),
    "a name of 1 MB": (
        lambda: before(BLOB, foreign("././@LongLink", type=b"L", size=1 << 20) + b"n" * (1 << 20)),
        InvalidBundle,
        "the path of an entry has 1,048,576 bytes",
    ),
    "100,000 entries": (lambda: before("end", foreign("x") * 100_000), InvalidBundle, "more entries"),
    "100,000 small files": (
        lambda: before(SUMS, b"".join(encode_file(f"{i}.json", b"x") for i in range(100_000))),
        InvalidBundle,
        "expected 0 bytes at most",
    ),
    "an index of 10 GB": (lambda: instead(INDEX, encode(Entry(INDEX, 10**10))), InvalidBundle, "10,000,000,000 bytes"),
    "an OCI index of 10 GB": (lambda: instead(OCI_INDEX, encode(Entry(OCI_INDEX, 10**10))), InvalidBundle, "at most"),
    "checksums of 10 GB": (lambda: instead(SUMS, encode(Entry(SUMS, 10**10))), InvalidBundle, "at most"),
    "a manifest of 10 GB": (lambda: instead(MANIFEST, encode(Entry(MANIFEST, 10**10))), InvalidBundle, "at most"),
    "pieces of 10 GB": (lambda: instead(PIECES, encode(Entry(PIECES, 10**10))), InvalidBundle, "at most"),
    "1,000 names of one large manifest": (many_names, InvalidBundle, "expected 16,777 bytes at most"),
    "two sizes for one digest": (two_sizes, InvalidManifest, "two sizes for one digest"),
    "a manifest names an absent blob": (
        lambda: announced(blobs=[]),
        InvalidBundle,
        "which the index does not announce",
    ),
    "the index announces more": (
        lambda: announced(blobs=[*INDEX_VALUE["blobs"], ABSENT]),  # type: ignore[misc]
        InvalidBundle,
        "which no manifest names",
    ),
    "the index names a blob twice": (
        lambda: announced(blobs=[*INDEX_VALUE["blobs"], *INDEX_VALUE["blobs"]]),  # type: ignore[misc]
        InvalidBundle,
        "stand twice",
    ),
    "the index names a model twice": (
        lambda: announced(models=[*INDEX_VALUE["models"], *INDEX_VALUE["models"]]),  # type: ignore[misc]
        InvalidBundle,
        "two models have one name",
    ),
    "no models": (lambda: announced(models=[]), InvalidBundle, "one model at least"),
    "a later format": (lambda: announced(format=2), NotSupported, "format 2"),
    "an index that is no JSON": (lambda: instead(INDEX, encode_file(INDEX, b"{")), InvalidBundle, "not JSON"),
}


@pytest.mark.parametrize("opened", BOTH)
@pytest.mark.parametrize("evil", EVIL)
def test_refuses(evil: str, opened: Opened, tmp_path: Path) -> None:
    make, kind, words = EVIL[evil]
    error = refusal(make(), opened, tmp_path)
    assert isinstance(error, kind), error
    assert re.search(words, error.message), error.message
    assert "foreign.tar" in error.where or isinstance(error, InvalidManifest)
