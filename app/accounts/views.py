"""Registers the pages of accounts on the application."""

from __future__ import annotations

from flask import Flask

from app.accounts import approvals, invitations, onboarding, own, welcome
from app.accounts.signals import follow_acts


def register(app: Flask) -> None:
    follow_acts(app)
    for module in (welcome, own, invitations, onboarding, approvals):
        app.register_blueprint(module.pages)
