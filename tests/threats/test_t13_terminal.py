"""Text from outside never steers a terminal, whatever verb prints it; a document has it as it was."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.terminal import escaped
from packllama.digest import Digest
from packllama.gojson import encode
from packllama.manifest import CONFIG_TYPE, Layer, LayerKind, compose
from tests.registry.listener import reply
from tests.registry.registry import Registry, says
from tests.threats.refusal import Done, Program, Scene
from tests.unit.gguf import builder
from tests.unit.stores import put_blob, put_manifest

pytestmark = pytest.mark.slow

# Colour, title, link, clipboard, bell, the 8-bit CSI, back to the line's begin, one back, reversed text, no width,
# a mark of byte order, private use; and a line that looks like one of ours.
STEERS = "\x1b[31m\x1b]0;t\x07\x1b]8;;http://x\x07\x1b]52;c;aGk=\x07\x9b2J\r\b\x7f\u202e\u200b\ufeff\ue000"
FORGED = "\nError: forged\n"
EVIL = f"a{STEERS}{FORGED}z"
EVIL_NAME = f"a{STEERS}\nError: forged".replace("/", "")


def evil_gguf() -> bytes:
    keys = [
        builder.string("general.architecture", "llama"),
        *(builder.string(key, EVIL) for key in ("general.name", "general.license", "general.type", "x.text")),
        *(builder.string(f"tokenizer.{key}", EVIL) for key in ("ggml.model", "ggml.pre", "chat_template")),
        builder.strings("tokenizer.ggml.tokens", [EVIL, "b"]),
        builder.string(f"key{EVIL}", EVIL),
    ]
    return builder.gguf(keys, [builder.tensor(f"t{EVIL}"[:60], (32,))]) + bytes(64)


def put_evil(scene: Scene) -> None:
    """A model whose every text is hostile, called ``evil``; and files of all kinds beside the store."""
    layers = [
        (LayerKind.MODEL.media_type, evil_gguf()),
        (LayerKind.LICENSE.media_type, EVIL.encode()),
        (LayerKind.SYSTEM.media_type, EVIL.encode()),
        (LayerKind.TEMPLATE.media_type, EVIL.encode()),
        (LayerKind.PARAMS.media_type, json.dumps({"stop": [EVIL], EVIL[:5]: EVIL}).encode()),
        (LayerKind.MESSAGES.media_type, json.dumps([{"role": "user", "content": EVIL}]).encode()),
        (f"application/{EVIL}", b"unknown"),
    ]
    families = dict.fromkeys(("model_family", "model_type", "file_type", "requires"), EVIL)
    config = json.dumps({"model_format": "gguf", "model_families": [EVIL], **families}).encode()
    for _, data in (*layers, ("", config)):
        put_blob(scene.store, data)
    filed = [Layer(media_type, Digest.of(data), len(data)) for media_type, data in layers]
    raw = compose(Layer(CONFIG_TYPE, Digest.of(config), len(config)), filed)
    put_manifest(scene.store, "evil", raw)
    (scene.folder / "evil.json").write_bytes(raw)
    (scene.folder / "evil.gguf").write_bytes(evil_gguf())
    (scene.folder / "Evil").write_text(
        f'FROM ./evil.gguf\nTEMPLATE """{{{{ .Nope{STEERS} }}}}"""\nSYSTEM """{EVIL}"""\nPARAMETER nope{STEERS} 1\n'
    )
    (scene.folder / "Fine").write_text(f'FROM ./evil.gguf\nSYSTEM """{EVIL}"""\nLICENSE """{EVIL}"""\n')
    (scene.folder / "downloads").mkdir()
    (scene.folder / "downloads" / EVIL_NAME).write_bytes(raw)
    (scene.folder / EVIL_NAME).write_bytes(b"no model")


def put_strays(scene: Scene) -> None:
    (scene.store / "blobs" / EVIL_NAME).write_bytes(b"stray")
    (scene.store / "manifests" / EVIL_NAME).mkdir()
    folder = scene.store / "manifests/registry.ollama.ai/library/here"
    (folder / EVIL_NAME).write_bytes(b"{")
    (folder / "link").symlink_to(EVIL_NAME)


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory, program: Program) -> Scene:
    scene = Scene.make(tmp_path_factory.mktemp("evil"), program)
    put_evil(scene)
    return scene


WORDS = [
    ("list",), ("show", "evil"), ("show", "-v", "evil"), ("show", "--layers", "evil"), ("show", "--license", "evil"),
    ("show", "--system", "evil"), ("show", "--template", "evil"), ("show", "--parameters", "evil"),
    ("show", "--modelfile", "evil"), ("files", "evil"), ("inspect", "evil.gguf"), ("inspect", "evil.json"),
    ("inspect", "--metadata", "--tensors", "evil.gguf"), ("init", "-o", "-", "evil.gguf"), ("lint", "Evil"),
    ("lint", "Fine"), ("create", "--dry-run", "new", "-f", "Fine"), ("create", "new", "-f", "Evil"),
    ("run", "evil", "hello"), ("verify", "evil"), ("verify",), ("export", "--dry-run", "evil", "-o", "x.tar"),
    ("export", "evil", "-o", "x.tar"), ("copy", "evil", "--to", "./other"), ("prove", "evil"),
    ("links", "evil", "--manifest", "evil.json"), ("links", "evil", "--manifest", "evil.json", "--format", "curl"),
    ("import", "downloads"), ("import", "--as", "x", "downloads"), ("import", EVIL_NAME), ("inspect", EVIL_NAME),
    ("create", "new", "-f", EVIL_NAME), ("lint", EVIL_NAME), ("verify", EVIL_NAME), ("show", EVIL_NAME),
    ("rm", EVIL_NAME), ("list", EVIL_NAME), (EVIL_NAME,), ("show", f"--{EVIL_NAME}"), ("run", "here", EVIL),
    ("copy", "here", "--to", f"./no/{EVIL_NAME}"), ("--store", f"./{EVIL_NAME}", "list"),
]  # fmt: skip

# Who asks for a text gets its lines as they are.
VERBATIM = {"--license", "--system", "--template", "--modelfile", "init"}


def assert_harmless(done: Done) -> None:
    out = done.out.replace("\r\n", "\n")
    assert out == escaped(out, keep="\n\t")
    assert done.err == escaped(done.err, keep="\n")
    assert FORGED not in f"\n{done.err}\n"
    assert "Traceback" not in done.err
    assert "bug in packllama" not in done.err


@pytest.mark.parametrize("words", WORDS, ids=lambda words: ascii(" ".join(words))[:60])
def test_on_a_terminal(words: tuple[str, ...], evil: Scene) -> None:
    done = evil.run(*words, tty=True)
    assert done.out or done.err
    assert_harmless(done)
    if not VERBATIM & {*words}:
        assert FORGED not in done.out.replace("\r\n", "\n")


@pytest.mark.slow
def test_there_was_something_to_escape(evil: Scene) -> None:
    shown = [words for words in WORDS if "\\x1b[31m" in (done := evil.run(*words, tty=True)).out + done.err]
    assert len(shown) > len(WORDS) / 2


@pytest.mark.parametrize("words", [*WORDS, ("verify", "-v")], ids=lambda words: ascii(" ".join(words))[:60])
def test_as_a_document(words: tuple[str, ...], evil: Scene) -> None:
    done = evil.run("--json", *words)
    if done.status != 2:  # what was meant is unknown then, and so is the --json
        for line in done.out.splitlines():
            assert json.loads(line)["packllama"] == 1
    assert done.out.isascii()
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("words", "find"),
    [
        (("show", "evil"), lambda found: found["system"]),
        (("show", "evil"), lambda found: found["template"]),
        (("inspect", "evil.gguf"), lambda found: found["name"]),
        (("inspect", "--metadata", "evil.gguf"), lambda found: found["metadata"][-1]["value"]),
    ],
)
def test_a_document_has_it_untouched(
    words: tuple[str, ...], find: Callable[[dict[str, object]], object], evil: Scene
) -> None:
    assert find(json.loads(evil.run("--json", *words).out)) == EVIL


@pytest.mark.parametrize("words", [("list",), ("verify",), ("rm", "here"), ("show", "here:link"), ("run", "here:link")])
def test_what_lies_astray_in_a_store(words: tuple[str, ...], scene: Scene) -> None:
    put_strays(scene)
    assert_harmless(scene.run(*words, tty=True))


# A 500 is asked for again and again.
@pytest.mark.parametrize("status", [400, 401, 404, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("verb", ["pull", "links"])
def test_what_a_registry_says(verb: str, status: int, scene: Scene) -> None:
    said = json.dumps({"errors": [{"code": EVIL, "message": EVIL, "detail": EVIL}], "error": EVIL}).encode()
    for body in (said, EVIL.encode()):
        with Registry() as there:
            answer = reply(status, {"Content-Type": "application/json", "Retry-After": "0"}, body)
            there.tricks = [says(answer)]
            done = scene.run(verb, "--insecure", f"{there.host}/library/m", tty=True)
            assert done.status in {3, 6}
            assert_harmless(done)


def test_a_model_s_answer(scene: Scene, tmp_path: Path) -> None:
    """What an engine says is text from outside too."""
    from tests.unit.engine.conftest import SCRIPT

    engine = tmp_path / "home" / "llama-server"
    shutil.copy(SCRIPT, engine)
    engine.chmod(0o755)
    engine.with_suffix(".json").write_text(encode({"pieces": [EVIL, EVIL], "ending": "stop"}))
    done = scene.run("run", "--engine", str(engine), "here", "hello", tty=True, env={"PATH": os.environ["PATH"]})
    assert "forged" in done.out
    out = done.out.replace("\r\n", "\n")
    assert [word for word in ("\x1b]", "\x9b", "\x07", "\u202e", "\u200b") if word in out] == []
