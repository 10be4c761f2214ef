"""What there is to fetch: of models, and in repositories."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from packllama.digest import Digest
from packllama.links.link import FOLDER, MANIFEST, Link
from packllama.manifest import Layer, Manifest
from packllama.name import ModelName
from packllama.places.registry.address import blob_url, manifest_url


@dataclass(frozen=True, slots=True)
class ModelLinks:
    """The manifest's link and that of each blob, in the manifest's order, the config last. ``digest``: the model's."""

    name: ModelName
    digest: Digest
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class RepositoryLinks:
    """The GGUFs of a repository, with projectors and shards. ``name``: ``hf.co/USER/REPO``."""

    name: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """All that was asked for. Where there are models, repositories are only told of, not fetched."""

    models: tuple[ModelLinks, ...]
    repositories: tuple[RepositoryLinks, ...] = ()

    @property
    def links(self) -> tuple[Link, ...]:
        """What is to be fetched, each file once, however many models share it."""
        parts: Sequence[ModelLinks | RepositoryLinks] = self.models or self.repositories
        return tuple({link.path: link for part in parts for link in part.links}.values())

    @property
    def size(self) -> int:
        """Bytes of all links, as far as it is known."""
        return sum(link.size or 0 for link in self.links)

    @property
    def names(self) -> tuple[str, ...]:
        if self.models:
            return tuple(model.name.short for model in self.models)
        return tuple(repository.name for repository in self.repositories)

    @property
    def command(self) -> str:
        """What takes in all that was downloaded to where the texts say."""
        return f"packllama {'import' if self.models else 'init'} {FOLDER}"


def model_links(
    name: ModelName,
    manifest: Manifest,
    *,
    as_sent: bool = True,
    as_blob: bool = False,
    insecure: bool = False,
    mirrors: Sequence[str] = (),
) -> ModelLinks:
    """The links of a model.

    ``as_sent``: the manifest's bytes are those that the registry sends, not what somebody saved in his own way, so
    its link has a size and a digest. ``as_blob``: it sends them as a blob only. ``mirrors``: ``https://HOST``,
    tried before the registry.

    Raises: BadInput, when a mirror is no link.
    """

    def urls(url: str) -> tuple[str, ...]:
        return (*(mirror.rstrip("/") + urlsplit(url).path for mirror in mirrors), url)

    def blobs() -> Iterator[Link]:
        for layer in manifest.layers_and_config:
            path = f"blobs/{layer.digest.file_name}"
            link = blob_url(name, layer.digest, insecure=insecure)
            yield Link(_what(layer, manifest), urls(link), path, layer.size, layer.digest, path)

    digest = Digest.of(manifest.raw)
    link = blob_url(name, digest, insecure=insecure) if as_blob else manifest_url(name, insecure=insecure)
    target = f"manifests/{name.relative_path()}"
    first = Link(
        MANIFEST,
        urls(link),
        # Windows has no colon in names, and import knows what stands for it.
        target.replace(":", "%3A"),
        len(manifest.raw) if as_sent else None,
        digest if as_sent else None,
        target,
    )
    unique = {link.path: link for link in reversed([first, *blobs()])}
    return ModelLinks(name, manifest.digest, tuple(reversed(unique.values())))


def _what(layer: Layer, manifest: Manifest) -> str:
    return "config" if layer == manifest.config else str(layer.kind or layer.media_type)
