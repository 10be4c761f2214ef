from struct import calcsize

from packllama.gguf import ValueType
from packllama.gguf.layout import LITTLE_ENDIAN, Layout


def test_every_fixed_width_type_has_a_form() -> None:
    without = {kind for kind in ValueType if kind not in LITTLE_ENDIAN.scalars}
    assert without == {ValueType.STRING, ValueType.ARRAY}


def test_order_and_width_of_counts_can_be_chosen() -> None:
    old = Layout.of(">", "I")
    assert old.count.size == calcsize(">I")
    assert old.u32.unpack(b"\0\0\0\x03") == (3,)
    assert LITTLE_ENDIAN.count.size == 8
    assert LITTLE_ENDIAN.u32.unpack(b"\x03\0\0\0") == (3,)
