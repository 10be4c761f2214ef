"""From a file in Ollama's own form to the files that stock llama.cpp loads."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packllama.base.errors import NotSupported
from packllama.base.stop import Stop
from packllama.dialect.dialect import Dialect
from packllama.dialect.key import Key, text
from packllama.dialect.part import WIDENED, Part
from packllama.dialect.recipe import Draft, Side, Tensor
from packllama.dialect.recognise import dialect_of
from packllama.dialect.source import SourceFile
from packllama.gguf import (
    GGUF,
    INLINE_PREFIXES,
    ByteOrder,
    TensorInfo,
    TensorType,
    architecture,
    open_gguf,
    quoted,
)

VERSION = 1
"""Of what translations look like. Whoever changes that counts on, so that nobody takes an old one for a new one."""

_NOT_TEXT = (*INLINE_PREFIXES, "model.vision_tower.")
_TOWER_KEYS = ("vision", "audio", "mm", "sam")
_BLOCK = re.compile(r"((?:v\.)?blk\.)(\d{1,6})\.")


@dataclass(frozen=True, slots=True)
class Translation:
    """The parts of one file, none of them written yet. ``note`` says what of it is left out."""

    dialect: Dialect
    text: Part | None
    projector: Part | None
    note: str = ""

    @property
    def parts(self) -> tuple[Part, ...]:
        return tuple(part for part in (self.text, self.projector) if part)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(part.size for part in self.parts)


def translate(path: Path, *, stop: Stop | None = None) -> Translation:
    """Say what the file at ``path`` becomes. Of its data nothing is read but tokens, where they count.

    Raises:
        NotSupported: a plain file, or one of a form that cannot be translated; the hint says what works instead.
        GGUFError: keys or tensors are missing, or do not fit together.
        FileChanged, MachineError, Cancelled.
    """
    gguf = open_gguf(path, stop=stop)
    dialect = dialect_of(gguf, path, stop=stop)
    where = str(path)
    if dialect is None:
        raise NotSupported("this is a plain GGUF, in which there is nothing to translate", where=where)
    if dialect.recipe is None:
        raise NotSupported(dialect.message, where=where, hint=dialect.hint)
    if gguf.version == 1 or gguf.byte_order is ByteOrder.BIG:
        raise NotSupported("only GGUF 2 and 3, little-endian, can be translated", where=where)
    source = SourceFile(gguf, path, stop)
    recipe = dialect.recipe
    eyes = recipe.eyes if translation_sees(gguf, dialect) else None
    return Translation(
        dialect,
        text=_part(_text_draft(source, dialect), recipe.text) if recipe.text else None,
        projector=_part(_eyes_draft(source, eyes), eyes) if eyes else None,
        note=left_out(gguf, dialect),
    )


def translation_sees(gguf: GGUF, dialect: Dialect) -> bool:
    """Whether the translation of a file of this header has eyes."""
    eyes = dialect.recipe.eyes if dialect.recipe else None
    return eyes is not None and (not eyes.takes or _has_tower(gguf))


def _has_tower(gguf: GGUF) -> bool:
    """Half a tower counts, so that somebody says what is missing; ears alone don't."""
    names = (tensor.name for tensor in gguf.tensors)
    return any(name.startswith(("v.", "mm.")) and not name.startswith("mm.a.") for name in names)


def left_out(gguf: GGUF, dialect: Dialect) -> str:
    """What the translation of a file of this header lacks, as a sentence; empty when it is whole."""
    if translation_sees(gguf, dialect) or not _has_tower(gguf):
        return ""
    return f"the eyes of {dialect.title} cannot be translated yet: it reads, and takes no pictures"


def _text_draft(source: SourceFile, dialect: Dialect) -> Draft:
    """All keys under the name that llama.cpp has for the architecture, but the towers'.

    Raises: GGUFError, when one has that name already.
    """
    old, new, keys = f"{architecture(source.gguf)}.", f"{dialect.stock}.", {}
    towers = tuple(f"{old}{word}." for word in _TOWER_KEYS)
    for name, value in source.gguf.metadata.items():
        if old != new and name.startswith(new):
            raise source.bad(f"{quoted(name)} is a key of another form than the rest, whose keys begin with {old}")
        if not name.startswith(towers):
            keys[new + name.removeprefix(old) if name.startswith(old) else name] = Key.of(value)
    keys["general.architecture"] = text(dialect.stock)
    return Draft(source, dialect.stock, keys)


def _eyes_draft(source: SourceFile, eyes: Side) -> Draft:
    if not eyes.takes:
        return Draft(source, "clip", {name: Key.of(value) for name, value in source.gguf.metadata.items()})
    return Draft(source, "clip.vision", {"general.architecture": text("clip"), "general.type": text("mmproj")})


def _part(draft: Draft, side: Side) -> Part:
    for edit in side.edits:
        edit(draft)
    tensors = _tensors(draft, side)
    _check_blocks(draft, tensors)
    if side.tower:
        _check_shapes(draft.source, tensors, side.tower(draft))
    return Part(draft.source, draft.keys, tuple(tensors.values()))


def _tensors(draft: Draft, side: Side) -> Mapping[str, Tensor]:
    """The tensors of a part by their new names, in the source's order.

    Raises: GGUFError, when two have the same new name: the file is half in one form, half in the other.
    """
    tensors: dict[str, Tensor] = {}
    for info in draft.source.gguf.tensors:
        if _belongs(info.name, draft.source, side):
            tensor = _renamed(info, draft, side)
            if tensor.name in tensors:
                both = f"{quoted(tensors[tensor.name].source)} and {quoted(info.name)}"
                raise draft.source.bad(f"{both} are the same tensor in two forms")
            tensors[tensor.name] = tensor
    packed: Iterator[Tensor] = side.more(draft.source) if side.more else iter(())
    for tensor in packed:
        tensors.pop(tensor.source, None)
        tensors[tensor.name] = tensor
    return tensors


def _belongs(name: str, source: SourceFile, side: Side) -> bool:
    if side.takes:
        return name.startswith(side.takes)
    return architecture(source.gguf) == "clip" or not name.startswith(_NOT_TEXT)


def _renamed(info: TensorInfo, draft: Draft, side: Side) -> Tensor:
    name, kind, shape = info.name, info.type, info.shape
    for rename in side.renames:
        name = rename.of(name)
    if name.endswith(side.wide) and kind is not TensorType.F32:
        if kind not in WIDENED:
            raise NotSupported(
                f"{quoted(info.name)} is stored as {kind.name}, where llama.cpp wants F32",
                where=str(draft.source.path),
                hint="Use the projector that the model's publisher offers as a GGUF of its own.",
            )
        kind = TensorType.F32
    if name in draft.rows:
        shape = (*shape[:-1], draft.rows[name])
    return Tensor(name, kind, shape, info.name)


def _check_blocks(draft: Draft, tensors: Mapping[str, Tensor]) -> None:
    """Raises: GGUFError, when there is no tensor of one of the blocks that the keys promise."""
    found: dict[str, set[int]] = {"blk.": set(), "v.blk.": set()}
    for name in tensors:
        if match := _BLOCK.match(name):
            found[match[1]].add(int(match[2]))
    blocks = draft.keys.get(draft.key(".block_count"))
    count = blocks.integer if blocks else None
    own = "v.blk." if draft.prefix.startswith("clip") else "blk."
    if count is not None and found[own] and (gap := _first_gap(found[own], count)) is not None:
        raise draft.source.bad(f"the file says it has {count} blocks, but nothing of {own}{gap}")


def _first_gap(found: set[int], count: int) -> int | None:
    # What is there is few; what is promised may be any number.
    return next((number for number in range(min(count, len(found) + 1)) if number not in found), None)


def _check_shapes(source: SourceFile, tensors: Mapping[str, Tensor], wanted: Mapping[str, tuple[int, ...]]) -> None:
    """Raises: GGUFError, when a tensor is missing or has another shape."""
    for name, shape in wanted.items():
        tensor = tensors.get(name)
        if tensor is None:
            raise source.bad(f"the file lacks the tensor that llama.cpp calls {quoted(name)}")
        if tensor.shape != shape:
            found, needed = (" × ".join(map(str, each)) for each in (tensor.shape, shape))
            raise source.bad(f"the tensor {quoted(tensor.source)} is {found}, where {needed} would fit")
