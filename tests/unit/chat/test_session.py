"""Conversations with a scripted engine: what is remembered, what is set, what is saved."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from packllama.base.errors import BadInput, Cancelled, EngineFailed, EngineRefused, ModelNotFound, NotSupported
from packllama.base.observer import SilentObserver
from packllama.base.stop import Stop
from packllama.chat import Session
from packllama.describe import describe, modelfile_of
from packllama.engine import AnswerFormat, Residence, loaded
from packllama.manifest import LayerKind
from packllama.message import Message
from packllama.name import ModelName
from packllama.places.store import Store, read_parts
from tests.fixtures import gguf_files
from tests.unit.engine.conftest import Scripted, scripted
from tests.unit.stores import put_model, snapshot

__all__ = ["scripted"]  # a fixture of the engine's own tests

TURNS = b"{{ range .Messages }}<{{ .Role }}>{{ .Content }}{{ end }}<bot>"
THINKS = b"{{ range .Messages }}<{{ .Role }}>{{ if .Thinking }}<t>{{ .Thinking }}</t>{{ end }}{{ .Content }}{{ end }}"
M = ModelName.parse("m")

Start = Callable[..., tuple[Session, Scripted]]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    root = tmp_path / "store"
    put_model(root, "m", (LayerKind.TEMPLATE, TURNS), (LayerKind.PARAMS, b'{"top_k":7}'))
    put_model(root, "thinker", (LayerKind.TEMPLATE, THINKS))
    messages = b'[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi"}]'
    put_model(root, "other", (LayerKind.TEMPLATE, TURNS), (LayerKind.MESSAGES, messages))
    projector = gguf_files.path("tiny-mmproj.gguf").read_bytes()
    put_model(root, "seer", (LayerKind.PROJECTOR, projector), (LayerKind.TEMPLATE, TURNS))
    return Store(root)


@pytest.fixture
def start(store: Store, scripted: Callable[..., Scripted]) -> Iterator[Start]:
    """Begin a conversation with a model and a double of these keys."""
    sessions: list[Session] = []

    def make(name: str = "m", **config: object) -> tuple[Session, Scripted]:
        double = scripted(**config)
        load = partial(loaded, store, engine=double.program)
        residence = Residence(load, keep_alive=-1)
        sessions.append(Session(store, ModelName.parse(name), residence=residence, engine=double.program))
        return sessions[-1], double

    yield make
    for session in sessions:
        session.__exit__(None, None, None)


def ask(session: Session, text: str) -> str:
    return "".join(chunk.text for chunk in session.ask(text, stop=Stop()))


def last_prompt(double: Scripted) -> str:
    prompt = double.bodies("/completion")[-1]["prompt"]
    assert isinstance(prompt, str)
    return prompt


def test_questions_and_answers_are_remembered(start: Start) -> None:
    session, double = start()
    assert ask(session, "How?") == "Hello there"
    ask(session, "Why?")
    assert last_prompt(double) == "<user>How?<assistant>Hello there<user>Why?<bot>"
    assert [message.content for message in session.messages] == ["How?", "Hello there", "Why?", "Hello there"]
    assert len(double.starts) == 1


def test_what_a_model_brings_along_stands_first(start: Start) -> None:
    session, double = start("other")
    assert [message.content for message in session.stored] == ["Hello", "Hi"]
    ask(session, "How?")
    assert last_prompt(double) == "<user>Hello<assistant>Hi<user>How?<bot>"


def test_thinking_is_remembered_beside_its_answer(start: Start) -> None:
    session, _ = start("thinker", pieces=["<t>Hm", "</t>Yes"])
    ask(session, "How?")
    assert session.messages[-1] == Message("assistant", "Yes", thinking="Hm")


def test_a_stopped_answer_is_remembered_as_far_as_it_came(start: Start) -> None:
    session, _ = start(ending="hang")
    stop = Stop()
    chunks = session.ask("How?", stop=stop)
    assert [next(chunks).text, next(chunks).text] == ["Hello", " there"]
    stop.set()
    with pytest.raises(Cancelled):
        next(chunks)
    assert [message.content for message in session.messages] == ["How?", "Hello there"]


def test_an_answer_that_is_left_is_remembered_as_far_as_it_came(start: Start) -> None:
    session, _ = start(ending="hang")
    chunks = session.ask("How?", stop=Stop())
    next(chunks)
    chunks.close()
    assert [message.content for message in session.messages] == ["How?", "Hello"]


@pytest.mark.parametrize(
    ("config", "error", "starts"),
    [({"refuse": "no"}, EngineRefused, [1, 1]), ({"pieces": [], "ending": "error"}, EngineFailed, [1, 2])],
    ids=["refused", "failed"],
)
def test_a_question_without_any_answer_is_forgotten(
    config: dict[str, object], error: type[Exception], starts: list[int], start: Start
) -> None:
    """An engine that failed is not asked again, one that only refused is."""
    session, double = start(**config)
    for count in starts:
        with pytest.raises(error):
            ask(session, "How?")
        assert session.messages == ()
        assert len(double.starts) == count


def test_system_messages(start: Start) -> None:
    session, double = start()
    session.set_system("Be brief.")
    session.set_system("Be kind.")
    assert session.messages == (Message("system", "Be kind."),)
    ask(session, "How?")
    session.set_system("Rhyme.")
    session.set_system("Sing.")
    ask(session, "Why?")
    assert last_prompt(double) == "<system>Be kind.<user>How?<assistant>Hello there<system>Sing.<user>Why?<bot>"
    assert session.system == "Sing."


def test_clear_keeps_the_system_message(start: Start) -> None:
    session, _ = start()
    session.set_system("Be kind.")
    ask(session, "How?")
    session.clear()
    assert session.messages == (Message("system", "Be kind."),)


def test_clear_forgets(start: Start) -> None:
    session, double = start()
    ask(session, "How?")
    session.clear()
    ask(session, "Why?")
    assert last_prompt(double) == "<user>Why?<bot>"


def test_switching(start: Start) -> None:
    session, double = start()
    session.set_parameter("temperature", ["0"])
    session.set_system("Be kind.")
    ask(session, "How?")
    session.switch(ModelName.parse("other"), stop=Stop())
    assert (session.name.short, session.messages) == ("other:latest", (Message("system", "Be kind."),))
    ask(session, "Why?")
    assert double.bodies("/completion")[-1]["temperature"] == 0
    assert last_prompt(double).endswith("<user>Why?<bot>")
    assert len(double.starts) == 2


def test_a_switch_that_fails_changes_nothing(start: Start, store: Store) -> None:
    put_model(store.layout.root, "broken", (LayerKind.TEMPLATE, b"{{ nonsense"))
    session, double = start()
    ask(session, "How?")
    for name in ("none", "broken"):
        with pytest.raises((ModelNotFound, BadInput)):
            session.switch(ModelName.parse(name), stop=Stop())
        assert session.name == M
        assert len(session.messages) == 2
    ask(session, "Why?")
    assert last_prompt(double) == "<user>How?<assistant>Hello there<user>Why?<bot>"


def test_an_embedding_model_is_not_switched_to(start: Start, store: Store) -> None:
    put_model(store.layout.root, "vectors", weights=gguf_files.path("tiny-bert.gguf").read_bytes())
    session, double = start()
    ask(session, "How?")
    with pytest.raises(NotSupported, match="makes vectors and does not talk"):
        session.switch(ModelName.parse("vectors"), stop=Stop())
    assert (session.name, len(session.messages), len(double.starts)) == (M, 2, 1)
    ask(session, "Why?")
    assert len(double.starts) == 1


def test_parameters(start: Start) -> None:
    session, double = start()
    session.set_parameter("stop", ["a", "b c"])
    session.set_parameter("top_k", ["20"])
    session.set_parameter("top_k", ["30"])
    ask(session, "How?")
    body = double.bodies("/completion")[-1]
    assert (body["stop"], body["top_k"]) == (["a", "b c"], 30)
    session.set_parameter("num_ctx", ["512"])
    ask(session, "Why?")
    assert len(double.starts) == 2
    assert double.bodies("/completion")[-1]["n_predict"] == 5120


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("colour", ["red"], "unknown parameter 'colour'"),
        ("top_k", ["many"], "invalid int value"),
        ("top_k", ["1", "2"], "takes one value, not 2"),
        ("top_k", [], "takes one value, not 0"),
        ("stop", [], "takes one value, not 0"),
        ("temperature", ["hot"], "invalid float value"),
        ("use_mmap", ["perhaps"], "invalid bool value"),
    ],
)
def test_parameters_that_are_none(name: str, values: list[str], sentence: str, start: Start) -> None:
    session, _ = start()
    with pytest.raises(BadInput) as caught:
        session.set_parameter(name, values)
    assert sentence in caught.value.message
    assert session.options == {}


def test_thinking_and_format_hold_for_the_next_question(start: Start) -> None:
    session, double = start(pieces=["{}"])
    session.set_format(AnswerFormat.parse("json"))
    ask(session, "How?")
    session.set_format(None)
    ask(session, "Why?")
    assert ["json_schema" in body for body in double.bodies("/completion")] == [True, False]


def test_loading_beforehand(start: Start) -> None:
    session, double = start()
    assert session.load(stop=Stop()) > 0
    ask(session, "How?")
    assert len(double.starts) == 1


PICTURE = b"\x89PNG\r\n\x1a\n"


def test_pictures_stay_in_the_conversation(start: Start) -> None:
    session, double = start("seer")
    assert session.sees
    for question in ("What?", "And this?"):
        list(session.ask(question, [PICTURE], stop=Stop()))
    list(session.ask("Sure?", stop=Stop()))
    assert [len(body["prompt"]["multimodal_data"]) for body in double.bodies("/completion")] == [1, 2, 2]
    with pytest.raises(NotSupported, match="a model cannot hold pictures"):
        session.save(ModelName.parse("saved"), stop=Stop())


TEXTS = [
    'He said "yes".',
    'Three: """ and more """',
    "two\nlines\n\n",
    '"quoted"',
    "\n leading blanks",
    "user: not me",
    "Grüß Gott 你好 🙂",
    "MESSAGE user x",
    '"""',
    "C:\\temp\\",
]


def test_saving(start: Start, store: Store) -> None:
    session, _ = start("other", answers=[{"pieces": [text]} for text in TEXTS])
    session.set_system('Be "kind"\nand """brief""".')
    session.set_parameter("temperature", ["0.5"])
    session.set_parameter("stop", ["a", 'b "c"'])
    for text in TEXTS:
        ask(session, f"Say {text}")
    saved = ModelName.parse("me/saved:1")
    session.save(saved, stop=Stop())
    parts = read_parts(store, store.find(saved))
    assert parts.system == 'Be "kind"\nand """brief""".'
    assert parts.parameters == {"temperature": 0.5, "stop": ["a", 'b "c"']}
    said = [message for text in TEXTS for message in (("user", f"Say {text}"), ("assistant", text))]
    expected = [("user", "Hello"), ("assistant", "Hi"), *said]
    assert [(message.role, message.content) for message in parts.messages] == expected


def test_the_modelfile_of_what_was_saved(start: Start, store: Store) -> None:
    session, _ = start()
    session.set_system("Be kind.")
    session.set_parameter("temperature", ["0"])
    ask(session, "How?")
    session.save(ModelName.parse("saved"), stop=Stop())
    saved = store.find(ModelName.parse("saved"))
    lines = [line for line in modelfile_of(store, describe(store, saved)).splitlines() if not line.startswith("#")]
    assert lines[1].startswith(f"FROM {store.layout.root}")
    assert lines[2:] == [
        f"TEMPLATE {TURNS.decode()}",
        "SYSTEM Be kind.",
        "PARAMETER temperature 0",
        "PARAMETER top_k 7",
        "MESSAGE user How?",
        "MESSAGE assistant Hello there",
    ]


def test_saving_over_the_model_itself(start: Start, store: Store) -> None:
    session, double = start("other")
    ask(session, "How?")
    session.save(session.name, stop=Stop())
    texts = [message.content for message in read_parts(store, store.find(session.name)).messages]
    assert texts == ["Hello", "Hi", "How?", "Hello there"]
    ask(session, "Why?")
    assert last_prompt(double) == "<user>Hello<assistant>Hi<user>How?<assistant>Hello there<user>Why?<bot>"


def test_a_model_that_cannot_be_saved_leaves_the_store_as_it_was(start: Start, store: Store) -> None:
    session, _ = start()
    stop = Stop()
    stop.set()
    before = snapshot(store.layout.root, without=".packllama")
    with pytest.raises(Cancelled):
        session.save(ModelName.parse("saved"), stop=stop)
    assert snapshot(store.layout.root, without=".packllama") == before


def test_a_format_that_cannot_be_kept_changes_nothing(store: Store) -> None:
    with Session(store, M, residence=Residence(partial(loaded, store), keep_alive=-1)) as session:
        session.set_format(AnswerFormat.parse('{"type": "array"}'))
        with pytest.raises(BadInput, match="uniqueItems"):
            session.set_format(AnswerFormat.parse('{"type": "array", "uniqueItems": true}'))


class Notes(SilentObserver):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def noted(self, text: str) -> None:
        self.texts.append(text)


def test_a_model_that_was_replaced_meanwhile(store: Store, scripted: Callable[..., Scripted]) -> None:
    notes, double = Notes(), scripted()
    residence = Residence(partial(loaded, store, engine=double.program, observer=notes), keep_alive=0)
    with Session(store, M, residence=residence, engine=double.program) as session:
        ask(session, "How?")
        assert notes.texts == []
        put_model(store.layout.root, "m", (LayerKind.TEMPLATE, TURNS), (LayerKind.SYSTEM, b"Be new."))
        ask(session, "Why?")
        assert notes.texts == ["m:latest was replaced in the store; the new one answers from here on"]
        assert session.described.parts.system == "Be new."
