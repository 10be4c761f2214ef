"""The template that a GGUF gets is the one that the recorded cases name."""

from pathlib import Path

import pytest

from tests.conformance.detect import CATALOGUE, Case, expected, passes, read_cases, run_case

CASES = list(read_cases(Path(__file__).parent / "data" / "detect-cases.jsonl"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_with_the_formats_of_the_catalogue(case: Case) -> None:
    assert run_case(case, CATALOGUE) == expected(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_with_all_formats(case: Case) -> None:
    found = run_case(case)
    assert passes(case, found), f"expected {expected(case)}\nfound {found}"
