"""The files of a repository of Hugging Face, or of a mirror of it, by its own API.

The user's token goes to the host of the endpoint alone: no redirect and no next page leads elsewhere.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import quote, urljoin

from packllama.base.errors import BadAnswer, BadInput, ModelNotFound, NotFound, Unsafe, UsageError
from packllama.base.http import REDIRECTS, Answer, Client, Origin
from packllama.base.observer import SILENT, Observer
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.digest import Digest
from packllama.jsonfields import Fields, first_value
from packllama.links.link import Link, check_url, is_plain_path
from packllama.links.listing import RepositoryLinks
from packllama.name import ModelName
from packllama.places.registry.refusals import refused

_REVISION = "main"

# A page lists up to 1,000 files of about 400 bytes; the largest repositories have some ten thousand files.
_PAGE_LIMIT = 4 << 20
_MOST_PAGES = 50
_MOST_BYTES = 1 << 50

_MOST_REDIRECTS = 5
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 200, 401, 403, 404

_NEXT = re.compile(r'<([^<>\s]{1,4000})>\s*;\s*rel="?next"?')
_TOKEN = re.compile(r"[\x21-\x7e]{1,1000}")
_SHARD = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    size: int
    digest: Digest | None


def repository_links(
    name: ModelName,
    *,
    settings: Settings,
    pattern: str = "",
    mirrors: Sequence[str] = (),
    observer: Observer = SILENT,
    stop: Stop,
) -> RepositoryLinks:
    """The links of a repository's GGUFs: weights, projectors, shards. ``pattern``: only these, by path or by name.

    Raises:
        ModelNotFound: there is no such repository for us. NotFound: it has no such file.
        UsageError: the endpoint or the token cannot be; files of one name match, which would be saved as one.
        FarSideError, Cancelled.
    """
    repository = _repository(name)
    found = [file for file in _Hub(settings, stop=stop).files(name) if _matches(file.path, pattern)]
    files = {file.path: file for file in found if is_plain_path(file.path)}
    if odd := sum(not is_plain_path(file.path) for file in found):
        observer.noted(f"{repository}: left out, for their unusual names: {odd}")
    if not files:
        wanted = f" like {pattern}" if pattern else ""
        raise NotFound(f"there is no GGUF{wanted} in this repository", where=repository, hint="Look at its page.")
    bases = [base.rstrip("/") for base in (*mirrors, settings.hf_endpoint)]
    links = [_link(name, files[path], bases, flat=bool(pattern)) for path in sorted(files)]
    if len({link.path for link in links}) < len(links):
        raise UsageError(
            "files of one name match, from several folders",
            where=repository,
            hint="Write the folder, too: --files 'Q8_0/*'",
        )
    return RepositoryLinks(repository, tuple(links))


def _repository(name: ModelName) -> str:
    return f"{name.host}/{name.namespace}/{name.model}"


def _link(name: ModelName, file: _File, bases: Sequence[str], *, flat: bool) -> Link:
    """``flat``: saved into one folder, where ``packllama init`` finds all shards and the projector."""
    rest = f"/{name.namespace}/{name.model}/resolve/{_REVISION}/{quote(file.path)}"
    path = file.path.rpartition("/")[2] if flat else file.path
    return Link(_what(file.path), tuple(base + rest for base in bases), path, file.size, file.digest)


def _matches(path: str, pattern: str) -> bool:
    wanted = pattern.lower()
    return not wanted or any(fnmatchcase(text.lower(), wanted) for text in (path, path.rpartition("/")[2]))


class _Hub:
    """Raises: UsageError, when the endpoint or the token cannot be."""

    def __init__(self, settings: Settings, *, stop: Stop) -> None:
        self._base = settings.hf_endpoint.rstrip("/")
        try:
            check_url(self._base)
        except BadInput as error:
            raise UsageError(error.message, where="HF_ENDPOINT", hint=error.hint) from error
        if settings.hf_token and not _TOKEN.fullmatch(settings.hf_token):
            raise UsageError(
                "this is no token", where="HF_TOKEN", hint="Copy it again from the settings of your account."
            )
        self._headers = {"Authorization": f"Bearer {settings.hf_token}"} if settings.hf_token else {}
        self._client = Client(self._base, settings.network, stop=stop)

    def files(self, name: ModelName) -> Iterator[_File]:
        """The GGUFs that the repository lists, page after page."""
        url = f"{self._base}/api/models/{name.namespace}/{name.model}/tree/{_REVISION}?recursive=true"
        for _ in range(_MOST_PAGES):
            with self._ask(url) as answer:
                _check(answer, name)
                raw = answer.document(_PAGE_LIMIT)
                more = _NEXT.search(answer.header("Link"))
                page = answer.url
            yield from _decode(raw, where=str(self._client.home))
            if not more:
                return
            url = self._on(page, more[1])
        raise BadAnswer(f"the list of files has more than {_MOST_PAGES} pages", where=str(self._client.home))

    def _ask(self, url: str) -> Answer:
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._client.get(url, self._headers)
            if answer.status not in REDIRECTS:
                return answer
            with answer:
                url = self._on(answer.url, answer.header("Location"))
        raise BadAnswer(f"more than {_MOST_REDIRECTS} redirects", where=str(self._client.home))

    def _on(self, page: str, location: str) -> str:
        """Where a page leads, which has to be on the same server. Raises: Unsafe."""
        try:
            url = urljoin(page, location)
            if Origin.of(url) == self._client.home:
                return url
        except ValueError:
            pass
        raise Unsafe("it leads to another server, which is not asked", where=str(self._client.home))


def _check(answer: Answer, name: ModelName) -> None:
    if answer.status in {_UNAUTHORIZED, _NOT_FOUND}:
        raise ModelNotFound(
            name.short,
            where=str(Origin.of(answer.url)),
            message=f"repository '{_repository(name)}' not found",
            hint="Check the spelling. For a private one set HF_TOKEN to a token of your account.",
        )
    if answer.status != _OK:
        error = refused(answer, what=f"the files of {_repository(name)} cannot be listed")
        if answer.status == _FORBIDDEN:
            error.hint = "Accept its terms on its page, and set HF_TOKEN to a token of your account."
        raise error


def _decode(raw: bytes, *, where: str) -> list[_File]:
    """The GGUFs on a page. Raises: BadAnswer."""
    try:
        # A list has no fields to be read by, so it is put into an object.
        listed = Fields({"files": first_value(raw, where=where)[0]}, where=where)
        return [_file(entry) for entry in listed.list_of_fields("files") if _is_gguf(entry)]
    except BadInput as error:
        raise BadAnswer(f"the list of files cannot be read: {error.message}", where=where) from error


def _is_gguf(entry: Fields) -> bool:
    return entry.text("type") == "file" and entry.text("path").lower().endswith(".gguf")


def _file(entry: Fields) -> _File:
    lfs = entry.fields("lfs")
    size = lfs.integer("size") or entry.integer("size")
    if not 0 <= size <= _MOST_BYTES:
        raise BadInput(f"no file has {size:,} bytes")
    digest = lfs.text("oid").removeprefix("sha256:")
    return _File(entry.text("path"), size, Digest(digest) if digest else None)


def _what(path: str) -> str:
    if "mmproj" in path.rpartition("/")[2].lower():
        return "projector"
    return "shard" if _SHARD.search(path) else "model"
