"""How the network is reached: by which proxies, and whose certificates count. The words come from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Network:
    """``no_proxy``: hosts that are asked directly. ``certificates``: the file, and the folder, that replace the
    system's list of whom to trust. What a proxy is reached by may have a password in it.
    """

    http_proxy: str = field(default="", repr=False)
    https_proxy: str = field(default="", repr=False)
    no_proxy: str = ""
    certificates: Path | None = None
    certificate_folder: Path | None = None

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Self:
        """From environment variables; of two spellings the capitals count."""

        def said(name: str) -> str:
            return values.get(name) or values.get(name.lower()) or ""

        file, folder = values.get("SSL_CERT_FILE"), values.get("SSL_CERT_DIR")
        return cls(
            http_proxy=said("HTTP_PROXY"),
            https_proxy=said("HTTPS_PROXY"),
            no_proxy=said("NO_PROXY"),
            certificates=Path(file) if file else None,
            certificate_folder=Path(folder) if folder else None,
        )


# No proxy, and the system's certificates.
DIRECT = Network()
