"""Rooms that hold models, one per kind of place. None of them knows of another, or of what is built above.

What a place can do is said in protocols, which the rooms that move models use instead of the classes.
"""
