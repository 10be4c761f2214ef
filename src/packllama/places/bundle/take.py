"""Take the next entry from a tape: one that is known beforehand, or a small one whose content is to be seen."""

from packllama.base.errors import InvalidBundle
from packllama.places.bundle.entry import COPY_AGAIN, Entry, padding, read_entry
from packllama.places.bundle.tape import Tape


def expect(tape: Tape, *wanted: Entry) -> Entry:
    """The next header, which must be one of these. Raises: InvalidBundle, IntegrityError."""
    found = read_entry(tape)
    if found not in wanted:
        raise unexpected(tape, str(wanted[0]), found)
    return found


def unexpected(tape: Tape, wanted: str, found: Entry) -> InvalidBundle:
    """The error for an entry that does not belong where it is."""
    return InvalidBundle(f"expected {wanted}, found {found}", where=tape.where)


def take_known(tape: Tape, path: str, data: bytes) -> None:
    """Pass over a small file that must be this one. Raises: InvalidBundle, IntegrityError."""
    expect(tape, Entry(path, len(data)))
    if take_content(tape, len(data)) != data:
        raise InvalidBundle(f"{path} is not what the manifests say", where=tape.where)


def take_small(tape: Tape, path: str, *, limit: int) -> bytes:
    """The content of the next entry, which must have this path. Raises: InvalidBundle, IntegrityError."""
    found = read_entry(tape)
    if found.path != path or found.target:
        raise unexpected(tape, path, found)
    check_small(tape, found, limit=limit)
    return take_content(tape, found.size)


def check_small(tape: Tape, entry: Entry, *, limit: int) -> None:
    """Raises: InvalidBundle, when a small file says that it is a large one."""
    if entry.size > limit:
        raise InvalidBundle(f"expected {limit:,} bytes at most, found {entry}", where=tape.where)


def take_content(tape: Tape, size: int) -> bytes:
    """The bytes of a small file. Raises: InvalidBundle, IntegrityError."""
    data = tape.read(size)
    take_padding(tape, size)
    return data


def take_padding(tape: Tape, size: int) -> None:
    """Pass over what fills a content's last block. Raises: InvalidBundle, IntegrityError."""
    if tape.read(len(padding(size))) != padding(size):
        raise InvalidBundle(
            f"there is something between two entries, before byte {tape.position:,}",
            where=tape.where,
            hint=COPY_AGAIN,
        )
