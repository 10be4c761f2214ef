"""Go's ``text/template`` with Ollama's additions: a template's text in, prompts out.

Parses once and renders many times, within bounds of steps, depth and bytes. Never reads a file, never runs a
process. Follows Ollama's template rules (parts A and B).
"""

from packllama.template.template import Template, Think

__all__ = ["Template", "Think"]
