"""What of Gemma 3's edits is more than a line of a table."""

from collections.abc import Mapping
from math import isqrt

from packllama.dialect.edits import measured, stated
from packllama.dialect.key import Key, f32, numbers, text
from packllama.dialect.recipe import Draft
from packllama.gguf import ArrayInfo, ValueType

_EMBEDDINGS = "token_embd.weight"
# Four times those of Gemma 3; all are in memory when their types are mended.
_MOST_TOKENS = 1 << 20
_PER_TOKEN = ("tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type")
# Ollama's converter does not know them for marks.
_MARKS = ("<start_of_image>", "<end_of_image>", "<start_of_turn>", "<end_of_turn>")
_NORMAL, _CONTROL = 1, 3
# The sizes that were trained for this context stretch their positions eightfold.
_LONG_CONTEXT, _STRETCH = 131_072, 8.0


def long_context(draft: Draft) -> None:
    """The stretched positions of the larger sizes."""
    if (draft.source.integer(".context_length") or 0) >= _LONG_CONTEXT:
        draft.keys.setdefault(draft.key(".rope.scaling.type"), text("linear"))
        draft.keys.setdefault(draft.key(".rope.scaling.factor"), f32(_STRETCH))


def vocabulary(draft: Draft) -> None:
    """As many tokens as there are rows of embeddings: those too many stand for pictures, at the end."""
    rows = measured(draft, _EMBEDDINGS, 1)
    if draft.source.dimension(_EMBEDDINGS, 2):
        raise draft.source.bad(f"{_EMBEDDINGS} has more than two dimensions")
    tokens = _array(draft, _PER_TOKEN[0], ValueType.STRING)
    if tokens is None:
        raise draft.source.bad("the file lacks its tokens")
    if tokens.count > _MOST_TOKENS:
        raise draft.source.bad(f"the file has {tokens.count:,} tokens")
    if tokens.count < rows:
        draft.rows[_EMBEDDINGS] = rows = tokens.count
    for name, element in zip(_PER_TOKEN, (ValueType.STRING, ValueType.FLOAT32, ValueType.INT32), strict=True):
        array = _array(draft, name, element)
        if array is None:
            continue
        if array.count < rows:
            raise draft.source.bad(f"{name} has {array.count} entries for {rows} tokens")
        draft.keys[name] = Key.part_of(draft.source.cut(array, rows))


def marks(draft: Draft) -> None:
    """Marks around pictures and turns are control tokens, or they fall into pieces."""
    tokens, types = draft.keys[_PER_TOKEN[0]].data, draft.keys.get(_PER_TOKEN[2])
    if types is None or not isinstance(types.data, ArrayInfo) or not isinstance(tokens, ArrayInfo):
        return
    mended = [int(kind) for kind in draft.source.elements(types.data)]
    for number, token in enumerate(draft.source.elements(tokens)):
        if token in _MARKS and mended[number] == _NORMAL:
            mended[number] = _CONTROL
    draft.keys[_PER_TOKEN[2]] = numbers(ValueType.INT32, mended)


def scale_factor(draft: Draft) -> None:
    """How many patches beside each other become one token."""
    tokens = draft.source.integer(".mm.tokens_per_image")
    if tokens is None:
        return
    side, wanted = _side(draft), isqrt(max(tokens, 0))
    if wanted == 0 or wanted**2 != tokens or side % wanted:
        raise draft.source.bad(f"{side} × {side} patches cannot become {tokens} tokens")
    draft.count(".projector.scale_factor", side // wanted)


def tower(draft: Draft) -> Mapping[str, tuple[int, ...]]:
    """The shapes of all tensors of the tower, by their new names."""
    width, inner = stated(draft, ".vision.embedding_length"), stated(draft, ".vision.feed_forward_length")
    patch, side = stated(draft, ".vision.patch_size"), _side(draft)
    shapes: dict[str, tuple[int, ...]] = {
        "v.patch_embd.weight": (patch, patch, 3, width),
        "v.patch_embd.bias": (width,),
        "v.position_embd.weight": (width, side * side),
        "v.post_ln.weight": (width,),
        "v.post_ln.bias": (width,),
        "mm.input_projection.weight": (stated(draft, ".embedding_length"), width),
        "mm.soft_emb_norm.weight": (width,),
    }
    linear = {"attn_q": width, "attn_k": width, "attn_v": width, "attn_out": width, "ffn_up": inner, "ffn_down": width}
    blocks = stated(draft, ".vision.block_count")
    if blocks > len(draft.source.gguf.tensors):
        raise draft.source.bad(f"the file has no tower of {blocks} blocks")
    for block in range(blocks):
        for name, out in linear.items():
            into = inner if name == "ffn_down" else width
            shapes[f"v.blk.{block}.{name}.weight"], shapes[f"v.blk.{block}.{name}.bias"] = (into, out), (out,)
        for name in ("ln1", "ln2"):
            shapes[f"v.blk.{block}.{name}.weight"] = shapes[f"v.blk.{block}.{name}.bias"] = (width,)
    return shapes


def _side(draft: Draft) -> int:
    patch = stated(draft, ".vision.patch_size")
    side = stated(draft, ".vision.image_size") // patch if patch else 0
    if not side:
        raise draft.source.bad("a picture has no whole patch")
    return side


def _array(draft: Draft, name: str, element: ValueType) -> ArrayInfo | None:
    array = draft.source.gguf.array(name)
    if array is not None and array.element_type is not element:
        raise draft.source.bad(f"{name} holds {array.element_type.name.lower()}, not {element.name.lower()}")
    return array
