"""A rehearsal checks what ``create`` checks, says what it would make, and writes nothing at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import PackLlamaError
from packllama.build import create, rehearse
from packllama.modelfile import Modelfile
from packllama.name import ModelName
from packllama.places.store import Store
from tests.program import called
from tests.unit.stores import snapshot

M = ModelName.parse("m")
TEXTS = [
    "FROM model.gguf\nSYSTEM new\nPARAMETER top_k 7\nLICENSE MIT\nMESSAGE user hi\n",
    "FROM m\nTEMPLATE x\n",
    "FROM m\nADAPTER lora.gguf\nDRAFT model.gguf\n",
    "FROM x:cloud\n",
]


@pytest.fixture
def folder(tmp_path: Path, gguf: Callable[[str], Path]) -> Path:
    for name, fixture in (("model", "tiny"), ("lora", "tiny-lora")):
        (tmp_path / f"{name}.gguf").write_bytes(gguf(f"{fixture}.gguf").read_bytes())
    return tmp_path


def times(folder: Path) -> dict[str, tuple[int, int]]:
    """What a write would change even if it were undone."""
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_ctime_ns) for path in [folder, *folder.rglob("*")]}


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_is_written(folder: Path, text: str) -> None:
    store = Store(folder / "store")
    create(M, Modelfile.parse("FROM model.gguf\nSYSTEM old\n"), base=folder, store=store)
    before = snapshot(folder), times(folder)
    rehearsed = rehearse(M, Modelfile.parse(text), base=folder, store=store)
    assert (snapshot(folder), times(folder)) == before
    assert (rehearsed.replaces, rehearsed.name) == (True, M)
    created = create(M, Modelfile.parse(text), base=folder, store=store)
    assert [(item.layer.kind, item.layer.size) for item in rehearsed.layers] == [
        (item.layer.kind, item.layer.size) for item in created.layers
    ]


def test_a_store_that_is_not_there_is_not_made(folder: Path) -> None:
    (folder / "Modelfile").write_text(TEXTS[0])
    before = snapshot(folder), times(folder)
    done = called("create", "--dry-run", "m", cwd=folder)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "would create m:latest")
    assert (snapshot(folder), times(folder)) == before


@pytest.mark.parametrize(
    "text", ["FROM nobody\n", "FROM ./none.gguf\n", "FROM .\n", "SYSTEM x\n", "FROM model.gguf\nDRAFT model.gguf\n"]
)
def test_what_create_refuses_a_rehearsal_refuses(folder: Path, text: str) -> None:
    (folder / "model.json").write_text("{}")
    before = snapshot(folder)
    errors = []
    for verb in (rehearse, create):
        with pytest.raises(PackLlamaError) as caught:
            verb(M, Modelfile.parse(text), base=folder, store=Store(folder / "store"))
        errors.append((caught.value.kind, str(caught.value)))
    assert errors[0] == errors[1]
    assert snapshot(folder) == before
