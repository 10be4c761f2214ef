"""Is every listed model of a store whole? Shares no code with the package, so it cannot share its mistakes.

    python tests/faults/checker.py STORE

prints what is wrong, one line each; exit status 1 when there is anything.
"""

import hashlib
import json
import os
import re
import sys

BLOB = re.compile(r"sha256-[0-9a-f]{64}\Z")


def listed(store: str) -> list[str]:
    """The paths of all manifests: files exactly four levels below ``manifests``."""
    root = os.path.join(store, "manifests")
    found = []
    for folder, _, files in os.walk(root):
        if os.path.relpath(folder, root).count(os.sep) == 2:
            found += [os.path.join(folder, file) for file in files]
    return sorted(found)


def hash_of(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_manifest(store: str, path: str) -> list[str]:
    """What is wrong with one listed model."""
    try:
        with open(path, encoding="utf-8") as file:
            manifest = json.load(file)
        layers = [manifest["config"], *manifest["layers"]]
    except (ValueError, KeyError, OSError) as error:
        return [f"{path}: not a manifest: {error!r}"]
    wrong = []
    for layer in layers:
        algorithm, _, digest = layer["digest"].partition(":")
        blob = os.path.join(store, "blobs", f"{algorithm}-{digest}")
        if not os.path.isfile(blob):
            wrong.append(f"{path}: {blob} is missing")
        elif os.path.getsize(blob) != layer["size"]:
            wrong.append(f"{path}: {blob} has {os.path.getsize(blob)} bytes, not {layer['size']}")
        elif hash_of(blob) != digest:
            wrong.append(f"{path}: {blob} has other bytes")
    return wrong


def check_blobs(store: str) -> list[str]:
    """Files under a blob's name that do not hash to it, and files under any other name."""
    root = os.path.join(store, "blobs")
    wrong = []
    for name in sorted(os.listdir(root)) if os.path.isdir(root) else []:
        if not BLOB.match(name):
            wrong.append(f"{root}/{name}: no blob's name")
        elif hash_of(os.path.join(root, name)) != name.partition("-")[2]:
            wrong.append(f"{root}/{name}: has other bytes")
    return wrong


def check(store: str) -> list[str]:
    """Everything that is wrong in a store."""
    wrong = check_blobs(store)
    for path in listed(store):
        wrong += check_manifest(store, path)
    return wrong


if __name__ == "__main__":
    problems = check(sys.argv[1])
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
