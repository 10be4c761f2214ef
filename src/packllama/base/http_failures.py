"""What the failures of the HTTP library, and of those below it, mean to a user."""

import http.client
import ssl
from collections.abc import Iterator

from packllama.base.errors import AccessDenied, BadAnswer, FarSideError, Unreachable, Unsafe

PROXY_WANTS_A_PASSWORD = 407

# Of what somebody says who is no web server.
_SHOWN = 100

_AGAIN = "Try again; what was fetched is kept."


def proxy_refuses(where: str) -> AccessDenied:
    """Where: who was to be asked through it."""
    return AccessDenied(
        "the proxy wants a user name and a password (407)",
        where=where,
        hint="Set HTTPS_PROXY to http://USER:PASSWORD@host:port, or name the host in NO_PROXY.",
    )


def translated(error: Exception, where: str) -> FarSideError:
    """What an exception of the libraries below means to a user."""
    if f"Tunnel connection failed: {PROXY_WANTS_A_PASSWORD}" in str(error):
        return proxy_refuses(where)
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unsafe(
                f"its certificate is not trusted: {cause.verify_message}",
                where=where,
                hint="Check this machine's date. If your organisation signs certificates of its own, name their file"
                " by SSL_CERT_FILE.",
            )
        if isinstance(cause, ssl.SSLError):
            return Unreachable(
                f"no secure connection: {cause.reason or cause}",
                where=where,
                hint="If it is a registry of yours that speaks plain http, say --insecure.",
            )
        if isinstance(cause, OSError) and cause.strerror:
            return Unreachable(f"the connection broke: {cause.strerror}", where=where, hint=_AGAIN)
        if isinstance(cause, http.client.IncompleteRead | http.client.RemoteDisconnected):
            return Unreachable("the answer was cut off", where=where, hint=_AGAIN)
    said = " ".join(str(causes[-1])[:_SHOWN].split())
    return BadAnswer(f"this is no answer of a web server: {said}", where=where, hint="Check the host and the port.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exceptions that others were wrapped around, the outermost first."""
    yield error
    for inner in error.args:
        if isinstance(inner, BaseException):
            yield from _causes(inner)
