"""The commands do what the real Ollama's did, case by case."""

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.cli import ours, run_case
from tests.conformance.create import read_cases
from tests.conformance.reasons import CLI

CASES = [case for case in read_cases(Path(__file__).parent / "data" / "cli.jsonl") if ours(case["args"])]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    differences = run_case(case).differences
    if case["id"] in CLI:
        assert differences, "this case passes: take it out of the table of reasons"
    else:
        assert not differences, "\n".join(differences)


def test_every_reason_belongs_to_a_case() -> None:
    assert CLI.keys() <= {case["id"] for case in CASES}
