"""An exchange made the way people make one: companies by factories, decks sent, checked and approved by the real
path, jobs run as the worker runs them. Tests say what the decks hold."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from apiflask import APIFlask

import app.decks.jobs  # these three register their kinds, as the worker does
import app.market.jobs
import app.routing.jobs  # noqa: F401
from app.carriers.models import Company, CustomerTrunk, Product, QualityCounter
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.jobs.models import Job
from app.jobs.runner import run_one
from app.market.models import Purchase
from app.security.models import User
from tests.factories.app import (
    PASSWORD,
    login,
    make_api_key,
    make_app,
    make_company,
    make_customer_trunk,
    make_product,
    make_user,
    make_vendor_trunk,
)


@dataclass
class Exchange:
    """`products` and `trunks` by the names given; `emails` by company, all with PASSWORD."""

    app: APIFlask
    products: dict[str, int] = field(default_factory=dict)
    trunks: dict[str, int] = field(default_factory=dict)
    emails: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls, tmp_path: Path) -> Exchange:
        return cls(make_app(tmp_path))

    @property
    def settings(self) -> Settings:
        settings: Settings = self.app.config["TANDEM"]
        return settings

    @property
    def names(self) -> dict[str, str]:
        """Company name by the slug the core knows it under: pages show the name, switches get the slug."""
        return {name.lower().replace(" ", "-"): name for name in self.emails}

    @property
    def snapshot_id(self) -> str:
        return (self.settings.snapshot_dir / "CURRENT").read_text().strip()

    def seller(self, name: str, product: str, route_class: str, host: str, **fields: Any) -> None:
        """A carrier with an owner, a trunk and one product, not priced yet."""
        with self.app.app_context():
            company = make_company(db.session, name, sells=True, currency=fields.pop("currency", "USD"))
            trunk = make_vendor_trunk(db.session, company, host=host)
            self.products[name] = make_product(db.session, company, product, route_class, trunk, **fields).id
            self._owner(company)

    def operator(self, name: str) -> None:
        with self.app.app_context():
            self._owner(make_company(db.session, name, is_operator=True), "operator")

    def buyer(self, name: str, **trunks: dict[str, Any]) -> None:
        """A buying company; each trunk has a key that may ask and explain."""
        with self.app.app_context():
            company = make_company(db.session, name, buys=True)
            self._owner(company)
            for trunk_name, words in trunks.items():
                trunk = make_customer_trunk(db.session, company, trunk_name, **words)
                self.trunks[trunk_name] = trunk.id
                self.keys[trunk_name] = make_api_key(
                    db.session, company, ["lcr:query", "lcr:explain"], trunk
                )[1]

    def _owner(self, company: Company, role: str = "owner") -> None:
        self.emails[company.name] = f"owner@{company.slug}.example"
        make_user(db.session, company, role, self.emails[company.name], PASSWORD)

    def grant(self, trunk: str, seller: str, until: datetime | None = None) -> None:
        """A purchase accepted an hour ago."""
        with self.app.app_context():
            since = utc_now() - timedelta(hours=1)
            product = db.session.get_one(Product, self.products[seller])
            buyer = db.session.get_one(CustomerTrunk, self.trunks[trunk])
            db.session.add(
                Purchase(
                    product_id=product.id, seller_id=product.company_id, buyer_id=buyer.company_id, trunk_id=buyer.id,
                    state="accepted", effective_from=since, effective_until=until, created_at=since,
                )
            )  # fmt: skip
            db.session.commit()

    def measured(self, seller: str, code: str, attempts: int, answered: int) -> None:
        """Calls of the last days to a code: each answered one lasted two minutes, dialling took 2.5 s."""
        with self.app.app_context():
            now = utc_now()
            counts = {
                "attempts": attempts, "answered": answered, "effective": answered, "short_calls": 0, "talk_ms": answered * 120_000,
                "pdd_ms_sum": attempts * 2_500, "pdd_samples": attempts, "mos_milli_sum": answered * 4_100, "mos_samples": answered,
            }  # fmt: skip
            db.session.add(
                QualityCounter(
                    product_id=self.products[seller], code=code, source="calls", window_from=now - timedelta(days=30),
                    window_until=now, **counts,
                )
            )  # fmt: skip
            db.session.commit()

    def client(self, company: str) -> Any:
        """A test client with this company's person signed in."""
        with self.app.app_context():
            user = db.session.scalars(sa.select(User).where(User.email == self.emails[company])).one()
            return login(self.app.test_client(), user)

    def deck(self, seller: str, text: str) -> None:
        """Upload, check and approve a full deck with the dates of its rows."""
        client = self.client(seller)
        form = {
            "file": (io.BytesIO(text.encode()), "deck.csv"), "product": str(self.products[seller]), "mode": "full",
            "starts": "rows" if "Effective" in text else "receipt",
        }  # fmt: skip
        sent = client.post("/decks/new", data=form, content_type="multipart/form-data")
        found = re.search(r"/decks/(\d+)", sent.location or "")
        assert found, sent.get_data(as_text=True)[-2000:]
        self.work("deck.check")
        client.post(f"/decks/{found[1]}/approve", data={"read": "y", "note": ""})
        deck = client.get(f"/api/v1/decks/{found[1]}").json
        assert deck["state"] == "approved", (deck["state"], deck["problems"])

    def work(self, *kinds: str) -> list[dict[str, Any]]:
        """Run what the worker would run now of these kinds; every one must end well."""
        with self.app.app_context():
            queued = sa.select(Job.id).where(Job.state == "queued", Job.kind.in_(kinds)).order_by(Job.id)
            waiting = db.session.scalars(queued).all()
            db.session.rollback()
        results = [run_one(self.app, job_id) for job_id in waiting]
        with self.app.app_context():
            failed = db.session.scalars(
                sa.select(Job.error).where(Job.id.in_(waiting), Job.state != "done")
            ).all()
        assert not failed, failed
        return results
