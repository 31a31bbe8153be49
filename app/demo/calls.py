"""Call records of the demo's buyers: some weeks of attempts at the products they bought, written as a switch writes them.

They are only drawn here; the exchange imports them by its own verb, so that pages, sums and routing show what they would
in earnest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, CustomerTrunk, Product
from app.cdrs.service.import_calls import import_calls
from app.cdrs.service.receive_file import receive_file
from app.config import Settings
from app.demo.numbering import DemoCode, country_code
from app.demo.prices import draw
from app.demo.quality import measured_codes
from app.jobs.models import Job
from app.jobs.progress import SilentProgress
from app.market.models import Purchase
from app.security.actor import Actor, system_actor

CALLS: Final = 3_000
DAYS: Final = 21
HEAD: Final = "call_id,attempt,trunk,product,ani,dnis,setup,ringing,answer,end,sip_code,q850,released_by"
# class -> chance in 100 that an attempt is answered
_ANSWERED: Final = {"premium": 58, "standard": 47, "non_cli": 33}
# Final code and Q.850 cause of what is not answered, and whether it rang.
_FAILED: Final = (
    (486, 17, True), (480, 19, True), (480, 19, True), (487, 16, True), (503, 34, False), (404, 1, False), (503, 41, False),
)  # fmt: skip


def add_calls(session: Session, settings: Settings, *, now: datetime, calls: int = CALLS) -> int:
    """One file for each buyer with trunks, imported at once; returns the records taken. The caller commits."""
    bought = session.execute(
        sa.select(Purchase, CustomerTrunk, Product, Company)
        .join(CustomerTrunk, CustomerTrunk.id == Purchase.trunk_id)
        .join(Product, Product.id == Purchase.product_id)
        .join(Company, Company.id == Purchase.buyer_id)
        .where(Purchase.state == "accepted", Product.timeline_key.is_not(None))
        .order_by(Purchase.id)
    ).all()
    routes: dict[int, list[tuple[Purchase, CustomerTrunk, Product]]] = {}
    for purchase, trunk, product, company in bought:
        routes.setdefault(company.id, []).append((purchase, trunk, product))
    taken = 0
    for company_id, offers in sorted(routes.items()):
        rows = _rows(company_id, offers, now, calls // len(routes))
        text = "\n".join([HEAD, *rows]) + "\n"
        who: Actor = system_actor(company_id, "demo")
        received = receive_file(
            session, settings, who, BytesIO(text.encode()), filename="calls-of-three-weeks.csv", way="demo", source="sbc-1",
            now=now,
        )  # fmt: skip
        counts = import_calls(
            session, settings, received.id, now=now, progress=SilentProgress(), save=session.flush
        )
        queued = session.get_one(Job, received.job_id)
        queued.state, queued.started_at, queued.finished_at, queued.result = "done", now, now, dict(counts)
        taken += int(counts["new"])
    return taken


def _rows(
    company_id: int, offers: list[tuple[Purchase, CustomerTrunk, Product]], now: datetime, number: int
) -> Iterator[str]:
    codes = _destinations(company_id)
    for n in range(number):
        key = f"call {company_id} {n}"
        purchase, trunk, product = offers[draw(f"offer {key}", 0, len(offers) - 1)]
        # Few at night; none of the last minutes, which belong to whoever tries the demo.
        hour = (draw(f"hour {key}", 0, 23) + draw(f"hour2 {key}", 6, 20)) // 2
        setup = now - timedelta(
            days=draw(f"day {key}", 0, DAYS - 1), hours=24 - hour, seconds=draw(f"s {key}", 0, 3_599)
        )
        begun = purchase.effective_from
        if begun is None or setup < begun:
            continue
        code = codes[min(draw(f"code {key}", 0, 63), draw(f"code2 {key}", 0, 63)) % len(codes)].code
        dnis = code + f"{draw(f'dnis {key}', 0, 99_999_999):08d}"[: max(2, 12 - len(code))]
        yield _line(key, n, trunk, product, dnis, setup)


def _line(key: str, n: int, trunk: CustomerTrunk, product: Product, dnis: str, setup: datetime) -> str:
    ani = f"1212555{draw(f'ani {key}', 0, 9_999):04d}"
    ringing = setup + timedelta(milliseconds=draw(f"pdd {key}", 900, 6_500))
    words = [f"{n:06d}@sbc-1", "1", str(trunk.id), str(product.id), ani, dnis, setup.isoformat()]
    if draw(f"answered {key}", 0, 99) < _ANSWERED.get(product.route_class, 45):
        answer = ringing + timedelta(milliseconds=draw(f"ring {key}", 2_000, 14_000))
        talk = draw(f"talk {key}", 2, 40) ** 2 // 2 + draw(f"talk2 {key}", 1, 45)
        end = answer + timedelta(milliseconds=talk * 1_000 + draw(f"ms {key}", 0, 999))
        who = ("caller", "callee")[draw(f"who {key}", 0, 1)]
        return ",".join([*words, ringing.isoformat(), answer.isoformat(), end.isoformat(), "200", "16", who])
    code, cause, rang = _FAILED[draw(f"fail {key}", 0, len(_FAILED) - 1)]
    return ",".join([*words, ringing.isoformat() if rang else "", "", "", str(code), str(cause), "callee"])


def _destinations(company_id: int) -> list[DemoCode]:
    """Forty places this buyer's callers call, by liking."""
    codes = [c for c in measured_codes() if country_code(c.code) != "1"]
    return sorted(codes, key=lambda c: draw(f"likes {company_id} {c.code}", 0, 2**31))[:40]
