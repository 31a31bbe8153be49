"""Registers the pages and API routes of this domain on the application."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Nothing to serve yet."""
