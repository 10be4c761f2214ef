"""Engine, processor and memory: what will not run here."""

from pathlib import Path

import pytest

from packllama.base.errors import EngineFailed, EngineMissing
from packllama.base.stop import Stop
from packllama.engine.probe import Probed
from packllama.prove.doctor import engine
from packllama.prove.doctor.checkup import Fact, Level
from tests.unit.prove.patients import patient, put, sentences, worst

FULL = "processor : 0\nflags\t\t: fpu pni ssse3 avx avx2 f16c fma bmi2\n\nprocessor : 1\nflags : fpu\n"
BUILT_FOR = frozenset({"SSE3", "AVX2", "BMI2", "LLAMAFILE", "OPENMP"})


def looked(folder: Path, monkeypatch: pytest.MonkeyPatch, found: Probed | Exception) -> list[Fact]:
    def probe(*_: object, **__: object) -> Probed:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(engine, "probe", probe)
    return list(engine.check(Stop())(patient(folder)))


@pytest.mark.parametrize(
    ("cpuinfo", "found", "level", "said"),
    [
        (FULL, Probed("xllamacpp 1", BUILT_FOR), Level.OK, "xllamacpp 1; it starts"),
        (FULL, Probed("xllamacpp 1", BUILT_FOR), Level.OK, "with SSE3 SSSE3 AVX AVX2 F16C FMA BMI2"),
        (
            "flags : fpu pni avx\n",
            Probed("x", BUILT_FOR),
            Level.PROBLEM,
            "the processor lacks AVX2, BMI2, which the en",
        ),
        ("Features : fp asimd\n", Probed("x", frozenset({"NEON", "DOTPROD"})), Level.PROBLEM, "lacks DOTPROD, which"),
        ("Features : fp asimd\n", Probed("x", frozenset({"NEON", "ARM_FMA"})), Level.OK, "with NEON ARM_FMA"),
        ("nothing\n", Probed("x", BUILT_FOR), Level.OK, "x; it starts"),
        (
            FULL,
            EngineMissing("none is here", hint="pip"),
            Level.WARNING,
            "run and prove will not work: none is here",
        ),
        (FULL, EngineFailed("it fell", where="/e", hint="Get up."), Level.PROBLEM, "work: /e: it fell → Get up."),
    ],
)
def test_what_would_run(
    cpuinfo: str, found: Probed | Exception, level: Level, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "/proc/cpuinfo", cpuinfo)
    facts = looked(tmp_path, monkeypatch, found)
    assert worst(facts) is level
    assert said in sentences(facts, level)


@pytest.mark.parametrize(
    ("free", "level", "said"),
    [
        (8_000_000, Level.OK, "16 GB of memory, 8.2 GB of it free"),
        (500_000, Level.WARNING, "512 MB of it free → Close other programs"),
    ],
)
def test_memory(free: int, level: Level, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "/proc/meminfo", f"MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:  {free} kB\n")
    facts = looked(tmp_path, monkeypatch, Probed("x", frozenset()))
    assert worst(facts) is level
    assert said in sentences(facts, level)


@pytest.mark.parametrize(
    "meminfo", ["", "MemTotal: 1024000 kB\n", "MemAvailable: 9999999 kB\n", "\xff MemTotal: x kB\n"]
)
def test_a_system_that_tells_less(meminfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "/proc/meminfo", meminfo)
    facts = looked(tmp_path, monkeypatch, Probed("x", frozenset()))
    assert worst(facts) is Level.OK
    assert " of memory" in sentences(facts)


def test_a_system_that_does_not_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = looked(tmp_path, monkeypatch, Probed("x", BUILT_FOR))
    assert worst(facts) is Level.OK
    assert " of memory → " in sentences(facts)
