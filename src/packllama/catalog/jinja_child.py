"""Renders a GGUF's own chat template, in a process of its own: the text may come from anybody.

Run as a file of its own by ``jinja.py``. The order comes as one JSON object on the standard input; a line goes out
when Jinja is loaded, and then one JSON object. From that moment on it can open nothing, and memory and processor
time are bounded.

It imports nothing of ours, and renders as the programs do that the texts were written for.
"""

import contextlib
import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

# More than any sentence meant for a person.
_ERROR_CHARACTERS = 300


def main() -> None:
    order = json.loads(sys.stdin.buffer.read())
    sys.path += order["path"]
    template_of = _environment()
    _bound(order["bytes"], order["seconds"])
    sys.stdout.write("\n")
    sys.stdout.flush()
    try:
        answer: object = _answer(order, template_of)
    except MemoryError:
        answer = "takes too much memory"
    json.dump(answer, sys.stdout)


def _answer(order: dict[str, Any], template_of: Callable[[str], Any]) -> object:
    """What every request renders to, in a list of its own: a text, or none and the error."""
    try:
        template = template_of(order["source"])
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  whatever foreign code brings about
        return f"cannot be parsed: {_words(error)}"
    text, _ = _rendered(template, order, order["requests"][0], in_parts=False)
    in_parts = text is None or order["shows"] not in text
    return [_rendered(template, order, request, in_parts=in_parts) for request in order["requests"]]


def _rendered(
    template: Any, order: dict[str, Any], request: dict[str, Any], *, in_parts: bool
) -> tuple[str | None, str]:
    messages = [_in_parts(message) if in_parts else message for message in request["messages"]]
    now = datetime.fromisoformat(request["now"])
    try:
        text = template.render(
            {
                "messages": messages,
                "tools": request["tools"],
                "documents": None,
                "add_generation_prompt": True,
                "bos_token": order["bos"],
                "eos_token": order["eos"],
                "strftime_now": now.strftime,
                **request["variables"],
            }
        )
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  whatever foreign code brings about
        return None, _words(error)
    return text, ""


def _in_parts(message: dict[str, Any]) -> dict[str, Any]:
    return message | {"content": [{"type": "text", "text": message["content"]}]}


def _words(error: Exception) -> str:
    return f"{error}"[:_ERROR_CHARACTERS] or type(error).__name__


def _environment() -> Callable[[str], Any]:
    """What makes templates of texts."""
    import jinja2.debug  # noqa: F401, PLC0415  used on errors, when nothing can be opened any more
    from jinja2 import TemplateError, nodes  # noqa: PLC0415  after sys.path is right
    from jinja2.ext import Extension, LoopControlExtension  # noqa: PLC0415
    from jinja2.parser import Parser  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    class Generation(Extension):
        """``{% generation %}`` marks answers for training; its body is rendered as it stands."""

        tags = {"generation"}  # noqa: RUF012  as jinja2 has it

        def parse(self, parser: Parser) -> list[nodes.Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, LoopControlExtension]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = raise_exception
    # What is rendered twice must come out the same.
    del environment.filters["random"], environment.globals["lipsum"]
    # Python loads some of itself when it is used, and from files.
    environment.from_string("{{ 'loaded\\n' }}").render()
    return environment.from_string


def _tojson(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _bound(more: int, seconds: int) -> None:
    """From now on ``more`` bytes of memory, so many seconds of processor time in all, and no further file."""
    # Windows has no such limits; the parent's clock is what is left there.
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415

        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  pathlib is not loaded
            pages = int(file.read().split()[0])
        limits = {
            resource.RLIMIT_AS: pages * resource.getpagesize() + more,
            resource.RLIMIT_CPU: seconds,
            resource.RLIMIT_NOFILE: 0,
            resource.RLIMIT_CORE: 0,
        }
        for name, limit in limits.items():
            resource.setrlimit(name, (limit, limit))


if __name__ == "__main__":
    main()
