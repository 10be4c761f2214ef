"""From a request to the text that a model reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from packllama.base.errors import NotSupported, UsageError
from packllama.message import Message
from packllama.prompt.choice import is_gpt_oss
from packllama.prompt.fit import IMAGE_TOKENS, fit
from packllama.prompt.images import with_image_tags
from packllama.prompt.messages import chat_messages, generate_messages
from packllama.prompt.model import PromptModel
from packllama.prompt.request import ChatRequest, GenerateRequest, Prompt
from packllama.template import Template, Think
from packllama.tool import Tool


class ApplyJinja(Protocol):
    """The GGUF's own template, applied by whoever can."""

    def __call__(self, messages: Sequence[Message], *, tools: Sequence[Tool], think: Think) -> str: ...


@dataclass(frozen=True, slots=True)
class EngineSide:
    """The engine that a prompt is for: its context in tokens, how it counts them and applies the GGUF's template."""

    num_ctx: int
    count_tokens: Callable[[str], int]
    apply_jinja: ApplyJinja


def chat_prompt(request: ChatRequest, *, model: PromptModel, engine: EngineSide) -> Prompt:
    """The prompt for the next turn of a conversation.

    Raises:
        NotSupported: the model does not think, knows no tools, or takes no second image.
        TemplateError: the model's template cannot be rendered.
        What the engine's functions raise.
    """
    think = _think(request.think, model)
    if request.tools and "tools" not in model.capabilities:
        raise NotSupported(f"{model.name.full} does not support tools")
    messages = chat_messages(request, model)
    return _conversation(
        messages, tools=request.tools, think=think, truncate=request.truncate, model=model, engine=engine
    )


def generate_prompt(request: GenerateRequest, *, model: PromptModel, engine: EngineSide) -> Prompt:
    """The prompt for one answer.

    Raises:
        UsageError: ``raw`` beside what it excludes.
        NotSupported, TemplateError: as `chat_prompt` does; or the model fills in no gaps.
        What the engine's functions raise.
    """
    if request.raw and (request.template or request.system or request.context):
        raise UsageError("raw mode does not support template, system, or context")
    think = _think(request.think, model)
    if request.suffix and "insert" not in model.capabilities:
        raise NotSupported(f"{model.name.full} does not support insert")
    if request.raw:
        return Prompt(request.prompt, request.images)
    template = Template.parse(request.template) if request.template else model.template
    messages = generate_messages(request, model)
    if template is not None and (request.suffix or request.template):
        text = template.render(messages, tools=(), prompt=request.prompt, suffix=request.suffix, think=think)
        prompt = Prompt(text, request.images, model.thinking_marks if think else None)
    else:
        prompt = _conversation(messages, tools=(), think=think, truncate=request.truncate, model=model, engine=engine)
    return replace(prompt, text=(request.context or "") + prompt.text)


def _think(asked: Think, model: PromptModel) -> Think:
    """Models that can think do so unless they are told not to."""
    if "thinking" not in model.capabilities:
        if asked:
            raise NotSupported(f'"{model.name.short}" does not support thinking')
        return asked
    if asked == "max" and is_gpt_oss(model.config):
        return "high"
    return True if asked is None else asked


def _conversation(
    messages: Sequence[Message],
    *,
    tools: Sequence[Tool] | None,
    think: Think,
    truncate: bool,
    model: PromptModel,
    engine: EngineSide,
) -> Prompt:
    def render(messages: Sequence[Message]) -> str:
        if model.template is None:
            return engine.apply_jinja(messages, tools=tools or (), think=think)
        return model.template.render(messages, tools=tools, think=think)

    def fits(rescued: Sequence[Message], kept: Sequence[Message]) -> bool:
        seen = sum(len(message.images or ()) for message in kept) if model.sees else 0
        room = engine.num_ctx - seen * IMAGE_TOKENS
        text = render([*rescued, *kept])
        # A token is at least a byte, but for the two a tokenizer may add: most prompts fit without being counted.
        return len(text.encode(errors="surrogatepass")) + 2 <= room or engine.count_tokens(text) <= room

    rescued, kept = fit(messages, fits=fits) if truncate else ([], messages)
    if "mllama" in (model.config.model_families or ()) and any(len(message.images or ()) > 1 for message in kept):
        raise NotSupported("this model only supports one image while more than one image requested")
    tagged, images = with_image_tags(kept)
    return Prompt(render([*rescued, *tagged]), images, model.thinking_marks if think else None)
