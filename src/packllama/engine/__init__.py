"""A child process per loaded model: start it, talk to it, stop it.

The engine is llama.cpp, either through the ``xllamacpp`` package or as a ``llama-server`` program that
the user names. Both speak llama-server's HTTP protocol on 127.0.0.1, on a free port, behind a key made
for that one start. Ollama's option names and defaults are what goes in; ``options.py`` has the table.

::

    this process ── pipe ── supervisor.py ── engine (child.py with xllamacpp, or llama-server)

However this process ends, also by ``kill -9``, the pipe closes and the supervisor ends the engine. A
model that crashes the engine is an ``EngineFailed`` here and nothing more.

This room never loads a model into its own process, never reaches past 127.0.0.1, never chooses a
prompt's format (that is ``prompt/`` and ``template/``). The only files it has written are the translations of models
in Ollama's own form (``dialect/``), which it tries before they are kept.
"""

from packllama.engine.answer import Chunk, Done, DoneReason
from packllama.engine.ask import LoadedModel
from packllama.engine.engine import Engine
from packllama.engine.files import derived_for, has_eyes
from packllama.engine.format import AnswerFormat
from packllama.engine.launch import start
from packllama.engine.load import loaded
from packllama.engine.options import LoadOptions, SamplingOptions, load_options, sampling_options
from packllama.engine.pictures import sendable
from packllama.engine.residence import Residence

__all__ = [
    "AnswerFormat",
    "Chunk",
    "Done",
    "DoneReason",
    "Engine",
    "LoadOptions",
    "LoadedModel",
    "Residence",
    "SamplingOptions",
    "derived_for",
    "has_eyes",
    "load_options",
    "loaded",
    "sampling_options",
    "sendable",
    "start",
]
