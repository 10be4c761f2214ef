import pytest

from packllama.gguf import GGUF, ArrayInfo, ValueType
from tests.unit.gguf import builder

INTEGERS = [kind for kind in ValueType if kind.is_integer]
FLOATS = [kind for kind in ValueType if kind.is_float]


@pytest.fixture(scope="module")
def mixed() -> GGUF:
    keys = [builder.scalar(kind.name, kind, 1) for kind in (*INTEGERS, *FLOATS, ValueType.BOOL)]
    keys += [builder.string("STRING", "1"), builder.array("ARRAY", 0, 1, b"\1")]
    return builder.parse(builder.gguf(keys))


@pytest.mark.parametrize("kind", list(ValueType))
def test_typed_getters_take_only_their_own_type(mixed: GGUF, kind: ValueType) -> None:
    assert mixed.uint32(kind.name) == (1 if kind is ValueType.UINT32 else None)
    assert mixed.boolean(kind.name) is (True if kind is ValueType.BOOL else None)
    assert mixed.string(kind.name) == ("1" if kind is ValueType.STRING else None)
    assert mixed.integer(kind.name) == (1 if kind.is_integer else None)
    assert mixed.number(kind.name) == (1 if kind.is_integer or kind.is_float else None)
    assert isinstance(mixed.array(kind.name), ArrayInfo) is (kind is ValueType.ARRAY)


def test_an_absent_key_is_none_to_every_getter(mixed: GGUF) -> None:
    getters = (mixed.uint32, mixed.boolean, mixed.string, mixed.integer, mixed.number, mixed.array)
    assert [getter("absent") for getter in getters] == [None] * 6
