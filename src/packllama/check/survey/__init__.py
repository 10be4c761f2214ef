"""What stands in a store, before a byte of a blob is read: models, and whatever is not as it should be.

It reads names, sizes, owners and manifests, and changes nothing.
"""
