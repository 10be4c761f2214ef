"""Models in one tar file, for a stick or a pipe. Follows the bundle format, version 1.

=====================================  =========  =================================================
entry, in this order                   kind       content
=====================================  =========  =================================================
``oci-layout``, ``index.json``         file       of an OCI image layout that lists the twins
``packllama.json``                     file       names, digests and sizes: all that planning needs
``SHA256SUMS``                         file       for ``sha256sum -c`` in an unpacked store
``blobs/sha256/<hex>``                 file       each manifest, then each model's twin
``blobs/sha256-<hex>``                 file       each blob once, the smallest first
``blobs/sha256/<hex>``                 hard link  to the blob before it
``pieces.json``                        file       where in a large blob damage is
``manifests/<host>/<ns>/<model>/<tag>``  file     each manifest again
=====================================  =========  =================================================

Two zero blocks end it. All but the blobs' own bytes follows from the manifests, so equal models give equal bytes, and
a reader takes only what it would have written itself: other programs then see in the file what packllama saw. Nothing
here hashes a blob, knows a store or unpacks a file.
"""

from typing import TYPE_CHECKING

from packllama.base.lazy import exports

if TYPE_CHECKING:
    from packllama.places.bundle.output import ToFile, ToPipe
    from packllama.places.bundle.packed import check_unpacked
    from packllama.places.bundle.recognise import is_bundle
    from packllama.places.bundle.source import BundleSource
    from packllama.places.bundle.stream import BundleStream
    from packllama.places.bundle.target import BundleTarget

_MODULES = {
    "BundleSource": "source",
    "BundleStream": "stream",
    "BundleTarget": "target",
    "ToFile": "output",
    "ToPipe": "output",
    "check_unpacked": "packed",
    "is_bundle": "recognise",
}
__getattr__ = exports(__name__, _MODULES)

__all__ = ["BundleSource", "BundleStream", "BundleTarget", "ToFile", "ToPipe", "check_unpacked", "is_bundle"]
