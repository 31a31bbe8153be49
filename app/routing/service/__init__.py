"""Verbs of routing, one a file."""
