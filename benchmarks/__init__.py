"""Figures beside their yardsticks: ``make bench``.

A figure and its yardstick are run in turn, in one process tree, with the same durability on both sides; what counts
is the minimum of the rounds, and the spread says how much to believe it.
"""
