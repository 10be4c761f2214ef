"""The sections that ``show`` prints when no part is asked for, after Ollama's."""

from packllama.cli.table import known, section
from packllama.describe import Description, metadata_rows, parameter_lines, tensor_rows

_SHOWN_LINES = 2


def overview(described: Description, *, verbose: bool) -> str:
    """All sections that have rows, each followed by an empty line."""
    parts = described.parts
    sections = [
        section("Model", _facts(described)),
        section("Capabilities", [(word,) for word in described.capabilities]),
        section("Projector", _projector_facts(described)),
        section("Parameters", _parameters(described)),
        *(_header_sections(described) if verbose else ()),
        section("System", _first_lines(parts.system)),
        section("License", _first_lines("\n".join(parts.licenses))),
    ]
    return "".join(sections)


def _facts(described: Description) -> list[tuple[str, str]]:
    return known(
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
    return known(
        ("architecture", projector.architecture),
        ("parameters", projector.parameters),
        ("embedding length", projector.embedding_length),
        ("dimensions", projector.dimensions),
    )


def _parameters(described: Description) -> list[tuple[str, ...]]:
    """As in Ollama, a value with spaces stands in several columns."""
    return [(key, *value.split()) for key, value in parameter_lines(described.parts.parameters)]


def _header_sections(described: Description) -> list[str]:
    if described.gguf is None or described.gguf_path is None:
        return []
    return [
        section("Metadata", metadata_rows(described.gguf_path, described.gguf)),
        section("Tensors", tensor_rows(described.gguf)),
    ]


def _first_lines(text: str) -> list[tuple[str]]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    shown = [(line,) for line in lines[:_SHOWN_LINES]]
    return [*shown, ("...",)] if len(lines) > _SHOWN_LINES else shown
