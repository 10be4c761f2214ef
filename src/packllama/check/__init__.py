"""Say what is wrong: with a store, every byte of which is read, and with a Modelfile before anything is built of it.

Nothing here writes into a store, so one on a read-only medium is enough. No record of an earlier run is believed.
What is wrong is a value, not an exception: a store with a hundred damaged blobs gives a hundred findings.
"""

from packllama.check.finding import Finding, FindingKind
from packllama.check.lint import LintReport, lint
from packllama.check.remark import Remark, RemarkKind
from packllama.check.verify import VerifyReport, verify

__all__ = ["Finding", "FindingKind", "LintReport", "Remark", "RemarkKind", "VerifyReport", "lint", "verify"]
