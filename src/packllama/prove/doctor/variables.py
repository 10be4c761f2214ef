"""Variables of the environment that do not do what somebody meant them to do. Secrets are not repeated."""

import difflib
from collections.abc import Iterator

from packllama.base.errors import UsageError
from packllama.base.origins import KNOWN, Origin, origins
from packllama.base.units import parse_bytes
from packllama.places.registry.address import parse_addresses
from packllama.prove.doctor.checkup import Fact, Level, Patient, Topic

_PREFIX = "PACKLLAMA_"

# How much a name has to be like another: two letters that changed places are meant, a word of the same length is not.
_ALIKE = 0.7


def look(patient: Patient) -> Iterator[Fact]:
    """What is misspelt, cannot be read, or is not followed."""
    settings = origins(patient.environ)
    for setting in settings:
        if setting.misread:
            sentence = f"{setting.origin} cannot be understood, so it counts as not set ({setting.value})"
            yield Fact(Topic.SETTINGS, Level.WARNING, sentence, _example(setting))
    yield from _refused(patient)
    yield from _unknown(patient)
    ollamas = sorted(name for name in patient.environ if name.startswith("OLLAMA_") and name not in KNOWN)
    if ollamas:
        yield Fact(Topic.SETTINGS, Level.NOTE, f"not followed by packllama: {', '.join(ollamas)}")


def _example(setting: Origin) -> str:
    examples = {
        "context_length": "Write a number of tokens: 8192.",
        "load_timeout": "Write 10m, 1h30m or 90s.",
        "keep_alive": "Write 10m, 1h30m or 90s.",
        "derived": "Write store or cache.",
        "derived_limit": "Write 500M, 20G or 1.5T.",
    }
    return examples.get(setting.name, "Write an absolute path.")


def _refused(patient: Patient) -> Iterator[Fact]:
    """What makes the verbs fail that read it."""
    settings = patient.settings
    number = settings.parallel
    if number and not (number.isascii() and number.isdigit() and len(number) < 3 and 1 <= int(number) <= 64):
        yield _fails("PACKLLAMA_PARALLEL", "Write a number from 1 to 64.")
    if settings.limit_rate and not parse_bytes(settings.limit_rate):
        yield _fails("PACKLLAMA_LIMIT_RATE", "Write 500K, 2M or 1.5G.")
    try:
        parse_addresses(settings.mirrors.split())
    except UsageError as error:
        yield _fails("PACKLLAMA_MIRROR", error.hint)


def _fails(name: str, cure: str) -> Fact:
    return Fact(Topic.SETTINGS, Level.PROBLEM, f"verbs that move models will fail: {name} cannot be understood", cure)


def _unknown(patient: Patient) -> Iterator[Fact]:
    ours = sorted(name.removeprefix(_PREFIX) for name in KNOWN if name.startswith(_PREFIX))
    for name in sorted(patient.environ):
        if name.upper().startswith(_PREFIX) and name not in KNOWN:
            near = difflib.get_close_matches(name.upper().removeprefix(_PREFIX), ours, n=1, cutoff=_ALIKE)
            cure = f"Did you mean {_PREFIX}{near[0]}?" if near else "'packllama doctor --json' has those there are."
            yield Fact(Topic.SETTINGS, Level.WARNING, f"{name} is set, which means nothing to packllama", cure)
