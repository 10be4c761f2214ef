"""Which machine this is, as far as it tells without another program."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

# The first processor's entry stands at the beginning, and has one or two thousand.
_CPUINFO_CHARACTERS = 16_384


@dataclass(frozen=True, slots=True)
class Machine:
    """``architecture`` is ``x86_64`` or the like; ``processor`` its model's name, or empty; ``memory`` in bytes."""

    host: str
    system: str
    release: str
    architecture: str
    processor: str
    processors: int
    memory: int

    @classmethod
    def this(cls) -> Self:
        """The machine that packllama runs on."""
        system = os.uname()
        return cls(
            host=system.nodename,
            system=system.sysname,
            release=system.release,
            architecture=system.machine,
            processor=_processor(),
            processors=os.cpu_count() or 1,
            memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        )


def _processor() -> str:
    """Only Linux tells, and not on every architecture."""
    with contextlib.suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
        for line in file.read(_CPUINFO_CHARACTERS).splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return ""
