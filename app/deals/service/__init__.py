"""Verbs of deals, one a file."""
