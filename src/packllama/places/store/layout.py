"""Where things are below a store's root. The only place where a path is joined onto it."""

from dataclasses import dataclass
from pathlib import Path

from packllama.digest import Digest
from packllama.name import ModelName


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths inside one store. Only names and digests lead into it, so no text from outside can leave it."""

    root: Path

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def manifests(self) -> Path:
        return self.root / "manifests"

    @property
    def newer_manifests(self) -> Path:
        """A layout of Ollama's development branches: while it is there, no blob may be called unused."""
        return self.root / "manifests-v2"

    @property
    def own(self) -> Path:
        """packllama's own folder. Ollama never looks into it."""
        return self.root / ".packllama"

    @property
    def version_file(self) -> Path:
        return self.own / "version"

    @property
    def locks(self) -> Path:
        return self.own / "locks"

    @property
    def work(self) -> Path:
        """One folder per running session, for blobs that are not published yet."""
        return self.own / "work"

    @property
    def hashes(self) -> Path:
        """One record per blob that was hashed."""
        return self.own / "hashes"

    @property
    def finished(self) -> Path:
        """Blobs of models that are not whole yet, and beginnings of such blobs. They outlive sessions."""
        return self.own / "blobs"

    @property
    def pieces(self) -> Path:
        """For blobs, the digests of their beginnings."""
        return self.own / "pieces"

    @property
    def quarantine(self) -> Path:
        """Damaged blobs, until what replaces them stands."""
        return self.own / "quarantine"

    @property
    def derived(self) -> Path:
        """Translations of blobs, when they are wanted here and not in the user's cache."""
        return self.own / "derived"

    def hash_record(self, digest: Digest) -> Path:
        return self.hashes / digest.hex

    def finished_blob(self, digest: Digest) -> Path:
        return self.finished / digest.hex

    def part(self, digest: Digest) -> Path:
        return self.finished / f"{digest.hex}.part"

    def quarantined(self, digest: Digest) -> Path:
        return self.quarantine / digest.hex

    def pieces_record(self, digest: Digest) -> Path:
        return self.pieces / digest.hex

    def blob_lock(self, digest: Digest) -> Path:
        """For whoever writes this blob."""
        return self.locks / f"blob-{digest.hex}"

    def blob(self, digest: Digest) -> Path:
        return self.blobs / digest.file_name

    def manifest(self, name: ModelName) -> Path:
        return self.manifests.joinpath(*name.path_parts)
