"""Say what is wrong: with a store, every byte of which is read, and with a Modelfile before anything is built of it.

Nothing here writes into a store, so one on a read-only medium is enough. No record of an earlier run is believed.
What is wrong is a value, not an exception: a store with a hundred damaged blobs gives a hundred findings.

Its verbs are asked for by module, ``packllama.check.verify`` and ``packllama.check.lint``: neither waits for the
other's imports.
"""
