"""``packllama inspect``: what a single file is."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from packllama.base.terminal import escaped
from packllama.base.units import human_bytes
from packllama.cli.door import Door
from packllama.cli.inspect_bundle import show_bundle
from packllama.cli.options import PlacePath, common, pass_door
from packllama.cli.table import known, section
from packllama.describe import BundleInspection, Inspection, Key, inspect, metadata_keys
from packllama.gguf import (
    GGUF,
    TensorInfo,
    architecture,
    chat_template,
    context_length,
    embedding_length,
    file_type,
    human_count,
    parameter_count,
    shard_count,
    shard_index,
)
from packllama.manifest import Layer, Manifest

_LONGEST = 120  # characters in a cell


@click.command("inspect")
@click.argument("file", type=PlacePath(path_type=Path))
@click.option("--metadata", is_flag=True, help="Also every key and its value; of long arrays the first elements.")
@click.option("--tensors", is_flag=True, help="Also every tensor: name, type, shape, bytes.")
@common
@pass_door
def command(door: Door, file: Path, metadata: bool, tensors: bool) -> None:
    """Show what is inside a GGUF: a model, a projector, an adapter, or one shard of a split model.

    Also a manifest file, or a bundle. Only the header is read, whatever the file's size.
    """
    found = inspect(file, stop=door.stop)
    if isinstance(found, Manifest):
        _show_manifest(door, file, found)
        return
    if isinstance(found, BundleInspection):
        show_bundle(door, found)
        return
    if found.dialect:
        door.say(found.dialect.note)
    keys = metadata_keys(file, found.gguf) if metadata else None
    if door.as_json:
        door.result_json(_document(found, keys, found.gguf.tensors if tensors else None))
        return
    door.result("".join(_sections(found)))
    if keys is not None:
        door.result(_metadata(keys))
    if tensors:
        door.result(section("Tensors", _tensor_rows(found.gguf)))


def _show_manifest(door: Door, file: Path, manifest: Manifest) -> None:
    layers = [*manifest.layers, manifest.config]
    if door.as_json:
        door.result_json(
            {
                "path": str(file),
                "what": "manifest",
                "digest": manifest.digest.hex,
                "size": manifest.total_size,
                "layers": [
                    {"type": _kind(layer, manifest), "digest": str(layer.digest), "size": layer.size}
                    for layer in layers
                ],
            }
        )
        return
    facts = [("what", "manifest"), ("id", manifest.digest.short), ("size", human_bytes(manifest.total_size))]
    door.result(section("File", facts))
    rows = [(_cut(_kind(layer, manifest)), human_bytes(layer.size), str(layer.digest)) for layer in layers]
    door.result(section("Layers", rows))


def _kind(layer: Layer, manifest: Manifest) -> str:
    return "config" if layer is manifest.config else str(layer.kind or layer.media_type)


def _sections(found: Inspection) -> Iterator[str]:
    yield section("File", _facts(found))
    yield section("Tokenizer", _tokenizer(found.gguf))
    yield section(
        "Types", [(share.type.name, _tensors(share.tensors), human_bytes(share.size)) for share in found.types]
    )
    yield section("Capabilities", [(word,) for word in found.capabilities])


def _facts(found: Inspection) -> list[tuple[str, str]]:
    gguf = found.gguf
    return known(
        ("what", _what(found)),
        ("name", _cut(gguf.string("general.name"))),
        ("size", human_bytes(gguf.size)),
        ("format", f"GGUF {gguf.version}, {gguf.byte_order.value}-endian"),
        ("architecture", _cut(architecture(gguf))),
        ("parameters", human_count(parameter_count(gguf))),
        ("quantization", file_type(gguf)),
        ("context length", context_length(gguf)),
        ("embedding length", embedding_length(gguf)),
        ("license", _cut(found.license)),
        ("dialect", _cut(found.dialect.summary) if found.dialect else None),
    )


def _what(found: Inspection) -> str:
    what = f"{found.kind.value} ({_cut(found.variant)})" if found.variant else found.kind.value
    count = shard_count(found.gguf)
    return f"{what}, shard {(shard_index(found.gguf) or 0) + 1} of {count}" if count > 1 else what


def _tokenizer(gguf: GGUF) -> list[tuple[str, str]]:
    tokens, template = gguf.array("tokenizer.ggml.tokens"), chat_template(gguf)
    return known(
        ("model", _cut(gguf.string("tokenizer.ggml.model"))),
        ("splitting", _cut(gguf.string("tokenizer.ggml.pre"))),
        ("tokens", f"{tokens.count:,}" if tokens else None),
        ("chat template", f"{len(template):,} characters" if template else None),
    )


def _tensors(count: int) -> str:
    return f"{count:,} tensor{'' if count == 1 else 's'}"


def _tensor_rows(gguf: GGUF) -> list[tuple[str, ...]]:
    return [(_cut(t.name), t.type.name, f"[{' '.join(map(str, t.shape))}]", human_bytes(t.size)) for t in gguf.tensors]


def _cut(text: str | None) -> str:
    """What fits into a table: a hostile file has texts of megabytes where others have a word."""
    text = text or ""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _metadata(keys: Sequence[Key]) -> str:
    return "  Metadata\n" + "".join(f"    {line}\n" for key in keys for line in _key_lines(key)) + "\n"


def _key_lines(key: Key) -> Iterator[str]:
    """One line; a text of several lines follows below, further in."""
    head = f"{key.name}  {key.type}" if key.length is None else f"{key.name}  {key.type}[{key.length}]"
    if isinstance(key.value, str) and "\n" in key.value:
        yield escaped(head)
        yield from (f"    {escaped(line)}" for line in key.value.split("\n"))
    else:
        yield escaped(f"{head}  {_value(key)}")


def _value(key: Key) -> str:
    if not isinstance(key.value, tuple):
        return str(key.value).lower() if isinstance(key.value, bool) else str(key.value)
    more = ", …" if key.length and key.length > len(key.value) else ""
    return f"[{', '.join(map(str, key.value))}{more}]"


def _document(found: Inspection, keys: Sequence[Key] | None, tensors: Sequence[TensorInfo] | None) -> dict[str, object]:
    gguf = found.gguf
    tokens, template = gguf.array("tokenizer.ggml.tokens"), chat_template(gguf)
    return {
        "path": str(found.path),
        "what": found.kind.value,
        "variant": found.variant,
        "name": gguf.string("general.name") or "",
        "size": gguf.size,
        "version": gguf.version,
        "byte_order": gguf.byte_order.value,
        "shard": shard_index(gguf) if shard_count(gguf) > 1 else None,
        "shards": shard_count(gguf),
        "architecture": architecture(gguf),
        "dialect": found.dialect.family if found.dialect else "",
        "translated": found.dialect is not None and found.dialect.translated,
        "experimental": found.dialect is not None and found.dialect.experimental,
        "parameter_count": parameter_count(gguf),
        "quantization": file_type(gguf),
        "types": [{"type": t.type.name, "tensors": t.tensors, "size": t.size} for t in found.types],
        "context_length": context_length(gguf),
        "embedding_length": embedding_length(gguf),
        "tokenizer": gguf.string("tokenizer.ggml.model") or "",
        "tokens": tokens.count if tokens else None,
        "chat_template": len(template) if template else None,
        "capabilities": list(found.capabilities),
        "license": found.license,
        "metadata": None if keys is None else [_key_document(key) for key in keys],
        "tensors": None if tensors is None else [_tensor_document(tensor) for tensor in tensors],
    }


def _key_document(key: Key) -> dict[str, object]:
    return {"key": key.name, "type": key.type, "length": key.length, "value": key.value}


def _tensor_document(tensor: TensorInfo) -> dict[str, object]:
    return {"name": tensor.name, "type": tensor.type.name, "shape": tensor.shape, "size": tensor.size}
