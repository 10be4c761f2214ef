"""What every room stands on: errors, files, locks, settings, units. Imports nothing of packllama's other rooms.

All changes to files go through :mod:`packllama.base.fs`, all environment variables are read in
:mod:`packllama.base.settings`. Nothing here knows what a model is.
"""
