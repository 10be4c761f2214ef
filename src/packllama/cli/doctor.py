"""``packllama doctor``: what on this machine will work, what will not, and what to do."""

import os
from collections.abc import Iterator, Sequence
from itertools import groupby

import click

from packllama.base.origins import BUILT_IN, Origin
from packllama.base.terminal import columns, escaped
from packllama.cli.door import Door, Talk
from packllama.cli.options import common, pass_door
from packllama.prove.doctor.checkup import Checkup, Fact, Level, Patient
from packllama.prove.doctor.examine import examine

_SOMETHING_WILL_NOT_WORK = 1

_COLUMNS = 100
_LABEL = 14

# What a person has to see first, and under which words.
_HEADS = {Level.PROBLEM: "Problems", Level.WARNING: "Warnings"}


@click.command("doctor")
@click.option("--network", is_flag=True, help="Also ask the registries and mirrors whether they can be reached.")
@common
@pass_door
def command(door: Door, network: bool) -> int:
    """Say what on this machine will work and what will not, and what to do about it.

    Which store is taken and why, rights, disk, Ollama, engine and processor, proxies, and where each setting comes
    from. Without --network nothing is asked of anybody, not even of an Ollama that runs here.

    The exit status is 0 when there is no problem, 1 when there is one.
    """
    patient = Patient(os.environ, flag=door.store_flag)
    found = examine(patient, ask=network, observer=Talk(door), stop=door.stop)
    if door.as_json:
        door.result_json(_document(found))
    else:
        door.result("".join(f"{line}\n" for line in _lines(found)))
    return 0 if found.well else _SOMETHING_WILL_NOT_WORK


def _document(found: Checkup) -> dict[str, object]:
    return {
        "well": found.well,
        "store": None if found.store is None else str(found.store),
        "facts": [
            {"topic": fact.topic, "level": fact.level, "sentence": fact.sentence, "cure": fact.cure}
            for fact in found.facts
        ],
        "settings": [
            {
                "name": setting.name,
                "value": setting.value,
                "origin": setting.origin,
                "variables": list(setting.variables),
                "misread": setting.misread,
            }
            for setting in found.settings
        ],
    }


def _lines(found: Checkup) -> Iterator[str]:
    """What is wrong first, then what is as it should be, then the settings."""
    for level, head in _HEADS.items():
        if facts := found.of(level):
            yield head
            for fact in facts:
                yield from _fact(f"  {fact.topic}", fact)
            yield ""
    rest = (fact for fact in found.facts if fact.level not in _HEADS)
    for topic, alike in groupby(rest, key=lambda fact: fact.topic):
        for number, fact in enumerate(alike):
            yield from _fact("" if number else topic, fact)
    yield ""
    yield from _settings(found.settings)
    yield ""
    yield _summary(found)


def _fact(label: str, fact: Fact) -> Iterator[str]:
    yield from _row(label, fact.sentence.split(" "))
    if fact.cure:
        yield from _row("", f"→ {fact.cure}".split(" "))


def _settings(settings: tuple[Origin, ...]) -> Iterator[str]:
    said = [each for each in settings if each.origin != BUILT_IN]
    for number, each in enumerate(said):
        yield from _row("" if number else "set", f"{each.name}: {each.value}, {_origin(each)}".split(" "))
    rest = [f"{each.name}: {each.value}" for each in settings if each.origin == BUILT_IN]
    yield from _row(BUILT_IN, [*(f"{text};" for text in rest[:-1]), *rest[-1:]])


def _origin(setting: Origin) -> str:
    return f"as {setting.origin} cannot be understood" if setting.misread else f"from {setting.origin}"


def _summary(found: Checkup) -> str:
    counts = [(len(found.of(level)), str(level)) for level in _HEADS]
    told = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
    if found.well:
        told.insert(0, "no problems" if told else "all will work here")
    return ", ".join(told)


def _row(label: str, words: Sequence[str]) -> Iterator[str]:
    """Words beside a label, made harmless, as many on a line as there is room for."""
    line = ""
    for word in map(escaped, words):
        if line and columns(line) + 1 + columns(word) > _COLUMNS - _LABEL:
            yield label.ljust(_LABEL) + line
            label, line = "", word
        else:
            line = f"{line} {word}" if line else word
    yield label.ljust(_LABEL) + line
