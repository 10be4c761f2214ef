"""Remove the files of models that have been moved into a store."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from packllama.base.errors import PackLlamaError
from packllama.base.fs import remove
from packllama.places.loose.downloads import Downloads
from packllama.places.loose.sheets import Sheet
from packllama.places.loose.walk import Seen, identity


def clear(downloads: Downloads, taken: Sequence[Sheet]) -> list[str]:
    """Remove the manifests of models that have been published, and their blobs that no other manifest there names.

    Only what was found right goes, and only while it is the file that was seen. While something there could not be
    read, all of it stays: it may need them. Returns sentences about what stays, though it should go.

    Raises: Cancelled.
    """
    papers = downloads.papers
    unclear = [error.sentence for error in papers.unread]
    unclear += [f"{path}: {oddity.what}" for path, oddity in papers.oddities.items() if oddity.surely]
    if unclear and taken:
        return [f"nothing is removed, since not everything there could be read: {unclear[0]}"]
    stays = []
    for file in dict.fromkeys(_to_remove(downloads, taken)):
        if manifests := _unseen_manifests(file, downloads):
            stays.append(f"{file.path} stays: models in {manifests}, which was not looked through, may need it")
            continue
        try:
            _remove(file)
            if sidecar := downloads.sidecar(file):
                _remove(sidecar)
        except PackLlamaError as error:
            stays.append(error.sentence)
    return stays


def _to_remove(downloads: Downloads, taken: Sequence[Sheet]) -> Iterator[Seen]:
    others = [sheet for sheet in (*downloads.papers.sheets, *downloads.papers.kept) if sheet not in taken]
    needed = {digest for sheet in others for digest in sheet.manifest.digests()}
    for sheet in taken:
        for blob in sheet.blobs:
            if blob.digest not in needed and downloads.is_right(blob) and (file := downloads.choice(blob)):
                yield file
        yield from sheet.files


def _unseen_manifests(file: Seen, downloads: Downloads) -> str:
    """The manifests of the store whose blob a file is, if it was named without them; empty: there are none."""
    folder, name = os.path.split(os.path.realpath(os.path.dirname(file.path)))  # noqa: PTH120
    manifests = Path(folder, "manifests")
    if name != "blobs" or not manifests.is_dir() or identity(manifests.stat()) in downloads.entered:
        return ""
    return str(manifests)


def _remove(file: Seen) -> None:
    """Where the store took it by a link, its times are no longer its own."""
    path = Path(file.path)
    with contextlib.suppress(OSError):
        now = path.lstat()
        same = (now.st_dev, now.st_ino, now.st_size) == (file.device, file.inode, file.size)
        if same and (now.st_mtime_ns == file.mtime_ns or now.st_nlink > 1):
            remove(path)
