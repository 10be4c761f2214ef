"""Prove that a store holds what it says: read every byte and say what is wrong.

Nothing here writes into a store, so one on a read-only medium is enough. No record of an earlier run is believed.
What is wrong is a value, not an exception: a store with a hundred damaged blobs gives a hundred findings.
"""

from packllama.check.finding import Finding, FindingKind
from packllama.check.verify import VerifyReport, verify

__all__ = ["Finding", "FindingKind", "VerifyReport", "verify"]
