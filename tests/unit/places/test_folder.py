"""Which files of a folder are taken in: Ollama's patterns, its look at the first bytes, what it refuses later."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from packllama.base.errors import PackLlamaError
from packllama.build import create
from packllama.modelfile import Modelfile
from packllama.name import ModelName
from packllama.places.folder import sniff, usable_files
from packllama.places.store import Store
from tests.faults.checker import check
from tests.unit.stores import TINY_GGUF

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
ZIP = b"PK\x03\x04" + bytes(100)
TENSORS = b"\x10\0\0\0\0\0\0\0{}"


@dataclass(frozen=True)
class Case:
    """``files`` by path; ``taken`` in order, or the error's kind and words."""

    name: str
    files: dict[str, bytes]
    taken: tuple[str, ...] = ()
    kind: str = ""
    words: tuple[str, ...] = field(default=())


def refused(name: str, files: dict[str, bytes], kind: str, *words: str) -> Case:
    return Case(name, files, kind=kind, words=words)


def beside(*names: str) -> dict[str, bytes]:
    return {"model.gguf": TINY_GGUF, **dict.fromkeys(names, b"{}")}


CASES = [
    Case("one GGUF", {"model.gguf": TINY_GGUF}, ("model.gguf",)),
    Case(
        "two quantisations, byte by byte",
        {"b-Q4.gguf": TINY_GGUF, "a-Q8.gguf": TINY_GGUF, "B.gguf": TINY_GGUF},
        ("B.gguf", "a-Q8.gguf", "b-Q4.gguf"),
    ),
    Case("a hidden one too", {".x.gguf": TINY_GGUF}, (".x.gguf",)),
    Case("any name", {"模型 [1].gguf": TINY_GGUF}, ("模型 [1].gguf",)),
    Case("GGUF before bin", {"x.bin": TINY_GGUF, "y.gguf": TINY_GGUF}, ("y.gguf",)),
    Case("bin", {"x.bin": TINY_GGUF, "readme.md": b"hi"}, ("x.bin",)),
    Case("texts beside it", {"m.gguf": TINY_GGUF, "README.md": b"hi", "LICENSE": b"MIT"}, ("m.gguf",)),
    Case("a pointer discards its group", {"a.gguf": TINY_GGUF, "b.gguf": POINTER, "c.bin": TINY_GGUF}, ("c.bin",)),
    Case("PyTorch that is none", {"pytorch_model.bin": POINTER, "m.gguf": TINY_GGUF}, ("m.gguf",)),
    Case("PyTorch that is a GGUF", {"pytorch_model.bin": TINY_GGUF}, ("pytorch_model.bin",)),
    Case("safetensors of another name", {"adapter_model.safetensors": TENSORS, "m.gguf": TINY_GGUF}, ("m.gguf",)),
    Case("below it nothing but JSON counts", {"m.gguf": TINY_GGUF, "sub/x.gguf": TINY_GGUF}, ("m.gguf",)),
    Case("two levels below nothing counts", {"m.gguf": TINY_GGUF, "a/b/config.json": b"{}"}, ("m.gguf",)),
    refused("empty", {}, "bad-input", "no GGUF file"),
    refused("only texts", {"README.md": b"hi"}, "bad-input", "no GGUF file", "Name the .gguf file"),
    refused("only pointers", {"a.gguf": POINTER}, "bad-input", "no GGUF file"),
    refused("in capitals", {"A.GGUF": TINY_GGUF}, "bad-input", "no GGUF file"),
    refused("a GGUF further down", {"sub/x.gguf": TINY_GGUF}, "bad-input", "no GGUF file"),
    refused("safetensors", {"model.safetensors": TENSORS, "m.gguf": TINY_GGUF}, "not-supported", "safetensors"),
    refused("shards of it", {"model-00001-of-00002.safetensors": TENSORS}, "not-supported", "safetensors", "Convert"),
    refused("consolidated", {"consolidated.00.safetensors": TENSORS}, "not-supported", "safetensors"),
    refused("PyTorch", {"pytorch_model.bin": ZIP, "m.gguf": TINY_GGUF}, "not-supported", "PyTorch"),
    refused("consolidated PyTorch", {"consolidated.00.pth": ZIP}, "not-supported", "PyTorch"),
    refused("JSON", beside("config.json"), "bad-input", "config.json", "not in GGUF format"),
    refused("JSON below", beside("sub/tokenizer.json"), "bad-input", "sub/tokenizer.json"),
    refused("a template", beside("chat_template.jinja"), "bad-input", "chat_template.jinja"),
    refused("a tokenizer", {"m.gguf": TINY_GGUF, "tokenizer.model": b"\0\1\2"}, "bad-input", "tokenizer.model"),
]


def filled(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_table(tmp_path: Path, case: Case) -> None:
    folder = filled(tmp_path / "folder", case.files) if case.files else tmp_path
    if not case.kind:
        assert usable_files(folder) == [folder / name for name in case.taken]
        return
    with pytest.raises(PackLlamaError) as caught:
        usable_files(folder)
    assert (caught.value.kind, caught.value.where) == (case.kind, str(folder))
    for word in case.words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (b"", "text/plain"),
        (b"plain text\t\r\n\x0c\x1b[0m", "text/plain"),
        ("﻿schön".encode(), "text/plain"),
        (TINY_GGUF, "application/octet-stream"),
        (b"a" * 511 + b"\0", "application/octet-stream"),
        (b"a" * 512 + b"\0", "text/plain"),
        (b"\x0b", "application/octet-stream"),
        (b"\x1c", "application/octet-stream"),
        (b"PK\x03\x04", "application/zip"),
        (b"PK\x03", "application/octet-stream"),
    ],
)
def test_the_first_bytes(tmp_path: Path, head: bytes, found: str) -> None:
    (tmp_path / "f").write_bytes(head)
    assert sniff(tmp_path / "f") == found


# ---- links and special files


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    (tmp_path / "outside.gguf").write_bytes(TINY_GGUF)
    return tmp_path / "outside.gguf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


def test_a_link_within_the_folder(folder: Path) -> None:
    filled(folder, {"real/x": TINY_GGUF})
    (folder / "m.gguf").symlink_to("real/x")
    assert usable_files(folder) == [folder / "m.gguf"]


@pytest.mark.parametrize("relative", [False, True])
def test_a_link_out_of_the_folder(folder: Path, outside: Path, relative: bool) -> None:
    (folder / "m.gguf").symlink_to("../outside.gguf" if relative else outside)
    with pytest.raises(PackLlamaError, match=r"insecure path: m\.gguf leads out of the folder") as caught:
        usable_files(folder)
    assert caught.value.exit_status == 4


def test_a_folder_that_is_a_link(tmp_path: Path, folder: Path) -> None:
    filled(folder, {"m.gguf": TINY_GGUF})
    (tmp_path / "link").symlink_to(folder)
    assert usable_files(tmp_path / "link") == [tmp_path / "link/m.gguf"]


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def dangling(path: Path) -> None:
    path.symlink_to("gone")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def subfolder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "kind"),
    [(loop, "bad-input"), (dangling, "missing-file"), (pipe, "bad-input"), (subfolder, "bad-input")],
)
def test_what_is_no_file(folder: Path, make: Callable[[Path], None], kind: str) -> None:
    make(folder / "m.gguf")
    with pytest.raises(PackLlamaError) as caught:
        usable_files(folder)
    assert (caught.value.kind, caught.value.where) == (kind, str(folder / "m.gguf"))


# ---- as FROM


def test_two_quantisations_are_both_added(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    files = {name: gguf(f"tiny-{name}.gguf").read_bytes() for name in ("q8", "q4")}
    filled(tmp_path / "folder", {f"m-{name}.gguf": data for name, data in files.items()})
    store = Store(tmp_path / "store")
    created = create(ModelName.parse("m"), Modelfile.parse("FROM ./folder\n"), base=tmp_path, store=store)
    sizes = [item.layer.size for item in created.layers]
    assert sizes == [len(files["q4"]), len(files["q8"])]
    assert check(str(store.layout.root)) == []


@pytest.mark.parametrize("fixture", ["tiny-plain.gguf", "tiny-mmproj.gguf", "tiny-lora.gguf"])
@pytest.mark.parametrize("file", [b"\xff\xfe.gguf", "ü.gguf".encode(), b'a"\n\\.gguf'])
def test_a_file_whose_name_is_no_text(tmp_path: Path, gguf: Callable[[str], Path], fixture: str, file: bytes) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / os.fsdecode(file)).write_bytes(gguf(fixture).read_bytes())
    store = Store(tmp_path / "store")
    create(ModelName.parse("m"), Modelfile.parse("FROM ./folder\n"), base=tmp_path, store=store)
    assert check(str(store.layout.root)) == []
