"""Talking: what is sent, what comes back, how answers break, how fast they can be stopped."""

import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from packllama.base.errors import Cancelled, EngineFailed, EngineRefused, NotSupported
from packllama.base.stop import Stop
from packllama.engine import Done, DoneReason, Engine, LoadOptions, SamplingOptions, start, wire
from packllama.message import Message
from tests.unit.engine.conftest import Scripted
from tests.unit.engine.waiting import until

Make = Callable[..., Scripted]
Loaded = Callable[..., tuple[Engine, Scripted]]


@pytest.fixture
def loaded(scripted: Make) -> Iterator[Loaded]:
    engines: list[Engine] = []

    def make(*, sees: bool = False, **config: object) -> tuple[Engine, Scripted]:
        double = scripted(**config)
        load = LoadOptions(double.model, projectors=(double.model,) if sees else ())
        engines.append(start(load, engine=double.program, stop=Stop()))
        return engines[-1], double

    yield make
    for engine in engines:
        engine.close()


def test_an_answer(loaded: Loaded) -> None:
    engine, double = loaded(pieces=["Grüß", " Gott\n", "data: x"])
    chunks = list(engine.complete("hi", SamplingOptions(temperature=0), stop=Stop()))
    assert [chunk.text for chunk in chunks] == ["Grüß", " Gott\n", "data: x", ""]
    assert chunks[-1].done == Done(DoneReason.STOP, 7, 4, 0.25, 2, 0.5)
    body = double.bodies("/completion")[0]
    mine = {"prompt": "hi", "stream": True, "cache_prompt": True, "return_progress": True}
    assert body == SamplingOptions(temperature=0).request(context=4096) | mine


def test_the_limit(loaded: Loaded) -> None:
    engine, _ = loaded(ending="limit")
    *_, last = engine.complete("hi", SamplingOptions(), stop=Stop())
    assert last.done is not None
    assert last.done.reason == "length"


@pytest.mark.parametrize(
    ("bos", "prompt", "sent"),
    [
        ("<s>", "<s>hi", "hi"),
        ("<s>", "<s><s>hi", "<s>hi"),
        ("<s>", "hi<s>", "hi<s>"),
        ("<s>", "<bos>hi", "hi"),
        ("", "<s>hi", "<s>hi"),
        ("", "<bos>hi", "<bos>hi"),
    ],
)
def test_bos_is_not_doubled(loaded: Loaded, bos: str, prompt: str, sent: str) -> None:
    engine, double = loaded(bos=bos)
    list(engine.complete(prompt, SamplingOptions(), stop=Stop()))
    engine.count_tokens(prompt, stop=Stop())
    assert double.bodies("/completion")[0]["prompt"] == sent
    assert double.bodies("/tokenize")[-1]["content"] == sent


@pytest.mark.parametrize(
    ("bos", "words", "keep", "sent"),
    [
        ("", 4095, 4, "text"),
        # Ollama keeps 4, frees half of the 4092 that follow, and so sends 2050.
        ("", 4096, 4, [*range(4), *range(4096 - 2046, 4096)]),
        ("", 9000, 4, [*range(4), *range(9000 - 2046, 9000)]),
        # The token at the front counts beside those that are kept.
        ("<s>", 4095, 4, [*range(5), *range(4096 - 2046, 4096)]),
        ("", 5000, 0, [*range(5000 - 2048, 5000)]),
        ("", 5000, -1, [*range(4095)]),
        ("", 5000, 9999, [*range(4095)]),
    ],
)
def test_a_prompt_beyond_the_context(loaded: Loaded, bos: str, words: int, keep: int, sent: object) -> None:
    engine, double = loaded(bos=bos)
    prompt = "w " * words
    fitted = engine.fitted(prompt, keep=keep, stop=Stop())
    list(engine.complete(fitted, SamplingOptions(), stop=Stop()))
    assert double.bodies("/completion")[0]["prompt"] == (prompt if sent == "text" else sent)


def test_template_and_count(loaded: Loaded) -> None:
    engine, _ = loaded(bos="<s>")
    messages = [Message("system", "Be brief."), Message("user", "hi")]
    assert engine.apply_template(messages, stop=Stop()) == "<system>Be brief.<user>hi"
    assert engine.count_tokens("one two", stop=Stop()) == 3


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"ending": "crash"}, "the engine crashed (SIGABRT): GGML_ASSERT(n_tokens > 0) failed"),
        ({"ending": "cut"}, "the engine hung up: the engine's answer breaks off"),
        ({"ending": "garbage"}, "the engine's answer is not JSON: b'}{'"),
        ({"ending": "list"}, "the engine's answer is not a JSON object"),
        ({"ending": "long"}, "a line of more than 8388608 bytes"),
        ({"ending": "error"}, "the engine gave up: the slot is on fire"),
        ({"refuse": "request (9 tokens) exceeds the context"}, "status 400: request (9 tokens) exceeds"),
    ],
)
def test_broken_answers(loaded: Loaded, config: dict[str, object], sentence: str) -> None:
    engine, _ = loaded(**config)
    with pytest.raises(EngineFailed) as caught:
        list(engine.complete("hi", SamplingOptions(), stop=Stop()))
    assert sentence in caught.value.message


@pytest.mark.parametrize("config", [{"ending": "hang"}, {"ending": "hang", "chatty": True}, {"mute": True}])
def test_stop_ends_a_stream_within_a_second(loaded: Loaded, config: dict[str, object]) -> None:
    engine, double = loaded(**config)
    stop = Stop()
    times: list[float] = []

    def stop_when_asked() -> None:
        until(lambda: double.bodies("/completion"))
        times.append(time.monotonic())
        stop.set()

    threading.Thread(target=stop_when_asked).start()
    with pytest.raises(Cancelled):
        list(engine.complete("hi", SamplingOptions(), stop=stop))
    assert time.monotonic() - times[0] < 1
    if "ending" in config:
        until(lambda: {"gone": True} in double.records, 1)


def test_a_signal_ends_a_stream_within_a_second(loaded: Loaded) -> None:
    engine, _ = loaded(ending="hang")
    stop = Stop()
    times: list[float] = []

    def handle(*_: object) -> None:
        times.append(time.monotonic())
        stop.set()

    before = signal.signal(signal.SIGALRM, handle)
    try:
        stream = engine.complete("hi", SamplingOptions(), stop=stop)
        assert [next(stream).text, next(stream).text] == ["Hello", " there"]
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(Cancelled):
            next(stream)
        assert time.monotonic() - times[0] < 1
    finally:
        signal.signal(signal.SIGALRM, before)


def test_leaving_a_stream_tells_the_engine(loaded: Loaded) -> None:
    engine, double = loaded(ending="hang")
    stream = engine.complete("hi", SamplingOptions(), stop=Stop())
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    until(lambda: {"gone": True} in double.records, 1)


def test_silence(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    engine, _ = loaded(ending="hang")
    monkeypatch.setattr(wire, "SILENCE_SECONDS", 0.2)
    with pytest.raises(EngineFailed, match="said nothing"):
        list(engine.complete("hi", SamplingOptions(), stop=Stop()))


def test_no_thread_is_left(loaded: Loaded) -> None:
    engine, _ = loaded()
    before = threading.active_count()
    for _ in range(20):
        list(engine.complete("hi", SamplingOptions(), stop=Stop()))
    until(lambda: threading.active_count() <= before, 2)


def test_pictures_that_leave_no_room(loaded: Loaded) -> None:
    said = "request (2413 tokens) exceeds the available context size (2048 tokens), try increasing it"
    engine, _ = loaded(refuse=said, sees=True)
    with pytest.raises(NotSupported, match="its 2 pictures do not fit into the context of 4096 tokens"):
        list(engine.complete("[img-0][img-1]", SamplingOptions(), pictures=[b"a", b"b"], stop=Stop()))
    with pytest.raises(EngineRefused, match="exceeds"):
        list(engine.complete("hi", SamplingOptions(), stop=Stop()))
