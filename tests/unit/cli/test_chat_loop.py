"""A conversation without a terminal: what is typed, what is printed, what the model is asked."""

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from packllama.base.errors import Cancelled, EngineFailed
from packllama.base.settings import Settings
from packllama.base.stop import Stop
from packllama.chat import Session
from packllama.cli.chat.commands import is_command
from packllama.cli.chat.loop import converse
from packllama.cli.door import Door
from packllama.cli.failure import ReaderLeft
from packllama.engine import AnswerFormat, Chunk, Done, DoneReason, LoadedModel, Residence
from packllama.manifest import LayerKind
from packllama.name import ModelName
from packllama.places.store import ModelParts, Store, read_parts
from packllama.prompt import ChatRequest
from tests.fixtures import gguf_files
from tests.unit.stores import put_model

END = Chunk("", Done(DoneReason.STOP, 7, 0, 0.25, 2, 0.5))
PLAIN = b"{{ range .Messages }}{{ .Role }}: {{ .Content }}\n{{ end }}"
THINKS = b"{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}{{ end }}"
# Of one black pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de00"
    "00000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)
STORED = b'[{"role":"system","content":"s"},{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]'

Act = Callable[[Stop], None]


@dataclass
class Double:
    """A loaded model that answers by a script; a step that is called may raise or set off signals."""

    script: list[Chunk | Act]
    parts: ModelParts | None = None
    load_seconds: float = 0.0
    requests: list[ChatRequest] = field(default_factory=list)
    options: list[Mapping[str, object]] = field(default_factory=list)
    formats: list[AnswerFormat | None] = field(default_factory=list)

    def chat(
        self, request: ChatRequest, *, options: Mapping[str, object], answer_format: AnswerFormat | None, stop: Stop
    ) -> Iterator[Chunk]:
        self.requests.append(request)
        self.options.append(dict(options))
        self.formats.append(answer_format)
        for step in self.script:
            if isinstance(step, Chunk):
                yield step
            else:
                step(stop)


@dataclass
class Lines:
    """A reader of lines; an error in their place is raised, and what can be called is called before the next."""

    typed: list[str | BaseException | Act]
    kept: bool = True

    def read(self, *, stop: Stop) -> str:
        stop.check()
        line = self.typed.pop(0) if self.typed else EOFError()
        if isinstance(line, BaseException):
            raise line
        if isinstance(line, str):
            return line
        line(stop)
        return self.read(stop=stop)

    def remember(self, kept: bool) -> None:
        self.kept = kept


@dataclass
class Talk:
    """What is there after a conversation."""

    double: Double
    reader: Lines
    session: Session
    out: str
    err: str


@pytest.fixture
def door() -> Iterator[Door]:
    """Signals as the program handles them."""
    door = Door(Settings(), Stop())
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: door.stop.set())
    yield door
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def talk(tmp_path: Path, door: Door, capsys: pytest.CaptureFixture[str]) -> Callable[..., Talk]:
    """Type lines to the model ``m``, which does not think; ``thinker`` does, ``stored`` has messages."""
    root = door.store_flag = tmp_path / "store"
    parameters = (LayerKind.PARAMS, b'{"stop":["<a>","<b>"],"temperature":1}')
    licence = (LayerKind.LICENSE, b"Free")
    put_model(root, "m", (LayerKind.TEMPLATE, PLAIN), (LayerKind.SYSTEM, b"Be brief."), parameters, licence)
    put_model(root, "thinker", (LayerKind.TEMPLATE, THINKS))
    put_model(root, "stored", (LayerKind.TEMPLATE, PLAIN), (LayerKind.MESSAGES, STORED))
    projector = gguf_files.path("tiny-mmproj.gguf").read_bytes()
    put_model(root, "vectors", weights=gguf_files.path("tiny-bert.gguf").read_bytes())
    put_model(root, "seer", (LayerKind.PROJECTOR, projector), (LayerKind.TEMPLATE, PLAIN))

    def talk(
        *typed: str | BaseException | Act,
        model: str = "m",
        script: list[Chunk | Act] | None = None,
        verbose: bool = False,
    ) -> Talk:
        double = Double([Chunk("Hello"), END] if script is None else script)

        @contextlib.contextmanager
        def load(name: ModelName, *, options: Mapping[str, object], stop: Stop) -> Iterator[LoadedModel]:
            double.parts = read_parts(Store(root), Store(root).find(name))
            yield cast(LoadedModel, double)

        reader = Lines(list(typed))
        residence = Residence(load, keep_alive=-1)
        with Session(Store(root), ModelName.parse(model), residence=residence) as session:
            converse(door, session, verbose=verbose, reader=reader)
        return Talk(double, reader, session, *capsys.readouterr())

    return talk


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("Hi", "Hello\n\n"),
        ('"""one\ntwo"""', "Hello\n\n"),
        ("", ""),
        (" ", ""),
        ('""""""', ""),
        ("/* code\n*/", "Hello\n\n"),
        ("/bye", ""),
        ("/byebye", ""),
        ("/exit now", ""),
        ("/clear", "Cleared session context\n"),
        ("/clearly", "Cleared session context\n"),
        ("/x y", "Unknown command '/x'. Type /? for help\n"),
        ("/", "Unknown command '/'. Type /? for help\n"),
        ("/tmp/picture.png", "Unknown command '/tmp/picture.png'. Type /? for help\n"),
        ("/set x y", "Unknown command '/set x'. Type /? for help\n"),
        ("/show x", "Unknown command '/show x'. Type /? for help\n"),
        ("/set parameter num_predict 2", "Set parameter 'num_predict' to '2'\n"),
        ("/set parameter stop a b", "Set parameter 'stop' to 'a, b'\n"),
        ("/set system Be kind.", "Set system message.\n"),
        ('/set system """Be\nkind."""', "Set system message.\n"),
        ("/set wordwrap", "Lines are wrapped between words.\n"),
        ("/set nowordwrap", "Lines are left as they are.\n"),
        ("/set format json", "Answers are in JSON.\n"),
        ("/set noformat", "Answers have any form.\n"),
        ("/set verbose", "Figures are shown after each answer.\n"),
        ("/set quiet", "No figures are shown.\n"),
        ("/set nothink", "The model answers at once.\n"),
        ("/set history", "What you type is remembered.\n"),
        ("/set nohistory", "What you type is not remembered.\n"),
        ("/show license", "Free\n"),
        ("/show system", "Be brief.\n"),
        ("/show template", f"{PLAIN.decode()}\n"),
        (
            "/show parameters",
            'Model defined parameters:\n  stop                           "<a>"\n'
            '  stop                           "<b>"\n  temperature                    1\n\n',
        ),
        ("/load stored", "Loading model 'stored'\n>>> Q\nA\n\n"),
    ],
)
def test_a_line_and_what_it_prints(line: str, printed: str, talk: Callable[..., Talk]) -> None:
    done = talk(line)
    assert (done.out, done.err) == (printed, "")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/set parameter nonsense 1", "unknown parameter 'nonsense'"),
        ("/set parameter num_ctx much", "invalid int value [much]"),
        ("/set parameter", "/set parameter temperature 0.7"),
        ("/set parameter num_ctx", "/set parameter temperature 0.7"),
        ("/set system", "/set system Be brief."),
        ("/set format", "/set format json"),
        ("/set format xml", "invalid format: xml"),
        ("/set think", '"m:latest" does not support thinking'),
        ("/set think deeply", "unknown level of thinking 'deeply'"),
        ("/load", "/load gemma3:12b"),
        ("/load a b", "/load gemma3:12b"),
        ("/load nowhere", "model 'nowhere:latest' not found"),
        ("/load vectors", "makes vectors and does not talk"),
        ("/load m:cloud", "run elsewhere"),
        ("/save", "/save gemma3:12b"),
        ("/save a:b:c:d/", "invalid model name"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_conversation_goes_on(
    line: str, words: str, talk: Callable[..., Talk]
) -> None:
    done = talk(line, "Hi")
    assert done.err.startswith("Error: ")
    assert words in done.err
    assert done.out.endswith("Hello\n\n")
    assert done.session.name.short == "m:latest"


@pytest.mark.parametrize(
    ("text", "sees", "command"),
    [
        ("/bye", True, True),
        ("/tmp/a picture.png what is it?", True, True),
        ("/tmp/picture.png what is it?", True, False),
        ("/tmp/picture.png what is it?", False, True),
        ("/bye\n", False, True),
        ("/bye\nnow", False, False),
        ("/set system a\nb", False, True),
        ("bye", False, False),
        (" /bye", False, False),
    ],
)
def test_what_is_a_command(text: str, sees: bool, command: bool) -> None:
    assert is_command(text, sees=sees) is command


@pytest.mark.parametrize(
    "line", ["/?", "/help", "/? nonsense", "/set", "/show", "/? set", "/help /show", "/? shortcuts"]
)
def test_help(line: str, talk: Callable[..., Talk]) -> None:
    title, *rows = talk(line).out.split("\n")
    assert re.fullmatch("Available (Commands|Keys):", title)
    entries = [row for row in rows if row.startswith("  ")]
    assert len(entries) > 5
    assert all(re.fullmatch(r"  \S.*\S  +\S.*", row) for row in entries)


def test_parts_that_a_model_lacks(talk: Callable[..., Talk]) -> None:
    done = talk("/show license", "/show system", "/show parameters", model="thinker")
    assert done.out == "This model has no licence.\nThere is no system message.\nModel defined parameters:\n  none\n\n"


def test_what_was_set_is_shown(talk: Callable[..., Talk]) -> None:
    typed = ("/set parameter seed 7", "/set parameter stop x y", "/set system Be kind.", "/show system")
    done = talk(*typed, "/show parameters", model="thinker")
    before, title, rows = done.out.partition("User defined parameters:\n")
    assert before.endswith("Be kind.\nModel defined parameters:\n  none\n\n")
    assert title
    assert (
        rows
        == "".join(f"  {name:<30} {value}\n" for name, value in (("seed", 7), ("stop", '"x"'), ("stop", '"y"'))) + "\n"
    )


def test_the_short_description_and_the_modelfile(talk: Callable[..., Talk]) -> None:
    done = talk("/show info", "/show modelfile")
    assert done.out.startswith("  Model\n    architecture")
    assert "\nPARAMETER stop <a>\n" in done.out
    assert done.out.endswith("\nLICENSE Free\n\n")


def test_the_list(talk: Callable[..., Talk]) -> None:
    titles, row = talk("/list TH").out.splitlines()
    assert titles.split() == ["NAME", "ID", "SIZE", "MODIFIED"]
    assert row.split()[0] == "thinker:latest"


def test_a_picture_for_a_model_without_eyes(talk: Callable[..., Talk], tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    picture.write_bytes(PNG)
    done = talk(f"What is in {picture}?")
    assert done.err == f"the model m:latest has no eyes, so '{picture}' stays text\n"
    assert [message.content for message in done.double.requests[0].messages] == [f"What is in {picture}?"]


def test_a_picture_is_taken_out_of_the_question(talk: Callable[..., Talk], tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    picture.write_bytes(PNG)
    done = talk(f"What is in {picture}", model="seer")
    assert done.err == f"Added image '{picture}'\n"
    asked = done.double.requests[0].messages[-1]
    assert (asked.content, asked.images) == ("What is in", (PNG,))


def test_an_answer_that_cannot_be_printed_ends_the_conversation(
    talk: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And does not hold the model, for whose release the program would wait for ever."""

    def leave(*_: object) -> None:
        raise ReaderLeft

    monkeypatch.setattr(Door, "drawing", leave)
    with pytest.raises(ReaderLeft):
        talk("Hi", script=[Chunk("half"), Chunk(" more")])


def test_what_reaches_the_model(talk: Callable[..., Talk]) -> None:
    typed = ("/set parameter seed 7", "/set format json", '"""Hi\nyou"""', "/set noformat", "Again")
    done = talk(*typed, script=[Chunk("", thinking="Hm."), Chunk("Hello"), END])
    first, second = done.double.requests
    assert [message.content for message in first.messages] == ["Hi\nyou"]
    assert [(m.role, m.content, m.thinking) for m in second.messages] == [
        ("user", "Hi\nyou", ""),
        ("assistant", "Hello", "Hm."),
        ("user", "Again", ""),
    ]
    assert done.double.options == [{"seed": 7}] * 2
    assert [one is None for one in done.double.formats] == [False, True]


def test_thinking(talk: Callable[..., Talk]) -> None:
    typed = ("Hi", "/set think", "Hi", "/set think high", "Hi", "/set nothink", "Hi")
    done = talk(*typed, model="thinker")
    assert [request.think for request in done.double.requests] == [None, True, "high", False]
    assert "The model thinks before it answers.\n" in done.out
    assert "The model thinks before it answers, level high.\n" in done.out


def test_stored_messages_come_first(talk: Callable[..., Talk]) -> None:
    assert talk("Hi", model="stored").out == ">>> Q\nA\n\nHello\n\n"


def test_ctrl_c_at_the_prompt(talk: Callable[..., Talk]) -> None:
    done = talk(KeyboardInterrupt(), "Hi")
    assert done.out == "Use Ctrl-D or /bye to leave.\nHello\n\n"


def test_whether_typing_is_remembered(talk: Callable[..., Talk]) -> None:
    assert not talk("/set nohistory").reader.kept
    assert talk("/set nohistory", "/set history").reader.kept


def _signalled(number: signal.Signals) -> Act:
    def act(stop: Stop) -> None:
        os.kill(os.getpid(), number)
        stop.check()

    return act


def test_ctrl_c_stops_one_answer(talk: Callable[..., Talk], door: Door) -> None:
    done = talk("Hi", "Again", script=[Chunk("half"), _signalled(signal.SIGINT), Chunk(" more")])
    assert (done.out, done.err) == ("half\n\nhalf\n\n", "")
    assert not door.stop.is_set()
    assert [message.content for message in done.session.messages] == ["Hi", "half", "Again", "half"]


def test_ctrl_c_a_moment_too_late(talk: Callable[..., Talk], door: Door) -> None:
    assert talk("Hi", _signalled(signal.SIGINT), "Again").out == "Hello\n\nHello\n\n"
    assert not door.stop.is_set()


def test_a_signal_that_ends_the_program(talk: Callable[..., Talk], door: Door) -> None:
    with pytest.raises(Cancelled):
        talk("Hi", "Again", script=[Chunk("half"), _signalled(signal.SIGTERM), Chunk(" more")])
    assert door.stop.is_set()


def test_signals_are_handled_as_before_afterwards(talk: Callable[..., Talk], door: Door) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    talk("Hi")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_an_engine_that_fails(talk: Callable[..., Talk]) -> None:
    def fail(_: Stop) -> None:
        raise EngineFailed("the engine died")

    done = talk("Hi", "Again", script=[Chunk("half"), fail])
    assert done.out == "half\n\n" * 2
    assert done.err == "Error: the engine died\n" * 2


def test_figures(talk: Callable[..., Talk]) -> None:
    for done in (talk("Hi", verbose=True), talk("/set verbose", "Hi")):
        assert "\nprompt eval count:    7 token(s)\n" in done.err
        assert "\neval rate:            4.00 tokens/s\n" in done.err
    assert talk("/set quiet", "Hi", verbose=True).err == ""
