"""The conversation on a terminal that ``packllama run NAME`` begins, for fingers that know Ollama's.

Here are keys, slash commands and how answers are printed. What is remembered and asked is the session's business,
one room below; nothing here talks to an engine. Follows Ollama's interactive session.
"""
