"""Where packllama.pyz begins. Any Python can read this file, so that an old one says what is wrong."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.stderr.write(
        "Error: packllama needs Python 3.11 or newer; this is " + sys.version.split()[0] + ", " + sys.executable + "\n"
        "Name a newer one that is on this machine: python3.12 packllama.pyz ...\n"
    )
    sys.exit(7)

from packllama.__main__ import main

main()
