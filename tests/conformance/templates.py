"""Run recorded template cases of the real Ollama.

    python -m tests.conformance.templates FILE.jsonl

prints one JSON line a case, ``{"name", "got" | "got_hex" | "error"}``, and compares nothing; ``got_hex`` are the bytes
of an output that is not UTF-8. With ``--check`` it prints the counts by kind and the differing cases; exit status 1
when there is one.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packllama.base.errors import PackLlamaError
from packllama.config import ModelConfig
from packllama.message import Message, decode_messages
from packllama.name import ModelName
from packllama.prompt import ChatRequest, EngineSide, PromptModel, ThinkingParser, chat_prompt
from packllama.template import Template, Think
from packllama.template.budget import Budget
from packllama.template.compile import compile_tree
from packllama.template.functions import FUNCTIONS
from packllama.template.parser import parse
from packllama.template.values import Uint, encoded
from packllama.tool import Tool, decode_tools

Case = dict[str, Any]

NOT_BUILT = "not built"


def read_cases(path: Path) -> Iterator[Case]:
    """The cases of a file, one JSON object a line. An integer that no ``int64`` can hold is a ``uint64``."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line, parse_int=_integer)


def _integer(digits: str) -> int:
    number = int(digits)
    return Uint(number) if number >= 1 << 63 else number


def kind_of(case: Case) -> str:
    return str(case.get("kind", "plain"))


def _plain(case: Case) -> object:
    tree = parse(case["template"], functions=FUNCTIONS)
    program = compile_tree(tree, FUNCTIONS, missing_is_zero=case.get("missingkey") != "default")
    return program.run(case.get("data"), Budget())


def _ollama(case: Case) -> object:
    data = case.get("data") or {}
    return Template.parse(case["template"]).render(
        decode_messages(data.get("messages")),
        tools=decode_tools(data.get("tools")),
        prompt=data.get("prompt") or "",
        suffix=data.get("suffix") or "",
        think=data.get("think"),
    )


def _vars(case: Case) -> object:
    return sorted(Template.parse(case["template"]).words)


def _tags(case: Case) -> object:
    return list(Template.parse(case["template"]).thinking_tags)


def _tooltag(case: Case) -> object:
    return Template.parse(case["template"]).tool_tag


def _thinkparse(case: Case) -> object:
    data = case["data"]
    parser = ThinkingParser(data["open"], data["close"])
    return [list(parser.feed(chunk)) for chunk in data["chunks"]]


def _chatprompt(case: Case) -> object:
    data = case["data"]
    think = data.get("think")
    model = PromptModel(
        ModelName.parse("m"),
        ModelConfig(),
        Template.parse(case["template"]),
        capabilities=frozenset({"tools"} if think is None else {"tools", "thinking"}),
        sees=bool(data.get("projector")),
    )
    request = ChatRequest(
        decode_messages(data["messages"]),
        tools=decode_tools(data.get("tools")),
        think=think,
        truncate=data.get("truncate") is not False,
    )
    engine = EngineSide(data["num_ctx"], count_tokens=lambda text: len(text.split()), apply_jinja=_no_jinja)
    prompt = chat_prompt(request, model=model, engine=engine)
    return {"prompt": prompt.text, "images": [image.decode() for image in prompt.images]}


def _no_jinja(messages: Sequence[Message], *, tools: Sequence[Tool], think: Think) -> str:
    raise AssertionError("there is a template")


# What runs the cases of a kind and gives what ``expect`` is compared with.
KINDS: Mapping[str, Callable[[Case], object]] = {
    "plain": _plain,
    "ollama": _ollama,
    "vars": _vars,
    "tags": _tags,
    "tooltag": _tooltag,
    "thinkparse": _thinkparse,
    "chatprompt": _chatprompt,
}


def run_case(case: Case) -> Case:
    """What packllama answers: the case's name, and ``got``, ``got_hex`` or ``error``."""
    run = KINDS.get(kind_of(case))
    if run is None:
        return {"name": case["name"], "error": NOT_BUILT}
    try:
        got = run(case)
    except PackLlamaError as error:
        return {"name": case["name"], "error": error.message}
    if isinstance(got, str) and any("\ud800" <= char <= "\udfff" for char in got):
        return {"name": case["name"], "got_hex": encoded(got).hex()}
    return {"name": case["name"], "got": got}


def passes(case: Case, answer: Case) -> bool:
    """Whether an answer is what was recorded; of an error only that there is one."""
    if case.get("error"):
        return "error" in answer and answer["error"] != NOT_BUILT
    return all(
        answer.get(got) == case.get(expected) for got, expected in (("got", "expect"), ("got_hex", "expect_hex"))
    )


def main(arguments: list[str]) -> int:
    """Run a file of cases; print the answers or, with ``--check``, what differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.templates")
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(arguments)
    cases = list(read_cases(options.file))
    if options.check:
        return _check(cases)
    for case in cases:
        print(json.dumps(run_case(case)))
    return 0


def _check(cases: list[Case]) -> int:
    total, passed = Counter(map(kind_of, cases)), Counter[str]()
    for case in cases:
        answer = run_case(case)
        if passes(case, answer):
            passed[kind_of(case)] += 1
        elif answer.get("error") != NOT_BUILT:
            expected = {key: case[key] for key in ("expect", "expect_hex", "msg") if key in case}
            print(f"{case['name']} DIFFERS:\n  expected {json.dumps(expected)}\n  found    {json.dumps(answer)}")
    for kind, count in total.items():
        print(f"{kind}: {passed[kind]}/{count}{'' if kind in KINDS else f', {NOT_BUILT}'}")
    return 0 if passed == total else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
