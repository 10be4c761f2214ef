"""Say what is wrong with a store, every byte of which is read, and with a Modelfile before anything is built of it.

``verify`` and ``lint`` only look, so a store on a read-only medium is enough for them; ``repair`` and ``prune`` put
right what was found. No record of an earlier run is believed, unless one asks for it. What is wrong is a value, not an
exception: a store with a hundred damaged blobs gives a hundred findings.

Its verbs are asked for by module, ``packllama.check.verify`` and ``packllama.check.lint``: neither waits for the
other's imports.
"""
