"""What ``import packllama`` offers."""

import subprocess
import sys
import types

import packllama


def test_every_public_name_is_there_and_stays_what_it_is() -> None:
    """A room must not shadow a function of the same name once it is imported."""
    for _ in range(2):
        for name in packllama.__all__:
            assert not isinstance(getattr(packllama, name), types.ModuleType), name


def test_importing_the_package_imports_no_room() -> None:
    code = "import sys, packllama; print(*[name for name in sys.modules if name.startswith('packllama.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"packllama.base", "packllama.base.lazy", "packllama.base.version"}
