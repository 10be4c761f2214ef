"""What a person types or pastes for a model: its name, the address of its page, or a whole command."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from packllama.base.errors import InvalidName
from packllama.base.settings import Settings
from packllama.name import ModelName
from packllama.places.loose.origin import name_in

VERBS = frozenset({"run", "pull", "show", "push"})

# What Chinese keyboards write.
_WIDE_COLON = "："

HUBS = frozenset({"hf.co", "huggingface.co"})


@dataclass(frozen=True, slots=True)
class Typed:
    """``insecure``: it was written with ``http://``."""

    name: ModelName
    insecure: bool = False


def read_typed(texts: Iterable[str]) -> list[Typed]:
    """The models that words of a command line mean; ``ollama run`` before them may be a part of it.

    Raises: InvalidName.
    """
    words = list(texts)
    if words[:1] == ["ollama"] and words[1:2] and words[1] in VERBS:
        words = words[2:]
    return [_read(text) for text in words]


def is_repository(name: ModelName, settings: Settings) -> bool:
    """Whether a name is that of a repository of Hugging Face, or of its mirror, whose files can be listed."""
    endpoint = settings.hf_endpoint.partition("://")[2].partition("/")[0]
    return name.host.lower() in {*HUBS, endpoint.lower()}


def _read(text: str) -> Typed:
    words = text.split()
    if words[:1] == ["ollama"] and len(words) > 2 and words[1] in VERBS:
        words = words[2:]
    if len(words) != 1:
        raise InvalidName(
            f"invalid model name: {text[:100]}",
            hint="There are no spaces in a name; it is [[host/]namespace/]model[:tag], as in gemma3:12b.",
        )
    word = words[0].replace(_WIDE_COLON, ":")
    start, slash, _ = word.partition("/")
    if slash and start.lower().removeprefix("www.") in _SITES:  # browsers leave out what stands before
        word = f"https://{word}"
    return _read_url(word) if "://" in word else Typed(ModelName.parse(word))


def _read_url(url: str) -> Typed:
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise InvalidName(
            "an address with a user's name in it is no address of a model",
            hint="Registries give tokens: 'packllama key' shows the key that they know you by.",
        )
    try:
        split = urlsplit(url)
        host = split.netloc.lower().removeprefix("www.")
        parts = [part for part in split.path.split("/") if part]
        read = _SITES.get(host)
        if split.scheme not in {"https", "http"}:
            raise _no_model(url)
        name = name_in(url) or (read(host, parts) if read else _of_registry(split, parts))
    except (ValueError, IndexError) as error:
        raise _no_model(url) from error
    return Typed(name, insecure=split.scheme == "http" and read is None)


def _of_registry(split: SplitResult, parts: Sequence[str]) -> ModelName:
    if len(parts) != 2:
        raise ValueError
    return ModelName.parse(f"{split.netloc}/{'/'.join(parts)}")


def _of_library(_host: str, parts: Sequence[str]) -> ModelName:
    """``/library/gemma3:12b``, ``/USER/MODEL/tags``."""
    return ModelName.parse(f"{parts[0]}/{parts[1]}")


def _of_hub(host: str, parts: Sequence[str]) -> ModelName:
    """``/USER/REPO``, ``/USER/REPO/tree/main``, ``/USER/REPO/blob/main/FILE.gguf``, whose tag is the file."""
    file = parts[-1] if len(parts) > 4 and parts[-1].lower().endswith(".gguf") else ""
    return ModelName.parse(f"{host}/{parts[0]}/{parts[1]}{':' if file else ''}{file}")


def _of_modelscope(host: str, parts: Sequence[str]) -> ModelName:
    """``/models/USER/MODEL``."""
    return _of_hub(host, parts[1:] if parts[0] == "models" else parts)


_SITES: dict[str, Callable[[str, Sequence[str]], ModelName]] = {
    "ollama.com": _of_library,
    **dict.fromkeys(HUBS, _of_hub),
    "modelscope.cn": _of_modelscope,
}


def _no_model(url: str) -> InvalidName:
    return InvalidName(
        f"this is no address of a model: {url[:200]}",
        hint="Give the model's name, as in gemma3:12b, me/model or hf.co/USER/REPO, or the address of its page.",
    )
