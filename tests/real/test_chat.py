"""A conversation on a real terminal: keys, what is shown, what reaches the engine, and what is left behind.

One long file, since all of it begins in the same way and is read beside the same table of keys.
"""

import os
import shutil
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from unicodedata import normalize

import pytest

from tests.fixtures import gguf_files
from tests.program import packllama
from tests.terminal import CONTINUED_HINT, HINT, Terminal
from tests.unit.engine.conftest import Scripted, scripted
from tests.unit.engine.waiting import Watched, until

pytestmark = pytest.mark.slow

__all__ = ["scripted"]  # a fixture of the engine's own tests

LEFT, UP, BACKSPACE, ENTER = "\x1b[D", "\x1b[A", "\x7f", "\r"
CTRL_A, CTRL_C, CTRL_D, CTRL_E, CTRL_G, CTRL_J, CTRL_K, CTRL_U, CTRL_W = map(chr, (1, 3, 4, 5, 7, 10, 11, 21, 23))
ALT_B, ALT_F = "\x1bb", "\x1bf"
TURNS = 'TEMPLATE """{{ range .Messages }}<{{ .Role }}>{{ .Content }}{{ end }}<bot>"""\n'
THINKS = (
    'TEMPLATE """{{ range .Messages }}{{ if .Thinking }}<t>{{ .Thinking }}</t>{{ end }}{{ .Content }}{{ end }}"""\n'
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the model ``m``, whose prompts show its turns, and ``thinker``. Not to be changed."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copyfile(gguf_files.path("tiny-plain.gguf"), folder / "model.gguf")
    for name, lines in (("m", TURNS), ("thinker", THINKS)):
        created = packllama("create", name, "-f", "-", cwd=folder, stdin=f"FROM model.gguf\n{lines}")
        assert created.returncode == 0, created.stderr
    return folder / "store"


Chat = Callable[..., Terminal]


@pytest.fixture
def chat(tmp_path: Path, models: Path) -> Iterator[Chat]:
    """Begin a conversation, with a double as the engine, and wait for the prompt."""
    opened: list[Terminal] = []

    def begin(
        double: Scripted, *args: str, model: str = "m", env: dict[str, str] | None = None, columns: int = 80
    ) -> Terminal:
        words = ("--store", str(models), "run", model, "--engine", str(double.program), *args)
        opened.append(Terminal(*words, cwd=tmp_path, env=env, columns=columns))
        opened[-1].wait_for_prompt()
        return opened[-1]

    yield begin
    for terminal in opened:
        terminal.__exit__(None, None, None)


def asked(double: Scripted) -> list[str]:
    """The last turn of each prompt that reached the engine."""
    return [body["prompt"].removesuffix("<bot>").rpartition("<user>")[2] for body in double.bodies("/completion")]


def test_two_questions(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["one ", "two"], ending="stop")
    terminal = chat(double)
    for question in ("How?", "And why?"):
        terminal.type(question + ENTER)
        terminal.wait_for_prompt()
    terminal.type("/bye" + ENTER)
    assert terminal.wait_end() == 0
    assert terminal.lines == [">>> How?", "one two", "", ">>> And why?", "one two", "", ">>> /bye"]
    assert [body["prompt"] for body in double.bodies("/completion")] == [
        "<user>How?<bot>",
        "<user>How?<assistant>one two<user>And why?<bot>",
    ]
    assert len(double.starts) == 1


@pytest.mark.parametrize(
    ("keys", "shown", "cursor"),
    [
        ("你好世界" + LEFT + BACKSPACE, ">>> 你好界", 8),
        ("你好" + CTRL_A + "a", ">>> a你好", 5),
        ("你好" + BACKSPACE + "们", ">>> 你们", 8),
        ("one two three" + CTRL_W + "3", ">>> one two 3", 13),
        ("one two" + CTRL_A + CTRL_K + "x", ">>> x", 5),
        ("one two" + CTRL_U + "x", ">>> x", 5),
        ("one two" + ALT_B + ALT_B + ALT_F + "!", ">>> one! two", 8),
        ("one" + CTRL_A + "-" + CTRL_E + "+", ">>> -one+", 9),
        ("wrong" + CTRL_C + "right", ">>> right", 9),
        ("e\u0301te\u0301", ">>> \xe9t\xe9", 7),
    ],
)
def test_editing(keys: str, shown: str, cursor: int, chat: Chat, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["x"], ending="stop")
    terminal = chat(double)
    terminal.type(keys)
    terminal.wait(lambda: terminal.lines[-1] == shown and terminal.cursor == (0, cursor))
    terminal.type(ENTER)
    terminal.wait_for_prompt()
    assert [normalize("NFC", question) for question in asked(double)] == [shown.removeprefix(">>> ")]


@pytest.mark.parametrize(
    ("keys", "question", "shown"),
    [
        ("\x1b[200~one\rtwo\n\rthree\x1b[201~", "one\ntwo\n\nthree", [">>> one", "... two", "...", "... three"]),
        ("\x1b[200~/* a comment */\rcode\x1b[201~", "/* a comment */\ncode", [">>> /* a comment */", "... code"]),
        ("one" + CTRL_J + "two", "one\ntwo", [">>> one", "... two"]),
        ('"""one' + ENTER + "two" + ENTER + '"""', "one\ntwo\n", ['>>> """one', "... two", '... """']),
    ],
)
def test_several_lines_are_one_question(
    keys: str, question: str, shown: list[str], chat: Chat, scripted: Callable[..., Scripted]
) -> None:
    double = scripted(pieces=["x"], ending="stop")
    terminal = chat(double)
    terminal.type(keys)
    terminal.wait(lambda: terminal.lines == shown)
    terminal.type(ENTER)
    terminal.wait_for_prompt()
    assert terminal.lines == [*shown, "x", "", f">>> {HINT}"]
    assert asked(double) == [question]


def test_hints(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    terminal = chat(scripted(pieces=["x"], ending="stop"))
    assert terminal.lines == [f">>> {HINT}"]
    assert terminal.colour_of(HINT) == "8a8a8a"
    terminal.type("a")
    terminal.wait(lambda: terminal.lines == [">>> a"])
    terminal.type(CTRL_J)
    terminal.wait(lambda: terminal.lines == [">>> a", f"... {CONTINUED_HINT}"])
    terminal.type(CTRL_C)
    terminal.wait(lambda: terminal.lines == [f">>> {HINT}"])
    terminal.type(CTRL_C)
    terminal.wait_for_prompt()
    assert terminal.lines == [">>>", "Use Ctrl-D or /bye to leave.", f">>> {HINT}"]


def test_history_of_an_earlier_conversation(chat: Chat, scripted: Callable[..., Scripted], tmp_path: Path) -> None:
    double = scripted(pieces=["x"], ending="stop")
    terminal = chat(double)
    for question in ("first", "你好" + CTRL_J + "second"):
        terminal.type(question + ENTER)
        terminal.wait_for_prompt()
    terminal.type("/set nohistory" + ENTER + "secret" + ENTER)
    terminal.wait_for("secret")
    terminal.wait(lambda: len(asked(double)) == 3)
    terminal.wait_for_prompt()
    terminal.type(CTRL_D)
    assert terminal.wait_end() == 0
    (file,) = tmp_path.glob(".local/state/packllama/*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "secret" not in file.read_text()
    terminal = chat(double)
    for shown in ([">>> /set nohistory"], [">>> 你好", "... second"]):
        terminal.type(UP)
        terminal.wait(lambda shown=shown: terminal.lines == shown)  # type: ignore[misc]
    terminal.type(UP + UP)
    terminal.wait(lambda: terminal.lines == [">>> first"])


def test_no_history_is_kept(chat: Chat, scripted: Callable[..., Scripted], tmp_path: Path) -> None:
    terminal = chat(scripted(pieces=["x"], ending="stop"), env={"OLLAMA_NOHISTORY": "1"})
    terminal.type("/bye" + ENTER)
    assert terminal.wait_end() == 0
    assert not (tmp_path / ".local").exists()


def test_an_editor(chat: Chat, scripted: Callable[..., Scripted], tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "%s from the editor\\n" "$1" >>"$2"\n')
    editor.chmod(0o755)
    double = scripted(pieces=["x"], ending="stop")
    terminal = chat(double, env={"EDITOR": "/nowhere", "VISUAL": f"{editor} 'a line'"})
    terminal.type("begun" + CTRL_J + CTRL_G)
    terminal.wait(lambda: terminal.lines == [">>> begun", "... a line from the editor"])
    terminal.type(" and typed" + ENTER)
    terminal.wait_for_prompt()
    assert asked(double) == ["begun\na line from the editor and typed"]


def test_an_editor_that_is_not_there(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    terminal = chat(scripted(pieces=["x"], ending="stop"), env={"OLLAMA_EDITOR": "/nowhere/vi"})
    terminal.type("begun" + CTRL_G)
    terminal.wait_for("the editor '/nowhere/vi' failed: ")
    terminal.wait(lambda: terminal.lines[-1] == ">>> begun")


def test_ctrl_c_stops_the_answer_alone(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["half an answer"], ending="hang")
    terminal = chat(double)
    terminal.type("Go on" + ENTER)
    terminal.wait_for("half an answer")
    terminal.type(CTRL_C)
    assert terminal.wait_for_prompt() < 1.0
    until(lambda: any("gone" in entry for entry in double.records))
    os.kill(double.starts[0]["pid"], 0)
    terminal.type("Again" + ENTER)
    terminal.wait(lambda: terminal.text.count("half an answer") == 2)
    assert [body["prompt"] for body in double.bodies("/completion")][1] == (
        "<user>Go on<assistant>half an answer<user>Again<bot>"
    )
    terminal.type(CTRL_C + CTRL_C)
    terminal.wait_for_prompt()
    assert len(double.starts) == 1


def test_a_sign_of_life_until_there_is_an_answer(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    double = scripted(mute=True)
    terminal = chat(double)
    terminal.type("Hi" + ENTER)
    for frame in "⠋⠙⠹":
        terminal.wait(lambda frame=frame: terminal.lines == [">>> Hi", frame])  # type: ignore[misc]
    terminal.type(CTRL_C)
    assert terminal.wait_for_prompt() < 1.0
    assert terminal.lines == [">>> Hi", f">>> {HINT}"]


def test_keys_wait_unseen_while_an_answer_is_made(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["half an answer"], ending="hang")
    terminal = chat(double)
    terminal.type("One" + ENTER)
    terminal.wait_for("half an answer")
    terminal.type("Two" + ENTER + "Three")
    os.kill(terminal.pid, signal.SIGINT)
    terminal.wait(lambda: asked(double) == ["One", "Two"])
    terminal.wait(lambda: terminal.lines == [">>> One", "half an answer", "", ">>> Two", "half an answer"])
    os.kill(terminal.pid, signal.SIGINT)
    terminal.wait(lambda: terminal.lines[-1] == ">>> Three")


def engine_of(double: Scripted) -> Watched:
    return Watched(double.starts[0]["pid"])


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_all(
    number: signal.Signals, status: int, busy: bool, chat: Chat, scripted: Callable[..., Scripted]
) -> None:
    double = scripted(pieces=["half an answer"], ending="hang")
    terminal = chat(double)
    engine = engine_of(double)
    if busy:
        terminal.type("Go on" + ENTER)
        terminal.wait_for("half an answer")
    os.kill(terminal.pid, number)
    assert terminal.wait_end(seconds=3) == status
    assert engine.gone_after(5)
    assert terminal.echoes


def test_ctrl_backslash_ends_no_answer(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    """It would leave the terminal as it is for the time of an answer."""
    terminal = chat(scripted(pieces=["half an answer"], ending="hang"))
    terminal.type("Go on" + ENTER)
    terminal.wait_for("half an answer")
    terminal.type(chr(28))
    os.kill(terminal.pid, signal.SIGINT)
    terminal.wait_for_prompt()


def test_loading_again_leaves_nothing_on_the_screen(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    """A bar and a sign of life at once."""
    terminal = chat(scripted(pieces=["An answer."], ending="stop", load_seconds=1.5))
    terminal.type("/set parameter num_ctx 1000" + ENTER)
    terminal.wait_for_prompt()
    terminal.type("Hello" + ENTER)
    terminal.wait_for_prompt()
    said = [line for line in terminal.lines if line]
    assert said[-3:] == [">>> Hello", "An answer.", f">>> {HINT}"]
    assert len(said) == 5


@pytest.mark.parametrize("busy", [False, True])
def test_a_closed_window_ends_it_all(busy: bool, chat: Chat, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["half an answer"], ending="hang")
    terminal = chat(double)
    processes = Watched(double.starts[0]["pid"], terminal.pid)
    if busy:
        terminal.type("Go on" + ENTER)
        terminal.wait_for("half an answer")
    terminal.hang_up()
    assert processes.gone_after(5)


@pytest.mark.parametrize("keys", [CTRL_D, "/bye" + ENTER, "/exit" + ENTER, "/byebye" + ENTER])
def test_leaving(keys: str, chat: Chat, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["x"], ending="stop")
    terminal = chat(double)
    engine = engine_of(double)
    terminal.type(keys)
    assert terminal.wait_end() == 0
    assert engine.gone_after(5)
    assert terminal.raw.endswith((b"\x1b[?2004l", b"\r\n"))


WORDS = ["one two three four five ", "six seven ei", "ght nine ten ", "你好世界" * 6]


def test_words_are_wrapped_at_the_width_of_now(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    terminal = chat(scripted(pieces=WORDS, ending="stop"), columns=40)
    terminal.type("Count" + ENTER)
    terminal.wait_for_prompt()
    assert terminal.lines[1:4] == [
        "one two three four five six seven eight",
        "nine ten 你好世界你好世界你好世界你好世",
        "界你好世界你好世界",
    ]
    terminal.resize(30)
    terminal.type("Again" + ENTER)
    terminal.wait_for("one two three four five six\nseven eight nine ten 你好世界\n")


def test_lines_are_left_alone(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    terminal = chat(scripted(pieces=["one two three four five six seven eight-nine"], ending="stop"), columns=40)
    terminal.type("/set nowordwrap" + ENTER)
    terminal.wait_for_prompt()
    terminal.type("Count" + ENTER)
    terminal.wait_for_prompt()
    assert terminal.lines[3:5] == ["one two three four five six seven eight-", "nine"]


def test_an_answer_cannot_steer_the_terminal(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    pieces = ["\x1b", "[2J\x1b]0;title\x07", "\x9b31m", "\u202eab\rc"]
    terminal = chat(scripted(pieces=pieces, ending="stop"))
    terminal.type("Do evil" + ENTER)
    terminal.wait_for_prompt()
    assert terminal.lines[1] == r"\x1b[2J\x1b]0;title\x07\x9b31m\u202eab\x0dc"


@pytest.mark.parametrize(("env", "colour"), [({}, "8a8a8a"), ({"NO_COLOR": "1"}, "default")])
def test_thinking_is_grey(env: dict[str, str], colour: str, chat: Chat, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["<t> Let me", " see. ", "</t> Hello!"], ending="stop")
    terminal = chat(double, model="thinker", env=env)
    assert terminal.colour_of(HINT) == colour
    terminal.type("Hi" + ENTER)
    terminal.wait_for_prompt()
    assert terminal.lines[1:] == ["Thinking...", "Let me see.", "...done thinking.", "", "Hello!", "", f">>> {HINT}"]
    assert [terminal.colour_of(text) for text in ("Thinking...", "Let me", "...done", "Hello!")] == [colour] * 3 + [
        "default"
    ]


def test_thinking_is_hidden(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["<t>Let me see.</t>Hello!"], ending="stop")
    terminal = chat(double, "--hidethinking", model="thinker")
    terminal.type("Hi" + ENTER)
    terminal.wait_for_prompt()
    assert terminal.lines == [">>> Hi", "Hello!", "", f">>> {HINT}"]


def test_an_engine_that_crashes_is_started_again(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    double = scripted(pieces=["half"], ending="crash")
    terminal = chat(double)
    for count in (1, 2):
        terminal.type("Hi" + ENTER)
        terminal.wait_for_prompt()
        assert terminal.text.count("Error: ") == count
        assert len(double.starts) == count
    terminal.type(CTRL_D)
    assert terminal.wait_end() == 0


def test_figures(chat: Chat, scripted: Callable[..., Scripted]) -> None:
    terminal = chat(scripted(pieces=["x"], ending="stop"), "--verbose")
    terminal.type("Hi" + ENTER)
    terminal.wait_for_prompt()
    labels = [line.partition(":")[0] for line in terminal.lines[3:-1]]
    assert labels == [
        "total duration",
        "load duration",
        "prompt eval count",
        "prompt eval duration",
        "prompt eval rate",
        "eval count",
        "eval duration",
        "eval rate",
    ]
    terminal.type("/set quiet" + ENTER + "Hi" + ENTER)
    terminal.wait(lambda: terminal.lines[-4:] == [">>> Hi", "x", "", f">>> {HINT}"])


def test_the_real_engine(tmp_path: Path, models: Path, need_module: Callable[[str, str], None]) -> None:
    """A conversation is saved as a model, which is loaded, remembers, and answers."""
    need_module("xllamacpp", "'packllama[engine]'")
    shutil.copytree(models, tmp_path / "store")
    with Terminal("run", "m", cwd=tmp_path) as terminal:
        terminal.wait_for_prompt()
        for line in ("/set parameter temperature 0", "/set system Be brief.", "你好", "/save other", "/load other"):
            terminal.type(line + ENTER)
            terminal.wait_for_prompt()
        answer = terminal.lines[terminal.lines.index(">>> 你好") + 1]
        assert answer
        assert terminal.lines[-4:] == [">>> 你好", answer, "", f">>> {HINT}"]
        assert "Created new model 'other'" in terminal.lines
        assert "Loading model 'other'" in terminal.lines
        terminal.type("/show modelfile" + ENTER)
        terminal.wait_for_prompt()
        assert "SYSTEM Be brief." in terminal.lines
        terminal.type("Hi" + ENTER)
        terminal.wait_for_prompt()
        terminal.type(CTRL_D)
        assert terminal.wait_end() == 0
