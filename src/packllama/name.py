"""Model names: their grammar, their spellings, and the two suffixes that say where a model runs.

Follows Ollama's rules for names. Nothing here looks at a disk or a network, and every `ModelName` that
exists is valid, so a path made from one cannot leave the directory it is joined to.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from typing import Self

from packllama.base.errors import InvalidName
from packllama.base.white import WHITE

DEFAULT_HOST = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"

# Stands for a part that a separator promises and that is not there; it is invalid in every part.
_MISSING = "!MISSING!"

# The longest valid name has 593 characters, so what is cut from an error message was never one.
_SHOWN = 700

# How many names are suggested for one that is not there.
_NEAR = 3


@dataclass(frozen=True, slots=True)
class Rule:
    part: str
    longest: int
    more: str
    valid: re.Pattern[str]

    def fault(self, value: str) -> str:
        """What is wrong with the value, or the empty text."""
        if self.valid.fullmatch(value):
            return ""
        if value in {"", _MISSING}:
            return f"the {self.part} is missing"
        if len(value) > self.longest:
            return f"the {self.part} is longer than {self.longest} characters"
        if not re.match(r"[A-Za-z0-9_]", value):
            return f"the {self.part} must start with a letter, a digit or '_', not {value[0]!r}"
        bad = re.sub(rf"[A-Za-z0-9_{re.escape(self.more)}]", "", value)
        allowed = " ".join(f"'{char}'" for char in "_" + self.more)
        return f"the {self.part} may hold letters, digits and {allowed}, not {bad[0]!r}"


def _rule(part: str, longest: int, more: str) -> Rule:
    valid = rf"[A-Za-z0-9_][A-Za-z0-9_{re.escape(more)}]{{0,{longest - 1}}}"
    return Rule(part, longest, more, re.compile(valid))


RULES = (
    _rule("host", 350, "-.:"),
    _rule("namespace", 80, "-"),
    _rule("model", 80, "-."),
    _rule("tag", 80, "-."),
)


@dataclass(frozen=True, slots=True, order=True)
class ModelName:
    """A model's full name: ``host/namespace/model:tag``.

    ===========  =======================  ======  ==================
    part         default                  length  characters
    ===========  =======================  ======  ==================
    host         ``registry.ollama.ai``   1-350   letters digits ``_-.:``
    namespace    ``library``              1-80    letters digits ``_-``
    model        (required)               1-80    letters digits ``_-.``
    tag          ``latest``               1-80    letters digits ``_-.``
    ===========  =======================  ======  ==================

    ASCII only. No part starts with ``-``, ``.`` or ``:``; in a namespace there is no dot. The parts keep
    the letter case they came in; ``==`` and ``<`` see it, `folded` does not.

    Raises:
        InvalidName: a part breaks the table.
    """

    host: str
    namespace: str
    model: str
    tag: str

    def __post_init__(self) -> None:
        _check(self.path_parts, "/".join(self.path_parts))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The name that a text means, with defaults filled in.

        A scheme (``http://host/namespace/model``) is accepted and dropped: it is no part of a name.

        Raises:
            InvalidName: ``invalid model name: <text>``; the hint says which part is wrong.
        """
        parts = _split(text)
        _check(parts, text)
        return cls(*parts)

    @classmethod
    def from_path_parts(cls, parts: Sequence[str]) -> Self:
        """The name of a manifest at ``<host>/<namespace>/<model>/<tag>``; no defaults are filled in.

        Raises:
            InvalidName: there are not four parts, or one of them is not valid.
        """
        if len(parts) != 4:
            raise _invalid("/".join(parts), f"a manifest's path has 4 parts, not {len(parts)}")
        return cls(*parts)

    @property
    def full(self) -> str:
        """``host/namespace/model:tag``, every part written out."""
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def short(self) -> str:
        """What Ollama shows: without the default host, and without the default namespace on that host."""
        if self.host.lower() != DEFAULT_HOST:
            return self.full
        if self.namespace.lower() != DEFAULT_NAMESPACE:
            return f"{self.namespace}/{self.model}:{self.tag}"
        return f"{self.model}:{self.tag}"

    @property
    def path_parts(self) -> tuple[str, str, str, str]:
        """The four parts, as the components of the manifest's path."""
        return (self.host, self.namespace, self.model, self.tag)

    @property
    def folded(self) -> tuple[str, str, str, str]:
        """The four parts in lower case: equal for names that differ in letter case only."""
        host, namespace, model, tag = (part.lower() for part in self.path_parts)
        return (host, namespace, model, tag)

    def relative_path(self) -> PurePosixPath:
        """The manifest's path below ``manifests/``."""
        return PurePosixPath(*self.path_parts)

    def near(self, names: Iterable[Self]) -> list[Self]:
        """The few of the names that a person may have meant: other tags first, then what is spelled alike."""
        import difflib  # noqa: PLC0415  a tenth of the time that a list of models takes

        spelled = {name._spelled: name for name in names}
        tags = sorted(name for name in spelled.values() if name.model.lower() == self.model.lower())
        alike = difflib.get_close_matches(self._spelled, spelled, n=_NEAR)
        return list(dict.fromkeys([*tags, *(spelled[text] for text in alike)]))[:_NEAR]

    @property
    def _spelled(self) -> str:
        """The part that a person remembers: a tag that nobody types makes no names alike."""
        return self.short.removesuffix(f":{DEFAULT_TAG}").lower()

    def canonical(self, existing: Iterable["ModelName"]) -> "ModelName":
        """This name, spelled as existing names spell its parts.

        Each part by itself adopts a spelling that some existing name has for the same kind of part, as
        Ollama does: with a tag ``Q8_0`` anywhere, ``bar:q8_0`` becomes ``bar:Q8_0``. Where several
        spellings exist, the part's own is kept if it is one of them, else the first in order is taken.
        """
        columns = list(zip(*(name.path_parts for name in existing), strict=True)) or [()] * len(RULES)
        return ModelName(*(_adopt(own, seen) for own, seen in zip(self.path_parts, columns, strict=True)))

    def __str__(self) -> str:
        return self.full


def reserved(tag: str) -> bool:
    """Whether a tag means "runs elsewhere" or "runs here", so that no local model should carry it.

    Ollama reads ``foo:local`` as ``foo:latest`` (removing the one deletes the other), and ``cloud`` or
    ``…-cloud`` as a model of its remote service.
    """
    lower = tag.lower()
    return lower in {"local", "cloud"} or lower.endswith("-cloud")


def check_not_reserved(name: ModelName) -> None:
    """Raises: InvalidName, when a model may not get this name because its tag is `reserved`."""
    if reserved(name.tag):
        raise InvalidName(
            f"the tag {name.tag!r} has a meaning of its own in Ollama: such a model could not be run or removed there",
            where=name.short,
            hint="Choose another tag.",
        )


class Source(Enum):
    """Where a reference says the model runs."""

    UNSPECIFIED = "unspecified"
    LOCAL = "local"
    CLOUD = "cloud"


def split_source(text: str) -> tuple[str, Source]:
    """A reference without its ``:cloud``, ``:local`` or ``-cloud`` suffix, and what the suffix said.

    Comes before `ModelName.parse`; what is left need not be a valid name.

    Raises:
        InvalidName: the text is blank, or has two such suffixes.
    """
    trimmed = text.strip(WHITE)
    if not trimmed:
        raise InvalidName("model is required", hint="Give a model name, for example gemma3:12b.")
    rest, source = _cut_source(trimmed)
    if source is not Source.UNSPECIFIED and _cut_source(rest)[1] is not Source.UNSPECIFIED:
        raise InvalidName(
            "use either :local or :cloud, not both",
            where=_shown(trimmed),
            hint="Leave one of the two suffixes out.",
        )
    return rest, source


def cloud_stub(reference: str) -> str:
    """The name under which Ollama files the stub of a cloud model; the inverse of `split_source`.

    ``gpt-oss:20b`` gives ``gpt-oss:20b-cloud``, and ``qwen3``, which has no tag, ``qwen3:cloud``.
    """
    tagged = reference.rfind(":") > reference.rfind("/")
    return f"{reference}-cloud" if tagged else f"{reference}:cloud"


def _cut_source(text: str) -> tuple[str, Source]:
    rest, colon, last = text.rpartition(":")
    suffix = last.strip(WHITE)
    word = suffix.lower()
    if not colon:
        return text, Source.UNSPECIFIED
    if word in {"cloud", "local"}:
        return rest, Source(word)
    if word.endswith("-cloud") and "/" not in word:
        return f"{rest}:{suffix[: -len('-cloud')]}", Source.CLOUD
    return text, Source.UNSPECIFIED


def _split(text: str) -> tuple[str, str, str, str]:
    tag, rest = "", text
    if text.rfind(":") > text.rfind("/"):
        rest, tag = _cut(text, ":")
    if "/" not in rest:
        return DEFAULT_HOST, DEFAULT_NAMESPACE, rest, tag or DEFAULT_TAG
    rest, model = _cut(rest, "/")
    if "/" not in rest:
        return DEFAULT_HOST, rest, model, tag or DEFAULT_TAG
    rest, namespace = _cut(rest, "/")
    _scheme, separator, after = rest.partition("://")
    host = after if separator else rest
    return host or DEFAULT_HOST, namespace, model, tag or DEFAULT_TAG


def _cut(text: str, separator: str) -> tuple[str, str]:
    left, _, right = text.rpartition(separator)
    return left or _MISSING, right or _MISSING


def _check(parts: Iterable[str], text: str) -> None:
    for rule, value in zip(RULES, parts, strict=True):
        if fault := rule.fault(value):
            raise _invalid(text, fault)


def _adopt(own: str, seen: Iterable[str]) -> str:
    alike = {spelling for spelling in seen if spelling.lower() == own.lower()}
    return own if own in alike or not alike else min(alike)


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _invalid(text: str, fault: str) -> InvalidName:
    return InvalidName(
        f"invalid model name: {_shown(text)}",
        hint=f"A name is [[host/]namespace/]model[:tag]; here {fault}.",
    )
