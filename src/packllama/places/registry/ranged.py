"""Ranges of a blob: what an answer must be to be one, and the bytes in it."""

import re

from packllama.base.errors import BadAnswer, IntegrityError, PackLlamaError, Unreachable
from packllama.base.http import Answer, Origin
from packllama.model import Blob
from packllama.places.registry.refusals import is_page, refused, web_page

WHOLE, PART, NOT_FOUND, NO_SUCH_RANGE = 200, 206, 404, 416

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")

_SKIPPED_AT_ONCE = 256 << 10


class Part:
    """The bytes of a range, out of an answer whose body begins ``skip`` bytes before it. For one thread."""

    def __init__(self, answer: Answer, *, skip: int, count: int) -> None:
        self._answer = answer
        self._skip = skip
        self._left = count

    def readinto(self, buffer: memoryview, /) -> int:
        """Raises: Unreachable, when it breaks off; Cancelled."""
        if self._skip:
            scratch = memoryview(bytearray(min(self._skip, _SKIPPED_AT_ONCE)))
            while self._skip:
                self._skip -= self._some(scratch[: self._skip])
        buffer = buffer[: self._left]
        if not buffer:
            return 0
        count = self._some(buffer)
        self._left -= count
        return count

    def _some(self, buffer: memoryview) -> int:
        if count := self._answer.readinto(buffer):
            return count
        raise Unreachable(
            f"the answer ends {self._skip + self._left:,} bytes early",
            where=str(Origin.of(self._answer.url)),
            hint="Try again; what was fetched is kept.",
        )


def check_range(answer: Answer, blob: Blob, start: int, stop: int) -> int:
    """See that an answer holds these bytes of a blob. Returns at which byte of the blob its body begins.

    That is ``start``, or 0 where a server gives nothing but whole files.

    Raises: BadAnswer, Overloaded, AccessDenied; IntegrityError, when the blob is missing or has another size.
    """
    where = str(Origin.of(answer.url))
    if answer.status not in {WHOLE, PART}:
        raise _refused(answer, blob, where)
    if is_page(answer):
        raise web_page(where)
    encoding = answer.header("Content-Encoding").lower()
    if encoding not in {"", "identity"} or answer.header("Content-Type").lower().startswith("multipart/"):
        raise _wrong(where, f"{blob.digest} in a form that was not asked for ({encoding or 'multipart'})")
    begin, end = (start, stop) if answer.status == PART else (0, blob.size)
    if answer.status == PART:
        _check_content_range(answer.header("Content-Range"), blob, start, stop, where)
    length = answer.header("Content-Length")
    if length and length != str(end - begin):
        raise _wrong(where, f"{length[:20]} bytes of {blob.digest} where {end - begin:,} were expected")
    return begin


def _check_content_range(text: str, blob: Blob, start: int, stop: int, where: str) -> None:
    match = _CONTENT_RANGE.fullmatch(text.strip())
    first, last, size = match.groups() if match else ("", "", "*")
    if size not in {"*", str(blob.size)}:
        raise _other_size(blob, where, f"{int(size):,}")
    if (first, last) != (str(start), str(stop - 1)):
        raise _wrong(where, f"the bytes '{text[:100]}' of {blob.digest} where {start}-{stop - 1} were asked for")


def _refused(answer: Answer, blob: Blob, where: str) -> PackLlamaError:
    if answer.status == NOT_FOUND and not is_page(answer):
        return IntegrityError(
            f"it has no blob {blob.digest}", where=where, hint="The model there is not whole; tell its owner."
        )
    if answer.status == NO_SUCH_RANGE:
        return _other_size(blob, where, "fewer")
    return refused(answer, what=f"the blob {blob.digest} cannot be had")


def _other_size(blob: Blob, where: str, found: str) -> IntegrityError:
    return IntegrityError(
        f"{blob.digest} has {found} bytes there, but {blob.size:,} by the manifest",
        where=where,
        hint="The blob or the manifest was changed; ask another source.",
    )


def _wrong(where: str, found: str) -> BadAnswer:
    return BadAnswer(f"it sends {found}", where=where, hint="A proxy in between may be to blame; ask another source.")
