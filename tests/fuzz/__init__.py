"""Inputs that nobody thought of, for everything that reads what others wrote.

    python -m tests.fuzz TARGET [--seconds N] [--seed N] [--engine hypothesis|atheris] [--corpus FOLDER]

Inputs are made of the kept ones in ``corpus/TARGET``, which also are tests of their own. Hypothesis changes them as
somebody would who knows what numbers and lengths do; atheris looks which lines of the program an input reaches, and
adds what reached new ones to the corpus. What breaks a bound is kept as a file, whose path is printed: it belongs into
the corpus, once it is mended.
"""
