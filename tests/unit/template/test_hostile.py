"""Templates that would run for ever, or fill memory or stack: each ends soon, with an error that says where."""

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from packllama.template.budget import Budget
from packllama.template.compile import compile_tree
from packllama.template.functions import FUNCTIONS
from packllama.template.parser import parse
from tests.unit.template.hostile import HOSTILE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outcomes() -> Mapping[str, Mapping[str, object]]:
    """What became of each. They run in a process of their own, whose time and memory are theirs alone."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.template.hostile"], capture_output=True, text=True, timeout=120, check=True
    )
    return {outcome["name"]: outcome for outcome in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", HOSTILE)
def test_ends_soon_with_an_error(name: str, outcomes: Mapping[str, Mapping[str, float]]) -> None:
    outcome = outcomes[name]
    assert HOSTILE[name].fault in str(outcome["error"])
    assert outcome["line"] == 1 or HOSTILE[name].fault == "characters"
    assert outcome["seconds"] < 1
    assert outcome["megabytes"] < 200


def test_there_are_forty() -> None:
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize(
    ("source", "written"),
    [
        ('{{printf "%999999999d" 1}}', "%!(NOVERB)%!(EXTRA int=1)"),
        ('{{printf "%*d" 999999999 1}}', "%!(BADWIDTH)1"),
        ('{{printf "%.999999999f" 1.5}}', "%!(NOVERB)%!(EXTRA float64=1.5)"),
    ],
)
def test_go_itself_refuses_such_a_width(source: str, written: str) -> None:
    tree = parse(source, functions=FUNCTIONS)
    assert compile_tree(tree, FUNCTIONS, missing_is_zero=True).run(None, Budget()) == written
