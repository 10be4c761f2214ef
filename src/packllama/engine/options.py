"""Ollama's options: their names, types and defaults, and what llama-server calls them.

``TABLE`` is the one list; the two dataclasses repeat its names as fields so that Python callers get
types. ``sampling_options`` and ``load_options`` read the loose objects that models and requests carry.
Defaults are always sent in full, since llama-server's own differ (top_p 0.95, min_p 0.05). No I/O.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from packllama.base.errors import BadInput

_log = logging.getLogger(__name__)

DEFAULT_NUM_CTX = 4096
SMALLEST_NUM_CTX = 4
# A picture alone takes some hundred tokens; Ollama sets the same floor.
SMALLEST_NUM_CTX_WITH_PROJECTOR = 2048
# Engines abort at a batch of one token, and at one that does not hold what a draft model guesses.
SMALLEST_BATCH = 32
# How far a draft model runs ahead, as in Ollama.
DEFAULT_DRAFT = 4
# More threads than llama.cpp can count.
_MOST_THREADS = 512
# The engine's integers have 32 bits; the seed alone has no sign.
_INT = 2**31 - 1
_UNSIGNED = 2**32 - 1
# A model that never ends its answer is stopped after this many contexts, as Ollama does.
CONTEXTS_PER_ANSWER = 10


@dataclass(frozen=True, slots=True)
class Option:
    """A row of the table. ``wire`` is llama-server's name in a request; empty for a load-time option.

    An integer below ``least`` or above ``most`` is taken for that.
    """

    name: str
    type: str
    wire: str = ""
    least: int = -_INT
    most: int = _INT


TABLE = (
    Option("num_ctx", "integer"),
    Option("num_batch", "integer"),
    Option("num_gpu", "integer"),
    Option("main_gpu", "integer"),
    Option("use_mmap", "boolean"),
    Option("num_thread", "integer", most=_MOST_THREADS),
    # The engine takes memory for each beforehand.
    Option("draft_num_predict", "integer", most=SMALLEST_BATCH - 1),
    Option("num_keep", "integer", "n_keep", least=-1),
    Option("seed", "integer", "seed", most=_UNSIGNED),
    Option("num_predict", "integer", "n_predict"),
    Option("top_k", "integer", "top_k"),
    Option("top_p", "float32", "top_p"),
    Option("min_p", "float32", "min_p"),
    Option("typical_p", "float32", "typical_p"),
    Option("repeat_last_n", "integer", "repeat_last_n"),
    Option("temperature", "float32", "temperature"),
    Option("repeat_penalty", "float32", "repeat_penalty"),
    Option("presence_penalty", "float32", "presence_penalty"),
    Option("frequency_penalty", "float32", "frequency_penalty"),
    Option("stop", "array", "stop"),
)
_ROWS = {row.name: row for row in TABLE}
# Another value of one of these means loading again.
LOAD_OPTIONS = frozenset(row.name for row in TABLE if not row.wire)


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """What is loaded and how; any change means loading again. ``None`` leaves it to the engine.

    ``trained_ctx`` is the context the model was trained with, when the caller knows it: ``num_ctx`` is
    capped to it. ``num_gpu`` -1 is automatic; ``num_thread`` 0 is automatic. ``draft`` is a small model that guesses
    ``draft_num_predict`` tokens ahead. ``embedding``: the model makes vectors and no answers.
    """

    model: Path
    projectors: tuple[Path, ...] = ()
    adapters: tuple[Path, ...] = ()
    draft: Path | None = None
    embedding: bool = False
    num_ctx: int | None = None
    num_batch: int | None = None
    num_gpu: int | None = None
    main_gpu: int | None = None
    use_mmap: bool | None = None
    num_thread: int | None = None
    draft_num_predict: int | None = None
    trained_ctx: int | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Everything that the engine opens."""
        return (self.model, *self.projectors, *self.adapters, *([self.draft] if self.draft else ()))

    @property
    def context(self) -> int:
        """The context to ask the engine for."""
        floor = SMALLEST_NUM_CTX_WITH_PROJECTOR if self.projectors else SMALLEST_NUM_CTX
        wanted = max(self.num_ctx or DEFAULT_NUM_CTX, floor)
        return min(wanted, self.trained_ctx) if self.trained_ctx else wanted

    @property
    def batch(self) -> int:
        """Tokens evaluated at once. Also how long a cancelled prompt goes on, so it is not larger.

        An embedding model sees the whole of its text at once, whatever ``num_batch`` is.
        """
        if self.embedding:
            return self.context
        return max(self.num_batch, SMALLEST_BATCH) if self.num_batch and self.num_batch > 0 else 512

    @property
    def drafted(self) -> int:
        """How many tokens the draft model guesses ahead; 0 is none."""
        if self.draft is None:
            return 0
        return DEFAULT_DRAFT if self.draft_num_predict is None else max(self.draft_num_predict, 0)


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """How an answer is made; the defaults are Ollama's. ``num_predict`` 0 and below: no limit."""

    num_keep: int = 4
    seed: int = -1
    num_predict: int = -1
    top_k: int = 40
    top_p: float = 0.9
    min_p: float = 0.0
    typical_p: float = 1.0
    repeat_last_n: int = 64
    temperature: float = 0.8
    repeat_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    stop: tuple[str, ...] = ()

    def request(self, *, context: int) -> dict[str, object]:
        """The members of a ``POST /completion`` body that say how to sample."""
        body: dict[str, object] = {row.wire: getattr(self, row.name) for row in TABLE if row.wire}
        most = CONTEXTS_PER_ANSWER * context
        body["n_predict"] = min(self.num_predict, most) if self.num_predict > 0 else most
        # -1 is Ollama's word for all of the context. More costs the engine time with each token.
        body["repeat_last_n"] = min(self.repeat_last_n, context) if self.repeat_last_n >= 0 else context
        # An empty one would end each answer before it begins.
        body["stop"] = [text for text in self.stop if text]
        return body


def sampling_options(*layers: Mapping[str, object]) -> SamplingOptions:
    """Merge option objects, the later over the earlier, into sampling options.

    Raises: BadInput, when a known option has the wrong type.
    """
    known = {field.name for field in fields(SamplingOptions)}
    return SamplingOptions(**{k: v for k, v in _merge(layers).items() if k in known})  # type: ignore[arg-type]


def load_options(
    model: Path,
    *layers: Mapping[str, object],
    projectors: tuple[Path, ...] = (),
    adapters: tuple[Path, ...] = (),
    draft: Path | None = None,
    embedding: bool = False,
    trained_ctx: int | None = None,
) -> LoadOptions:
    """Merge option objects, the later over the earlier, into load options.

    Raises: BadInput, when a known option has the wrong type.
    """
    known = {field.name for field in fields(LoadOptions)}
    return LoadOptions(
        model,
        projectors,
        adapters,
        draft,
        embedding,
        trained_ctx=trained_ctx,
        **{k: v for k, v in _merge(layers).items() if k in known},  # type: ignore[arg-type]
    )


def _merge(layers: tuple[Mapping[str, object], ...]) -> dict[str, object]:
    merged: dict[str, object] = {}
    for layer in layers:
        for name, value in layer.items():
            row = _ROWS.get(name)
            if row is None:
                _log.info("unknown option %r is ignored", name)
            elif value is not None:
                merged[name] = _typed(row, value)
    return merged


def _typed(row: Option, value: object) -> object:
    match row.type, value:
        case "boolean", bool():
            return value
        case "integer", int() | float() if not isinstance(value, bool) and abs(value) < 2**63:
            return max(row.least, min(int(value), row.most))
        case "float32", int() | float() if not isinstance(value, bool) and abs(value) < 2**127:
            return float(value)
        case "array", list() | tuple():
            if all(isinstance(item, str) for item in value):
                return tuple(value)
            raise BadInput(f'option "{row.name}" must be of an array of strings')
    raise BadInput(f'option "{row.name}" must be of type {row.type}')
