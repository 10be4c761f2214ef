"""Family by family: what a file in Ollama's own form comes to, as ``tests/data/dialect.json`` says."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from packllama.base.errors import GGUFError, NotSupported
from packllama.dialect import Part, translate
from packllama.gguf import GGUF, ArrayInfo, Element, TensorType, ValueType, open_gguf, read_array
from tests.unit.gguf.builder import CURRENT

Entry = dict[str, Any]
Change = Callable[[Entry], Entry]

BOOK: Entry = json.loads((Path(__file__).parents[2] / "data" / "dialect.json").read_text())
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


def entries(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["about"]) for case in BOOK[name]])


@entries("cases")
def test_what_it_comes_to(case: Entry, tmp_path: Path) -> None:
    source = written(case, tmp_path / "source.gguf")
    before = source.read_bytes()
    translation = translate(source)
    assert translation.dialect.family == case["family"]
    for name, part in (("text", translation.text), ("clip", translation.projector)):
        assert (part is None) is (name not in case), name
        if part:
            path = tmp_path / name
            part.write(path)
            assert_part(path, part, case, name)
    eyes = any(name.startswith("v.") for name in case["tensors"])
    assert bool(translation.note) is (eyes and "clip" not in case)
    assert source.read_bytes() == before


@entries("refused")
def test_what_is_not_translated(case: Entry, tmp_path: Path) -> None:
    source = written(case, tmp_path / "source.gguf")
    with pytest.raises(NotSupported) as caught:
        translate(source)
    assert case["named"] in caught.value.message
    assert "Ollama's own form of GGUF" in caught.value.message
    assert caught.value.hint


@pytest.mark.slow
@entries("cases")
def test_a_spoiled_file_is_told_or_translated(case: Entry, tmp_path: Path) -> None:
    """Whatever is amiss with it: a sentence about the file, or parts."""
    case = {**case, "keys": {name: said for name, said in case["keys"].items() if not isinstance(said[1], dict)}}
    for change in changes(case):
        source = written(change(case), tmp_path / "source.gguf")
        with contextlib.suppress(GGUFError, NotSupported):
            translation = translate(source)
            assert all(part.size for part in (translation.text, translation.projector) if part)


def changes(case: Entry) -> Iterator[Change]:
    """Each tensor and each key left out, or of another form."""
    for name in case["tensors"]:
        yield without("tensors", name)
        yield from (replaced("tensors", name, ["F32", shape]) for shape in ([], [1], [2, 1, 1, 1]))
    for name in case["keys"]:
        yield without("keys", name)
        strange = [["str", "x"], ["f32", -1.0], ["u32", 2**32 - 1], ["u32", 0], ["[i32]", []], ["[str]", ["x"]]]
        yield from (replaced("keys", name, said) for said in strange if name != "general.alignment")


def without(table: str, name: str) -> Change:
    return lambda case: {**case, table: {other: said for other, said in case[table].items() if other != name}}


def replaced(table: str, name: str, said: Any) -> Change:
    return lambda case: {**case, table: {**case[table], name: said}}


def written(case: Entry, path: Path) -> Path:
    """The source file of a case."""
    alignment = case["keys"].get("general.alignment", ["u32", 32])[1]
    table, data = [], b""
    for name, (kind, shape) in case["tensors"].items():
        table.append(CURRENT.tensor(name, shape, kind=TensorType[kind].code, offset=len(data)))
        raw = content(name, kind, shape)
        data += raw + bytes(-len(raw) % alignment)
    keys = [key(name, *said) for name, said in case["keys"].items()]
    path.write_bytes(CURRENT.gguf(keys, table, alignment=alignment) + data)
    return path


def key(name: str, kind: str, said: Any) -> bytes:
    element = TYPES[kind.strip("[]")]
    if not kind.startswith("["):
        return CURRENT.string(name, said) if kind == "str" else CURRENT.scalar(name, element, said)
    if element is ValueType.STRING:
        return CURRENT.strings(name, whole(said))
    return CURRENT.numbers(name, element, said)


def whole(said: Any) -> Any:
    """A value as the file has it: of a long vocabulary the book says only the tokens that count."""
    if isinstance(said, dict):
        return [said.get(str(index), f"t{index}") for index in range(said["count"])]
    return said


def content(name: str, kind: str, shape: list[int]) -> bytes:
    """A tensor's bytes: noise of its own, without NaNs where they may be widened."""
    form = TensorType[kind]
    noise = hashlib.shake_128(name.encode()).digest(prod(shape) // form.block_elements * form.block_bytes)
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


def assert_part(path: Path, part: Part, case: Entry, name: str) -> None:
    """What stands in the file, what the part says of itself and what the book says are one."""
    found = open_gguf(path)
    assert found.version == 3
    assert path.stat().st_size == part.size
    assert_keys(path, found, part, case[name]["keys"], free=case.get("free", []))
    assert [[each.name, each.type.name, [*each.shape], each.source] for each in part.tensors] == [
        [tensor, *said[:3]] for tensor, said in case[name]["tensors"].items()
    ]
    assert_tensors(path, found, case, case[name]["tensors"])


def assert_keys(path: Path, found: GGUF, part: Part, wanted: Mapping[str, Any], *, free: list[str]) -> None:
    assert sorted(set(found.metadata) - set(free)) == sorted(wanted)
    assert list(part.keys) == list(found.metadata)
    assert next(iter(found.metadata)) == "general.architecture"
    for name, (kind, said) in wanted.items():
        exact = pytest.approx(said, rel=1e-7) if "f32" in kind else whole(said)
        assert read(path, found, name) == (kind, exact), name
        own = part.value(name)
        assert (list(own) if isinstance(own, tuple) else own) == exact, name


def read(path: Path, found: GGUF, name: str) -> tuple[str, Element | list[Element]]:
    """A key's type, as the book names it, and its value."""
    names = {kind: name for name, kind in TYPES.items()}
    value = found.metadata[name]
    if not isinstance(value.content, ArrayInfo):
        return names[value.type], value.content if value.text is None else value.text  # type: ignore[return-value]
    with path.open("rb") as file:
        elements = read_array(file.fileno(), value.content, size=found.size, where=str(path))
    return f"[{names[value.content.element_type]}]", list(elements)


def assert_tensors(path: Path, found: GGUF, case: Entry, wanted: Mapping[str, Any]) -> None:
    """Types, shapes, bytes; one behind the other without a gap, the first right behind the header."""
    data = path.read_bytes()[found.data_offset :]
    end = 0
    for tensor, (name, (kind, shape, origin, *index)) in zip(found.tensors, wanted.items(), strict=True):
        assert (tensor.name, tensor.type.name, [*tensor.shape]) == (name, kind, shape)
        first, dimensions = case["tensors"][origin]
        raw = content(origin, first, dimensions)
        for number in index:
            raw = raw[4 * number : 4 * number + 4]
        assert tensor.offset == end, name
        made = raw if kind == first else widened(raw, first)
        assert data[end : end + tensor.size] == made[: tensor.size], name
        end += -(-tensor.size // found.alignment) * found.alignment
    assert end == len(data)
