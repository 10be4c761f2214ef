"""What a registry's refusals mean to a user."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from packllama.base.errors import (
    AccessDenied,
    BadAnswer,
    BadInput,
    FarSideError,
    ModelNotFound,
    Overloaded,
    PackLlamaError,
)
from packllama.base.http import Answer, Origin
from packllama.jsonfields import Fields, as_fields, first_value
from packllama.name import ModelName

# Of what a registry says about an error, so much is read, and so much shown.
_READ, _SHOWN = 64 << 10, 300

# A registry that wants us to wait for longer than this is asked again earlier.
_LONGEST_WAIT_SECONDS = 120.0

SHOW_KEY = "Add what 'packllama key' shows, this machine's public key, to your account there."

_PASSING = frozenset({408, 429, 500, 502, 503, 504})


def refused(answer: Answer, *, what: str) -> FarSideError:
    """The error for an answer that is none to ``what`` was asked for."""
    where = f"{Origin.of(answer.url)}"
    if is_page(answer):
        return web_page(where)
    said = _words(answer)
    message = f"{what}: {answer.status}{': ' if said else ''}{said}"
    if answer.status in _PASSING:
        seconds = retry_after(answer)
        hint = f"It asks to come again in {seconds:.0f} seconds." if seconds else "Try again later."
        return Overloaded(message, where=where, hint=hint, retry_after=seconds)
    if answer.status in {401, 403}:
        return AccessDenied(
            message, where=where, hint="It is private, or its terms have to be accepted on the registry's site first."
        )
    return BadAnswer(message, where=where)


def no_such_model(name: ModelName, answer: Answer) -> ModelNotFound:
    where = str(Origin.of(answer.url))
    return ModelNotFound(
        name.short,
        where=where,
        hint="Check the spelling and the tag on the registry's site; what is private needs a key that it knows.",
    )


def refused_token(answer: Answer, why_unsigned: PackLlamaError | None) -> FarSideError:
    """``why_unsigned``: what was wrong with our key, if anything was."""
    error = refused(answer, what="the registry gives no token")
    if not isinstance(error, AccessDenied | BadAnswer):
        return error
    hint = SHOW_KEY
    if why_unsigned is not None:
        hint = f"The request could not be signed. {why_unsigned}"
    return AccessDenied(error.message, where=error.where, hint=hint)


def is_page(answer: Answer) -> bool:
    """Whether it is what a browser would show: neither a registry nor a storage ever sends that."""
    return answer.header("Content-Type").lower().startswith("text/html")


def web_page(where: str) -> BadAnswer:
    return BadAnswer(
        "a web page came instead of an answer: this network wants you to log in first, or it is no registry",
        where=where,
        hint="Open any page in a browser, log in to the network, and run the same command again.",
    )


def retry_after(answer: Answer) -> float:
    """Seconds to wait, within reason; 0 when nothing is said. A date is seen from the answer's own."""
    said = answer.header("Retry-After").strip()
    if said.isascii() and said.isdigit():
        return min(float(said[:9]), _LONGEST_WAIT_SECONDS)
    then, now = _date(said), _date(answer.header("Date"))
    return min(max((then - now).total_seconds(), 0.0), _LONGEST_WAIT_SECONDS) if then and now else 0.0


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return date if date.tzinfo else None


def _words(answer: Answer) -> str:
    """What the far side says itself; "" where that cannot be read."""
    try:
        body = answer.document(_READ)
    except FarSideError:
        return ""
    try:
        fields = as_fields(first_value(body, where="")[0], where="")
        said = _message(fields)
    except BadInput:
        said = body.decode("utf-8", "replace")
    said = " ".join(said.split())
    return said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"


def _message(fields: Fields) -> str:
    """OCI's form of an error, or that of others. Raises: BadInput, for any other form."""
    for error in fields.list_of_fields("errors"):
        return error.text("message") or error.text("code")
    return fields.text("error") or fields.text("message")
