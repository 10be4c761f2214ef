"""A registry of which any range of any blob can be read."""

import contextlib
import dataclasses
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from packllama.base.errors import BadAnswer, DigestMismatch, FarSideError, ModelNotFound, Unreachable
from packllama.base.http import Answer, Client, Origin
from packllama.base.observer import SILENT, Observer
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.manifest import MANIFEST_LIMIT, MANIFEST_TYPE, ORIGINAL_TYPE, TWIN_TYPE, Manifest
from packllama.model import Blob, Model
from packllama.name import ModelName
from packllama.places.place import Reader
from packllama.places.registry.address import blob_url, manifest_url
from packllama.places.registry.fetchable import decode_fetchable
from packllama.places.registry.key import KEY
from packllama.places.registry.ranged import NOT_FOUND, WHOLE, Part, check_range
from packllama.places.registry.refusals import is_page, no_such_model, refused, web_page
from packllama.places.registry.speech import Speech

# The newest Ollama that we know of, for registries that give a model to newer ones only.
_AS_OLLAMA = {"User-Agent": "ollama/0.34.2"}
_WANTS_NEWER = 412

# What a storage answers when the link to it has expired.
_EXPIRED = frozenset({401, 403, 404, 410})

# Seconds before a manifest is asked for again.
_PAUSES = (0.5, 1.0)


# The edges of a large network may each have a name of their own for the same file. A file with more names changes.
_MOST_VERSIONS = 8


@dataclasses.dataclass(frozen=True, slots=True)
class _Link:
    """Where a blob turned out to be. ``versions``: what the answers say of its version; "" when nothing."""

    url: str
    versions: frozenset[str]


class RegistrySource:
    """One host. May be shared between threads; connections and links are kept between reads.

    ``streams`` becomes 1 for a server that gives nothing but whole files.
    """

    def __init__(
        self,
        host: str,
        *,
        client: Client,
        key: Path | None = None,
        insecure: bool = False,
        observer: Observer = SILENT,
        stop: Stop | None = None,
        pauses: Sequence[float] = _PAUSES,
    ) -> None:
        """``host``: with its port, if it has one; it may mirror what has another host in its name.

        ``key``: what signs a request for a token. ``insecure``: by http. ``pauses``: before a manifest is asked for
        again, in seconds.
        """
        # A part of a megabyte each: so many fill a line of a gigabit where an answer takes a seventh of a second.
        self.streams = 16
        self._host = host
        self._insecure = insecure
        self._speech = Speech(client, key=key)
        self._observer = observer
        self._stop = stop or Stop()
        self._pauses = pauses
        self._links: dict[Blob, _Link] = {}
        self._linking = threading.Lock()
        self._as_blobs: set[ModelName] = set()

    def __str__(self) -> str:
        return self._host

    def find(self, name: ModelName) -> Model:
        """Raises: ModelNotFound, InvalidManifest, FarSideError, Cancelled."""
        for pause in self._pauses:
            try:
                return self._find(name)
            except FarSideError as error:
                if not error.may_pass:
                    raise
                self._observer.noted(f"{error.sentence}; asking again")
                self._stop.wait(max(pause, error.retry_after))
        return self._find(name)

    def _find(self, name: ModelName) -> Model:
        try:
            manifest = self._manifest(name, MANIFEST_TYPE)
        except ModelNotFound:
            # To who does not ask for them, some registries deny what OCI tools have brought.
            manifest = self._manifest(name, TWIN_TYPE)
        last = manifest.layers[-1]
        if last.media_type == ORIGINAL_TYPE and last.size <= MANIFEST_LIMIT:
            raw = self._whole(Blob(last.digest, last.size), Model(name, manifest))
            manifest = decode_fetchable(raw, where=name.short)
            self._as_blobs.add(name)
        return Model(name, manifest)

    def keeps_as_blob(self, name: ModelName) -> bool:
        """Whether the manifest that was found is a blob there, and behind its own link is another one."""
        return name in self._as_blobs

    def _manifest(self, name: ModelName, media_type: str) -> Manifest:
        url = manifest_url(self._here(name), insecure=self._insecure)
        headers = {"Accept": media_type}
        answer = self._speech.ask(url, headers)
        if answer.status == _WANTS_NEWER:
            answer.close()
            self._observer.noted(
                f"{name.short} needs a newer Ollama than the registry knows us to be like; it may not run"
            )
            answer = self._speech.ask(url, headers | _AS_OLLAMA)
        with answer:
            return decode_fetchable(_manifest(answer, name), where=name.short)

    def _whole(self, blob: Blob, of: Model) -> bytes:
        """A small blob. Raises: DigestMismatch, and as `read` does."""
        data = memoryview(bytearray(blob.size))
        left = data
        with self.read(blob, of=of, start=0, stop=blob.size) as reader:
            while left and (count := reader.readinto(left)):
                left = left[count:]
        found = Digest.of(data)
        if found != blob.digest:
            raise DigestMismatch(expected=str(blob.digest), actual=str(found), where=self._host)
        return bytes(data)

    @contextlib.contextmanager
    def read(self, blob: Blob, *, of: Model, start: int, stop: int) -> Iterator[Reader]:
        """The bytes from ``start`` up to ``stop``.

        Raises: IntegrityError, when the blob is missing or has another size; FarSideError; Cancelled.
        """
        if start >= stop:
            yield _Nothing()
            return
        with self._ask(blob, of.name, start, stop) as answer:
            begin = check_range(answer, blob, start, stop)
            if answer.status == WHOLE and (start, stop) != (0, blob.size):
                self._whole_files_only(start, str(Origin.of(answer.url)))
            self._remember(blob, answer)
            yield Part(answer, skip=start - begin, count=stop - start)

    def _ask(self, blob: Blob, name: ModelName, start: int, stop: int) -> Answer:
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        if link := self._links.get(blob):
            try:
                answer = self._speech.ask(link.url, headers)
            except Unreachable:
                self._forget(blob, link)
                raise
            if answer.status not in _EXPIRED:
                return answer
            answer.close()
            self._forget(blob, link)
        return self._speech.ask(blob_url(self._here(name), blob.digest, insecure=self._insecure), headers)

    def _whole_files_only(self, start: int, where: str) -> None:
        """Have such a server's files read in one go: else each part would cost all that is before it."""
        known, self.streams = self.streams == 1, 1
        if start and not known:
            raise BadAnswer(
                "it gives whole files only, no parts of them", where=where, hint="Run the same command again."
            )

    def _remember(self, blob: Blob, answer: Answer) -> None:
        """Whether it is still the same file is for its hash to say; but one that changes all the time is none.

        Raises: BadAnswer, when the blob has become another again and again.
        """
        version = answer.header("ETag") or answer.header("Last-Modified")
        with self._linking:
            known = self._links.setdefault(blob, _Link(answer.url, frozenset({version})))
            if known.url != answer.url or version in known.versions:
                return
            self._links[blob] = dataclasses.replace(known, versions=known.versions | {version})
        where = str(Origin.of(answer.url))
        if len(known.versions) == _MOST_VERSIONS:
            raise BadAnswer(
                f"{blob.digest} is replaced there again and again while it is fetched",
                where=where,
                hint="Fetch it later, or from a mirror; what was fetched is kept.",
            )
        self._observer.noted(f"{where} says that {blob.digest.short} has changed; its hash will tell")

    def _forget(self, blob: Blob, link: _Link) -> None:
        with self._linking:
            if self._links.get(blob) == link:
                del self._links[blob]

    def _here(self, name: ModelName) -> ModelName:
        return dataclasses.replace(name, host=self._host)


class _Nothing:
    def readinto(self, _buffer: memoryview, /) -> int:
        return 0


def _manifest(answer: Answer, name: ModelName) -> bytes:
    if answer.status == NOT_FOUND and not is_page(answer):
        raise no_such_model(name, answer)
    if answer.status != WHOLE:
        raise refused(answer, what=f"the manifest of {name.short} cannot be had")
    where = str(Origin.of(answer.url))
    encoding = answer.header("Content-Encoding").lower()
    if encoding not in {"", "identity"}:
        raise BadAnswer(
            f"it sends a manifest in a form that was not asked for ({encoding})",
            where=where,
            hint="A proxy in between may be to blame; ask a mirror.",
        )
    raw = answer.document(MANIFEST_LIMIT)
    if is_page(answer) or raw.lstrip()[:1] == b"<":
        raise web_page(where)
    return raw


def open_registry(
    host: str, settings: Settings, *, insecure: bool = False, observer: Observer = SILENT, stop: Stop
) -> RegistrySource:
    """The registry at a host, reached as the environment says, and asked with the key that Ollama has here.

    Raises: UsageError, when there can be no such host.
    """
    client = Client(f"{'http' if insecure else 'https'}://{host}", settings.network, stop=stop)
    key = settings.home / KEY if settings.home else None
    return RegistrySource(host, client=client, key=key, insecure=insecure, observer=observer, stop=stop)
