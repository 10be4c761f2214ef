"""What a name means today: what was moved is told by its digest, and what looks alike is not taken for the same."""

import json
import re

import pytest

from packllama.base.errors import InvalidName
from packllama.name import ModelName
from tests.registry.registry import Registry
from tests.threats.refusal import Scene
from tests.unit.stores import put_model


def test_a_tag_that_was_moved(scene: Scene) -> None:
    """The list and the document show another digest; nothing says of itself that a publisher has moved a tag."""
    with Registry() as there:
        name = f"{there.host}/library/m"
        digests = []
        for weights in (b"GGUF one", b"GGUF two"):
            there.put("library/m", "latest", weights=weights)
            done = scene.run("pull", "--insecure", name)
            assert (done.status, done.out) == (0, f"pulled {name}:latest\n")
            listed = json.loads(scene.run("--json", "list", name).out)["models"]
            digests.append(listed[0]["digest"])
        assert digests[0] != digests[1]
        again = scene.run("pull", "--insecure", name)
        assert again.out == f"{name}:latest is up to date\n"


def test_twins_in_letter_case(scene: Scene) -> None:
    """A new name takes the spelling that is there; twins that others made are found."""
    assert scene.run("cp", "here", "HERE").status == 0
    put_model(scene.store, "Here")
    done = scene.run("--json", "verify")
    assert any("twin" in finding["kind"] for finding in json.loads(done.out)["findings"])


@pytest.mark.parametrize(
    "text", ["lla\u043ca3", "gemm\u0430", "\u0261emma", "ge\u200bmma", "gemma\u202e", "\uff47emma"]
)
def test_letters_of_other_alphabets_are_in_no_name(text: str) -> None:
    with pytest.raises(InvalidName):
        ModelName.parse(text)


def test_another_name_is_only_suggested(scene: Scene) -> None:
    """One that looks alike is never taken for the one that was asked for."""
    done = scene.run("run", "hare", "hello")
    assert done.status == 3
    assert re.search("Did you mean 'here:latest'", done.err)
