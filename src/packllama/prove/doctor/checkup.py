"""The nouns of a check-up: who is looked at, what was found."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from packllama.base.origins import Origin
from packllama.base.settings import Settings


class Level(StrEnum):
    """How bad a fact is. A problem: something will not work here."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


class Topic(StrEnum):
    """What a fact is about, in the order in which they are told."""

    PACKLLAMA = "packllama"
    STORE = "store"
    RIGHTS = "rights"
    DISK = "disk"
    OLLAMA = "ollama"
    ENGINE = "engine"
    MACHINE = "machine"
    NETWORK = "network"
    REGISTRIES = "registries"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence. ``cure``: what to do; may be empty. Text from outside may stand in both."""

    topic: Topic
    level: Level
    sentence: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at. ``flag``: the store that the command line names. ``root``: where the system's own files are.

    ``user``: the number of who asks.
    """

    environ: Mapping[str, str]
    flag: Path | None = None
    root: Path = Path("/")
    user: int = field(default_factory=os.geteuid)

    @property
    def settings(self) -> Settings:
        return Settings.read(self.environ)

    def system(self, path: str | Path) -> Path:
        """One of the system's own files, by its absolute path."""
        return self.root / str(path).lstrip("/")


@dataclass(frozen=True, slots=True)
class Checkup:
    """``store``: the one that is taken, None where nothing says where it is."""

    store: Path | None
    facts: tuple[Fact, ...]
    settings: tuple[Origin, ...]

    def of(self, level: Level) -> tuple[Fact, ...]:
        return tuple(fact for fact in self.facts if fact.level is level)

    @property
    def well(self) -> bool:
        """Nothing that was looked at is a problem."""
        return not self.of(Level.PROBLEM)


Check: TypeAlias = Callable[[Patient], Iterator[Fact]]
