"""Verbs of hooks, one a file."""
