"""What is said about Modelfiles."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import Cancelled, ModelfileError
from packllama.base.stop import Stop
from packllama.catalog.formats import FORMATS
from packllama.check.lint.lint import LintReport, lint
from packllama.check.lint.remark import RemarkKind
from packllama.gguf import ValueType
from packllama.manifest import LayerKind
from packllama.modelfile import Command, write_command
from packllama.places.store import Store
from tests.unit.gguf import builder
from tests.unit.gguf.builder import boolean, string, strings, uint32
from tests.unit.stores import put_model

GOLDEN = Path(__file__).parents[2] / "modelfile" / "golden.Modelfile"
LLAMA = string("general.architecture", "llama")
CLIP = string("general.architecture", "clip")
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WITH_TOOLS = "{% if tools %}tools: {{ tools | tojson }}\n{% endif %}" + CHATML
WITH_THINKING = CHATML + "{% if enable_thinking %}<think>{% endif %}"


def linted(folder: Path, text: str, *, jinja: str = "") -> LintReport:
    """``m.gguf`` is there, and has this template."""
    keys = [string("tokenizer.chat_template", jinja)] if jinja else []
    (folder / "m.gguf").write_bytes(builder.gguf([LLAMA, *keys]))
    return lint(text, base=folder, store=Store(folder / "store"))


def found(report: LintReport) -> list[tuple[str, int, int]]:
    return [(str(remark.kind), remark.line, remark.column) for remark in report.remarks]


def test_the_golden_modelfile_is_clean(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    shutil.copyfile(gguf("ct-gemma.gguf"), tmp_path / "gemma-3-12b-it-q4_0.gguf")
    shutil.copyfile(gguf("tiny-mmproj.gguf"), tmp_path / "mmproj-google_gemma-3-12b-it-qat-f16.gguf")
    assert lint(GOLDEN.read_text(), base=tmp_path) == LintReport((), ())


@pytest.mark.parametrize(
    ("line", "remarks"),
    [
        ("SYSTEM fine", []),
        ("PARAMETER num_ctx 4096", []),
        ("PARAMETER num_ctx 4k", [("bad-value", 2, 19)]),
        ('PARAMETER num_ctx "4k"', [("bad-value", 2, 20)]),
        ("  PARAMETER temprature 1", [("unknown-parameter", 2, 13)]),
        ("PARAMETER Temperature 1", [("unknown-parameter", 2, 11)]),
        ("PARAMETER  num_ctx 1", [("unknown-parameter", 2, 11)]),
        ("PARAMETER mirostat 1", [("deprecated-parameter", 2, 11)]),
        ("REQUIRES 0.14.0", []),
        ("REQUIRES new", [("bad-value", 2, 10)]),
        # Characters that do not arrive.
        ("SYSTEM a\u00a0b\u3000c", [("dropped", 2, 9)]),
        ("SYSTEM \u200ba", [("dropped", 2, 8)]),
        ("FROM \u200b\u200bm.gguf", [("dropped", 2, 6)]),
        ("SYSTEM a\tb 船 ⛵", []),
        ("SYSTEM a\ufffdb", [("dropped", 2, 9)]),
        ("# a comment\u00a0here", []),
        # Quotes.
        ('SYSTEM say "hi"', []),
        ('SYSTEM hello"', [("unbalanced-quote", 2, 13)]),
        ('SYSTEM "hello" world\nLICENSE "MIT"', [("unbalanced-quote", 2, 8)]),
        ('SYSTEM "hello\nPARAMETER num_ctx 1\nLICENSE "MIT"', [("unbalanced-quote", 2, 8)]),
        ('SYSTEM """hello\nTEMPLATE """{{ .Prompt }}"""', [("unbalanced-quote", 2, 8)]),
        ('LICENSE """DAMAGES ARISING\nFROM, OUT OF\nFROM THE USE"""', []),
        ("SYSTEM \"say 'hi'\nFROM HERE ON\n\"", []),
        # Files.
        ("FROM ./nope.gguf", [("missing-file", 2, 6)]),
        ('FROM "nope.gguf"', [("missing-file", 2, 7)]),
        ("ADAPTER nope", [("missing-file", 2, 9)]),
        ("DRAFT ./m.gguf", [("bad-file", 2, 7)]),
        ("DRAFT ./other/n.gguf", []),
        ("ADAPTER ./other", [("bad-file", 2, 9)]),
        ("FROM llama9", [("missing-model", 2, 6)]),
        ("FROM a b", [("bad-file", 2, 6)]),
        ("FROM far:cloud", [("unused-file", 1, 6)]),
        ("FROM there", [("unused-file", 1, 6)]),
        ("FROM There", [("missing-model", 2, 6)]),
        ("FROM ./other", [("unused-file", 1, 6)]),
        ("FROM ./m.gguf", []),
        ("FROM ~nobody-of-this-name/x", [("bad-file", 2, 6)]),
        ("FROM ./empty", [("bad-file", 2, 6)]),
        ("FROM ./tensors", [("bad-file", 2, 6)]),
        ("FROM ./pipe", [("bad-file", 2, 6)]),
        ("FROM ./Modelfile", [("bad-file", 2, 6)]),
        ("FROM ./shard.gguf", [("bad-file", 2, 6)]),
        ("FROM ./dangling", [("missing-file", 2, 6)]),
        (f"FROM ./{'x' * 300}", [("bad-file", 2, 6)]),
        # Templates.
        ("TEMPLATE {{ .Prompt }}", []),
        ("TEMPLATE {{ .Prompt", [("bad-template", 2, 20)]),
        ('TEMPLATE """{{ .Prompt }}\n\n  {{ nope }}"""', [("bad-template", 4, 6)]),
        ('TEMPLATE """{{ range .Messages }}\n{{ index .Role 9 }}{{ end }}"""', [("bad-template", 3, 4)]),
        ("TEMPLATE {{ .Prompt\nTEMPLATE {{ .Prompt }}", []),
        # Stop words.
        ("TEMPLATE <s>{{ .Prompt }}\nPARAMETER stop <s>\nPARAMETER stop <t>", [("unused-stop", 4, 16)]),
        ("TEMPLATE {{ range .Messages }}[{{ .Role }}]{{ end }}\nPARAMETER stop [user]", []),
        ("PARAMETER stop <t>", []),
    ],
)
def test_remarks(line: str, remarks: list[tuple[str, int, int]], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "dangling").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "Modelfile").write_text("FROM m.gguf\n")
    (tmp_path / "shard.gguf").write_bytes(builder.gguf([LLAMA, uint32("split.count", 3)]))
    (tmp_path / "tensors").mkdir()
    (tmp_path / "tensors" / "model.safetensors").touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "n.gguf").write_bytes(builder.gguf([LLAMA]))
    put_model(tmp_path / "store", "there")
    assert found(linted(tmp_path, f"FROM m.gguf\n{line}\n")) == remarks


def test_all_of_them_in_the_order_of_the_text(tmp_path: Path) -> None:
    text = "FROM m.gguf\nTEMPLATE {{\nPARAMETER num_ctx x\nFROM ./nope\nPARAMETER what 1\n"
    kinds = [remark.kind for remark in linted(tmp_path, text).remarks]
    wanted = [RemarkKind.BAD_TEMPLATE, RemarkKind.BAD_VALUE, RemarkKind.MISSING_FILE, RemarkKind.UNKNOWN_PARAMETER]
    assert kinds == wanted


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_are_those_of_an_editor(line_end: str, tmp_path: Path) -> None:
    text = 'FROM m.gguf\nTEMPLATE """a\n{{ nope }}"""\nPARAMETER what 1\n'.replace("\n", line_end)
    if line_end == "\r":
        # Go's templates know no such line end, and neither do their places.
        assert found(linted(tmp_path, text))[1] == ("unknown-parameter", 4, 11)
    else:
        assert found(linted(tmp_path, text)) == [("bad-template", 3, 4), ("unknown-parameter", 4, 11)]


def test_a_place_behind_what_is_dropped(tmp_path: Path) -> None:
    report = linted(tmp_path, 'FROM m.gguf\nTEMPLATE "\u200b\u200bab{{ nope }}"\n')
    assert found(report) == [("dropped", 2, 11), ("bad-template", 2, 18)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "lines",
    [
        "PARAMETER num_ctx x\n" * 20_000,
        "FROM m.gguf\n" * 20_000,
        f'SYSTEM "{"FROM x" * 800_000}"\n',
        "SYSTEM " + "\u200b" * 5_000_000,
    ],
    ids=["parameters", "files", "text", "dropped"],
)
def test_a_large_modelfile_takes_little_time(lines: str, tmp_path: Path) -> None:
    start = time.process_time()
    linted(tmp_path, f"FROM m.gguf\n{lines}\n", jinja=CHATML)
    assert time.process_time() - start < 10  # on an idle machine about 1


@pytest.mark.parametrize(
    ("jinja", "template", "words"),
    [
        (CHATML, FORMATS["chatml"].text(), []),
        (CHATML, "{{ .Prompt }}", ["the template loses the system message, which the GGUF's own template has"]),
        (WITH_TOOLS, FORMATS["chatml"].text(), ["loses tools", "conversation of user with tools", "'tools: ["]),
        (
            WITH_THINKING,
            FORMATS["chatml"].text(),
            ["loses thinking", "conversation of user, thinking, the one", "<think>'"],
        ),
        (WITH_TOOLS, "{{ .Prompt }}", ["the system message", "loses tools"]),
    ],
)
def test_what_a_template_loses(jinja: str, template: str, words: list[str], tmp_path: Path) -> None:
    report = linted(tmp_path, f'FROM m.gguf\nTEMPLATE """{template}"""\n', jinja=jinja)
    assert {remark.kind for remark in report.remarks} <= {RemarkKind.LOST}
    assert bool(words) == bool(report.remarks)
    said = "\n".join(remark.message for remark in report.remarks)
    assert [word for word in words if word not in said] == []


def test_nothing_is_lost_beside_a_renderer(tmp_path: Path) -> None:
    text = "FROM m.gguf\nRENDERER gemma4\nTEMPLATE {{ .Prompt }}\n"
    assert found(linted(tmp_path, text, jinja=WITH_TOOLS)) == []


@pytest.mark.parametrize(("stop", "remarks"), [("<|im_end|>", []), ("<|end|>", [("unused-stop", 2, 16)])])
def test_stop_words_of_the_own_template(stop: str, remarks: list[tuple[str, int, int]], tmp_path: Path) -> None:
    assert found(linted(tmp_path, f"FROM m.gguf\nPARAMETER stop {stop}\n", jinja=CHATML)) == remarks


@pytest.mark.parametrize("jinja", ["{% if", "{% for i in range(9999) %}{{ 'x' * 9999 }}{% endfor %}"])
def test_what_could_not_be_compared_is_said(jinja: str, tmp_path: Path) -> None:
    report = linted(tmp_path, "FROM m.gguf\nTEMPLATE {{ .Prompt }}\n", jinja=jinja)
    assert report.remarks == ()
    assert "not compared with the GGUF's own template, which" in report.notes[0]


def test_a_template_that_refuses_everything_is_not_compared(tmp_path: Path) -> None:
    report = linted(tmp_path, "FROM m.gguf\nTEMPLATE {{ .Prompt }}\n", jinja="{{ raise_exception('no') }}")
    words = "not compared with the GGUF's own template, which fails on a plain question: no"
    assert report == LintReport((), (words,))


def test_what_cannot_answer(tmp_path: Path) -> None:
    (tmp_path / "eyes.gguf").write_bytes(builder.gguf([CLIP, boolean("clip.has_vision_encoder", True)]))
    assert found(linted(tmp_path, "# Eyes alone\nFROM eyes.gguf\n")) == [("no-weights", 2, 6)]
    assert found(linted(tmp_path, "FROM eyes.gguf\nFROM m.gguf\n")) == []


@pytest.mark.parametrize(("more", "kinds"), [("", ["bad-template"]), ("TEMPLATE {{ .Prompt }}\n", [])])
def test_a_model_of_the_store_that_cannot_be_run(more: str, kinds: list[str], tmp_path: Path) -> None:
    put_model(tmp_path / "store", "there", (LayerKind.TEMPLATE, b"{{ if }}"))
    assert [kind for kind, *_ in found(linted(tmp_path, f"FROM there\n{more}"))] == kinds


def test_a_control_token_stops_whatever_the_template_writes(tmp_path: Path) -> None:
    vocabulary = [
        strings("tokenizer.ggml.tokens", ["plain", "<|end|>"]),
        builder.CURRENT.numbers("tokenizer.ggml.token_type", ValueType.INT32, [1, 3]),
    ]
    (tmp_path / "v.gguf").write_bytes(builder.gguf([LLAMA, *vocabulary]))
    text = "FROM v.gguf\nTEMPLATE {{ .Prompt }}\nPARAMETER stop plain\nPARAMETER stop <|end|>\n"
    assert found(linted(tmp_path, text)) == [("unused-stop", 3, 16)]


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_with_its_stop_words_is_clean(name: str, tmp_path: Path) -> None:
    command = write_command(Command("template", FORMATS[name].text(bos="", eos="").replace('"""\n', '"""{{/* */}}\n')))
    stops = "".join(f"PARAMETER stop {stop}\n" for stop in FORMATS[name].stops)
    assert found(linted(tmp_path, f"FROM m.gguf\n{command}\n{stops}")) == []


def test_without_jinja_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packllama.check.lint.template.is_installed", lambda: False)
    text = "FROM m.gguf\nTEMPLATE {{ .Prompt }}\nPARAMETER stop <t>\n"
    report = linted(tmp_path, text, jinja=WITH_TOOLS)
    assert found(report) == [("unused-stop", 3, 16)]
    assert report.notes == ("not compared with the GGUF's own template: pip install 'packllama[jinja]'",)


def test_without_a_store_names_are_not_looked_for(tmp_path: Path) -> None:
    assert lint("FROM llama9\n", base=tmp_path) == LintReport((), ())


def test_what_does_not_parse_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelfileError, match="never closed"):
        lint('FROM x\nSYSTEM """a\n', base=tmp_path)


def test_it_can_be_stopped(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(builder.gguf([LLAMA]))
    stop = Stop()
    stop.set()
    with pytest.raises(Cancelled):
        lint("FROM m.gguf\n", base=tmp_path, stop=stop)
