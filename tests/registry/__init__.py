"""A registry that does what a test tells it, also what no registry should. The only one of the tests."""
