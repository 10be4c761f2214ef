"""packllama for which small files are large: it writes them in several parts, syncs meanwhile and notes how far."""

import sys

from packllama.base import fs, hashing, partfile
from packllama.cli.main import main

PART = 8 << 10


def make_small_files_large() -> None:
    hashing.BUFFER_SIZE = PART
    fs.SYNC_STEP = partfile.WORTH_RECORDING = 2 * PART
    partfile.RECORD_STEP = PART


if __name__ == "__main__":
    make_small_files_large()
    sys.exit(main(sys.argv[1:]))
