"""Verbs of test calls, one a file."""
