"""`packllama.json`, a bundle's table of contents: enough to plan by before the first large byte."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from packllama import gojson
from packllama.base.errors import InvalidBundle, InvalidDigest, InvalidManifest, InvalidName, NotSupported
from packllama.digest import Digest
from packllama.jsonfields import Fields, as_fields, first_value
from packllama.model import Blob
from packllama.name import ModelName

FORMAT = 1


@dataclass(frozen=True, slots=True, order=True)
class IndexedModel:
    """A model's name, and the digests of its manifest's bytes and of its OCI twin's."""

    name: ModelName
    manifest: Digest
    twin: Digest


@dataclass(frozen=True, slots=True)
class Index:
    """The models by name; the blobs as they follow each other, the smallest first."""

    models: tuple[IndexedModel, ...]
    blobs: tuple[Blob, ...]

    def encode(self) -> bytes:
        """Canonical JSON: sorted keys, no white space."""
        return canonical(
            {
                "packllama": 1,
                "format": FORMAT,
                "models": [
                    {"name": model.name.full, "manifest": str(model.manifest), "twin": str(model.twin)}
                    for model in self.models
                ],
                "blobs": [{"digest": str(blob.digest), "size": blob.size} for blob in self.blobs],
            }
        )

    @classmethod
    def decode(cls, raw: bytes, *, where: str) -> Self:
        """Keys that are not known are no fault.

        Raises:
            NotSupported: a later format.
            InvalidBundle: no JSON, or no names, digests and sizes where they belong.
        """
        fields = decode_fields(raw, where=where)
        _check_format(fields)
        try:
            return cls(tuple(_models(fields)), tuple(_blobs(fields)))
        except (InvalidDigest, InvalidName) as error:
            raise InvalidBundle(error.message, where=where, hint=error.hint) from error


def canonical(value: gojson.JSON) -> bytes:
    """The one way in which a bundle's own JSON is written."""
    return gojson.encode(value, sort_keys=True).encode()


def decode_fields(raw: bytes, *, where: str) -> Fields:
    """One JSON object of a bundle. Raises: InvalidBundle."""
    try:
        value, _ = first_value(raw, where=where)
    except InvalidManifest as error:
        raise InvalidBundle(error.message, where=where) from error
    return as_fields(value, where=where, error=InvalidBundle)


def _check_format(fields: Fields) -> None:
    number = fields.integer("format")
    if fields.integer("packllama") != 1 or number < FORMAT:
        raise fields.refusal('this is not the index of a bundle: expected {"packllama":1,"format":1,…}')
    if number > FORMAT:
        raise NotSupported(
            f"the bundle has format {number}; this version of packllama reads format {FORMAT}",
            where=fields.where,
            hint="Read it with a newer packllama, or export it again with this one.",
        )


def _models(fields: Fields) -> Iterator[IndexedModel]:
    for model in fields.list_of_fields("models"):
        name = ModelName.parse(model.text("name"))
        if name.full != model.text("name"):
            raise model.refusal(f"expected the full name {name.full}")
        yield IndexedModel(name, *(Digest.parse(model.text(key)) for key in ("manifest", "twin")))


def _blobs(fields: Fields) -> Iterator[Blob]:
    for blob in fields.list_of_fields("blobs"):
        yield Blob(Digest.parse(blob.text("digest")), blob.integer("size"))
