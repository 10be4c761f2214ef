"""Read every byte of a store or of a bundle, and say what is wrong.

No model is changed. Where the store may be written, it is noted which bytes were right: with that a later run can say
where damage is, and skip what was not changed.
"""
