"""Remove from a store what nobody names. What is in doubt stays."""
