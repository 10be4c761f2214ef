"""The link page: one HTML file that turns a model's name into direct links, and checks what was downloaded.

What `packllama.links` says, for a browser without any network: opened from a disk or from a server, it asks nobody
unless it is told to, and sends nothing anywhere. Names, links and texts are those of `links`, to the byte.
"""

from packllama.page.assemble import page

__all__ = ["page"]
