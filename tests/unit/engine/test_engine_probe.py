"""An engine without a model says what it is, or why it does not start."""

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, EngineFailed, EngineMissing
from packllama.base.stop import Stop
from packllama.engine.probe import Probed, probe
from packllama.prove.doctor.engine import FEATURES
from tests.unit.engine.waiting import until


def engine(folder: Path, script: str) -> Path:
    program = folder / "llama-server"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def probed(program: Path | None, stop: Stop | None = None, **environ: str) -> Probed:
    return probe(program, environ={"PATH": os.environ["PATH"], **environ}, stop=stop or Stop())


def test_a_llama_server(tmp_path: Path) -> None:
    script = 'test "$*" = --version && echo "version: 9000 (abcdef)" >&2'
    assert probed(engine(tmp_path, script)) == Probed("llama-server b9000", frozenset())


def test_the_package(need_module: Callable[[str, str], None]) -> None:
    """It tells for which processors it was built, in words that we know."""
    need_module("xllamacpp", "'packllama[engine]'")
    found = probed(None)
    assert found.version.startswith("xllamacpp 20")
    assert found.features & FEATURES.keys()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -ILL $$", "this processor lacks instructions"),
        (
            'echo "error while loading shared libraries: libgomp.so.1: cannot open" >&2; exit 127',
            "it lacks libgomp.so.1",
        ),
        ("echo hello", "it does not say its version"),
        ("exit 3", "ended with status 3"),
        ('echo "version: 4000 (abc)"', "llama-server b4000 is too old"),
    ],
)
def test_what_does_not_start(script: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match=said):
        probed(engine(tmp_path, script))


def test_one_that_prints_too_much_is_ended(tmp_path: Path) -> None:
    script = f'echo $$ > "{tmp_path}/pid"; head -c 3000000 /dev/zero; echo version: 9000'
    with pytest.raises(EngineFailed, match="llama-server: it did not say its version in its first 1 MB"):
        probed(engine(tmp_path, script))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_one_that_closes_its_output_first(tmp_path: Path) -> None:
    """It has not ended by that."""
    script = f'echo version: 9000; exec >&- 2>&-; until test -e "{tmp_path}/go"; do :; done; exit 3'
    timer = threading.Timer(0.5, (tmp_path / "go").touch)
    timer.start()
    with pytest.raises(EngineFailed, match="ended with status 3"):
        probed(engine(tmp_path, script))
    timer.join()


def test_what_is_no_program(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match="there is no such engine"):
        probed(tmp_path / "nope")
    program = engine(tmp_path, "")
    program.write_bytes(b"\x7fELF and no more")
    with pytest.raises(EngineFailed, match="cannot be started"):
        probed(program)


def test_it_sees_no_secrets(tmp_path: Path) -> None:
    program = engine(tmp_path, f'env > "{tmp_path}/env"; echo version: 9000')
    probed(program, HF_TOKEN="hush", HTTPS_PROXY="hush", LLAMA_ARG_MODEL="x")
    assert not {"HF_TOKEN", "HTTPS_PROXY", "LLAMA_ARG_MODEL"} & {
        line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()
    }


def test_one_that_hangs_is_left_when_it_is_stopped(tmp_path: Path) -> None:
    stop = Stop()
    script = f'import os, time; open("{tmp_path}/pid", "w").write(str(os.getpid())); time.sleep(1000)'
    program = engine(tmp_path, f"exec {sys.executable} -c '{script}'")

    def when_it_hangs() -> None:
        until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        stop.set()

    watcher = threading.Thread(target=when_it_hangs)
    watcher.start()
    with pytest.raises(Cancelled):
        probed(program, stop)
    watcher.join()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
