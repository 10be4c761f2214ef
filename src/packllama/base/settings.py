"""What the environment says, read once into one frozen value. The only reader of environment variables.

Order: a flag of the command line, then ``PACKLLAMA_*``, then ``OLLAMA_*`` where the meaning is the same, then
what is built in. Ollama's own rule cleans its values: white space off, then quotes off.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packllama.base.errors import NoStore
from packllama.base.network import DIRECT, Network
from packllama.base.units import parse_bytes, parse_duration

# Without a sign of life for so long, a load has failed.
LOAD_TIMEOUT_SECONDS = 300.0

# How long a model stays loaded that nobody asks.
KEEP_ALIVE_SECONDS = 300.0

# Two or three models as large as people run at home. The one in use stays, whatever its size.
DERIVED_LIMIT = 64 * 10**9

# What every Unix has.
EDITOR = "vi"

# Where repositories of models are, unless a mirror is named.
HF_ENDPOINT = "https://huggingface.co"

_TRUE_WORDS = {"1", "t", "T", "TRUE", "true", "True"}
_FALSE_WORDS = {"", "0", "f", "F", "FALSE", "false", "False"}

# Where the service of Ollama's Linux installer keeps its store.
SERVICE_STORE = Path("/usr/share/ollama/.ollama/models")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. ``None`` means: nobody said.

    ``named_store`` came from ``PACKLLAMA_STORE`` or ``OLLAMA_MODELS``, as ``named_store_origin`` tells.
    ``context_length`` is the ``num_ctx`` of models that set none; ``keep_replaced`` keeps the blobs of a model that is
    built anew; ``load_timeout_seconds`` of 0 or less means for ever, and so does ``keep_alive_seconds`` below 0;
    ``go_template`` says whether a model's TEMPLATE or its GGUF's own template builds the prompts, where it has both.
    ``state`` is the folder for what packllama remembers from one run to the next, ``cache`` that for what it could make
    again; ``derived_in_store`` whether translations of models wait in the store instead, and ``derived_limit`` how many
    bytes of them there may be; ``history`` whether that is what a
    person typed; ``editor`` the command line of an editor; ``draws`` whether the terminal can move its cursor, and
    ``colour`` whether it may be coloured. ``limit_rate`` and ``parallel`` are what verbs that move models shall keep
    to, and ``mirrors`` where a pull also fetches from, as they are written. ``hf_token`` is a secret for
    ``hf_endpoint`` alone.
    """

    home: Path | None = None
    named_store: Path | None = None
    named_store_origin: str = ""
    engine: Path | None = None
    context_length: int | None = None
    keep_replaced: bool = False
    load_timeout_seconds: float = LOAD_TIMEOUT_SECONDS
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS
    go_template: bool | None = None
    state: Path | None = None
    cache: Path | None = None
    derived_in_store: bool = False
    derived_limit: int = DERIVED_LIMIT
    history: bool = True
    editor: str = EDITOR
    draws: bool = True
    colour: bool = True
    limit_rate: str = ""
    parallel: str = ""
    mirrors: str = ""
    network: Network = DIRECT
    hf_endpoint: str = HF_ENDPOINT
    hf_token: str = field(default="", repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Settings from environment variables."""
        values = {name: _clean(text) for name, text in environ.items()}
        home = values.get("HOME") or values.get("USERPROFILE")
        store, origin = _named_store(values)
        draws = values.get("TERM", "").lower() not in {"dumb", "unknown"}
        # The quotes of a command line belong to it.
        editors = (values.get("OLLAMA_EDITOR"), environ.get("VISUAL", "").strip(), environ.get("EDITOR", "").strip())
        return cls(
            home=Path(home) if home else None,
            named_store=store,
            named_store_origin=origin,
            engine=_path(values.get("PACKLLAMA_ENGINE")),
            context_length=_positive(values.get("OLLAMA_CONTEXT_LENGTH")),
            load_timeout_seconds=_seconds(
                values, "PACKLLAMA_LOAD_TIMEOUT", "OLLAMA_LOAD_TIMEOUT", otherwise=LOAD_TIMEOUT_SECONDS
            ),
            keep_alive_seconds=_seconds(values, "OLLAMA_KEEP_ALIVE", otherwise=KEEP_ALIVE_SECONDS),
            keep_replaced=_truth(values.get("OLLAMA_NOPRUNE", "")),
            go_template=_wish(values.get("OLLAMA_GO_TEMPLATE", "")),
            state=_user_folder(values, "XDG_STATE_HOME", home, ".local/state"),
            cache=_user_folder(values, "XDG_CACHE_HOME", home, ".cache"),
            derived_in_store=values.get("PACKLLAMA_DERIVED", "") == "store",
            derived_limit=_bytes(values.get("PACKLLAMA_DERIVED_LIMIT", ""), otherwise=DERIVED_LIMIT),
            history=not _truth(values.get("OLLAMA_NOHISTORY", "")),
            editor=next(filter(None, editors), EDITOR),
            draws=draws,
            # Any value counts: https://no-color.org
            colour=draws and not values.get("NO_COLOR"),
            network=Network.read(values),
            limit_rate=values.get("PACKLLAMA_LIMIT_RATE", ""),
            parallel=values.get("PACKLLAMA_PARALLEL", ""),
            mirrors=values.get("PACKLLAMA_MIRROR", ""),
            hf_endpoint=values.get("HF_ENDPOINT") or HF_ENDPOINT,
            hf_token=values.get("HF_TOKEN", ""),
        )

    @property
    def derived_cache(self) -> Path | None:
        """Where translations wait that are not wanted in the store."""
        return self.cache / "derived" if self.cache else None

    def home_folder(self) -> Path:
        """The user's home.

        Raises:
            NoStore: no variable names it.
        """
        if self.home is None:
            raise NoStore(
                "HOME is not set, so the default store cannot be found",
                hint="Name a store with --store PATH or PACKLLAMA_STORE.",
            )
        return self.home


def _clean(text: str) -> str:
    return text.strip().strip("\"'")


def _named_store(values: Mapping[str, str]) -> tuple[Path | None, str]:
    for name in ("PACKLLAMA_STORE", "OLLAMA_MODELS"):
        if values.get(name):
            return Path(values[name]), name
    return None, ""


def _user_folder(values: Mapping[str, str], name: str, home: str | None, otherwise: str) -> Path | None:
    """By the XDG rules, which ignore a relative path."""
    named = values.get(name, "")
    if named.startswith("/"):
        return Path(named, "packllama")
    return Path(home, otherwise, "packllama") if home else None


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _positive(text: str | None) -> int | None:
    """None also for more digits than 64 bits have: Ollama's limit."""
    if not text or not text.isascii() or not text.isdigit() or len(text) > 20:
        return None
    return int(text) or None


def _seconds(values: Mapping[str, str], *names: str, otherwise: float) -> float:
    """The first that is said; what cannot be read counts as not said, as in Ollama."""
    text = next(filter(None, (values.get(name) for name in names)), "")
    seconds = parse_duration(text)
    return otherwise if seconds is None else seconds


def _bytes(text: str, *, otherwise: int) -> int:
    """What cannot be read counts as not said."""
    size = parse_bytes(text)
    return otherwise if size is None else size


def _truth(text: str) -> bool:
    """Ollama's rule: what is not a known word for false is true."""
    return text in _TRUE_WORDS or text not in _FALSE_WORDS


def _wish(text: str) -> bool | None:
    return _truth(text) if text else None
