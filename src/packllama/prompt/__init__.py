"""Messages in, the text that a model sees out: which template is used, what fits into the context, where images stand.

And back: an answer's thinking told from its content. Starts no process and asks no network: applying the engine's own
template and counting tokens are callables that come from outside. Follows Ollama's template rules (part C).
"""

from packllama.prompt.build import ApplyJinja, EngineSide, chat_prompt, generate_prompt
from packllama.prompt.capabilities import capabilities
from packllama.prompt.choice import PLAIN_TEMPLATE, uses_jinja
from packllama.prompt.model import PromptModel, parsed_template
from packllama.prompt.request import ChatRequest, GenerateRequest, Prompt
from packllama.prompt.thinking import ThinkingParser

__all__ = [
    "PLAIN_TEMPLATE",
    "ApplyJinja",
    "ChatRequest",
    "EngineSide",
    "GenerateRequest",
    "Prompt",
    "PromptModel",
    "ThinkingParser",
    "capabilities",
    "chat_prompt",
    "generate_prompt",
    "parsed_template",
    "uses_jinja",
]
