"""What a receipt amounts to."""

import math
from dataclasses import replace

import pytest

from packllama.base.errors import Busy, DigestMismatch, EngineFailed, RendererMissing
from packllama.prove.machine import Machine
from packllama.prove.receipt import Receipt, Result, Vector
from tests.unit.prove.receipts import DAMAGED, FAILED, PROVED, VECTOR


@pytest.mark.parametrize(
    ("receipt", "result", "status"),
    [
        (PROVED, Result.PROVED, 0),
        (VECTOR, Result.PROVED, 0),
        (DAMAGED, Result.DAMAGED, 5),
        (replace(FAILED, error=DigestMismatch(expected="a", actual="b", where="m")), Result.DAMAGED, 5),
        (FAILED, Result.FAILED, 9),
        (replace(FAILED, error=RendererMissing("gemma4")), Result.FAILED, 9),
        (replace(FAILED, error=Busy("replaced")), Result.FAILED, 8),
    ],
)
def test_the_error_decides(receipt: Receipt, result: Result, status: int) -> None:
    assert (receipt.result, receipt.exit_status) == (result, status)


def test_rates_are_of_what_was_worked_on() -> None:
    assert PROVED.answer is not None
    assert (PROVED.answer.prompt_rate, PROVED.answer.eval_rate) == (100.0, 13.0)
    unmeasured = replace(PROVED.answer, done=replace(PROVED.answer.done, prompt_seconds=0.0, eval_seconds=0.0))
    assert (unmeasured.prompt_rate, unmeasured.eval_rate) == (None, None)


def test_a_vector_shows_its_beginning() -> None:
    assert Vector.of([0.6, 0.0, -0.8, *[0.0] * 20], where="m") == Vector(23, (0.6, 0.0, -0.8, 0, 0, 0, 0, 0), 1.0)


@pytest.mark.parametrize("numbers", [[], [0.0, 0.0], [2.0], [math.nan, 1.0], [math.inf]])
def test_a_vector_that_is_none(numbers: list[float]) -> None:
    with pytest.raises(EngineFailed, match="m: expected a vector of length 1"):
        Vector.of(numbers, where="m")


def test_this_machine() -> None:
    machine = Machine.this()
    assert machine == Machine.this()
    assert machine.host
    assert machine.processors >= 1
    assert machine.memory > 64 << 20
