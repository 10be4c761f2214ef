"""``make_pyz.py FOLDER FILE``: the packages that pip put into a folder, as one file that Python runs.

The same packages and the same Python give the same bytes. Licences stay where pip put them, and are listed in
``LICENSES.txt``. Beside each source stands its bytecode, for a quick start under the Python that runs this script; any
other one takes the source.
"""

import stat
import sys
from compileall import compile_dir
from importlib.metadata import Distribution, distributions
from pathlib import Path
from py_compile import PycInvalidationMode
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# What only pip reads, and what knows where this machine had the packages.
LEFT_OUT = {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "bin"}

# The first moment that a zip file can tell.
TIME = (1980, 1, 1, 0, 0, 0)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the archive by its path in it."""
    found = {
        "LICENSES.txt": "".join(map(licences, sorted(distributions(path=[str(folder)]), key=named))).encode(),
        "__main__.py": Path(__file__).with_name("pyz_main.py").read_bytes(),
    }
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        if path.is_file() and LEFT_OUT.isdisjoint(inside.parts):
            found[inside.as_posix()] = path.read_bytes()
    return found


def named(package: Distribution) -> str:
    return f"{package.metadata['Name']} {package.version}"


def licences(package: Distribution) -> str:
    """A line that tells where in the archive the licence of a package stands."""
    files = sorted(str(file) for file in package.files or () if "LICENSE" in file.name)
    if not files:
        sys.exit(f"{named(package)} comes without its licence")
    return f"{named(package)}: {', '.join(files)}\n"


def compile_all(folder: Path) -> None:
    """Bytecode that is never compared with its source: both stay in the archive as they are."""
    mode = PycInvalidationMode.UNCHECKED_HASH
    if not compile_dir(folder, quiet=1, force=True, legacy=True, stripdir=folder, invalidation_mode=mode):
        sys.exit("a package cannot be compiled")


def write(target: Path, files: dict[str, bytes]) -> None:
    unfinished = target.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(b"#!/usr/bin/env python3\n")
        with ZipFile(file, "w") as archive:
            for name, data in sorted(files.items()):
                entry = ZipInfo(name, TIME)
                entry.compress_type = ZIP_DEFLATED
                entry.external_attr = (stat.S_IFREG | 0o644) << 16
                archive.writestr(entry, data, compresslevel=9)
    unfinished.chmod(0o755)
    unfinished.replace(target)


if __name__ == "__main__":
    compile_all(Path(sys.argv[1]))
    write(Path(sys.argv[2]), contents(Path(sys.argv[1])))
