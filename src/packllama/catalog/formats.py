"""The prompt formats that we have templates for: each a file in ``formats/``, in Ollama's template language.

The first twenty are those of Ollama's own catalogue, by its names and with its stop lists, in our own words; then
come ours. A file's last line end is the file's, not the template's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

from packllama.goquote import quote

_TOKEN = re.compile(r"\{[BE]OS\}")


@dataclass(frozen=True, slots=True)
class Format:
    """A template of ours, and the texts at which generation stops."""

    name: str
    stops: tuple[str, ...]

    def text(self, *, bos: str = "", eos: str = "") -> str:
        """The template. Formats that begin or end turns with the model's own tokens write these two texts there."""
        file = resources.files(__package__) / "formats" / f"{self.name}.gotmpl"
        tokens = {"{BOS}": _literal(bos), "{EOS}": _literal(eos)}
        return _TOKEN.sub(lambda found: tokens[found[0]], file.read_text("utf-8").removesuffix("\n"))


def _literal(text: str) -> str:
    """What makes a template write ``text``, which a stranger's GGUF gives: braces begin actions, blanks are trimmed."""
    if "{" not in text and text == text.strip():
        return text
    return f"{{{{ {quote(text)} }}}}"


_CATALOGUE = (
    Format("alfred", ("<start_system>", "<end_message>", "<start_user>", "<start_assistant>")),
    Format("alpaca", ("### Instruction:", "### Response")),
    Format("chatml", ("<|im_start|>", "<|im_end|>")),
    Format("chatqa", ("System:", "User:", "Assistant:", "<|begin_of_text|>")),
    Format("codellama-70b-instruct", ("Source:", "Destination:", "<step>")),
    Format("command-r", ("<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>")),
    Format("falcon-instruct", ("User:", "Assistant:")),
    Format("gemma-instruct", ("<start_of_turn>", "<end_of_turn>")),
    Format("gemma3-instruct", ("<end_of_turn>",)),
    Format("granite-instruct", ("System:", "Question:", "Answer:")),
    Format("llama2-chat", ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>")),
    Format("llama3-instruct", ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")),
    Format("magicoder", ("@@ Instruction", "@@ Response")),
    Format("mistral-instruct", ("<|im_start|>", "<|im_end|>")),
    Format("openchat", ("<|end_of_turn|>",)),
    Format("phi-3", ("<|end|>", "<|system|>", "<|user|>", "<|assistant|>")),
    Format("solar-instruct", ("### System:", "### User:", "### Assistant")),
    Format("starcoder2-instruct", ("### Instruction", "### Response", "<|endoftext|>")),
    Format("vicuna", ("USER:", "ASSISTANT:")),
    Format("zephyr", ("<|system|>", "</s>", "<|user|>", "<|assistant|>")),
)

# The stops are the marks of turns, as far as a format writes them. The model's own end-of-text token is none of
# them: generation ends there anyway. Nor are the marks of tool calls and of thinking, which are read from the answer.
_LLAMA2 = ("[INST]", "[/INST]", "<<SYS>>", "<</SYS>>")
_MISTRAL = ("[INST]", "[/INST]")
_CHATML = ("<|im_start|>", "<|im_end|>")
_ROLES = ("<|system|>", "<|user|>", "<|assistant|>")
_VICUNA = ("USER:", "ASSISTANT:")

# Families differ by white space alone, and it makes other tokens.
_OURS = (
    Format("llama2", _LLAMA2),
    Format("llama2-once", _LLAMA2),
    Format("llama2-tight", _LLAMA2),
    Format("mistral-v0.1", _MISTRAL),
    Format("mistral-v1", _MISTRAL),
    Format("mistral-v2", _MISTRAL),
    Format("mistral-v3-plain", _MISTRAL),
    Format("mistral-tekken-plain", _MISTRAL),
    Format("mistral-v7", (*_MISTRAL, "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]")),
    Format("mistral-v7-tekken", (*_MISTRAL, "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]")),
    Format("command-r-plain", ("<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>")),
    Format("tulu", _ROLES),
    Format("phi-4", (*_CHATML, "<|im_sep|>")),
    Format("deepseek-coder", ("### Instruction:", "### Response:", "<|EOT|>")),
    Format("deepseek-llm", ("User:", "Assistant:")),
    Format("glm-4", _ROLES),
    Format("vicuna-line", _VICUNA),
    Format("vicuna-spaced", _VICUNA),
    Format("zephyr-tight", _ROLES),
    Format("zephyr-bare", _ROLES),
    Format("danube", ("<|system|>", "<|prompt|>", "<|answer|>")),
    Format("granite-3", ("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>")),
    Format("falcon-blank", ("User:", "Falcon:")),
    Format("yi", _CHATML),
    Format("minicpm", ("<用户>", "<AI>")),
    Format("gemma3", ("<start_of_turn>", "<end_of_turn>")),
    Format("qwen", _CHATML),
    Format("qwen-thinking", _CHATML),
    Format("mistral-v3", _MISTRAL),
    Format("mistral-tekken", _MISTRAL),
    Format("llama3.1", ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")),
)

OLLAMAS = frozenset(each.name for each in _CATALOGUE)
"""The names that Ollama has a template for too."""

FORMATS: Mapping[str, Format] = MappingProxyType({each.name: each for each in (*_CATALOGUE, *_OURS)})
"""In the order of choice: of two that agree equally well, the first."""
