"""Trust: say what is wrong with a store or a Modelfile, and put right what can be.

``survey/``
    what stands in a store, before a byte of a blob is read
``verify/``
    read every byte, and say what is wrong
``repair/``
    fetch again what is damaged, and only that
``prune/``
    remove what nobody names
``lint/``
    what in a Modelfile would go wrong later

``verify``, ``survey`` and ``lint`` only look, so a store on a read-only medium is enough for them. No record of an
earlier run is believed, unless one asks for it. What is wrong is a value, not an exception: a store with a hundred
damaged blobs gives a hundred findings.
"""
