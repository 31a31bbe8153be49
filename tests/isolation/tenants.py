"""Two companies full of marked data: whatever one of them keeps to itself carries its canary string."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Invitation, Paper
from app.accounts.papers import PaperStore
from app.audit.models import AuditEvent
from app.calls.files import path_of
from app.calls.models import TestCall, TestEvent, TestFile, TestMedia, TestSchedule, TestTicket
from app.carriers.models import Company, Product
from app.cdrs.models import CallDay, CallImport, CallQuarantine, CallRecord
from app.clock import utc_now
from app.db import Base
from app.deals.document import digest, document_of
from app.deals.models import Agreement, AgreementVersion, Deal, DealStep, PeeringOffer, Rfq
from app.deals.templates_seed import standard_template
from app.deals.terms import Rate, Terms, as_json
from app.decks.files import store_bytes
from app.decks.models import Arrival, Deck, DeckPolicy, DeckTemplate, DeckVersion, TrafficDay
from app.decks.timelines import compare
from app.hooks.models import Attempt, Delivery, Happening, Webhook
from app.jobs.models import Job
from app.mail.models import OutboxMail
from app.market.models import Purchase, RateNotice, SavedSearch
from app.security.models import User, UserSession
from rates.schema import TIMELINE
from rates.store import Store
from tests.factories import app as factory

NOW = factory.NOW


@dataclass
class Tenant:
    """One company, its people by role, and the ids of one object of each kind it owns."""

    company: Company
    canary: str
    people: dict[str, User]
    secret: str  # of its API key with every scope
    objects: dict[str, Any] = field(default_factory=dict)
    product: Product | None = None


def make_tenant(session: Session, name: str, files: Path) -> Tenant:
    """A company that sells and buys, with a private object of every kind."""
    canary = f"Kanari{name}Geheim"
    company = factory.make_company(session, f"{name} Telecom", sells=True, buys=True)
    people = {
        role: factory.make_user(session, company, role, email=f"{role}.{canary.lower()}@example.net")
        for role in ("owner", "rates", "trader", "noc", "finance", "viewer")
    }
    vendor_trunk = factory.make_vendor_trunk(
        session, company, name=f"{canary} gateway", host=f"{canary.lower()}.example"
    )
    product = factory.make_product(
        session,
        company,
        f"{canary} product",
        "premium",
        vendor_trunk,
        listed=False,
        description=f"{canary} text",
    )
    trunk = factory.make_customer_trunk(session, company, name=f"{canary} trunk", policy={"kind": "cost"})
    scopes = [
        "lcr:query",
        "call:read",
        "call:import",
        "deck:read",
        "deck:write",
        "deck:approve",
        "market:read",
        "market:buy",
        "order:decide",
    ]
    scopes += ["lcr:simulate", "report:read", "test:read", "test:order", "job:read"]
    key, secret = factory.make_api_key(session, company, scopes, trunk)
    key.name = f"{canary} key"
    owner = people["owner"]
    kept = store_bytes(BytesIO(f"code,rate\n44,{canary}\n".encode()), files, limit=1_000)
    rows: dict[str, Any] = {
        "deck": Deck(
            company_id=company.id, product_id=product.id, filename=f"{canary}.csv", size_bytes=1, sha256=canary.ljust(64),
            file_key=kept.key, source="web", state="review", received_at=NOW, uploaded_by=owner.id,
            options={}, report={}, created_at=NOW,
        ),
        "version": DeckVersion(
            company_id=company.id, product_id=product.id, number=1, timeline_key=sha256(canary.encode()).hexdigest(), codes=1,
            counts={}, rule="", note=f"{canary} note", created_at=NOW,
        ),
        "template": DeckTemplate(
            company_id=company.id, name=f"{canary} template", fingerprint=canary, options={}, created_at=NOW
        ),
        "arrival": Arrival(
            company_id=company.id, way="mail", mark=canary.ljust(64), sender=f"{canary}@example.net", subject=canary,
            message_id=canary, filename=f"{canary}.csv", size_bytes=1, file_key=kept.key, state="quarantined",
            reason=canary, created_at=NOW,
        ),
        "mail": OutboxMail(
            company_id=company.id, mark=canary, recipient=f"{canary}@example.net", subject=canary, text=canary,
            message_id=canary, state="kept", attempts=0, created_at=NOW,
        ),
        "traffic": TrafficDay(
            company_id=company.id, product_id=product.id, code="44", day=NOW.date(), calls=1, seconds=60
        ),
        "policy": DeckPolicy(
            company_id=company.id, thresholds={}, auto_accept={}, answers={}, senders=[f"{canary.lower()}@example.net"],
            acd_seconds=180, created_at=NOW,
        ),
        "job": Job(
            id=sha256(canary.encode()).hexdigest()[:32], company_id=company.id, kind="deck.check", title=f"{canary} job", state="done",
            arguments={"file": canary}, result={"text": canary}, created_at=NOW,
        ),
        "search": SavedSearch(
            company_id=company.id, user_id=owner.id, name=f"{canary} search", query=f"q={canary}", settings={}, created_at=NOW
        ),
        "notice": RateNotice(
            product_id=product.id, seller_id=company.id, buyer_id=company.id, version=1, changes_key=_changes(files, canary),
            counts={canary: 1}, answer=canary, created_at=NOW,
        ),
        "event": AuditEvent(
            at=NOW, company_id=company.id, actor_user_id=owner.id, actor=owner.email, action="deck.approve",
            object_type="Deck", object_id="1", before={}, after={"note": canary}, prev_hash=canary, hash=f"{canary}-hash",
        ),
    }  # fmt: skip
    rows["invitation"] = Invitation(
        company_id=company.id, email=f"{canary.lower()}@guest.example", role="viewer", token_sha256=sha256(canary.encode()).hexdigest(),
        invited_by=owner.id, expires_at=NOW + timedelta(days=3650), created_at=NOW,
    )  # fmt: skip
    content = b"%PDF-1.7 " + canary.encode()
    rows["paper"] = Paper(
        company_id=company.id, kind="registration", filename=f"{canary}.pdf", media_type="application/pdf", size_bytes=len(content),
        sha256=PaperStore("", files.parent / "papers").put(content), uploaded_by=owner.id, created_at=NOW,
    )  # fmt: skip
    rows["session"] = UserSession(
        user_id=owner.id, token_sha256=sha256(f"{canary} session".encode()).hexdigest(), created_at=utc_now(), seen_at=utc_now(),
        agent=f"{canary} browser", ip=canary,
    )  # fmt: skip
    rows["call_import"] = CallImport(
        company_id=company.id, filename=f"{canary}.cdr", size_bytes=1, sha256=canary.ljust(64), file_key=kept.key, way="web",
        source=canary, state="done", counts={"reasons": {canary: 1}, "answered": 1}, error=canary, created_at=NOW,
    )  # fmt: skip
    session.add_all(rows.values())
    session.commit()
    rows["call_quarantine"] = CallQuarantine(
        company_id=company.id, import_id=rows["call_import"].id, mark=canary, reason="no_rate", detail=canary,
        record={"call_id": canary, "duration_ms": 1, "dnis": "4420", "trunk": canary}, created_at=NOW,
    )  # fmt: skip
    sums = {"company_id": company.id, "seller_id": company.id, "product_id": product.id, "code": "44"}
    rows["call"] = CallRecord(
        **sums, import_id=rows["call_import"].id, identity=canary, content=canary, trunk_id=trunk.id, start_at=NOW,
        answered=True, sip_code=200, duration_ms=1, dnis="442079460000", ani=f"{canary}0000", record={"call_id": canary},
        destination=f"{canary} place", cost_currency="USD", cost_nanos=1, cost_base_nanos=1, cost_rate_nanos=1, cost_billed=1,
        deck_id=1, deck_row=1,
    )  # fmt: skip
    session.add_all([rows["call_quarantine"], rows["call"], CallDay(**sums, day=NOW.date(), attempts=1)])
    session.commit()
    rows |= _dealt(session, company, product, canary) | _hook(session, company, canary)
    rows |= calls_under_test(session, company, product, trunk.id, files, canary)
    tenant = Tenant(company, canary, people, secret, {kind: row.id for kind, row in rows.items()}, product)
    tenant.objects |= {
        "company": company.id, "product": product.id, "trunk": trunk.id, "vendor_trunk": vendor_trunk.id,
        "key": key.id, "user": owner.id,
    }  # fmt: skip
    return tenant


def _dealt(session: Session, company: Company, product: Product, canary: str) -> dict[str, Any]:
    """An RFQ for invited sellers only, a deal and an agreement: both sides are the company itself, nobody else's."""
    words = {
        "side": "buyer",
        "user_id": None,
        "from_state": "",
        "revision": 0,
        "at": NOW,
        "note": f"{canary} note",
    }
    terms = as_json(Terms("USD", (Rate("4420", "0.01", destination=canary),)))
    sides = {"buyer_id": company.id, "seller_id": company.id, "created_at": NOW, "revision": 0}
    rfq = Rfq(
        buyer_id=company.id, destinations=[{"code": "4420", "destination": canary}], minutes_month=1, currency="USD",
        audience="invited", anonymous=True, deadline=NOW + timedelta(days=9_000), note=canary, state="open", revision=0,
        created_at=NOW,
    )  # fmt: skip
    session.add(rfq)
    session.flush()
    deal = Deal(
        product_id=product.id,
        turn="seller",
        terms=terms,
        valid_until=NOW + timedelta(days=9_000),
        state="open",
        **sides,
    )
    session.add(deal)
    session.flush()
    peering = PeeringOffer(
        company_id=company.id, product_id=product.id, state="closed", currency="USD", settlement="hybrid", ratio="2", rate="0.01",
        brings=[{"code": "4420", "destination": canary}], wants=[{"code": "49", "destination": canary}], note=canary,
        created_at=NOW,
    )  # fmt: skip
    session.add(peering)
    template = standard_template(session, now=NOW)
    agreement = Agreement(deal_id=deal.id, trunk_ids=[], state="drafted", **sides)
    session.add(agreement)
    session.flush()
    party = {"name": canary, "country": "GB"}
    words_of = {
        "name": template.name,
        "number": 1,
        "clauses": template.clauses,
        "schedule": template.schedule,
    }
    document = document_of(
        agreement_id=agreement.id, number=1, parties={"seller": party, "buyer": party}, template=words_of, product=canary,
        route_class="premium", terms=Terms("USD"), starts="at once", trunks=[], reason="",
    )  # fmt: skip
    version = AgreementVersion(
        agreement_id=agreement.id, number=1, template_id=template.id, terms=as_json(Terms("USD")), document=document,
        sha256=digest(document), proposed_by=company.id, state="proposed", revision=0, reason=canary, created_at=NOW,
    )  # fmt: skip
    session.add_all([
        version,
        DealStep(subject="deal", subject_id=deal.id, action="offer", to_state="open", terms=terms, **words),
        DealStep(subject="agreement", subject_id=agreement.id, action="draft", to_state="drafted", **words),
    ])  # fmt: skip
    session.commit()
    return {"rfq": rfq, "deal": deal, "agreement": agreement, "peering_offer": peering}


def _hook(session: Session, company: Company, canary: str) -> dict[str, Any]:
    """A webhook, one message for it and its delivery, given up."""
    hook = Webhook(
        company_id=company.id,
        url=f"https://{canary.lower()}.example.net/in",
        kinds=[],
        salt=canary,
        enabled=False,
        created_at=NOW,
    )
    told = Happening(
        company_id=company.id,
        kind="deal.offer",
        text=f"{canary} news",
        href="",
        data={"a": canary},
        created_at=NOW,
    )
    session.add_all([hook, told])
    session.flush()
    delivery = Delivery(
        webhook_id=hook.id, happening_id=told.id, state="given_up", tries=8, next_at=NOW, created_at=NOW
    )
    session.add(delivery)
    session.flush()
    session.add(Attempt(delivery_id=delivery.id, at=NOW, status=500, milliseconds=1, fault=f"{canary} fault"))
    session.commit()
    return {"webhook": hook, "webhook_delivery": delivery}


def calls_under_test(
    session: Session, company: Company, product: Product, trunk_id: int, files: Path, canary: str
) -> dict[str, Any]:
    """A test call that has ended, with ladder, audio and recording, its ticket and a schedule; of the company's own product."""
    sides = {"company_id": company.id, "product_id": product.id, "created_at": NOW}
    ticket = TestTicket(
        **sides, seller_id=company.id, issuer_id=company.id, trunk_id=trunk_id, code=str(10_000_000 + company.id), codes=["4420"],
        max_calls=9, max_seconds=60, total_seconds=600, spend=Decimal(2), starts_at=NOW, expires_at=NOW + timedelta(days=9_000),
        note=f"{canary} ticket",
    )  # fmt: skip
    schedule = TestSchedule(
        company_id=company.id, product_ids=[product.id], number="442079460000", seconds=15, every_minutes=60, enabled=False,
        next_at=NOW + timedelta(days=9_000), last_fault=f"{canary} fault", created_at=NOW,
    )  # fmt: skip
    tested = TestCall(
        **sides, ref=f"{canary}-ref", batch=canary, seller_id=company.id, number="442079460000", code="44", day=NOW.date(),
        destination=f"{canary} tested", wishes={}, terms={}, state="done", outcome="answered", sip_code=200, verdict="suspect",
        finding="silence", findings=[{"finding": "silence", "reason": f"{canary} reason", "evidence": {}}], ended_at=NOW,
        record={"call": canary, "attempts": [{"address": f"{canary.lower()}.example:5060"}]}, cost=Decimal(1),
        cost_base=Decimal(1), currency="USD",
    )  # fmt: skip
    session.add_all([ticket, schedule, tested])
    session.flush()
    content = canary.encode()
    kept = path_of(files.parent / "evidence", sha256(content).hexdigest())
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(content)
    recording = TestFile(
        call_id=tested.id, side="b", kind="wav", size_bytes=len(content), sha256=sha256(content).hexdigest()
    )
    said = {"to_us": True, "method": "INVITE", "code": 599, "reason": f"{canary} phrase"}
    session.add_all([
        recording,
        TestEvent(call_id=tested.id, n=1, at_us=1, event="message", side="b", fields=said),
        TestMedia(call_id=tested.id, side="b", figures={"codec": canary}, seconds=[[0, 50, 50, 0, 0, 100, -200]]),
    ])  # fmt: skip
    session.commit()
    return {"test_call": tested, "test_file": recording, "test_ticket": ticket, "test_schedule": schedule}


def _changes(files: Path, canary: str) -> str:
    """One new code in the store beside the files."""
    row = {
        "code": "44", "destination": canary, "rate_nanos": 1, "connect_fee_nanos": 0, "initial_increment": 1,
        "next_increment": 1, "free_seconds": 0, "currency": "USD", "status": 0, "effective_from": NOW, "received_at": NOW,
        "deck_id": 0, "deck_row": 1,
    }  # fmt: skip
    table = pa.Table.from_pylist([row], schema=TIMELINE)
    return Store(str(files.parent / "store")).put(compare(TIMELINE.empty_table(), table, NOW, NOW))


def make_purchase(session: Session, seller: Tenant, buyer: Tenant) -> Purchase:
    """`buyer` asked `seller` for its product; both may see it, others may not."""
    assert seller.product is not None
    purchase = Purchase(
        product_id=seller.product.id, seller_id=seller.company.id, buyer_id=buyer.company.id,
        trunk_id=buyer.objects["trunk"], state="requested", note=f"{buyer.canary} wish", answer="", created_at=NOW,
    )  # fmt: skip
    session.add(purchase)
    session.commit()
    return purchase


def fingerprint(session: Session, company_id: int) -> dict[str, Any]:
    """Every row of the company in every table that names one; equal before and after = nothing was changed."""
    found: dict[str, Any] = {}
    for table in Base.metadata.sorted_tables:
        owners = [table.c[name] for name in ("company_id", "seller_id", "buyer_id") if name in table.c]
        if table.name == "company":
            owners = [table.c.id]
        if owners:
            rows = session.execute(
                sa.select(table).where(sa.or_(*(column == company_id for column in owners)))
            )
            # When a key or a person was last seen is allowed to move.
            names = [
                c.name for c in table.c if not c.name.startswith(("last_", "current_login", "login_count"))
            ]
            found[table.name] = sorted(repr([row._mapping[n] for n in names]) for row in rows)
    return found
