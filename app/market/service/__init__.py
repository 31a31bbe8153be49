"""Verbs of the market, one a file."""
