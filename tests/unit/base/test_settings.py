"""What the environment says."""

from pathlib import Path

import pytest

from packllama.base.errors import NoStore
from packllama.base.settings import Settings


@pytest.mark.parametrize(
    ("environ", "store", "origin"),
    [
        ({}, None, ""),
        ({"OLLAMA_MODELS": "/o"}, "/o", "OLLAMA_MODELS"),
        ({"PACKLLAMA_STORE": "/p"}, "/p", "PACKLLAMA_STORE"),
        ({"PACKLLAMA_STORE": "/p", "OLLAMA_MODELS": "/o"}, "/p", "PACKLLAMA_STORE"),
        ({"PACKLLAMA_STORE": "", "OLLAMA_MODELS": "/o"}, "/o", "OLLAMA_MODELS"),
        ({"PACKLLAMA_STORE": ' "" ', "OLLAMA_MODELS": "/o"}, "/o", "OLLAMA_MODELS"),
        ({"OLLAMA_MODELS": " \t'/a b'\n"}, "/a b", "OLLAMA_MODELS"),
        ({"OLLAMA_MODELS": "\"'/a'\""}, "/a", "OLLAMA_MODELS"),
        ({"OLLAMA_MODELS": '"/half'}, "/half", "OLLAMA_MODELS"),
        ({"OLLAMA_MODELS": '" /in "'}, " /in ", "OLLAMA_MODELS"),
        ({"OLLAMA_MODELS": "''"}, None, ""),
        ({"OLLAMA_MODELS": "$HOME/x"}, "$HOME/x", "OLLAMA_MODELS"),
        ({"ollama_models": "/o"}, None, ""),
    ],
)
def test_named_store(environ: dict[str, str], store: str | None, origin: str) -> None:
    settings = Settings.read(environ)
    assert settings.named_store == (None if store is None else Path(store))
    assert settings.named_store_origin == origin


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True", "no", "off", "2", "tRUE", "FaLSe", "'1'"])
def test_replaced_blobs_are_kept(text: str) -> None:
    assert Settings.read({"OLLAMA_NOPRUNE": text}).keep_replaced


@pytest.mark.parametrize("text", [None, "", " ", "''", "0", "f", "F", "FALSE", "false", "False", " false "])
def test_replaced_blobs_are_removed(text: str | None) -> None:
    assert not Settings.read({} if text is None else {"OLLAMA_NOPRUNE": text}).keep_replaced


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("8192", 8192),
        (" '4096' ", 4096),
        ("0", None),
        ("-1", None),
        ("4k", None),
        ("", None),
        ("٤", None),
        ("9" * 5000, None),
    ],
)
def test_context_length(text: str, length: int | None) -> None:
    assert Settings.read({"OLLAMA_CONTEXT_LENGTH": text}).context_length == length


def test_home() -> None:
    assert Settings.read({"HOME": "/h"}).home_folder() == Path("/h")
    assert Settings.read({"USERPROFILE": "/u"}).home_folder() == Path("/u")
    with pytest.raises(NoStore) as caught:
        Settings.read({"HOME": ""}).home_folder()
    assert "--store" in caught.value.hint


def test_engine() -> None:
    assert Settings.read({"PACKLLAMA_ENGINE": "/e"}).engine == Path("/e")
    assert Settings.read({}).engine is None


@pytest.mark.parametrize(
    ("text", "wish"), [(None, None), ("", None), ("1", True), ("yes", True), ("0", False), (" 'false' ", False)]
)
def test_the_choice_between_templates(text: str | None, wish: bool | None) -> None:
    assert Settings.read({} if text is None else {"OLLAMA_GO_TEMPLATE": text}).go_template is wish


@pytest.mark.parametrize(
    ("environ", "state"),
    [
        ({}, None),
        ({"HOME": "/h"}, "/h/.local/state/packllama"),
        ({"HOME": "/h", "XDG_STATE_HOME": "/s"}, "/s/packllama"),
        ({"HOME": "/h", "XDG_STATE_HOME": "relative"}, "/h/.local/state/packllama"),
    ],
)
def test_where_things_are_remembered(environ: dict[str, str], state: str | None) -> None:
    assert Settings.read(environ).state == (None if state is None else Path(state))


@pytest.mark.parametrize(
    ("environ", "cache"),
    [
        ({}, None),
        ({"HOME": "/h"}, "/h/.cache/packllama"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "/c"}, "/c/packllama"),
        ({"HOME": "/h", "XDG_CACHE_HOME": "relative"}, "/h/.cache/packllama"),
    ],
)
def test_where_things_are_kept_that_can_be_made_again(environ: dict[str, str], cache: str | None) -> None:
    assert Settings.read(environ).cache == (None if cache is None else Path(cache))


@pytest.mark.parametrize(
    ("limit", "size"),
    [("", 64 * 10**9), ("100GB", 100 * 10**9), ("1.5 TB", 1500 * 10**9), ("much", 64 * 10**9), ("0", 0)],
)
def test_how_much_is_derived(limit: str, size: int) -> None:
    assert Settings.read({"PACKLLAMA_DERIVED_LIMIT": limit}).derived_limit == size


@pytest.mark.parametrize(("text", "wish"), [("", False), ("store", True), ("cache", False)])
def test_derived_in_the_store(text: str, wish: bool) -> None:
    assert Settings.read({"PACKLLAMA_DERIVED": text}).derived_in_store is wish


@pytest.mark.parametrize(
    ("environ", "editor"),
    [
        ({}, "vi"),
        ({"EDITOR": "ed"}, "ed"),
        ({"EDITOR": "ed", "VISUAL": "code --wait"}, "code --wait"),
        ({"EDITOR": "ed", "VISUAL": "code", "OLLAMA_EDITOR": "nano"}, "nano"),
        ({"EDITOR": "ed", "VISUAL": " "}, "ed"),
        ({"EDITOR": "ed 'a b'"}, "ed 'a b'"),
        ({"OLLAMA_EDITOR": '"code --wait"'}, "code --wait"),
    ],
)
def test_the_editor(environ: dict[str, str], editor: str) -> None:
    assert Settings.read(environ).editor == editor


@pytest.mark.parametrize(
    ("environ", "draws", "colour"),
    [
        ({}, True, True),
        ({"TERM": "xterm"}, True, True),
        ({"NO_COLOR": "0"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "unknown"}, False, False),
    ],
)
def test_what_the_terminal_can_do(environ: dict[str, str], draws: bool, colour: bool) -> None:
    settings = Settings.read(environ)
    assert (settings.draws, settings.colour) == (draws, colour)


def test_nothing_typed_is_remembered() -> None:
    assert Settings.read({}).history
    assert not Settings.read({"OLLAMA_NOHISTORY": "1"}).history
