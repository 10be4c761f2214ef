"""What comes of names and manifests, by the table."""

import re

import pytest

from packllama.base.errors import BadInput, InvalidManifest, InvalidName
from packllama.links.document import document
from packllama.links.formats import Format, write
from packllama.links.link import MANIFEST
from packllama.links.typed import read_typed
from packllama.places.loose.naming import digest_from_file_name, name_at
from packllama.places.registry.fetchable import decode_fetchable
from tests.unit.links.cases import CASES, TABLE, Case

CALL = re.compile(r"get pack|if \(-not \(Get-Whole")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_document(case: Case) -> None:
    assert document(case.listing()) == case.document | {"repositories": []}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_texts(case: Case) -> None:
    assert {*case.texts, *case.calls} == {form.value for form in Format}
    for form, lines in case.texts.items():
        assert write(case.listing(), Format(form)).split("\n") == [*lines, ""]
    for form, lines in case.calls.items():
        found = write(case.listing(), Format(form)).split("\n")
        assert [line for line in found if CALL.match(line)] == lines


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("form", Format)
def test_every_text_is_plain(case: Case, form: Format) -> None:
    """What a manifest may say of its own, types and names of layers, stands in none."""
    text = write(case.listing(), form)
    assert text.isascii()
    assert text.endswith("\n")
    assert not re.search(r"canary|onerror|passwd", text)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import_will_know_what_was_saved(case: Case) -> None:
    listing = case.listing()
    saved = [link for link in listing.links if link.what == MANIFEST]
    assert [name_at(link.saved) for link in saved] == [model.name for model in listing.models]
    assert all(digest_from_file_name(link.path) == link.digest for link in listing.links if link not in saved)


@pytest.mark.parametrize("case", TABLE["typed"], ids=lambda case: case["text"][:60] or "nothing")
def test_what_is_typed(case: dict[str, object]) -> None:
    text = str(case["text"])
    if case["name"] is None:
        with pytest.raises(InvalidName) as caught:
            read_typed([text])
        assert caught.value.hint
        return
    (typed,) = read_typed([text])
    assert (typed.name.full, typed.insecure) == (case["name"], case["insecure"])


def test_a_command_in_several_words() -> None:
    assert [typed.name.short for typed in read_typed(["ollama", "run", "a", "b"])] == ["a:latest", "b:latest"]


@pytest.mark.parametrize("case", TABLE["refused"], ids=lambda case: case["about"])
def test_what_is_no_manifest_of_a_model(case: dict[str, str]) -> None:
    with pytest.raises((InvalidManifest, BadInput)):
        decode_fetchable(case["manifest"].encode(), where="")
