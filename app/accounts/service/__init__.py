"""Verbs of accounts, one a file."""
