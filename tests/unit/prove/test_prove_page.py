"""The page of text, to the letter; and whatever a model says, one page that is harmless."""

from dataclasses import replace

import pytest

from packllama.base.terminal import columns, escaped
from packllama.digest import Digest
from packllama.manifest import Layer
from packllama.prove.page import page
from packllama.prove.receipt import Receipt
from tests.unit.prove.receipts import DAMAGED, FAILED, PROVED, UNREACHED, VECTOR, manifest

LAYERS = f"""\
model, 8,149,180,896 bytes
    sha256:{"a" * 64}
template, 358 bytes
    sha256:{"b" * 64}
config, 557 bytes
    sha256:{"c" * 64}
"""


def test_proved() -> None:
    assert page(PROVED) == (
        f"""\
PROVED  gemma3:12b-it-qat

Every byte is right, the model was loaded, and it answered.

date        2026-10-03 12:00:05 UTC
packllama   0.1.0
engine      xllamacpp 2026.10.11549
machine     mill, Linux 6.8.0-45-generic x86_64
processors  4 × AMD EPYC 7B13
memory      16,791,052,288 bytes
digest      {PROVED.manifest.digest.hex if PROVED.manifest else ""}
template    the model's TEMPLATE
            {"b" * 64}
loaded      in 1.24 s
prompt      25 tokens in 0.20 s, 100.0 a second
answer      1,300 tokens in 100.00 s, 13.0 a second, ended by itself

{LAYERS}
asked
    <start_of_turn>user
    What is the capital of France?<end_of_turn>

thought
    Easy.

answered
    Paris.
    1, 2, 3
"""
    )


def test_damaged() -> None:
    head, _, facts = page(DAMAGED).partition("\n\ndate ")
    assert head == (
        "DAMAGED  gemma3:12b-it-qat\n\n"
        "The model's bytes are not what they should be.\n"
        "    m:latest: the model is not whole, so it was not loaded\n"
        "    Create it again."
    )
    assert facts.endswith(
        f"""
{LAYERS}
template damaged
    /store/blobs/sha256-{"b" * 56}
    {"b" * 8}
    its bytes are those of
    sha256:{"d" * 64}
"""
    )


def test_failed() -> None:
    assert page(FAILED).startswith(
        "FAILED  gemma3:12b-it-qat\n\nIt is not proved that the model works here.\n"
        "    m:latest: the engine crashed (SIGABRT)\n    Fetch it again.\n\ndate "
    )
    assert "answered" not in page(FAILED)


def test_a_vector() -> None:
    assert "\nvector      384 numbers, of length 1.0000: 0.500000 -0.250000 …\n" in page(VECTOR)
    assert page(VECTOR).endswith("\nasked\n    Hello\n")


def answering(text: str) -> Receipt:
    assert PROVED.answer is not None
    return replace(PROVED, answer=replace(PROVED.answer, text=text))


@pytest.mark.parametrize(
    "receipt",
    [
        PROVED,
        DAMAGED,
        FAILED,
        VECTOR,
        answering("巴黎是法国的首都。" * 60),
        answering("word " * 500),
        answering("\n" * 500),
        answering("x" * 5000),
        answering("\x1b[2J\u202e\ud800 PROVED\r\nPROVED"),
        replace(UNREACHED, manifest=manifest(*(Layer("m" * 300 + "\x1b\n", Digest("e" * 64), 2**62),) * 900)),
        replace(DAMAGED, findings=DAMAGED.findings * 500),
    ],
    ids=range(11),
)
def test_it_stays_a_page(receipt: Receipt) -> None:
    lines = page(receipt).split("\n")
    assert lines.pop() == ""
    assert len(lines) < 120
    assert max(map(columns, lines)) <= 80
    assert all(line == escaped(line) == line.rstrip() for line in lines)
    assert [line for line in lines if line.startswith(("PROVED", "DAMAGED", "FAILED"))] == lines[:1]
