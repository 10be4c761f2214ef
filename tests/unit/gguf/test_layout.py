import pytest

from packllama.gguf import ByteOrder, ValueType
from packllama.gguf.layout import CURRENT, FIRST, FIRST_WIDE, Layout
from tests.unit.gguf import builder
from tests.unit.gguf.builder import Writer, every_layout

LAYOUTS = [layout for form in (CURRENT, FIRST, FIRST_WIDE) for layout in form.values()]
LITTLE, BIG = ByteOrder.LITTLE, ByteOrder.BIG


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_fixed_width_type_has_a_form(layout: Layout) -> None:
    without = {kind for kind in ValueType if kind not in layout.scalars}
    assert without == {ValueType.STRING, ValueType.ARRAY}


@pytest.mark.parametrize(
    ("layout", "order", "total", "length", "least_key", "least_tensor"),
    [
        (CURRENT[LITTLE], "little", 8, 8, 13, 24),
        (CURRENT[BIG], "big", 8, 8, 13, 24),
        (FIRST[LITTLE], "little", 4, 4, 9, 20),
        (FIRST[BIG], "big", 4, 4, 9, 20),
        (FIRST_WIDE[LITTLE], "little", 4, 8, 13, 24),
        (FIRST_WIDE[BIG], "big", 4, 8, 13, 24),
    ],
)
def test_widths_and_order(
    layout: Layout, order: str, total: int, length: int, least_key: int, least_tensor: int
) -> None:
    assert layout.byte_order.value == order
    for form, width in ((layout.total, total), (layout.length, length), (layout.u32, 4), (layout.u64, 8)):
        assert form.unpack((258).to_bytes(width, layout.byte_order.value)) == (258,)
    assert (layout.least_key_bytes, layout.least_tensor_bytes) == (least_key, least_tensor)


def test_only_version_1_ends_texts() -> None:
    assert CURRENT[LITTLE].text(b"a\0") == b"a\0"
    assert [FIRST[LITTLE].text(text) for text in (b"a\0", b"a", b"a\0\0", b"\0", b"")] == [b"a", b"a", b"a\0", b"", b""]


@every_layout
def test_the_same_file_in_every_layout(w: Writer) -> None:
    keys = [
        w.string("general.architecture", "llama"),
        w.scalar("n", ValueType.INT64, -5),
        w.numbers("a", ValueType.UINT16, (1, 2)),
        w.strings("s", ["x", ""]),
    ]
    data = w.gguf(keys, [w.tensor("t", (32, 4), kind=8)], data=4 * 34)
    gguf = builder.parse(data)
    assert (gguf.version, gguf.byte_order) == (w.version, w.byte_order)
    assert (gguf.string("general.architecture"), gguf.integer("n")) == ("llama", -5)
    assert list(gguf.metadata) == ["general.architecture", "n", "a", "s"]
    assert [(t.name, t.shape, t.size) for t in gguf.tensors] == [("t", (32, 4), 4 * 34)]
    assert gguf.data_offset == len(data) - 4 * 34
