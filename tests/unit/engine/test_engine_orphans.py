"""However a process ends, no engine is left behind: this one, the supervisor, or the engine itself."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from packllama.base.errors import EngineFailed
from packllama.base.stop import Stop
from packllama.engine import LoadOptions, SamplingOptions, start
from tests.unit.engine.conftest import Scripted
from tests.unit.engine.waiting import Watched, children, until

Make = Callable[..., Scripted]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")

OWNER = """
import sys, threading
from pathlib import Path
from packllama.base.stop import Stop
from packllama.engine import LoadOptions, start
engines = [start(LoadOptions(Path(sys.argv[2])), engine=Path(sys.argv[1]), stop=Stop()) for _ in range(2)]
print(*(engine.supervisor for engine in engines), flush=True)
threading.Event().wait()
"""


@pytest.mark.parametrize("config", [{}, {"no_sigterm": True, "leave": True}])
def test_owner_killed(scripted: Make, config: dict[str, object]) -> None:
    double = scripted(**config)
    words = [sys.executable, "-c", OWNER, str(double.program), str(double.model)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        supervisors = [int(word) for word in owner.stdout.readline().split()]
        engines = [entry["pid"] for entry in double.starts]
        left = [entry["left"] for entry in double.starts if entry["left"]]
        watched = Watched(*supervisors, *engines, *left)
        assert len(engines) == 2
        owner.kill()
    assert watched.gone_after(2)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_supervisor_killed(scripted: Make, sign: signal.Signals) -> None:
    double = scripted()
    with start(LoadOptions(double.model), engine=double.program, stop=Stop()) as engine:
        assert children(engine.supervisor) == [double.starts[0]["pid"]]
        watched = Watched(engine.supervisor, double.starts[0]["pid"])
        os.kill(engine.supervisor, sign)
        assert watched.gone_after(2)
        with pytest.raises(EngineFailed):
            list(engine.complete("hi", SamplingOptions(), stop=Stop()))


def test_engine_killed(scripted: Make) -> None:
    double = scripted()
    with start(LoadOptions(double.model), engine=double.program, stop=Stop()) as engine:
        watched = Watched(engine.supervisor)
        os.kill(double.starts[0]["pid"], signal.SIGKILL)
        assert watched.gone_after(2)
        with pytest.raises(EngineFailed, match="killed"):
            engine.count_tokens("hi", stop=Stop())


def test_ctrl_c_in_the_terminal_does_not_reach_the_engine(scripted: Make) -> None:
    double = scripted()
    with start(LoadOptions(double.model), engine=double.program, stop=Stop()) as engine:
        assert os.getsid(engine.supervisor) != os.getsid(0)
        assert os.getsid(double.starts[0]["pid"]) == engine.supervisor


def test_two_engines_do_not_hold_each_other(scripted: Make) -> None:
    double = scripted()
    load = LoadOptions(double.model)
    first = start(load, engine=double.program, stop=Stop())
    second = start(load, engine=double.program, stop=Stop())
    watched = Watched(double.starts[0]["pid"])
    first.close()
    assert watched.gone_after(0.5)
    assert "".join(chunk.text for chunk in second.complete("hi", SamplingOptions(), stop=Stop())) == "Hello there"
    second.close()
    until(lambda: not os.path.exists(f"/proc/{second.supervisor}"))  # noqa: PTH110
