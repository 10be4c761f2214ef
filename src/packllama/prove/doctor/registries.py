"""Whether the registries can be reached: each is asked one small question, as a pull would ask it.

This is the only check that sends anything anywhere.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING

from packllama.base.errors import FarSideError, MissingFile, UsageError
from packllama.base.network import Network
from packllama.base.observer import SILENT, Observer
from packllama.base.stop import Stop
from packllama.base.units import human_age
from packllama.places.registry.address import parse_addresses
from packllama.prove.doctor.checkup import Check, Fact, Level, Patient, Topic
from packllama.prove.doctor.network import registries

if TYPE_CHECKING:
    from packllama.base.http import Client

# Tokens and certificates count in minutes.
_SKEW_SECONDS = 300.0

_FAILING = 500


def check(observer: Observer = SILENT, *, stop: Stop) -> Check:
    """The check of the registries that the settings name."""
    return partial(_look, observer=observer, stop=stop)


def _look(patient: Patient, *, observer: Observer, stop: Stop) -> Iterator[Fact]:
    for url in urls(patient):
        observer.noted(f"asking {url}")
        yield from reach(url, partial(_client, network=patient.settings.network, stop=stop))


def urls(patient: Patient) -> Iterator[str]:
    """Who is asked; the mirrors last, for their addresses may be wrong. Raises: UsageError."""
    yield from registries(patient)
    for mirror in parse_addresses(patient.settings.mirrors.split()):
        yield f"{'http' if mirror.insecure else 'https'}://{mirror.host}"


def _client(url: str, *, network: Network, stop: Stop) -> "Client":
    from packllama.base.http import Client, Limits  # noqa: PLC0415  brings in an HTTP library

    # A person waits for an answer that has no body to speak of.
    return Client(url, network, stop=stop, limits=Limits(connect=10.0, stall=15.0, document=15.0))


def reach(url: str, client: Callable[[str], "Client"], *, clock: Callable[[], float] = time.time) -> Iterator[Fact]:
    """Ask the registry at ``https://host`` whether it is there. Any answer will do but a failure.

    Raises: Cancelled.
    """
    began = time.monotonic()
    try:
        with client(url).get(f"{url}/v2/", {}) as answer:
            milliseconds = round(1000 * (time.monotonic() - began))
            status, date = answer.status, answer.header("Date")
    except (FarSideError, MissingFile, UsageError) as error:
        yield Fact(Topic.REGISTRIES, Level.PROBLEM, f"{url} cannot be reached: {error.message}", error.hint)
        return
    if status >= _FAILING:
        sentence = f"{url} answers, but fails ({status}) after {milliseconds:,} ms"
        yield Fact(Topic.REGISTRIES, Level.WARNING, sentence, "Try again later, or name a mirror: PACKLLAMA_MIRROR.")
    else:
        yield Fact(Topic.REGISTRIES, Level.OK, f"{url} answers ({status}) after {milliseconds:,} ms")
    yield from _skew(url, date, now=clock())


def _skew(url: str, date: str, *, now: float) -> Iterator[Fact]:
    """A warning when this machine and the registry do not mean the same time."""
    with suppress(ValueError, OverflowError):
        there = parsedate_to_datetime(date)
        ahead = now - there.replace(tzinfo=there.tzinfo or UTC).timestamp()
        if abs(ahead) > _SKEW_SECONDS:
            way = "ahead of" if ahead > 0 else "behind"
            sentence = f"this machine's clock is {human_age(abs(ahead)).lower()} {way} that of {url}"
            cure = f"Set the clock; there it is {datetime.fromtimestamp(now - ahead, UTC):%Y-%m-%d %H:%M} UTC."
            yield Fact(Topic.REGISTRIES, Level.WARNING, sentence, cure)
