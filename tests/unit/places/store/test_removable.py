"""Which name a text means when it is to be removed."""

from pathlib import Path

import pytest

from packllama.base.errors import InvalidName
from packllama.places.store import Store, name_to_remove
from tests.unit.stores import put_model


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("a", "a:latest"),
        (" a:8b ", "a:8b"),
        ("a:cloud", "a:cloud"),
        ("a:8b-cloud", "a:8b-cloud"),
        ("a:8b:cloud", "a:8b-cloud"),
        ("b:local", "b:local"),
        ("B:LOCAL", "b:local"),
    ],
)
def test_the_name(text: str, short: str, tmp_path: Path) -> None:
    for name in ("a", "b:local", "b"):
        put_model(tmp_path, name)
    assert name_to_remove(Store(tmp_path), text).short == short


@pytest.mark.parametrize("text", ["a:local", "a:LOCAL", "a:8b:local", "a b:local"])
def test_local_never_means_another_tag(text: str, tmp_path: Path) -> None:
    put_model(tmp_path, "a")
    put_model(tmp_path, "a:8b")
    with pytest.raises(InvalidName, match="not found; Ollama would remove"):
        name_to_remove(Store(tmp_path), text)


@pytest.mark.parametrize(("text", "message"), [("", "required"), ("a:local:cloud", "not both"), ("a b", "a b")])
def test_what_is_no_name(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidName, match=message):
        name_to_remove(Store(tmp_path), text)
