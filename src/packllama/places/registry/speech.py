"""One registry, spoken to as it wants: with a token once it asks for one, and along its redirects.

The token goes to the registry's own scheme, host and port, and nowhere else.
"""

import base64
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urldefrag, urljoin

from packllama.base.errors import AccessDenied, BadAnswer, BadInput, MissingFile, NoRights, Unsafe
from packllama.base.http import REDIRECTS, Answer, Client, Origin
from packllama.jsonfields import as_fields, first_value
from packllama.places.registry.challenge import Challenge
from packllama.places.registry.refusals import SHOW_KEY, refused_token

_MOST_REDIRECTS = 10
_UNAUTHORIZED = 401

# Real tokens have one or two thousand characters.
_TOKEN_LIMIT = 64 << 10
_TOKEN = re.compile(r"[\x21-\x7e]+")


class Speech:
    """May be shared between threads."""

    def __init__(self, client: Client, *, key: Path | None, clock: Callable[[], float] = time.time) -> None:
        """``key``: what signs requests for tokens; it is read when a registry asks for it."""
        self._client = client
        self._key = key
        self._clock = clock
        self._token = ""
        self._fetching = threading.Lock()

    def ask(self, url: str, headers: Mapping[str, str]) -> Answer:
        """The answer to which a URL leads, whatever its status. The caller closes it.

        Raises: Unsafe, BadAnswer, AccessDenied, Unreachable, Cancelled.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._ask(url, headers)
            if answer.status not in REDIRECTS:
                return answer
            with answer:
                url = _redirect(answer)
        raise BadAnswer(f"more than {_MOST_REDIRECTS} redirects", where=str(self._client.home))

    def _ask(self, url: str, headers: Mapping[str, str]) -> Answer:
        if Origin.of(url) != self._client.home:
            return self._client.get(url, headers)
        token = self._token
        answer = self._client.get(url, {**headers, **_bearer(token)})
        if answer.status != _UNAUTHORIZED:
            return answer
        with answer:
            challenge = Challenge.parse(answer.header("WWW-Authenticate"), where=str(self._client.home))
            challenge.check(url)
        answer = self._client.get(url, {**headers, **_bearer(self._new_token(challenge, token))})
        if answer.status == _UNAUTHORIZED:
            with answer:
                raise AccessDenied(
                    "the registry does not accept the token that it gave us",
                    where=str(self._client.home),
                    hint=SHOW_KEY,
                )
        return answer

    def _new_token(self, challenge: Challenge, refused: str) -> str:
        """Fetched once for all threads that were refused together."""
        with self._fetching:
            if self._token == refused:
                self._token = self._fetch_token(challenge)
            return self._token

    def _fetch_token(self, challenge: Challenge) -> str:
        nonce = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=")
        url = challenge.token_url(now=int(self._clock()), nonce=nonce)
        signed, why_not = self._signed(url)
        with self._client.get(url, signed) as answer:
            if answer.status in REDIRECTS or answer.status >= 400:
                raise refused_token(answer, why_not)
            document = answer.document(_TOKEN_LIMIT)
        where = str(self._client.home)
        try:
            token = as_fields(first_value(document, where=where)[0], where=where).text("token")
        except BadInput as error:
            raise BadAnswer("the answer to a request for a token is none", where=where) from error
        if not _TOKEN.fullmatch(token):
            raise BadAnswer("the registry gave no token, or one that cannot be sent", where=where)
        return token

    def _signed(self, url: str) -> tuple[dict[str, str], AccessDenied | MissingFile | NoRights | None]:
        """Without a key that can be used the request goes unsigned: some registries give a token to anybody."""
        from packllama.places.registry.signature import authorization  # noqa: PLC0415  rarely needed

        if self._key is None:
            return {}, None
        try:
            return {"Authorization": authorization(url, key=self._key)}, None
        except (AccessDenied, MissingFile, NoRights) as error:
            return {}, error


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _redirect(answer: Answer) -> str:
    """Where an answer sends us. Raises: BadAnswer, Unsafe."""
    before = Origin.of(answer.url)
    location = answer.header("Location")
    if not location:
        raise BadAnswer(f"a redirect ({answer.status}) that leads nowhere", where=str(before))
    try:
        url = urldefrag(urljoin(answer.url, location)).url
        after = Origin.of(url)
    except ValueError as error:
        raise Unsafe(f"a redirect that is not followed: {location[:100]!r}", where=str(before)) from error
    if before.scheme == "https" and after.scheme == "http":
        raise Unsafe(f"a redirect from https to http is not followed: {after}", where=str(before))
    return url
