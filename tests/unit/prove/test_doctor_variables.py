"""Variables that do not do what somebody meant."""

from pathlib import Path

import pytest

from packllama.prove.doctor import variables
from packllama.prove.doctor.checkup import Level
from tests.unit.prove.patients import patient, sentences, worst


@pytest.mark.parametrize(
    ("name", "value", "level", "said"),
    [
        ("PACKLLAMA_STROE", "/x", Level.WARNING, "→ Did you mean PACKLLAMA_STORE?"),
        ("packllama_store", "/x", Level.WARNING, "→ Did you mean PACKLLAMA_STORE?"),
        ("PACKLLAMA_TOKEN", "hush", Level.WARNING, "PACKLLAMA_TOKEN is set, which means nothing to packllama → 'packl"),
        ("OLLAMA_ORIGINS", "hush", Level.NOTE, "not followed by packllama: OLLAMA_ORIGINS"),
        ("OLLAMA_CONTEXT_LENGTH", "4k", Level.WARNING, "counts as not set (the engine's) → Write a number of tokens"),
        ("OLLAMA_KEEP_ALIVE", "soon", Level.WARNING, "counts as not set (5m) → Write 10m"),
        ("PACKLLAMA_DERIVED", "shop", Level.WARNING, "→ Write store or cache."),
        ("PACKLLAMA_DERIVED_LIMIT", "much", Level.WARNING, "counts as not set (64 GB)"),
        ("XDG_CACHE_HOME", "cache", Level.WARNING, "→ Write an absolute path."),
        ("PACKLLAMA_PARALLEL", "0", Level.PROBLEM, "verbs that move models will fail: PACKLLAMA_PARALLEL"),
        ("PACKLLAMA_PARALLEL", "65", Level.PROBLEM, "Write a number from 1 to 64."),
        ("PACKLLAMA_PARALLEL", "9" * 5000, Level.PROBLEM, "Write a number from 1 to 64."),
        ("PACKLLAMA_LIMIT_RATE", "fast", Level.PROBLEM, "PACKLLAMA_LIMIT_RATE cannot be understood"),
        ("PACKLLAMA_MIRROR", "https://me:hush@h", Level.PROBLEM, "PACKLLAMA_MIRROR cannot be understood"),
    ],
)
def test_wrong(name: str, value: str, level: Level, said: str, tmp_path: Path) -> None:
    found = list(variables.look(patient(tmp_path, {name: value})))
    assert worst(found) is level
    assert said in sentences(found, level)
    assert "hush" not in sentences(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PACKLLAMA_STORE", "/x"),
        ("PACKLLAMA_PARALLEL", "8"),
        ("PACKLLAMA_LIMIT_RATE", "2M"),
        ("PACKLLAMA_MIRROR", "https://one http://two:5000"),
        ("OLLAMA_CONTEXT_LENGTH", "0"),
        ("OLLAMA_KEEP_ALIVE", "-1"),
        ("_PACKLLAMA_COMPLETE", "bash"),
        ("MY_OLLAMA_X", "1"),
    ],
)
def test_right(name: str, value: str, tmp_path: Path) -> None:
    assert list(variables.look(patient(tmp_path, {name: value}))) == []
