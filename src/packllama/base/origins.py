"""Where each setting comes from, for who asks why something is as it is. Secrets are not repeated.

The table names every variable that ``settings.py`` and ``network.py`` read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from packllama.base.redaction import redacted
from packllama.base.settings import Settings
from packllama.base.units import parse_bytes, parse_duration

BUILT_IN = "built in"


@dataclass(frozen=True, slots=True)
class Origin:
    """One setting. ``value`` is what counts, as it is shown; ``origin`` the variable that says so, or `BUILT_IN`.

    ``misread``: the variable says something that cannot be understood, so it counts as not set.
    """

    name: str
    value: str
    origin: str
    variables: tuple[str, ...]
    misread: bool = False


@dataclass(frozen=True, slots=True)
class _Setting:
    """``built_in``: in words. The first of the variables that is set counts, also when it cannot be understood."""

    name: str
    variables: tuple[str, ...]
    built_in: str
    understood: Callable[[str], bool] = lambda _: True
    shown: Callable[[str], str] = lambda text: text


def _secret(_: str) -> str:
    return "set (not shown)"


def _addresses(text: str) -> str:
    return " ".join(map(redacted, text.split()))


def _duration(text: str) -> bool:
    return parse_duration(text) is not None


def _length(text: str) -> bool:
    return text == "0" or Settings.read({"OLLAMA_CONTEXT_LENGTH": text}).context_length is not None


def _switch(name: str, variable: str, built_in: str) -> _Setting:
    """One that is on or off, as `Settings` has it under this name; the variable may say the opposite."""

    def shown(text: str) -> str:
        return "on" if getattr(Settings.read({variable: text}), name) else "off"

    return _Setting(name, (variable,), built_in, shown=shown)


def _both(name: str) -> tuple[str, str]:
    """The spelling that counts first stands first."""
    return name, name.lower()


_SETTINGS = (
    _Setting("store", ("PACKLLAMA_STORE", "OLLAMA_MODELS"), "the user's own, else the service's"),
    _Setting("engine", ("PACKLLAMA_ENGINE",), "the package xllamacpp"),
    _Setting("context_length", ("OLLAMA_CONTEXT_LENGTH",), "the engine's", _length),
    _Setting("load_timeout", ("PACKLLAMA_LOAD_TIMEOUT", "OLLAMA_LOAD_TIMEOUT"), "5m", _duration),
    _Setting("keep_alive", ("OLLAMA_KEEP_ALIVE",), "5m", _duration),
    _switch("keep_replaced", "OLLAMA_NOPRUNE", "off"),
    _switch("go_template", "OLLAMA_GO_TEMPLATE", "when the model has one"),
    _Setting("derived", ("PACKLLAMA_DERIVED",), "cache", lambda text: text in {"store", "cache"}),
    _Setting("derived_limit", ("PACKLLAMA_DERIVED_LIMIT",), "64 GB", lambda text: parse_bytes(text) is not None),
    _Setting("limit_rate", ("PACKLLAMA_LIMIT_RATE",), "none"),
    _Setting("parallel", ("PACKLLAMA_PARALLEL",), "as the source gains from"),
    _Setting("mirrors", ("PACKLLAMA_MIRROR",), "none", shown=_addresses),
    _Setting("hf_endpoint", ("HF_ENDPOINT",), "https://huggingface.co", shown=redacted),
    _Setting("hf_token", ("HF_TOKEN",), "none", shown=_secret),
    _Setting("http_proxy", _both("HTTP_PROXY"), "none", shown=redacted),
    _Setting("https_proxy", _both("HTTPS_PROXY"), "none", shown=redacted),
    _Setting("no_proxy", _both("NO_PROXY"), "none"),
    _Setting("certificates", ("SSL_CERT_FILE",), "the system's"),
    _Setting("certificate_folder", ("SSL_CERT_DIR",), "the system's"),
    _Setting("home", ("HOME", "USERPROFILE"), "unknown"),
    _Setting("state", ("XDG_STATE_HOME",), "~/.local/state", lambda text: text.startswith("/")),
    _Setting("cache", ("XDG_CACHE_HOME",), "~/.cache", lambda text: text.startswith("/")),
    _switch("history", "OLLAMA_NOHISTORY", "on"),
    _Setting("editor", ("OLLAMA_EDITOR", "VISUAL", "EDITOR"), "vi"),
    _switch("colour", "NO_COLOR", "where the terminal has it"),
    _Setting("terminal", ("TERM",), "unknown"),
)
KNOWN = frozenset(variable for setting in _SETTINGS for variable in setting.variables)


def origins(environ: Mapping[str, str]) -> tuple[Origin, ...]:
    """Every setting with its value and where it comes from, as `Settings.read` understands the environment."""
    values = {name: text.strip().strip("\"'") for name, text in environ.items()}
    return tuple(_origin(setting, values) for setting in _SETTINGS)


def _origin(setting: _Setting, values: Mapping[str, str]) -> Origin:
    variable = next((name for name in setting.variables if values.get(name)), "")
    text = values.get(variable, "")
    if not variable or not setting.understood(text):
        return Origin(setting.name, setting.built_in, variable or BUILT_IN, setting.variables, misread=bool(variable))
    return Origin(setting.name, setting.shown(text), variable, setting.variables)
