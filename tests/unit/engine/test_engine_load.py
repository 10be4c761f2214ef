"""Loading: the ways it fails, what is left afterwards, how fast it can be stopped."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, EngineFailed, MissingFile
from packllama.base.stop import Stop
from packllama.engine import LoadOptions, command, start
from tests.unit.engine.conftest import Scripted
from tests.unit.engine.waiting import Watched, until

Make = Callable[..., Scripted]


def load(double: Scripted, stop: Stop | None = None, **more: object) -> None:
    with start(LoadOptions(double.model), engine=double.program, stop=stop or Stop(), **more):  # type: ignore[arg-type]
        pass


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"exit": 1, "stderr": "E unknown model architecture: 'zeta'\n"}, "does not know the architecture 'zeta'"),
        ({"exit": 7, "stderr": "E it is Monday\n"}, "the engine ended with status 7: it is Monday"),
        ({"exit": 0}, "the engine ended with status 0"),
        ({"exit": 1, "stderr": "noise\n" * 100_000 + "failed to read magic\n"}, "its magic cannot be read"),
        ({"signal": "SIGILL"}, "this processor lacks instructions"),
        ({"signal": "SIGSEGV", "stderr": "\x1b[31merror: boom\n"}, "the engine crashed (SIGSEGV): \x1b[31merror: boom"),
        ({"signal": "SIGKILL"}, "probably ran out of memory"),
        ({"build": "b7000-abc"}, "b7000-abc is too old"),
        ({"busy_ports": 99}, "could not open its port"),
    ],
)
def test_refusals(scripted: Make, config: dict[str, object], sentence: str) -> None:
    with pytest.raises(EngineFailed) as caught:
        load(scripted(**config))
    assert sentence in caught.value.message


@pytest.mark.parametrize("build", ["b0-unknown", "b1-abc", "b8146-abc", "b11549-abc", "something else"])
def test_builds_that_are_let_in(scripted: Make, build: str) -> None:
    load(scripted(build=build))


def test_a_taken_port_is_tried_again(scripted: Make) -> None:
    double = scripted(busy_ports=2)
    load(double)
    ports = [entry["argv"][entry["argv"].index("--port") + 1] for entry in double.starts]
    assert len(ports) == 3


def test_not_a_program(scripted: Make) -> None:
    double = scripted()
    double.program.write_bytes(b"\x7fELF but not really")
    with pytest.raises(EngineFailed, match="cannot be started"):
        load(double)


def test_missing_model(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        start(LoadOptions(tmp_path / "none.gguf"), stop=Stop())


def test_the_engine_is_gone_after_close(scripted: Make) -> None:
    double = scripted(no_sigterm=True, leave=True)
    engine = start(LoadOptions(double.model), engine=double.program, stop=Stop())
    watched = Watched(double.starts[0]["pid"], double.starts[0]["left"])
    engine.close()
    assert watched.gone_after(0.5)
    engine.close()


def test_environment_and_words_reach_the_engine(scripted: Make) -> None:
    double = scripted()
    environ = {"PATH": "/bin", "LC_ALL": "C", "TOKEN": "t", "LLAMA_ARG_PORT": "1"}
    start(LoadOptions(double.model), engine=double.program, stop=Stop(), environ=environ).close()
    seen = double.starts[0]
    assert set(seen["env"]) == {"PATH", "LC_ALL", "GGML_NO_BACKTRACE", "LLAMA_API_KEY"}
    assert len(seen["env"]["LLAMA_API_KEY"]) == 64
    assert seen["env"]["LLAMA_API_KEY"] not in " ".join(seen["argv"])


def test_stop_during_load(scripted: Make) -> None:
    double, stop = scripted(loading=True), Stop()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            load(double, stop)
        except Cancelled as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until(lambda: double.starts)
    watched = Watched(double.starts[0]["pid"])
    began = time.monotonic()
    stop.set()
    thread.join(5)
    assert time.monotonic() - began < 1
    assert failed
    assert watched.gone_after(0.5)


def test_silence_during_load(scripted: Make) -> None:
    double = scripted(loading=True)
    with pytest.raises(EngineFailed, match="no sign of life"):
        load(double, load_timeout=0.3)
    for entry in double.starts:  # none, when the machine was too busy to get that far
        with pytest.raises(ProcessLookupError):
            Watched(entry["pid"])


def test_stopped_before_it_began(scripted: Make) -> None:
    double, stop = scripted(), Stop()
    stop.set()
    with pytest.raises(Cancelled):
        load(double, stop)
    assert not double.starts


def test_it_also_starts_from_inside_an_archive(scripted: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "__file__", "/no/such/packllama.pyz/packllama/engine/command.py")
    double = scripted()
    load(double)
    assert len(double.starts) == 1
