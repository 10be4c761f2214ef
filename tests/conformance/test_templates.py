"""A template writes what the real Ollama wrote, case by case."""

from pathlib import Path

import pytest

from tests.conformance.templates import KINDS, Case, kind_of, passes, read_cases, run_case

CASES = [case for case in read_cases(Path(__file__).parent / "data" / "template-cases.jsonl") if kind_of(case) in KINDS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: Case) -> None:
    answer = run_case(case)
    assert passes(case, answer), f"expected {case}\nfound {answer}"
