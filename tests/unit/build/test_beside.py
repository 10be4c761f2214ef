"""What is found beside the weights."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from packllama.base.errors import BadInput, MissingFile
from packllama.base.stop import Stop
from packllama.build.beside import licenses_beside, projectors_beside, read_beside
from packllama.gguf import open_gguf
from tests.unit.gguf import builder
from tests.unit.gguf.builder import boolean, string, uint32

CLIP = (string("general.architecture", "clip"), boolean("clip.has_vision_encoder", True))
MODEL = builder.gguf([string("general.architecture", "x"), uint32("x.embedding_length", 64)])


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("mmproj-x.gguf", builder.gguf([*CLIP, uint32("clip.vision.projection_dim", 64)]), [(64, True)]),
        ("X-MMPROJ.GGUF", builder.gguf([*CLIP, uint32("clip.vision.projection_dim", 65)]), [(65, False)]),
        ("vision.gguf", builder.gguf(CLIP), [(None, True)]),
        ("mmproj.bin", builder.gguf(CLIP), []),
        ("other.gguf", builder.gguf(CLIP), []),
        ("mmproj.gguf", MODEL, []),
        ("mmproj.gguf", b"GGUF", []),
    ],
)
def test_projectors(name: str, content: bytes, found: list[tuple[int | None, bool]], tmp_path: Path) -> None:
    (tmp_path / "clip-model.gguf").write_bytes(MODEL)
    (tmp_path / name).write_bytes(content)
    model = open_gguf(tmp_path / "clip-model.gguf")
    files = list(projectors_beside(tmp_path / "clip-model.gguf", stop=Stop()))
    assert [(file.width, file.fits(model)) for file in files] == found


def test_a_folder_called_so_is_no_projector(tmp_path: Path) -> None:
    (tmp_path / "mmproj.gguf").mkdir()
    assert list(projectors_beside(tmp_path / "model.gguf", stop=Stop())) == []


def test_licenses(tmp_path: Path) -> None:
    for name in ("LICENSE", "license.md", "LICENCE.txt", "COPYING", "LICENSE.gguf", "README.md", "licenses.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in licenses_beside(tmp_path)] == ["COPYING", "LICENCE.txt", "LICENSE", "license.md"]


def test_a_link_within_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"MIT")
    (tmp_path / "LICENSE").symlink_to("real")
    assert read_beside(tmp_path / "LICENSE", what="a licence") == b"MIT"


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd", "../../../../../../etc/passwd"])
def test_a_link_out_of_the_folder_is_not_read(target: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "LICENSE").symlink_to(target)
    with pytest.raises(BadInput, match="leads out"):
        read_beside(folder / "LICENSE", what="a licence")


def test_a_folder_behind_a_link_is_read(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    (tmp_path / "real").mkdir()
    shutil.copyfile(gguf("tiny.gguf"), tmp_path / "real" / "LICENSE")
    (tmp_path / "link").symlink_to("real")
    assert read_beside(tmp_path / "link" / "LICENSE", what="a licence").startswith(b"GGUF")


def test_what_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes((1 << 20) + 1))
    (tmp_path / "folder").mkdir()
    for name in ("large", "folder"):
        with pytest.raises(BadInput):
            read_beside(tmp_path / name, what="a licence")
    with pytest.raises(MissingFile):
        read_beside(tmp_path / "nope", what="a licence")
