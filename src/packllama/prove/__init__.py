"""Prove that a model works on this machine: every byte is read, it is loaded, it answers once; a receipt says how.

The receipt is to be carried back to whoever sent the model, as a JSON document and as a page of text. It is written
also of a model that is damaged or fails: that is what is to be told then. But for the date and the times, the same
model on the same machine gives the same receipt.

This room never changes a store, and asks the engine one fixed question only. Its verb is asked for by module,
``packllama.prove.prove``. ``doctor/`` looks at the machine instead of a model.
"""
