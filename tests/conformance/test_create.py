"""``packllama create`` does what the real Ollama did, case by case."""

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.create import read_cases, run_case
from tests.conformance.reasons import CREATE

CASES = list(read_cases(Path(__file__).parent / "data" / "create.jsonl"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    differences = run_case(case).differences
    if case["id"] in CREATE:
        assert differences, "this case passes: take it out of the table of reasons"
    else:
        assert not differences, "\n".join(differences)


def test_every_reason_belongs_to_a_case() -> None:
    assert CREATE.keys() <= {case["id"] for case in CASES}
