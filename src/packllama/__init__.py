"""packllama: language models for machines without a network.

What stands in ``__all__`` is public. It is imported when it is first asked for.
"""

from typing import TYPE_CHECKING

from packllama.base.lazy import exports
from packllama.base.version import __version__ as __version__

if TYPE_CHECKING:
    from packllama.base.errors import PackLlamaError
    from packllama.base.observer import Observer
    from packllama.base.stop import Stop
    from packllama.build.create import create, rehearse
    from packllama.check.verify.verify import verify
    from packllama.digest import Digest
    from packllama.engine import loaded
    from packllama.manifest import Manifest
    from packllama.modelfile import Modelfile
    from packllama.name import ModelName
    from packllama.places.store import Store, copy_name, model_files, remove_model

__getattr__ = exports(
    __name__,
    {
        "Digest": "digest",
        "Manifest": "manifest",
        "ModelName": "name",
        "Modelfile": "modelfile",
        "Observer": "base.observer",
        "PackLlamaError": "base.errors",
        "Stop": "base.stop",
        "Store": "places.store",
        "copy_name": "places.store",
        "create": "build",
        "loaded": "engine",
        "model_files": "places.store",
        "rehearse": "build",
        "remove_model": "places.store",
        "verify": "check.verify.verify",
    },
)

__all__ = [
    "Digest",
    "Manifest",
    "ModelName",
    "Modelfile",
    "Observer",
    "PackLlamaError",
    "Stop",
    "Store",
    "copy_name",
    "create",
    "loaded",
    "model_files",
    "rehearse",
    "remove_model",
    "verify",
]
