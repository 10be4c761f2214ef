"""The program, run inside the tests' own process."""

import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from packllama.cli.main import main


@dataclass(frozen=True)
class Done:
    """How one run ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        assert found["packllama"] == 1
        assert self.out.count("\n") == 1
        return found


Run = Callable[..., Done]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the store is, or will be."""
    return tmp_path / "store"


@pytest.fixture
def run(store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run the program's words on that store."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for name in ("OLLAMA_MODELS", "OLLAMA_NOPRUNE", "OLLAMA_CONTEXT_LENGTH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PACKLLAMA_STORE", str(store))
    monkeypatch.setenv("HOME", str(store.parent))
    monkeypatch.chdir(store.parent)

    def run(*words: str) -> Done:
        capsys.readouterr()
        status = main(list(words))
        return Done(status, *capsys.readouterr())

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)
