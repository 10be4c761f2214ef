"""Which engine would run a model here, whether it starts, and whether processor and memory are enough for it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from packllama.base.errors import EngineError, EngineMissing, MissingFile, PackLlamaError
from packllama.base.reading import read_small
from packllama.base.stop import Stop
from packllama.base.units import human_bytes
from packllama.engine.probe import probe
from packllama.prove.doctor.checkup import Check, Fact, Level, Patient, Topic
from packllama.prove.machine import Machine

# llama.cpp's words, and the kernel's words for the same.
_WORDS = """
    SSE3=pni SSSE3=ssse3 AVX=avx AVX2=avx2 F16C=f16c FMA=fma BMI2=bmi2 AVX_VNNI=avx_vnni AVX512=avx512f
    AVX512_VBMI=avx512vbmi AVX512_VNNI=avx512_vnni AVX512_BF16=avx512_bf16 AMX_INT8=amx_int8
    NEON=asimd ARM_FMA=asimd FP16_VA=asimdhp DOTPROD=asimddp MATMUL_INT8=i8mm SVE=sve SME=sme
"""
FEATURES = dict(pair.split("=") for pair in _WORDS.split())

_CPUINFO_LIMIT = 16 << 20
_FLAGS = re.compile(r"^(?:flags|Features)\s*:\s*(.*)$", re.MULTILINE)
_MEMORY = re.compile(r"^(MemTotal|MemAvailable):\s+(\d+) kB$", re.MULTILINE)

# What the smallest models that people chat with take, with their context.
_LITTLE_MEMORY = 10**9


def check(stop: Stop) -> Check:
    """The check, which can be stopped while an engine starts."""
    return partial(_look, stop=stop)


def _look(patient: Patient, *, stop: Stop) -> Iterator[Fact]:
    engine = patient.settings.engine
    flags = processor_flags(patient)
    try:
        found = probe(engine, environ=patient.environ, stop=stop)
    except EngineError as error:
        sentence = f"run and prove will not work: {error.sentence}"
        # Who only carries models needs none, and has said so by not installing it.
        missing = isinstance(error, EngineMissing) and not engine
        yield Fact(Topic.ENGINE, Level.WARNING if missing else Level.PROBLEM, sentence, error.hint)
    else:
        named = f", {engine}, which PACKLLAMA_ENGINE names" if engine else ""
        yield Fact(Topic.ENGINE, Level.OK, f"{found.version}{named}; it starts")
        lacking = sorted(word for word in found.features & FEATURES.keys() if flags and FEATURES[word] not in flags)
        if lacking:
            sentence = f"run and prove will not work: the processor lacks {', '.join(lacking)}"
            cure = "Give a llama-server that was built for this machine, by PACKLLAMA_ENGINE or --engine PATH."
            yield Fact(Topic.ENGINE, Level.PROBLEM, f"{sentence}, which the engine was built to use", cure)
    yield Fact(Topic.MACHINE, Level.OK, _processor(flags))
    yield from _memory(patient)


def processor_flags(patient: Patient) -> frozenset[str]:
    """What the processor can do, in Linux's words; empty where the system does not tell."""
    try:
        raw = read_small(patient.system("/proc/cpuinfo"), limit=_CPUINFO_LIMIT, what="a description of processors")
    except PackLlamaError:
        return _flags_of_macos() if sys.platform == "darwin" else frozenset()
    found = _FLAGS.search(raw.decode(errors="replace"))
    return frozenset(found[1].split()) if found else frozenset()


def _flags_of_macos() -> frozenset[str]:
    """Apple's own processors, which have all that engines are built for, name none."""
    words = ("/usr/sbin/sysctl", "-n", "machdep.cpu.features", "machdep.cpu.leaf7_features")
    try:
        said = subprocess.run(words, capture_output=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    other = {"avx1.0": "avx", "sse3": "pni"}
    return frozenset(other.get(word, word) for word in said.decode(errors="replace").lower().split())


def _processor(flags: frozenset[str]) -> str:
    count, machine = os.cpu_count() or 1, os.uname().machine
    words = [word for word, flag in FEATURES.items() if flag in flags]
    return f"{count} × {machine}" + (f" with {' '.join(words)}" if words else "")


def _memory(patient: Patient) -> Iterator[Fact]:
    """Only Linux tells how much is free."""
    try:
        raw = read_small(patient.system("/proc/meminfo"), limit=1 << 20, what="a description of memory")
    except MissingFile:
        raw = b""
    sizes = {word: int(size) * 1024 for word, size in _MEMORY.findall(raw.decode(errors="replace"))}
    free = sizes.get("MemAvailable")
    little = free is not None and free < _LITTLE_MEMORY
    sentence = f"{human_bytes(sizes.get('MemTotal') or Machine.this().memory)} of memory"
    sentence += "" if free is None else f", {human_bytes(free)} of it free"
    yield Fact(
        Topic.MACHINE,
        Level.WARNING if little else Level.OK,
        sentence,
        "Close other programs, or use a small model." if little else "",
    )
