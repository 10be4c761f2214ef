"""Files that cannot be translated, or only in part: a sentence about what is wrong with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import gguf
import numpy as np
import pytest

from packllama.base.errors import Cancelled, FileChanged, GGUFError, NotSupported, PackLlamaError
from packllama.base.stop import Stop
from packllama.dialect import Part, Tensor, dialect_of, translate, translation_sees
from packllama.dialect.part import widened
from packllama.dialect.source import SourceFile
from packllama.gguf import TensorType, ValueType, open_gguf
from tests.unit.gguf import builder
from tests.unit.gguf.builder import Writer, every_layout

WIDTH, INNER, PATCH, SIDE = 4, 8, 2, 2
EYES = {
    "v.patch_embedding.weight": (PATCH, PATCH, 3, WIDTH),
    "v.patch_embedding.bias": (WIDTH,),
    "v.position_embedding.weight": (WIDTH, SIDE * SIDE),
    "v.post_layernorm.weight": (WIDTH,),
    "v.post_layernorm.bias": (WIDTH,),
    "mm.mm_input_projection.weight": (6, WIDTH),
    "mm.mm_soft_emb_norm.weight": (WIDTH,),
    **{f"v.blk.0.{norm}.{end}": (WIDTH,) for norm in ("layer_norm1", "layer_norm2") for end in ("weight", "bias")},
    **{f"v.blk.0.attn_{name}.weight": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")},
    **{f"v.blk.0.attn_{name}.bias": (WIDTH,) for name in ("q", "k", "v", "output")},
    "v.blk.0.mlp.fc1.weight": (WIDTH, INNER),
    "v.blk.0.mlp.fc1.bias": (INNER,),
    "v.blk.0.mlp.fc2.weight": (INNER, WIDTH),
    "v.blk.0.mlp.fc2.bias": (WIDTH,),
}
NUMBERS = {
    "block_count": 1,
    "embedding_length": 6,
    "vision.block_count": 1,
    "vision.embedding_length": WIDTH,
    "vision.feed_forward_length": INNER,
    "vision.image_size": PATCH * SIDE,
    "vision.patch_size": PATCH,
    "vision.attention.head_count": 1,
    "vision.attention.layer_norm_epsilon": 1,
    "mm.tokens_per_image": 1,
}


@dataclass(frozen=True)
class Gemma:
    """A file of Gemma 3 with eyes: whole numbers under its prefix, other keys, shapes of tensors."""

    numbers: dict[str, int] = field(default_factory=lambda: dict(NUMBERS))
    tokens: Sequence[str] = ("a", "b", "c")
    scores: int = 3
    tensors: dict[str, tuple[int, ...]] = field(
        default_factory=lambda: {"token_embd.weight": (6, 3), "blk.0.attn_q.weight": (6, 6), **EYES}
    )
    kind: TensorType = TensorType.F16

    def with_number(self, name: str, number: int) -> "Gemma":
        return replace(self, numbers={**self.numbers, name: number})

    def with_tensor(self, name: str, shape: tuple[int, ...]) -> "Gemma":
        return replace(self, tensors={**self.tensors, name: shape})

    def without(self, name: str) -> "Gemma":
        return replace(self, tensors={other: shape for other, shape in self.tensors.items() if other != name})

    def write(self, path: Path, w: Writer = builder.CURRENT) -> Path:
        keys = [w.string("general.architecture", "gemma3")]
        keys += [w.uint32(f"gemma3.{name}", number) for name, number in self.numbers.items()]
        keys += [w.strings("tokenizer.ggml.tokens", self.tokens)]
        keys += [w.numbers("tokenizer.ggml.scores", ValueType.FLOAT32, [0.0] * self.scores)]
        table, end = [], 0
        for name, shape in self.tensors.items():
            table.append(w.tensor(name, shape, kind=self.kind.code, offset=end))
            size = 4
            for dimension in shape:
                size *= dimension
            end += -(-size // 32) * 32
        path.write_bytes(w.gguf(keys, table, data=end))
        return path


@pytest.mark.parametrize(
    ("gemma", "words"),
    [
        *((Gemma().without(name), "the file lacks the tensor that llama.cpp calls") for name in EYES),
        *((Gemma().with_tensor(name, (2, 3)), "is 2 × 3, where .* would fit") for name in EYES),
        (Gemma().with_tensor("v.patch_embd.weight", (2, 2, 3, WIDTH)), "are the same tensor in two forms"),
        (Gemma().with_tensor("v.blk.0.ln1.bias", (WIDTH,)), "are the same tensor in two forms"),
        (
            Gemma(tensors={"token_embd.weight": (6, 3), "mm.mm_soft_emb_norm.weight": (WIDTH,)}),
            'lacks the tensor that llama.cpp calls "v.patch_embd.weight"',
        ),
        (
            Gemma({"block_count": 1}, tensors={"token_embd.weight": (6, 3), "mm.mm_soft_emb_norm.weight": (WIDTH,)}),
            'lacks the key "gemma3.vision.block_count"',
        ),
        (Gemma().with_tensor("token_embd.weight", (6, 2, 2)), "has more than two dimensions"),
        (Gemma(tokens=[""] * (2**20 + 1)), "has 1,048,577 tokens"),
        (Gemma().without("token_embd.weight"), 'lacks the tensor "token_embd.weight"'),
        (Gemma().with_number("block_count", 2), "says it has 2 blocks, but nothing of blk.1"),
        (Gemma().with_number("vision.block_count", 3), "says it has 3 blocks, but nothing of v.blk.1"),
        (Gemma().with_number("vision.block_count", 2**32 - 1), "nothing of v.blk.1"),
        (Gemma().with_number("vision.patch_size", 0), "no whole patch"),
        (Gemma().with_number("vision.image_size", 1), "no whole patch"),
        (Gemma().with_number("mm.tokens_per_image", 3), "2 × 2 patches cannot become 3 tokens"),
        (Gemma().with_number("mm.tokens_per_image", 0), "cannot become 0 tokens"),
        (Gemma(scores=2), "tokenizer.ggml.scores has 2 entries for 3 tokens"),
    ],
)
def test_what_does_not_fit_together(gemma: Gemma, words: str, tmp_path: Path) -> None:
    with pytest.raises(GGUFError, match=words) as caught:
        translate(gemma.write(tmp_path / "m.gguf"))
    assert caught.value.where == str(tmp_path / "m.gguf")
    assert "plain GGUF" in caught.value.hint


def test_half_in_one_form_and_half_in_the_other(tmp_path: Path) -> None:
    """Names that are llama.cpp's already stay as they are, as long as each tensor is there once."""
    gemma = Gemma().without("v.blk.0.mlp.fc1.bias").with_tensor("v.blk.0.ffn_up.bias", (INNER,))
    projector = translate(gemma.write(tmp_path / "m.gguf")).projector
    assert projector is not None
    assert {tensor.name: tensor.source for tensor in projector.tensors}["v.blk.0.ffn_up.bias"] == "v.blk.0.ffn_up.bias"


def test_keys_of_both_forms(tmp_path: Path) -> None:
    w = builder.CURRENT
    names = ("gptoss.context_length", "gpt-oss.context_length")
    keys = [w.string("general.architecture", "gptoss"), *(w.uint32(name, 7) for name in names)]
    (tmp_path / "m.gguf").write_bytes(w.gguf(keys, [w.tensor("x")], data=32))
    with pytest.raises(GGUFError, match="is a key of another form than the rest") as caught:
        translate(tmp_path / "m.gguf")
    assert "plain GGUF" in caught.value.hint


def test_more_limits_than_a_file_has_tensors(tmp_path: Path) -> None:
    w = builder.CURRENT
    blocks = 2400
    count = 4 * (7 * blocks + 1)
    keys = [w.string("general.architecture", "gemma4")]
    numbers = {"embedding_length": 1, **{name: 1 for name in NUMBERS if "vision" in name}, "vision.block_count": blocks}
    keys += [w.uint32(f"gemma4.{name}", number) for name, number in numbers.items()]
    path = tmp_path / "m.gguf"
    path.write_bytes(w.gguf(keys, [w.tensor("v.clamp_data", (count,), kind=TensorType.F32.code)], data=4 * count))
    with pytest.raises(GGUFError, match="has 67,204 numbers, for 2,400 blocks"):
        translate(path)


def test_a_title_stays_on_its_line(tmp_path: Path) -> None:
    w = builder.CURRENT
    path = tmp_path / "m.gguf"
    path.write_bytes(w.gguf([w.string("general.architecture", "a\nError: b")], [w.tensor("v.x")], data=32))
    with pytest.raises(NotSupported) as caught:
        translate(path)
    assert "\n" not in caught.value.message


def test_more_rows_than_tokens(tmp_path: Path) -> None:
    """What no token has is left out of the embeddings."""
    text = translate(Gemma(tokens=["a", "b"]).write(tmp_path / "m.gguf")).text
    assert text is not None
    assert [tensor.shape for tensor in text.tensors if tensor.name == "token_embd.weight"] == [(6, 2)]
    assert text.value("tokenizer.ggml.scores") == (0.0, 0.0)
    text.write(tmp_path / "text.gguf")
    assert open_gguf(tmp_path / "text.gguf").tensors[0].shape == (6, 2)


def test_a_tower_of_other_numbers(tmp_path: Path) -> None:
    with pytest.raises(NotSupported, match="is stored as I32, where llama"):
        translate(Gemma(kind=TensorType.I32).write(tmp_path / "m.gguf"))


@every_layout
def test_old_and_big_endian_files(w: Writer, tmp_path: Path) -> None:
    path = Gemma().write(tmp_path / "m.gguf", w)
    if w.version > 1 and w.order == "<":
        assert translate(path).text
    else:
        with pytest.raises(NotSupported, match="only GGUF 2 and 3, little-endian"):
            translate(path)


def test_a_plain_file(tmp_path: Path, gguf: Callable[[str], Path]) -> None:
    with pytest.raises(NotSupported, match="plain GGUF"):
        translate(gguf("tiny.gguf"))
    with pytest.raises(PackLlamaError):
        translate(tmp_path / "none.gguf")


def test_a_source_that_becomes_shorter(tmp_path: Path) -> None:
    source = Gemma().write(tmp_path / "m.gguf")
    text, projector = translate(source).parts
    source.write_bytes(source.read_bytes()[:-2000])
    for part in (text, projector):
        with pytest.raises(FileChanged, match="became shorter"):
            part.write(tmp_path / "part.gguf")
    assert list(tmp_path.iterdir()) == [source]


def test_it_stops_when_asked(tmp_path: Path) -> None:
    source = Gemma().write(tmp_path / "m.gguf")
    stop = Stop()
    part = translate(source).parts[0]
    stop.set()
    with pytest.raises(Cancelled):
        part.write(tmp_path / "part.gguf", stop=stop)
    with pytest.raises(Cancelled):
        translate(source, stop=stop)
    assert list(tmp_path.iterdir()) == [source]


def test_who_sees(tmp_path: Path) -> None:
    for gemma, sees in ((Gemma(), True), (Gemma(tensors={"token_embd.weight": (6, 3)}), False)):
        gguf = open_gguf(path := gemma.write(tmp_path / "m.gguf"))
        dialect = dialect_of(gguf, path)
        assert dialect is not None
        assert translation_sees(gguf, dialect) is sees


@pytest.mark.parametrize("kind", [TensorType.Q8_0, TensorType.Q4_0])
def test_blocks_become_the_numbers_they_stand_for(kind: TensorType, tmp_path: Path) -> None:
    """As the library of llama.cpp's own converter reads them, in a file too."""
    form = gguf.GGMLQuantizationType[kind.name]
    numbers = np.random.default_rng(0).standard_normal((64, 32 * 400)).astype(np.float32)
    blocks = gguf.quantize(numbers, form)
    wanted = gguf.dequantize(blocks, form).tobytes()
    assert widened(blocks.tobytes(), kind) == wanted
    assert np.abs(np.frombuffer(wanted, np.float32) - numbers.ravel()).max() < 1
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "mistral3")
    writer.add_tensor("x", blocks, raw_dtype=form)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    source = SourceFile(open_gguf(tmp_path / "m.gguf"), tmp_path / "m.gguf")
    part = Part(source, {}, (Tensor("y", TensorType.F32, source.gguf.tensors[0].shape, "x"),))
    part.write(tmp_path / "wide.gguf")
    assert (tmp_path / "wide.gguf").read_bytes().endswith(wanted)


@pytest.mark.parametrize(
    ("kind", "data"), [(TensorType.F16, b"\x00\x3c\x00\xc0"), (TensorType.BF16, b"\x80\x3f\x00\xc0")]
)
def test_wider_numbers_are_the_same_numbers(kind: TensorType, data: bytes) -> None:
    assert widened(data, kind) == b"\x00\x00\x80\x3f\x00\x00\x00\xc0"
