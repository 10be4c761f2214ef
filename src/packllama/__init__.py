"""packllama: language models for machines without a network."""

__version__ = "0.1.0"
