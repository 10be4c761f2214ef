"""Move models between places: what is there stays, what is sent is hashed on its way, names come last.

Nothing here knows of what kind a place is: only what `places/place.py` says of all. Each blob is hashed and written
strictly forward, so an interrupted run leaves the beginning of a blob, and the next one goes on behind it.
"""

from packllama.transfer.copy import copy
from packllama.transfer.plan import Plan, PlannedMove, plan
from packllama.transfer.receive import receive
from packllama.transfer.report import CopyOptions, CopyReport

__all__ = ["CopyOptions", "CopyReport", "Plan", "PlannedMove", "copy", "plan", "receive"]
