"""The sections that ``show`` prints when no part is asked for, after Ollama's."""

from collections.abc import Sequence

from packllama.base.terminal import escaped
from packllama.cli.table import padded_rows
from packllama.describe import Description, metadata_rows, parameter_lines, tensor_rows

_SHOWN_LINES = 2


def overview(described: Description, *, verbose: bool) -> str:
    """All sections that have rows, each followed by an empty line."""
    parts = described.parts
    sections = [
        _section("Model", _facts(described)),
        _section("Capabilities", [(word,) for word in described.capabilities]),
        _section("Projector", _projector_facts(described)),
        _section("Parameters", _parameters(described)),
        *(_header_sections(described) if verbose else ()),
        _section("System", _first_lines(parts.system)),
        _section("License", _first_lines("\n".join(parts.licenses))),
    ]
    return "".join(sections)


def _section(title: str, rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = padded_rows([[escaped(cell) for cell in row] for row in rows])
    return f"  {title}\n" + "".join(f"    {line}\n" for line in lines) + "\n"


def _facts(described: Description) -> list[tuple[str, str]]:
    return _known(
        ("architecture", described.architecture),
        ("parameters", described.parameters),
        ("context length", described.context_length),
        ("embedding length", described.embedding_length),
        ("quantization", described.quantization),
        ("requires", described.requires),
    )


def _projector_facts(described: Description) -> list[tuple[str, str]]:
    projector = described.projector
    if projector is None:
        return []
    return _known(
        ("architecture", projector.architecture),
        ("parameters", projector.parameters),
        ("embedding length", projector.embedding_length),
        ("dimensions", projector.dimensions),
    )


def _known(*rows: tuple[str, str | int | None]) -> list[tuple[str, str]]:
    return [(label, str(value)) for label, value in rows if value not in (None, "")]


def _parameters(described: Description) -> list[tuple[str, ...]]:
    """As in Ollama, a value with spaces stands in several columns."""
    return [(key, *value.split()) for key, value in parameter_lines(described.parts.parameters)]


def _header_sections(described: Description) -> list[str]:
    if described.gguf is None or described.gguf_path is None:
        return []
    return [
        _section("Metadata", metadata_rows(described.gguf_path, described.gguf)),
        _section("Tensors", tensor_rows(described.gguf)),
    ]


def _first_lines(text: str) -> list[tuple[str]]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    shown = [(line,) for line in lines[:_SHOWN_LINES]]
    return [*shown, ("...",)] if len(lines) > _SHOWN_LINES else shown
