"""Family by family: what a file in Ollama's own form comes to, as ``tests/data/dialect.json`` says."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import gguf as reference
import numpy as np
import numpy.typing as npt
import pytest

from packllama.base.errors import GGUFError, NotSupported
from packllama.dialect import Part, translate
from packllama.gguf import TensorType, ValueType
from tests.unit.gguf.builder import CURRENT

Entry = dict[str, Any]
Change = Callable[[Entry], Entry]

BOOK: Entry = json.loads((Path(__file__).parents[2] / "data" / "dialect.json").read_text())
PARTS = ("text", "clip")
TYPES = {
    "u8": ValueType.UINT8,
    "u32": ValueType.UINT32,
    "i32": ValueType.INT32,
    "f32": ValueType.FLOAT32,
    "bool": ValueType.BOOL,
    "str": ValueType.STRING,
}
HALVES = {"F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}
# Infinity, minus zero, the smallest number and the largest.
CORNERS = {"F16": (0x7C00, 0x8000, 0x0001, 0x7BFF), "BF16": (0x7F80, 0x8000, 0x0001, 0x7F7F)}


def value(said: Any) -> Any:
    """A value as the file has it; of a long vocabulary the book says only the tokens that count."""
    if isinstance(said, dict):
        return [said.get(str(index), f"t{index}") for index in range(said["count"])]
    return said


def entry(name: str, kind: str, said: Any) -> bytes:
    """A key as it stands in a file."""
    element = TYPES[kind.strip("[]")]
    if not kind.startswith("["):
        return CURRENT.string(name, said) if kind == "str" else CURRENT.scalar(name, element, said)
    if element is ValueType.STRING:
        return CURRENT.strings(name, value(said))
    return CURRENT.numbers(name, element, said)


def content(name: str, kind: str, shape: list[int]) -> bytes:
    """A tensor's bytes: noise of its own, without NaNs where they may be widened."""
    form = TensorType[kind]
    size = prod(shape) // form.block_elements * form.block_bytes
    noise = hashlib.shake_128(name.encode()).digest(size)
    if kind not in HALVES:
        return noise
    halves = np.frombuffer(noise, "<u2") & 0xBFFF  # without the highest bit of the exponent
    corners = CORNERS[kind][: len(halves)]
    halves[: len(corners)] = corners
    return halves.tobytes()


def widened(raw: bytes, kind: str) -> bytes:
    """The same numbers in 32 bits."""
    halves: npt.NDArray[Any] = np.frombuffer(raw, HALVES[kind])
    single = (halves.astype("<u4") << 16).view("<f4") if kind == "BF16" else halves.astype("<f4")
    return single.tobytes()


def written(case: Entry, path: Path) -> Path:
    """The source file of a case."""
    alignment = case["keys"].get("general.alignment", ["u32", 32])[1]
    table, data = [], b""
    for name, (kind, shape) in case["tensors"].items():
        table.append(CURRENT.tensor(name, shape, kind=TensorType[kind].code, offset=len(data)))
        raw = content(name, kind, shape)
        data += raw + bytes(-len(raw) % alignment)
    keys = [entry(name, *said) for name, said in case["keys"].items()]
    path.write_bytes(CURRENT.gguf(keys, table, alignment=alignment) + data)
    return path


def sentences(name: str) -> list[Any]:
    return [pytest.param(case, id=case["about"]) for case in BOOK[name]]


@pytest.mark.parametrize("case", sentences("cases"))
def test_what_it_comes_to(case: Entry, tmp_path: Path) -> None:
    source = written(case, tmp_path / "source.gguf")
    before = source.read_bytes()
    translation = translate(source)
    assert translation.dialect.family == case["family"]
    for name, part in zip(PARTS, (translation.text, translation.projector), strict=True):
        assert (part is None) is (name not in case), name
        if part:
            path = tmp_path / f"{name}.gguf"
            part.write(path)
            assert_part(path, part, case, name)
    eyes = any(name.startswith("v.") for name in case["tensors"])
    assert bool(translation.note) is (eyes and "clip" not in case)
    assert source.read_bytes() == before


def assert_part(path: Path, part: Part, case: Entry, name: str) -> None:
    """What stands in the file, what the part says of itself and what the book says are one."""
    found = reference.GGUFReader(path)
    assert path.stat().st_size == part.size
    assert_keys(found, part, case[name]["keys"], free=case.get("free", []))
    wanted = case[name]["tensors"]
    assert {tensor.name: (tensor.type.name, list(tensor.shape), tensor.source) for tensor in part.tensors} == {
        tensor: tuple(said) for tensor, said in wanted.items()
    }
    assert [tensor.name for tensor in found.tensors] == [tensor.name for tensor in part.tensors] == list(wanted)
    assert_tensors(found, case, wanted)


def assert_keys(found: reference.GGUFReader, part: Part, wanted: Mapping[str, Any], *, free: list[str]) -> None:
    fields = {name: field for name, field in found.fields.items() if not name.startswith("GGUF.")}
    assert sorted(set(fields) - set(free)) == sorted(set(wanted) - set(free))
    assert list(part.keys) == list(fields)
    assert next(iter(fields)) == "general.architecture"
    for name, (kind, said) in wanted.items():
        assert [TYPES[kind.strip("[]")].value] == [each.value for each in fields[name].types[kind.startswith("[") :]], (
            name
        )
        exact = pytest.approx(said, rel=1e-7) if "f32" in kind else value(said)
        assert fields[name].contents() == exact, name
        own = part.value(name)
        assert (list(own) if isinstance(own, tuple) else own) == exact, name


def assert_tensors(found: reference.GGUFReader, case: Entry, wanted: Mapping[str, Any]) -> None:
    """Types, shapes, bytes; one behind the other without a gap, each at a multiple of the alignment."""
    end, alignment = found.data_offset, int(found.alignment)
    for tensor, (kind, shape, origin) in zip(found.tensors, wanted.values(), strict=True):
        assert (tensor.tensor_type.name, tensor.shape.tolist()) == (kind, shape), tensor.name
        first, dimensions = case["tensors"][origin]
        raw = content(origin, first, dimensions)
        assert tensor.data.tobytes() == (raw if kind == first else widened(raw, first)), tensor.name
        assert tensor.data_offset == end, tensor.name
        assert end % alignment == 0
        end += -(-int(tensor.n_bytes) // alignment) * alignment


@pytest.mark.parametrize("case", sentences("refused"))
def test_what_is_not_translated(case: Entry, tmp_path: Path) -> None:
    source = written(case, tmp_path / "source.gguf")
    with pytest.raises(NotSupported) as caught:
        translate(source)
    assert case["named"] in caught.value.message
    assert "Ollama's own form of GGUF" in caught.value.message
    assert caught.value.hint


def without(part: str, name: str) -> Change:
    return lambda case: {**case, part: {other: said for other, said in case[part].items() if other != name}}


def with_shape(name: str, shape: list[int]) -> Change:
    return lambda case: {**case, "tensors": {**case["tensors"], name: ["F32", shape]}}


def with_key(name: str, kind: str, said: Any) -> Change:
    return lambda case: {**case, "keys": {**case["keys"], name: [kind, said]}}


def changes(case: Entry) -> Iterator[Change]:
    """Ways to spoil a source: each tensor and key left out, or of another form."""
    for name in case["tensors"]:
        yield without("tensors", name)
        yield from (with_shape(name, shape) for shape in ([], [1], [1, 0], [2, 1, 1, 1]))
    for name in case["keys"]:
        yield without("keys", name)
        strange = [("str", "x"), ("f32", -1.0), ("u32", 2**32 - 1), ("u32", 0), ("[i32]", []), ("[str]", ["x"])]
        yield from (with_key(name, *said) for said in strange if name != "general.architecture")


@pytest.mark.parametrize("case", sentences("cases"))
def test_a_spoiled_file_is_told_or_translated(case: Entry, tmp_path: Path) -> None:
    """Whatever is amiss with it: a sentence about the file, or parts that can be read."""
    if any(isinstance(said, dict) for _, said in case["keys"].values()):
        case = {**case, "keys": {name: said for name, said in case["keys"].items() if not isinstance(said[1], dict)}}
    for number, change in enumerate(changes(case)):
        source = written(change(case), tmp_path / f"{number}.gguf")
        try:
            translation = translate(source)
        except (GGUFError, NotSupported):
            continue
        for name, part in zip(PARTS, (translation.text, translation.projector), strict=True):
            if part:
                path = tmp_path / f"{number}-{name}.gguf"
                part.write(path)
                found = reference.GGUFReader(path)
                assert [tensor.name for tensor in found.tensors] == [tensor.name for tensor in part.tensors]
