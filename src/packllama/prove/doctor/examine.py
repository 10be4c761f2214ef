"""``examine``: every check, one after the other; one that fails is told like the rest."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from packllama.base.errors import Cancelled, NoStore, PackLlamaError
from packllama.base.observer import SILENT, Observer
from packllama.base.origins import Origin, origins
from packllama.base.stop import Stop
from packllama.prove.doctor import disk, engine, itself, network, ollama, registries, stores, variables
from packllama.prove.doctor.checkup import Check, Checkup, Fact, Level, Patient, Topic

_log = logging.getLogger(__name__)


def examine(patient: Patient, *, ask: bool = False, observer: Observer = SILENT, stop: Stop) -> Checkup:
    """Look at this machine. ``ask``: also whether the registries can be reached; nothing else goes over a network.

    Raises: Cancelled.
    """
    checks: list[tuple[Topic, Check]] = [
        (Topic.PACKLLAMA, itself.look),
        (Topic.STORE, stores.look),
        (Topic.RIGHTS, stores.look_at_rights),
        (Topic.DISK, disk.look),
        (Topic.OLLAMA, ollama.look),
        (Topic.ENGINE, engine.check(stop)),
        (Topic.NETWORK, network.look),
        (Topic.SETTINGS, variables.look),
    ]
    if ask:
        checks.append((Topic.REGISTRIES, registries.check(observer, stop=stop)))
    facts = [fact for topic, check in checks for fact in _whatever(check, topic, patient, stop)]
    return Checkup(_store(patient), tuple(facts), _settings(patient))


def _whatever(check: Check, topic: Topic, patient: Patient, stop: Stop) -> Iterator[Fact]:
    """The facts of a check; its failure is one more."""
    stop.check()
    try:
        yield from check(patient)
    except Cancelled:
        raise
    except NoStore:
        _log.debug("no store, which is told once", exc_info=True)
    except PackLlamaError as error:
        yield Fact(topic, Level.WARNING, f"could not be looked at: {error.sentence}", error.hint)
    except Exception as error:  # noqa: BLE001  where a machine is odd, the other facts are wanted most
        _log.debug("looking at %s", topic, exc_info=error)
        yield Fact(topic, Level.WARNING, f"could not be looked at: {error} ({type(error).__name__})")


def _store(patient: Patient) -> Path | None:
    try:
        return stores.taken(patient).path
    except NoStore:
        return None


def _settings(patient: Patient) -> tuple[Origin, ...]:
    """With the flag of the command line, which counts first."""
    found = origins(patient.environ)
    if patient.flag is None:
        return found
    return tuple(
        replace(each, value=str(patient.flag), origin="--store") if each.name == "store" else each for each in found
    )
