"""Direct links: what to fetch of a model, from where, and where to put it, as each download program reads it.

From a name and its manifest come links, from links a text. Links are those of the registry, which do not expire, never
the signed ones of its storage. A `Link` that exists holds nothing that could mean something to a shell, whoever wrote
the manifest; the texts quote every word all the same. Nothing here fetches a blob or writes a file.

What is saved as these texts say lies as in a store, so ``packllama import`` takes it and knows each model's name.
"""

from typing import TYPE_CHECKING

from packllama.base.lazy import exports

if TYPE_CHECKING:
    from packllama.links.document import document
    from packllama.links.formats import Format, write
    from packllama.links.huggingface import repository_links
    from packllama.links.link import FOLDER, Link
    from packllama.links.listing import Listing, ModelLinks, RepositoryLinks, model_links
    from packllama.links.resolve import resolve
    from packllama.links.saved import read_saved
    from packllama.links.typed import Typed, is_repository, read_typed

_MODULES = {
    "FOLDER": "link",
    "Format": "formats",
    "Link": "link",
    "Listing": "listing",
    "ModelLinks": "listing",
    "RepositoryLinks": "listing",
    "Typed": "typed",
    "document": "document",
    "is_repository": "typed",
    "model_links": "listing",
    "read_saved": "saved",
    "read_typed": "typed",
    "repository_links": "huggingface",
    "resolve": "resolve",
    "write": "formats",
}
__getattr__ = exports(__name__, _MODULES)

__all__ = [
    "FOLDER",
    "Format",
    "Link",
    "Listing",
    "ModelLinks",
    "RepositoryLinks",
    "Typed",
    "document",
    "is_repository",
    "model_links",
    "read_saved",
    "read_typed",
    "repository_links",
    "resolve",
    "write",
]
