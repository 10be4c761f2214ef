"""Messages in, the text that a model sees out: which template is used, what fits into the context, where images stand.

Starts no process and asks no network: applying the engine's own template and counting tokens are callables that
come from outside. Follows Ollama's template rules (part C).
"""
