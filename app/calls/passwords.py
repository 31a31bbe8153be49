"""Passwords of tickets: made from the exchange's own secret whenever they are needed, so that no table holds them."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass

from app.calls.models import TestTicket
from app.config import Settings
from app.security.actor import Actor
from app.security.setup import kept_secret

SECRET = "ticket_key"
LETTERS = 24  # of base32: 120 bits


@dataclass(frozen=True)
class Login:
    """What a switch proves by digest (RFC 7616) before its call is taken; the realm is the edge's."""

    username: str
    password: str


def login_of(settings: Settings, ticket: TestTicket) -> Login | None:
    """None where the trunk's address and the code are enough."""
    if not ticket.guarded:
        return None
    secret = kept_secret(settings, SECRET, settings.calls.ticket_key)
    made = hmac.digest(secret.encode(), f"tandem test ticket {ticket.id} {ticket.code}".encode(), "sha256")
    return Login(f"ticket-{ticket.id}", base64.b32encode(made).decode().lower()[:LETTERS])


def login_shown(settings: Settings, who: Actor, ticket: TestTicket) -> Login | None:
    """Only to those who order tests for the company whose switch calls; not to a seller that issued it for a buyer."""
    own = ticket.company_id == who.company_id or who.is_operator
    return login_of(settings, ticket) if own and who.may("test:order") else None
