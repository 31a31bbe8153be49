"""Stops placed by people reach the edge's control endpoint, and again when it was away; only the operator places them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.config import Edge
from app.db import db
from app.jobs.models import Job
from app.routing import state_jobs
from app.routing.edge_control import EdgeUnreachable, control_token
from app.routing.gather import access_document, control_key
from app.routing.models import RoutingStop
from app.routing.service.place_stop import place_stop
from app.routing.state import PUSH, desired, digest
from tests.factories.app import (
    NOW,
    actor_for,
    login,
    make_app,
    make_company,
    make_customer_trunk,
    make_product,
    make_user,
    make_vendor_trunk,
)


class Edge8(ThreadingHTTPServer):
    """A control endpoint that keeps what it is told, as docs/state.md says."""

    def __init__(self, token: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.token = token
        self.generation = 0
        self.lists: dict[str, Any] = {}


class Handler(BaseHTTPRequestHandler):
    server: Edge8

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._allowed():
            return
        assert self.path == "/v1/control/commands"
        for command in body:
            assert command.pop("do") == "set"
            if command != self.server.lists:
                self.server.lists, self.server.generation = command, self.server.generation + 1
        self._answer({"changed": True, "generation": self.server.generation})

    def do_GET(self) -> None:
        if self._allowed():
            self._answer({"generation": self.server.generation, **self.server.lists})

    def _allowed(self) -> bool:
        if self.headers["Authorization"] == f"Bearer {self.server.token}":
            return True
        self.send_error(403)
        return False

    def _answer(self, document: dict[str, Any]) -> None:
        text = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def edge() -> Iterator[Edge8]:
    server = Edge8("tk_control-secret")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def app_with(tmp_path: Path, edge: Edge8 | None = None) -> Any:
    port = edge.server_address[1] if edge else 9
    return make_app(tmp_path, edge=Edge(port=int(port), control_token="control-secret"))


def quiet(done: int, total: int, phase: str = "") -> None:
    pass


def test_what_is_stopped_is_pushed_and_the_same_again_changes_nothing(tmp_path: Path, edge: Edge8) -> None:
    app = app_with(tmp_path, edge)
    with app.app_context():
        seller = make_company(db.session, "Acme", sells=True)
        product = make_product(db.session, seller)
        off = make_product(db.session, seller, "Off", enabled=False)
        exchange = make_company(db.session, "Exchange", is_operator=True)
        boss = actor_for(make_user(db.session, exchange, "operator"), exchange)
        for kind, target, code in (
            ("block", product.id, "8816"), ("switch", product.id, ""), ("vendor_credit", seller.id, "9"),
        ):  # fmt: skip
            place_stop(db.session, boss, kind=kind, target_id=target, code=code, reason="fraud", now=NOW)
        db.session.commit()
        first = state_jobs.push("1", {}, quiet)  # type: ignore[arg-type]
        assert edge.lists == {
            "blocks": [{"offer_id": product.id, "code": "8816"}], "disabled_offers": [product.id, off.id],
            "cap_reached": [], "vendor_credit_out": [seller.id], "company_credit_out": [], "trunk_credit_out": [],
        }  # fmt: skip
        assert state_jobs.push("2", {}, quiet) == first  # type: ignore[arg-type]
        assert first == {"digest": digest(desired(db.session, utc_now())), "generation": 1}


def test_an_edge_that_is_away_fails_the_job_and_the_timer_asks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_with(tmp_path)
    monkeypatch.setattr(state_jobs, "FIRST_PAUSE_S", 0.0)
    with app.app_context():
        product = make_product(db.session, make_company(db.session, sells=True))
        state_jobs.follow_state()
        assert db.session.scalars(sa.select(Job).where(Job.kind == PUSH)).all() == []  # nothing is stopped
        product.enabled = False
        db.session.commit()
        state_jobs.follow_state()
        state_jobs.follow_state()
        waiting = db.session.scalars(sa.select(Job).where(Job.kind == PUSH)).one()
        with pytest.raises(EdgeUnreachable):
            state_jobs.push(waiting.id, waiting.arguments, quiet)  # type: ignore[arg-type]
        waiting.state, waiting.finished_at = "failed", utc_now() - timedelta(minutes=1)
        db.session.commit()
        state_jobs.follow_state()
        states = db.session.scalars(sa.select(Job.state).where(Job.kind == PUSH)).all()
        assert sorted(states) == ["failed", "queued"]


def test_the_page_shows_stops_and_what_the_edge_serves_and_lifts_them(tmp_path: Path, edge: Edge8) -> None:
    app = app_with(tmp_path, edge)
    with app.app_context():
        seller = make_company(db.session, "Acme", sells=True)
        product = make_product(db.session, seller, "Gold")
        boss = make_user(db.session, make_company(db.session, "Exchange", is_operator=True), "operator")
        page = login(app.test_client(), boss)
        where = "/operator/routing-state"
        wrong = page.post(
            where, data={"kind": "block", "target": f"company-{seller.id}", "code": "44", "reason": "x"}
        )
        assert wrong.status_code == 422
        assert "not of a company" in wrong.get_data(as_text=True)
        nothing = page.post(where, data={"kind": "block", "target": f"product-{product.id}", "reason": "x"})
        assert nothing.status_code == 422
        stop = {
            "kind": "block",
            "target": f"product-{product.id}",
            "code": "8816",
            "reason": "fraud on Iridium",
        }
        assert page.post(where, data=stop).status_code == 302
        assert page.post(where, data=stop).status_code == 409
        state_jobs.push("1", {}, quiet)  # type: ignore[arg-type]
        text = page.get(where).get_data(as_text=True)
        assert "fraud on Iridium" in text
        assert "as the list above says" in text
        assert "8816" in page.get(where + ".csv").get_data(as_text=True)
        stop_id = db.session.scalars(sa.select(RoutingStop.id)).one()
        assert page.post(f"{where}/{stop_id}/lift").status_code == 302
        assert "on its way" in page.get(where).get_data(as_text=True)
        edge.shutdown()
        edge.server_close()
        assert "does not answer" in page.get(where).get_data(as_text=True)
        seller_page = login(app.test_client(), make_user(db.session, seller))
        assert seller_page.post(where, data=stop).status_code == 403


def test_the_core_is_told_capacity_route_words_relatives_and_the_workers_key(tmp_path: Path) -> None:
    app = app_with(tmp_path)
    with app.app_context():
        settings = app.config["TANDEM"]
        seller = make_company(db.session, "Acme", sells=True)
        sister = make_company(db.session, "Sister", sells=True)
        buyer = make_company(db.session, "Buyer", buys=True)
        upstream = make_company(db.session, "Upstream", sells=True)
        sister.facts, buyer.facts = {"group": "Trio"}, {"group": "trio", "upstreams": ["upstream", "nobody"]}
        trunk = make_vendor_trunk(db.session, seller)
        trunk.channels, trunk.cps = 30, 5
        words = {"weight": 20, "keeps_identity": True, "hunt_stop": [503], "colour": "blue"}
        make_product(db.session, seller, trunk=trunk, routing=words)
        make_customer_trunk(db.session, buyer)
        db.session.commit()
        document = access_document(db.session, settings.lcr, NOW, cards=[])
        offer = document["offers"][0]
        assert (offer["max_channels"], offer["max_cps"], offer["weight"], offer["hunt_stop"]) == (
            30,
            5,
            20,
            [503],
        )
        assert "colour" not in offer
        assert document["trunks"][0]["never_carriers"] == [sister.id, upstream.id]
        assert control_key(control_token(settings))["scopes"] == ["lcr:control"]
