"""Order test calls: one number through one product, or the same number through several side by side."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.audit.record import record
from app.calls.limits import check_at_once, plain, reserve
from app.calls.models import OwnNumber, TestCall
from app.calls.price import Quote, check_dear, quote
from app.calls.products import testable_product
from app.carriers.models import Product
from app.config import Settings
from app.errors import Invalid
from app.jobs.service import enqueue
from app.security.actor import Actor

PLACE = "calls.place"
SIDE_BY_SIDE = 8
KEYS = re.compile(r"[0-9*#A-D]{0,32}")
SEPARATORS = re.compile(r"[ \-.()/]")


@dataclass(frozen=True)
class Wanted:
    """What to call and how. `number` and `caller` as typed; `seconds` of talk, `ring_seconds` from INVITE to answer."""

    number: str
    product_ids: Sequence[int]
    caller: str = ""
    seconds: int = 15
    ring_seconds: int = 60
    keys: str = ""
    withhold: bool = False
    sign: bool = True


def order_calls(
    session: Session, settings: Settings, who: Actor, wanted: Wanted, *, now: datetime, schedule_id: int | None = None
) -> list[TestCall]:  # fmt: skip
    """All of them or none; the most each may cost is set aside. The worker places them at the edge.

    Raises NotFound for an offer that is not there for this company, Invalid and NotCallable for what cannot be called,
    CapReached, TooManyCalls."""
    number, wishes = read_number(wanted.number, "Number"), _wishes(settings, wanted)
    caller = read_number(wanted.caller, "Caller") if wanted.caller.strip() else ""
    if not wanted.product_ids:
        raise Invalid("Choose at least one product to call through.")
    if len(set(wanted.product_ids)) > SIDE_BY_SIDE:
        raise Invalid(f"At most {SIDE_BY_SIDE} products side by side.")
    chosen = []
    for product_id in dict.fromkeys(wanted.product_ids):
        product = testable_product(session, who, product_id)
        found = quote(session, settings, product.id, number, now=now)
        check_dear(session, settings, who.company_id, found, now=now)
        chosen.append((product, found))
    check_at_once(session, settings, who.company_id, len(chosen))
    own = (
        session.scalar(sa.select(OwnNumber.id).where(OwnNumber.number == number, OwnNumber.enabled))
        is not None
    )
    batch = uuid.uuid4().hex
    calls = [
        _call(session, settings, who, product, found, wishes, number, caller, own, batch, schedule_id, now)
        for product, found in chosen
    ]
    enqueue(session, PLACE, title="Place test calls", now=now, coalesce=True)
    return calls


def _call(
    session: Session, settings: Settings, who: Actor, product: Product, found: Quote, wishes: dict[str, Any], number: str,
    caller: str, own: bool, batch: str, schedule_id: int | None, now: datetime,
) -> TestCall:  # fmt: skip
    amount = found.most(wishes["max_seconds"])
    day = reserve(session, settings, who.company_id, amount, now=now)
    call = TestCall(
        ref=uuid.uuid4().hex, batch=batch, mode="originated", company_id=who.company_id, seller_id=product.company_id,
        product_id=product.id, schedule_id=schedule_id, ordered_by=who.user_id, number=number, code=found.code,
        destination=found.destination[:120], caller=caller, own=own, wishes=wishes, state="queued", next_try_at=now,
        currency=found.currency, terms={**found.terms, "fx": found.fx}, day=day, reserved=amount, created_at=now,
    )  # fmt: skip
    session.add(call)
    session.flush()
    after = {
        "product_id": product.id, "number": number, "caller": caller, "wishes": wishes, "reserved": plain(amount),
        "schedule_id": schedule_id,
    }  # fmt: skip
    record(session, who, action="test_call.order", obj=call, after=after, now=now)
    return call


def read_number(text: str, what: str) -> str:
    """Digits with the country code. Raises Invalid: a number that could be read in two ways is not guessed."""
    digits = SEPARATORS.sub("", text.strip()).removeprefix("+")
    if not re.fullmatch(r"[0-9]{4,15}", digits) or digits.startswith("0"):
        raise Invalid(
            f"{what}: {text.strip()[:40]!r} is not an international number.",
            hint="Country code first, 4 to 15 digits: +44 20 7946 0123.",
            field="caller" if what == "Caller" else "number",
        )
    return digits


def _wishes(settings: Settings, wanted: Wanted) -> dict[str, Any]:
    most = settings.calls.max_seconds
    if not 1 <= wanted.seconds <= most:
        raise Invalid(f"A test call talks for 1 to {most} seconds.", field="seconds")
    if not 5 <= wanted.ring_seconds <= 180:
        raise Invalid("It rings for 5 to 180 seconds.", field="ring_seconds")
    keys = wanted.keys.strip().upper().replace(" ", "")
    if not KEYS.fullmatch(keys):
        raise Invalid("Keys are up to 32 of 0-9 * # A-D.", field="keys")
    return {
        "max_seconds": wanted.seconds, "ring_seconds": wanted.ring_seconds, "keys": keys, "withhold": wanted.withhold,
        "sign": wanted.sign,
    }  # fmt: skip
