"""The figures after an answer."""

import pytest

from packllama.cli.timings import timings
from packllama.engine import Done, DoneReason

ALL = """\
total duration:       1.070681808s
load duration:        63.382192ms
prompt eval count:    27 token(s)
prompt eval duration: 130.079ms
prompt eval rate:     207.57 tokens/s
eval count:           9 token(s)
eval duration:        423.271ms
eval rate:            21.26 tokens/s
"""


def done(prompt: int, cached: int, prompt_seconds: float, count: int, seconds: float) -> Done:
    return Done(DoneReason.STOP, prompt, cached, prompt_seconds, count, seconds)


def test_all_figures() -> None:
    assert timings(done(27, 0, 0.130079, 9, 0.423271), total_seconds=1.070681808, load_seconds=0.063382192) == ALL


@pytest.mark.parametrize(
    ("figures", "labels"),
    [
        (done(0, 0, 0, 0, 0), ["total duration"]),
        (done(5, 5, 0, 1, 0), ["total duration", "prompt eval count", "eval count"]),
        (done(5, 5, 0.1, 0, 0), ["total duration", "prompt eval count", "prompt eval duration"]),
    ],
)
def test_zeros_are_left_out(figures: Done, labels: list[str]) -> None:
    lines = timings(figures, total_seconds=1, load_seconds=0).splitlines()
    assert [line.partition(":")[0] for line in lines] == labels


def test_the_rate_is_of_what_was_read() -> None:
    text = timings(done(1000, 900, 0.5, 0, 0), total_seconds=0, load_seconds=0)
    assert "prompt eval count:    1000 token(s)\n" in text
    assert "prompt eval rate:     200.00 tokens/s\n" in text
