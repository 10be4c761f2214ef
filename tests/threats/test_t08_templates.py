"""Templates that would run for ever, at the verbs that read or render one.

What each of them takes of time and memory when it runs is measured in ``tests/unit/template/test_hostile.py``.
"""

import json
import shutil
import sys
import time
from pathlib import Path

import pytest

from packllama.base.errors import TemplateError
from packllama.manifest import LayerKind
from packllama.message import Message
from packllama.template import Template
from tests.threats.refusal import Scene, assert_bounded
from tests.unit.engine.conftest import SCRIPT
from tests.unit.stores import put_model
from tests.unit.template.hostile import HOSTILE

# What needs no data of its own, and so can come in a model.
SOURCES = [hostile.source for hostile in HOSTILE.values() if len(hostile.source) < 1 << 20]
ENDLESS = [
    "{{range 99999999999}}{{end}}{{.Prompt}}",
    "{{.Prompt}}" + "{{range 9999}}" * 9 + "{{end}}" * 9,
    '{{define "t"}}{{template "t" .}}{{end}}{{range .Messages}}{{template "t" .}}{{end}}',
    '{{$x := "x"}}{{range 99999999999}}{{$x = print $x $x}}{{end}}{{.Prompt}}',
    "{{range .Messages}}{{range 99999999999}}{{end}}{{end}}",
]


def test_there_are_enough() -> None:
    assert len(SOURCES) >= 40


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["show", "lint", "create", "inspect"])
def test_they_are_read(verb: str, scene: Scene) -> None:
    """Each within a second of the processor's time, whether it is refused or kept as a text."""
    from tests.unit.stores import TINY_GGUF

    (scene.folder / "model.gguf").write_bytes(TINY_GGUF)
    for number, source in enumerate(SOURCES):
        if verb == "show":
            put_model(scene.store, "m", (LayerKind.TEMPLATE, source.encode()))
        (scene.folder / "M").write_text(f'FROM ./model.gguf\nTEMPLATE """{source}"""\n')
        words = {"show": ("show", "m"), "lint": ("lint", "M"), "create": ("create", f"m{number}", "-f", "M")}
        done = scene.run(*words.get(verb, ("inspect", "model.gguf")))
        assert done.status in {0, 1, 4}, done.err
        assert "bug in packllama" not in done.err
        assert done.seconds < 3, source[:60]  # lint renders several conversations
        assert_bounded(done)


@pytest.mark.parametrize("source", ENDLESS)
def test_they_are_rendered(source: str) -> None:
    """As ``run`` and the tests of recorded conversations do it."""
    template = Template.parse(source)
    messages = [Message("system", "s"), Message("user", "u"), Message("assistant", "a"), Message("user", "u")]
    begun = time.process_time()
    with pytest.raises(TemplateError):
        template.render(messages)
    assert time.process_time() - begun < 3


def test_a_loop_in_a_loop_over_a_long_conversation() -> None:
    template = Template.parse("{{range .Messages}}{{range $.Messages}}{{end}}{{end}}")
    began = time.process_time()
    with pytest.raises(TemplateError, match="budget"):
        template.render([Message("user", "u"), Message("assistant", "a")] * 1_000)
    assert time.process_time() - began < 3


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    program = tmp_path / "home" / "llama-server"
    program.parent.mkdir(exist_ok=True)
    shutil.copy(SCRIPT, program)
    program.write_text(f"#!{sys.executable}\n" + program.read_text().partition("\n")[2])
    program.chmod(0o755)
    program.with_suffix(".json").write_text(json.dumps({"pieces": ["x"], "ending": "stop"}))
    return program


@pytest.mark.parametrize("source", ENDLESS)
def test_they_are_run(source: str, scene: Scene, engine: Path) -> None:
    """The engine is never asked."""
    put_model(scene.store, "m", (LayerKind.TEMPLATE, source.encode()))
    done = scene.run("run", "--engine", str(engine), "m", "hello")
    assert done.status == 4, done.err
    assert "budget" in done.err or "depth" in done.err
    assert_bounded(done)
    assert "/completion" not in engine.with_suffix(".jsonl").read_text()
