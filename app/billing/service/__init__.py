"""Verbs of the months of agreements, one a file."""
