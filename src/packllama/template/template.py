"""A model's TEMPLATE: parsed once, and rendered for each conversation as Ollama renders it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal, Self, TypeAlias

from packllama.base.errors import TemplateError
from packllama.message import Message
from packllama.template.budget import MAX_STEPS, Budget
from packllama.template.compile import Program, compile_tree
from packllama.template.cut import cut
from packllama.template.formatting import joined
from packllama.template.functions import BUILTINS, FUNCTIONS
from packllama.template.nodes import Action, Command, Field, Pipeline, Tree
from packllama.template.objects import messages_value, tools_value
from packllama.template.parser import parse
from packllama.template.tags import thinking_tags, tool_tag
from packllama.template.values import Value
from packllama.template.words import words
from packllama.tool import Tool

# Whether a model shall think, and how hard; None: nobody said.
Think: TypeAlias = bool | Literal["low", "medium", "high", "max"] | None

_JOINT = "\n\n"
# On top of what any rendering may take: the most laborious template of ours takes a hundred for each message.
_STEPS_A_MESSAGE = 250


@dataclass(frozen=True, slots=True)
class Template:
    """A TEMPLATE that parses.

    ``words`` are the fields and variables that it mentions, in lower case. ``thinking_tags`` and ``tool_tag`` are the
    marks that it puts around thinking and before tool calls.
    """

    text: str
    words: frozenset[str]
    thinking_tags: tuple[str, str]
    tool_tag: str
    _tree: Tree
    _whole: Program
    # Up to its .Response. None: it goes over the messages itself, or cannot be cut.
    _begun: Program | None

    @classmethod
    def parse(cls, text: str, *, where: str = "") -> Self:
        """Raises: TemplateError."""
        try:
            tree = parse(text, functions=FUNCTIONS)
            named = words(tree)
        except TemplateError as error:
            error.where = error.where or where
            raise
        if not named & {"messages", "response"}:
            tree, named = replace(tree, main=(*tree.main, _response(len(text)))), named | {"response"}
        begun = None
        if "messages" not in named:
            with suppress(TemplateError):  # in Ollama too it fails only when it is rendered
                begun = _until_response(tree)
        return cls(
            text=text,
            words=named,
            thinking_tags=thinking_tags(tree.main),
            tool_tag=tool_tag(tree.main),
            _tree=tree,
            _whole=compile_tree(tree, FUNCTIONS, missing_is_zero=True),
            _begun=begun,
        )

    def render(
        self,
        messages: Sequence[Message] = (),
        *,
        tools: Sequence[Tool] | None = None,
        prompt: str = "",
        suffix: str = "",
        think: Think = None,
    ) -> str:
        """The prompt for a conversation; or, given both ``prompt`` and ``suffix``, for the gap between them.

        ``tools``: None and empty print differently, as in Ollama.

        Raises:
            TemplateError: the template fails on what it is given, or takes too many steps.
        """
        budget = Budget(steps=MAX_STEPS + _STEPS_A_MESSAGE * len(messages))
        thinking = _thinking(think)
        if prompt and suffix:
            return self._whole.run({"Prompt": prompt, "Suffix": suffix, "Response": "", **thinking}, budget)
        collated = list(_collated(messages))
        if "messages" in self.words:
            root: dict[str, Value] = {
                "System": _JOINT.join(message.content for message in messages if message.role == "system"),
                "Messages": messages_value(collated),
                "Tools": tools_value(tools),
                "Response": "",
                **thinking,
            }
            return self._whole.run(root, budget)
        *turns, last = _turns(collated)
        texts = [self._whole.run({**turn, **thinking}, budget) for turn in turns]
        begun = self._begun or _until_response(self._tree)
        return joined([*texts, begun.run({**last, **thinking}, budget)])


def _until_response(tree: Tree) -> Program:
    """A template up to its ``.Response``. Ollama runs it bare: no templates defined in it, no functions but Go's."""
    return compile_tree(cut(tree), BUILTINS, missing_is_zero=False)


def _response(at: int) -> Action:
    field = Field(("Response",), at)
    return Action(Pipeline((), False, (Command((field,), at),), at), at)


def _thinking(think: Think) -> dict[str, Value]:
    level = think if isinstance(think, str) else "medium" if think else ""
    return {"Think": bool(think), "ThinkLevel": level, "IsThinkSet": think is not None}


def _collated(messages: Iterable[Message]) -> Iterator[Message]:
    """Neighbours of one role as one message. Of all but the first the text remains, and nothing else."""
    for role, group in groupby(messages, key=lambda message: message.role):
        run = list(group)
        if role == "tool":
            yield from run
        else:
            yield replace(run[0], content=_JOINT.join(message.content for message in run))


def _turns(messages: Iterable[Message]) -> Iterator[dict[str, str]]:
    """What a template without messages is given, turn by turn; the last one is the one to be answered."""
    turn = {"System": "", "Prompt": "", "Response": ""}
    empty = dict(turn)
    for message in messages:
        closed = turn["Response"] or (message.role == "system" and turn["Prompt"])
        if message.role in {"system", "user"} and closed:
            yield turn
            turn = dict(empty)
        if key := {"system": "System", "user": "Prompt", "assistant": "Response"}.get(message.role):
            turn[key] = message.content
    yield turn
