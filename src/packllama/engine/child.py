"""The engine process of the xllamacpp road: load one model, serve it on 127.0.0.1, until the input ends.

Run as a file of its own by ``supervisor.py``; the only place that imports xllamacpp, so a model that
crashes it takes nothing else down. The first line of the input is JSON: the settings and the key, which
therefore stand on no command line. One line of JSON goes out when the model is loaded: the address.

It imports nothing of ours and opens no other file than the model's.
"""

import json
import operator
import os
import signal
import sys
import time
from typing import Any

# The library's log has a thread of its own, which is late, and whose backlog an exit drops: the very lines
# that say why a model was refused. Nothing tells when it is through.
_LOG_SECONDS = 0.3


def main() -> None:
    settings = json.loads(sys.stdin.buffer.readline())
    # The owner's Ctrl-C is the owner's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever the library prints on stdout is talk; only our one line may go there.
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.path[:] = settings["path"]
    try:
        server = load(settings)
    except (RuntimeError, ValueError, ImportError, AttributeError, TypeError) as error:
        # The library has said what was wrong on stderr; its exception has no more to say.
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        time.sleep(_LOG_SECONDS)
        sys.exit(1)
    report.write(json.dumps({"address": server.listening_address}) + "\n")
    report.flush()
    sys.stdin.buffer.read()
    # Not by way of the server's destructor, which would wait for the answer it is making.
    os._exit(0)


def load(settings: dict[str, Any]) -> Any:
    import xllamacpp  # noqa: PLC0415  after sys.path is right

    params = xllamacpp.CommonParams()
    for name, value in settings["params"].items():
        target, _, attribute = name.rpartition(".")
        setattr(operator.attrgetter(target)(params) if target else params, attribute, value)
    if "speculative.draft.n_max" in settings["params"]:
        params.speculative.types = [xllamacpp.common_speculative_type.COMMON_SPECULATIVE_TYPE_DRAFT_SIMPLE]
    params.lora_adapters = [_adapter(xllamacpp, path) for path in settings["adapters"]]
    if settings["use_mmap"] is not None:
        modes = xllamacpp.llama_load_mode
        mmap, none = modes.LLAMA_LOAD_MODE_MMAP, modes.LLAMA_LOAD_MODE_NONE
        params.load_mode = mmap if settings["use_mmap"] else none
    return xllamacpp.Server(params)


def _adapter(xllamacpp: Any, path: str) -> Any:
    adapter = xllamacpp.CommonAdapterLoraInfo()
    adapter.path, adapter.scale = path, 1.0
    return adapter


if __name__ == "__main__":
    main()
