"""``/show`` in a conversation: what the model is, and what was set besides."""

from collections.abc import Mapping

from packllama.chat.session import Session
from packllama.cli.overview import overview
from packllama.describe import modelfile_of, parameter_lines
from packllama.jsonfields import Json
from packllama.places.store import Store

PARTS = ("info", "license", "modelfile", "parameters", "system", "template")


def shown(part: str, *, session: Session, store: Store) -> str:
    """The text of one of `PARTS`, without its last newline."""
    described = session.described
    match part:
        case "info":
            return overview(described, verbose=False).removesuffix("\n")
        case "license":
            return "\n".join(described.parts.licenses) or "This model has no licence."
        case "modelfile":
            return modelfile_of(store, described)
        case "parameters":
            return _parameters(session)
        case "system":
            return session.system or described.parts.system or "There is no system message."
    return described.template or "This model has no template."


def _parameters(session: Session) -> str:
    rows, none = _rows(session.described.parts.parameters), "  none\n"
    own = f"Model defined parameters:\n{rows or none}"
    return f"{own}\nUser defined parameters:\n{_rows(session.options)}" if session.options else own


def _rows(parameters: Mapping[str, Json]) -> str:
    return "".join(f"  {name:<30} {value}\n" for name, value in parameter_lines(parameters))
