"""Where each setting comes from: the same as what `Settings.read` makes of the environment."""

import inspect
import re

import pytest

from packllama.base import network, settings
from packllama.base.origins import BUILT_IN, KNOWN, Origin, origins

VARIABLE = re.compile(r'"([A-Z][A-Z_]+)"')


def origin(name: str, environ: dict[str, str]) -> Origin:
    return next(each for each in origins(environ) if each.name == name)


def test_every_variable_that_is_read_is_known() -> None:
    words = {"TRUE", "FALSE"}
    read = {name for room in (settings, network) for name in VARIABLE.findall(inspect.getsource(room))}
    assert {name for name in KNOWN if name.isupper()} == read - words - {"T", "F"}


def test_nothing_is_said() -> None:
    assert {each.origin for each in origins({})} == {BUILT_IN}
    assert not any(each.misread for each in origins({}))
    assert len({each.name for each in origins({})}) == len(origins({}))


@pytest.mark.parametrize(
    ("name", "environ", "value", "said_by"),
    [
        ("store", {"PACKLLAMA_STORE": "/p", "OLLAMA_MODELS": "/o"}, "/p", "PACKLLAMA_STORE"),
        ("store", {"PACKLLAMA_STORE": " '' ", "OLLAMA_MODELS": '"/o"'}, "/o", "OLLAMA_MODELS"),
        ("load_timeout", {"OLLAMA_LOAD_TIMEOUT": "1m"}, "1m", "OLLAMA_LOAD_TIMEOUT"),
        ("https_proxy", {"HTTPS_PROXY": "http://a", "https_proxy": "http://b"}, "http://a", "HTTPS_PROXY"),
        ("https_proxy", {"https_proxy": "http://me:hush@b"}, "http://***@b", "https_proxy"),
        ("hf_token", {"HF_TOKEN": "hush"}, "set (not shown)", "HF_TOKEN"),
        ("hf_endpoint", {"HF_ENDPOINT": "https://h?token=hush"}, "https://h?***", "HF_ENDPOINT"),
        ("mirrors", {"PACKLLAMA_MIRROR": "https://a http://me:hush@b"}, "https://a http://***@b", "PACKLLAMA_MIRROR"),
        ("history", {"OLLAMA_NOHISTORY": "1"}, "off", "OLLAMA_NOHISTORY"),
        ("history", {"OLLAMA_NOHISTORY": "0"}, "on", "OLLAMA_NOHISTORY"),
        ("colour", {"NO_COLOR": "0"}, "off", "NO_COLOR"),
        ("keep_replaced", {"OLLAMA_NOPRUNE": "true"}, "on", "OLLAMA_NOPRUNE"),
        ("go_template", {"OLLAMA_GO_TEMPLATE": "f"}, "off", "OLLAMA_GO_TEMPLATE"),
    ],
)
def test_value_and_origin(name: str, environ: dict[str, str], value: str, said_by: str) -> None:
    found = origin(name, environ)
    assert (found.value, found.origin, found.misread) == (value, said_by, False)
    assert "hush" not in repr(origins(environ))


@pytest.mark.parametrize(
    ("name", "environ"),
    [
        ("context_length", {"OLLAMA_CONTEXT_LENGTH": "4k"}),
        ("load_timeout", {"PACKLLAMA_LOAD_TIMEOUT": "soon", "OLLAMA_LOAD_TIMEOUT": "1m"}),
        ("derived_limit", {"PACKLLAMA_DERIVED_LIMIT": "much"}),
        ("cache", {"XDG_CACHE_HOME": "here"}),
    ],
)
def test_what_cannot_be_understood_counts_as_not_set(name: str, environ: dict[str, str]) -> None:
    """As for the settings themselves, which are then those of an empty environment."""
    found = origin(name, environ)
    assert (found.misread, found.origin) == (True, next(iter(environ)))
    assert found.value == origin(name, {}).value
    assert settings.Settings.read(environ) == settings.Settings.read({})
