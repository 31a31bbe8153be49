"""Make an API key; its secret is returned once and only its hash is kept."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.queries import customer_trunk_of
from app.carriers.service.announce import announce_rights
from app.errors import Invalid
from app.security.actor import KEY_PREFIX, Actor, hash_key
from app.security.models import ApiKey
from app.security.permissions import CONTROL_SCOPE, KEY_SCOPES


def create_key(
    session: Session,
    actor: Actor,
    *,
    name: str,
    scopes: list[str],
    trunk_id: int | None,
    valid_days: int | None,
    ip_list: Sequence[str] = (),
    now: datetime,
) -> tuple[ApiKey, str]:
    """(row, secret). A key that asks for routes belongs to one trunk. Raises Invalid, NotFound."""
    known = {*KEY_SCOPES, CONTROL_SCOPE} if actor.is_operator else set(KEY_SCOPES)
    unknown = sorted(set(scopes) - known)
    if unknown or not scopes:
        raise Invalid(f"Unknown scope {unknown[0]}." if unknown else "Choose at least one scope.")
    routing = any(scope in ("lcr:query", "lcr:explain") for scope in scopes)
    if routing and trunk_id is None:
        raise Invalid("A key that asks for routes needs a trunk.", hint="Choose the trunk it speaks for.")
    networks = [network_of(text) for text in ip_list]
    if trunk_id is not None:
        customer_trunk_of(session, trunk_id, actor.company_id)
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        company_id=actor.company_id,
        trunk_id=trunk_id,
        name=name,
        prefix=secret[:10],
        key_sha256=hash_key(secret),
        scopes=sorted(scopes),
        ip_list=networks,
        expires_at=now + timedelta(days=valid_days) if valid_days else None,
        created_by=actor.user_id,
        created_at=now,
    )
    session.add(key)
    session.flush()
    after = {
        "name": name,
        "scopes": key.scopes,
        "trunk_id": trunk_id,
        "expires_at": key.expires_at,
        "ip_list": networks,
    }
    record(session, actor, action="key.create", obj=key, before={}, after=after, now=now)
    announce_rights(session, f"key {key.id} created", now=now)
    return key, secret


def network_of(text: str) -> str:
    """One address or network in CIDR, written out. Raises Invalid, naming the text."""
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError:
        raise Invalid(
            f"{text.strip()} is not a network.", hint="Write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48."
        ) from None
