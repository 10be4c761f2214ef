"""What a registry answers to whoever has no token: where to fetch one, and for what."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from packllama.base.errors import BadAnswer, Unsafe
from packllama.base.http import Origin

# Only where a word begins: else a long one is read again from each of its letters.
_PARAMETER = re.compile(r'\b([a-zA-Z]+)=(?:"([^"]*)"|([^",\s]*))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """``WWW-Authenticate: Bearer realm="…",service="…",scope="…"``."""

    realm: str
    service: str
    scope: str

    @classmethod
    def parse(cls, header: str, *, where: str) -> Self:
        """Raises: BadAnswer, when it is no such challenge."""
        scheme, _, rest = header.strip().partition(" ")
        said = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
        if scheme.lower() != "bearer" or not said.get("realm"):
            raise BadAnswer(
                f"it wants a kind of login that Ollama's registries do not have: {header[:100] or 'unnamed'}",
                where=where,
                hint="Only tokens are supported, no user names and passwords.",
            )
        return cls(said["realm"], said.get("service", ""), said.get("scope", ""))

    def check(self, asked: str) -> None:
        """See that the token is fetched from the very host that wants it, which Ollama demands too.

        Otherwise anybody could have our key sign what is meant for somebody else.

        Raises: Unsafe, when the realm is on another host or port, or leaves https, or is no address.
        """
        request = urlsplit(asked)
        try:
            realm = urlsplit(self.realm)
            Origin.of(self.realm)
        except ValueError as error:
            raise Unsafe(
                f"it sends us for a token to what is no address: {self.realm[:100]!r}", where=request.netloc
            ) from error
        if realm.netloc != request.netloc:
            raise Unsafe(
                f"it sends us for a token to another host, {realm.netloc}; that is not done",
                where=request.netloc,
                hint=f"If you trust that host, name it yourself: {realm.netloc}/…",
            )
        if realm.scheme not in {request.scheme, "https"}:
            raise Unsafe(
                f"it wants the token to be fetched by {realm.scheme}://; that is not done",
                where=request.netloc,
            )

    def token_url(self, *, now: int, nonce: str) -> str:
        """What is asked for the token: the realm's own query and ours, in the order of the keys."""
        parts = urlsplit(self.realm)
        query = [
            *parse_qsl(parts.query, keep_blank_values=True),
            ("service", self.service),
            *(("scope", scope) for scope in self.scope.split(" ")),
            ("ts", str(now)),
            ("nonce", nonce),
        ]
        return parts._replace(query=urlencode(sorted(query, key=lambda pair: pair[0])), fragment="").geturl()
