"""The commands do what the real Ollama's did, case by case."""

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.cli import ours, run_case
from tests.conformance.create import read_cases
from tests.conformance.reasons import CLI

# The few that stand for all runs where time is short: each run loads a model.
QUICK_RUNS = {"run-prompt", "run-stdin-and-prompt", "run-embedding", "run-image-missing", "run-tty-question"}

CASES = [case for case in read_cases(Path(__file__).parent / "data" / "cli.jsonl") if ours(case["args"])]


def marks(case: dict[str, Any]) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] if case["args"][0] == "run" and case["id"] not in QUICK_RUNS else []


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"], marks=marks(case)) for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    differences = run_case(case).differences
    if case["id"] in CLI:
        assert differences, "this case passes: take it out of the table of reasons"
    else:
        assert not differences, "\n".join(differences)


def test_every_reason_belongs_to_a_case() -> None:
    assert CLI.keys() <= {case["id"] for case in CASES}
