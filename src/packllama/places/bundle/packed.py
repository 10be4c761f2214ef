"""Files that were packed once more: a bundle is a plain tar, of which any part can be found without unpacking."""

from packllama.base.errors import InvalidBundle

# How each begins, what it is, and one program that unpacks it.
_PACKINGS = (
    (b"\x1f\x8b", "gzip", "gunzip -k"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
    (b"\xfd7zXZ\0", "xz", "unxz -k"),
    (b"BZh", "bzip2", "bunzip2 -k"),
    (b"PK\3\4", "zip", "unzip"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x"),
)


def check_unpacked(beginning: bytes, *, where: str) -> None:
    """Raises: InvalidBundle, when a file that begins so has to be unpacked first."""
    for mark, what, program in _PACKINGS:
        if beginning.startswith(mark):
            raise InvalidBundle(
                f"this is a {what} file, not what is in it",
                where=where,
                hint=f"Unpack it first, for example with '{program}'.",
            )
