"""A tool that a request offers to a model."""
