"""A company's webhooks: make one, take it away, switch it off, try it, send something again. The caller commits."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.errors import Conflict, Invalid, NotFound
from app.hooks.kinds import GROUPS
from app.hooks.models import Delivery, Happening, Webhook
from app.hooks.target import checked_url
from app.security.actor import Actor

MOST = 20


def keep_webhook(
    session: Session, who: Actor, url: str, kinds: Sequence[str], *, allowed: Sequence[str], now: datetime
) -> Webhook:
    """Raises Invalid for an address that is not called, an unknown group, too many."""
    checked_url(url, allowed)
    strange = [kind for kind in kinds if kind not in GROUPS]
    if strange:
        raise Invalid(f"There is no group {strange[0][:40]!r}.", hint=", ".join(GROUPS))
    count = session.scalar(
        sa.select(sa.func.count()).select_from(Webhook).where(Webhook.company_id == who.company_id)
    )
    if (count or 0) >= MOST:
        raise Invalid(f"At most {MOST} webhooks a company.", hint="Take one away first.")
    hook = Webhook(
        company_id=who.company_id, url=url.strip(), kinds=sorted(set(kinds)), salt=secrets.token_hex(16), enabled=True,
        created_by=who.user_id, created_at=now,
    )  # fmt: skip
    session.add(hook)
    session.flush()
    record(
        session, who, action="webhook.create", obj=hook, after={"url": hook.url, "kinds": hook.kinds}, now=now
    )
    return hook


def webhook_of(session: Session, who: Actor, webhook_id: int) -> Webhook:
    """One's own company's. Raises NotFound."""
    found = session.get(Webhook, webhook_id)
    if found is None or found.company_id != who.company_id:
        raise NotFound("There is no such webhook.")
    return found


def remove_webhook(session: Session, who: Actor, webhook_id: int, *, now: datetime) -> None:
    hook = webhook_of(session, who, webhook_id)
    record(session, who, action="webhook.remove", obj=hook, before={"url": hook.url}, now=now)
    session.execute(sa.delete(Webhook).where(Webhook.id == hook.id))


def switch_webhook(session: Session, who: Actor, webhook_id: int, *, enabled: bool, now: datetime) -> Webhook:
    hook = webhook_of(session, who, webhook_id)
    if hook.enabled != enabled:
        record(
            session,
            who,
            action="webhook.switch",
            obj=hook,
            before={"enabled": hook.enabled},
            after={"enabled": enabled},
            now=now,
        )
        hook.enabled = enabled
        session.flush()
    return hook


def try_webhook(session: Session, who: Actor, webhook_id: int, *, now: datetime) -> Delivery:
    """A message of kind `test.webhook` to this one, whatever it is kept for."""
    hook = webhook_of(session, who, webhook_id)
    row = Happening(
        company_id=who.company_id, user_id=who.user_id, kind="test.webhook", text="A test message to your webhook",
        href=f"/webhooks/{hook.id}", data={"webhook_id": hook.id}, created_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    delivery = Delivery(
        webhook_id=hook.id, happening_id=row.id, state="waiting", tries=0, next_at=now, created_at=now
    )
    session.add(delivery)
    session.flush()
    return delivery


def replay(session: Session, who: Actor, delivery_id: int, *, now: datetime) -> Delivery:
    """Send it again now, with the same id. Raises NotFound; Conflict while it is on its way."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or delivery.webhook.company_id != who.company_id:
        raise NotFound("There is no such delivery.")
    if delivery.state in ("waiting", "sending"):
        raise Conflict("It is on its way already.")
    record(
        session,
        who,
        action="webhook.replay",
        obj=("webhook_delivery", delivery.id),
        before={"state": delivery.state},
        now=now,
    )
    delivery.state, delivery.tries, delivery.next_at = "waiting", 0, now
    session.flush()
    return delivery
