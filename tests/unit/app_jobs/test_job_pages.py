"""Job pages: own jobs only, as page, fragment and JSON."""

from __future__ import annotations

from pathlib import Path

from app.db import db
from app.jobs.service import enqueue
from tests.factories.app import NOW, login, make_app, make_company, make_user


def test_a_job_is_seen_by_its_company_and_by_nobody_else(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    with app.app_context():
        mine, other = (
            make_company(db.session, "Mine", sells=True),
            make_company(db.session, "Other", sells=True),
        )
        job = enqueue(
            db.session, "deck.check", arguments={"deck_id": 1}, title="Check A-Z", company_id=mine.id, now=NOW
        )
        db.session.commit()
        client = login(app.test_client(), make_user(db.session, mine, "rates"))
        stranger = login(app.test_client(), make_user(db.session, other, "rates"))
        page = client.get(f"/jobs/{job.id}").get_data(as_text=True)
        fragment = client.get(f"/jobs/{job.id}", headers={"HX-Request": "true"}).get_data(as_text=True)
        figures = client.get(f"/jobs/{job.id}", headers={"Accept": "application/json"}).get_json()
        assert "Check A-Z" in page
        assert "<html" in page
        assert "hx-get" in fragment
        assert "<html" not in fragment
        assert (figures["state"], figures["title"]) == ("queued", "Check A-Z")
        assert "Check A-Z" in client.get("/jobs.csv").get_data(as_text=True)
        assert stranger.get(f"/jobs/{job.id}").status_code == 404
        assert stranger.post(f"/jobs/{job.id}/cancel").status_code == 404
        assert "Check A-Z" not in stranger.get("/jobs").get_data(as_text=True)
        assert client.post(f"/jobs/{job.id}/cancel").status_code == 302
        assert client.get(f"/api/v1/jobs/{job.id}").get_json()["state"] == "cancelled"
