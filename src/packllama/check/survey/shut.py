"""What may not be looked into, or not be read."""

from pathlib import Path

from packllama.base.errors import MachineError, NoRights
from packllama.check.finding import Finding, FindingKind

ASK_ANOTHER = "Verify it as a user who may read it."


def shut(error: MachineError) -> Finding:
    """About the folder or file of this error. Wrong modes are told besides."""
    kind = FindingKind.FORBIDDEN if isinstance(error, NoRights) else FindingKind.UNREADABLE
    hint = ASK_ANOTHER if kind is FindingKind.FORBIDDEN else "Check the disk."
    return Finding(kind, Path(error.where), f"cannot be looked into: {error.message}", hint)
