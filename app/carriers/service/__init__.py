"""Verbs of this domain, one a file."""
