"""Make right what is damaged in a store: read it once, fetch what is bad and only that, replace the blob.

A damaged file is never written to; it stays until what replaces it is durable.
"""
