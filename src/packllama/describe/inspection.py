"""What a single file is, before it is part of any model: a GGUF of any kind, a manifest, or a bundle."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import BadInput, from_os_error
from packllama.base.reading import open_plain, read_small
from packllama.base.stop import Stop
from packllama.config import ModelConfig
from packllama.dialect import Dialect, dialect_of
from packllama.gguf import (
    GGUF,
    Kind,
    TensorType,
    architecture,
    kind_of,
    license_name,
    projector_facts,
    read_gguf,
)
from packllama.manifest import MANIFEST_LIMIT, Manifest
from packllama.model import Model
from packllama.places.bundle import BundleSource, check_unpacked, is_bundle
from packllama.prompt import capabilities

_BLANK = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class TypeShare:
    """How much of a file is stored as one type: so many ``tensors``, and their ``size`` in bytes."""

    type: TensorType
    tensors: int
    size: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a GGUF is. Its plain facts (architecture, context, …) are for :mod:`packllama.gguf` to read from ``gguf``.

    ``variant`` is what sort of projector or adapter it is, in the file's own word. ``types`` begin with the one that
    takes most bytes. ``license`` is the name or SPDX id that the file states. ``dialect`` is Ollama's own form of
    GGUF that the file is in, if it is. ``capabilities`` are in Ollama's words, as of a model built of this file alone.
    """

    path: Path
    gguf: GGUF
    kind: Kind
    variant: str
    types: tuple[TypeShare, ...]
    license: str
    dialect: Dialect | None
    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BundleInspection:
    """What a bundle holds: its models by name. ``size`` is the file's, in bytes."""

    path: Path
    size: int
    models: tuple[Model, ...]


def inspect(path: Path, *, stop: Stop | None = None) -> Inspection | Manifest | BundleInspection:
    """Read a GGUF's header, a manifest, or what a bundle says of itself. Tensor data and blobs are never read.

    Raises:
        MissingFile: there is nothing at that path.
        GGUFError: none of the three, or a damaged or hostile GGUF.
        InvalidManifest: JSON that is no manifest. InvalidBundle, IntegrityError: a damaged or hostile bundle, or
            a file that has to be unpacked first.
        BadInput: a folder, a pipe, a device.
        Cancelled: ``stop`` was set.
    """
    if path.is_dir():
        raise BadInput(
            "expected a file, found a folder",
            where=str(path),
            hint=f"Of a store: 'packllama --store {path} list'. Of downloads: 'packllama import {path}'.",
        )
    descriptor = open_plain(path, what="a GGUF file, a manifest or a bundle")
    try:
        size = os.fstat(descriptor).st_size
        beginning = _beginning(descriptor, path)
        check_unpacked(beginning, where=str(path))
        if size <= MANIFEST_LIMIT and beginning.lstrip(_BLANK).startswith(b"{"):
            raw = read_small(path, limit=MANIFEST_LIMIT, what="a manifest")
            return Manifest.decode(raw, where=str(path))
        if is_bundle(path):
            with BundleSource(path, stop=stop) as bundle:
                return BundleInspection(path, size, tuple(bundle.find(name) for name in bundle.names()))
        return _inspection(path, read_gguf(descriptor, size=size, where=str(path), stop=stop), stop=stop)
    finally:
        os.close(descriptor)


def _beginning(descriptor: int, path: Path) -> bytes:
    try:
        return os.pread(descriptor, 64, 0)
    except OSError as error:
        raise from_os_error(error, doing="reading", where=path) from error


def _inspection(path: Path, gguf: GGUF, *, stop: Stop | None) -> Inspection:
    kind = kind_of(gguf)
    return Inspection(
        path=path,
        gguf=gguf,
        kind=kind,
        variant=_variant(gguf, kind),
        types=_types(gguf),
        license=license_name(gguf),
        dialect=dialect_of(gguf, path, stop=stop),
        capabilities=_capabilities(gguf, kind),
    )


def _variant(gguf: GGUF, kind: Kind) -> str:
    if kind is Kind.ADAPTER:
        return gguf.string("adapter.type") or ""
    facts = projector_facts(gguf)
    return facts.type or facts.vision_type


def _types(gguf: GGUF) -> tuple[TypeShare, ...]:
    counts = Counter(tensor.type for tensor in gguf.tensors)
    sizes = Counter[TensorType]()
    for tensor in gguf.tensors:
        sizes[tensor.type] += tensor.size
    return tuple(TypeShare(kind, counts[kind], size) for kind, size in sizes.most_common())


def _capabilities(gguf: GGUF, kind: Kind) -> tuple[str, ...]:
    if kind is Kind.ADAPTER:
        return ()
    alone = ModelConfig(model_family=architecture(gguf))
    if kind is Kind.PROJECTOR:
        return capabilities(alone, model=None, projectors=[gguf], template=None)
    return capabilities(alone, model=gguf, projectors=(), template=None)
