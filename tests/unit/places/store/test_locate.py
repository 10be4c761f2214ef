"""Which directory is the store."""

from pathlib import Path

import pytest

from packllama.base.errors import MissingFile, NoStore, PackLlamaError
from packllama.base.settings import Settings
from packllama.places.store.locate import check_exists, find_root


@pytest.mark.parametrize(
    ("environ", "flag", "own", "service", "found"),
    [
        ({"PACKLLAMA_STORE": "/p", "OLLAMA_MODELS": "/o"}, "/f", True, True, "/f"),
        ({"PACKLLAMA_STORE": "/p", "OLLAMA_MODELS": "/o"}, None, True, True, "/p"),
        ({"OLLAMA_MODELS": "/o"}, None, True, True, "/o"),
        ({}, None, True, True, "home/.ollama/models"),
        ({}, None, True, False, "home/.ollama/models"),
        ({}, None, False, True, "service"),
        ({}, None, False, False, "home/.ollama/models"),
        ({"HOME": ""}, None, False, True, "service"),
        ({"HOME": ""}, "/f", False, True, "/f"),
        ({"HOME": "", "USERPROFILE": "/u"}, None, False, False, "/u/.ollama/models"),
        ({"PACKLLAMA_STORE": "relative/s"}, None, True, True, "cwd/relative/s"),
        ({}, "~/s", True, True, "home/s"),
        ({}, "~", True, True, "home"),
        ({}, "a/~/s", True, True, "cwd/a/~/s"),
    ],
)
def test_precedence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environ: dict[str, str],
    flag: str | None,
    own: bool,
    service: bool,
    found: str,
) -> None:
    for folder, wanted in (("cwd", True), ("home/.ollama/models", own), ("service", service)):
        if wanted:
            (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "cwd")
    settings = Settings.read({"HOME": str(tmp_path / "home"), **environ})
    root = find_root(settings, flag=Path(flag) if flag else None, service=tmp_path / "service")
    assert root.absolute() == tmp_path / found


@pytest.mark.parametrize("flag", [None, "~/s"])
def test_nothing_says_where(tmp_path: Path, flag: str | None) -> None:
    with pytest.raises(NoStore) as caught:
        find_root(Settings.read({}), flag=Path(flag) if flag else None, service=tmp_path / "no-service")
    assert "HOME" in caught.value.message


def test_a_home_with_an_impossible_name(tmp_path: Path) -> None:
    home = Path("/" + "x" * 300)
    assert find_root(Settings(home=home), service=tmp_path / "no-service") == home / ".ollama/models"


@pytest.mark.parametrize("name", ["absent", "file", "loop", "x" * 300])
def test_a_named_store_must_be_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(PackLlamaError) as caught:
        check_exists(tmp_path / name)
    assert isinstance(caught.value, MissingFile)
    assert caught.value.where == str(tmp_path / name)


def test_a_named_store_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    check_exists(tmp_path / "link")
