"""The pages, the API and the command line of call records."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.testing import FlaskClient

from app.cdrs.jobs import run_import
from app.cdrs.models import CallImport, CallRecord
from app.cli import tandem
from app.clock import utc_now
from app.db import db
from app.errors import Invalid
from app.jobs.models import Job
from app.jobs.progress import SilentProgress
from tests.factories import app as make
from tests.integration.cdrs.world import FR, HEAD, World, line, make_world, send

FILE = (
    HEAD
    + line(1, at=utc_now())
    + line(2, seconds=None, code=503, at=utc_now())
    + line(3, dnis=FR, at=utc_now())
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


@pytest.fixture
def client(world: World) -> FlaskClient:
    return make.login(world.app.test_client(), world.trader)


def upload(client: FlaskClient, text: str, **more: str) -> str:
    """Send a file by the page, carry out its job, and give the page of the import."""
    found = client.post(
        "/calls/imports",
        data={
            "file": (io.BytesIO(text.encode()), "night.csv"),
            "source": "sw1",
            "trunk": "",
            "product": "",
            **more,
        },
    )
    assert found.status_code == 302, found.text
    queued = db.session.scalars(sa.select(Job).order_by(Job.created_at.desc(), Job.id)).first()
    assert queued is not None
    run_import(queued.id, queued.arguments, SilentProgress())
    return found.headers["Location"]


def test_a_file_sent_by_the_page_shows_what_became_of_it(client: FlaskClient) -> None:
    empty = client.get("/calls")
    assert "No call in these days" in empty.text
    page = client.get(upload(client, FILE)).text
    assert "No row of the product&#39;s deck prices this number" in page
    calls = client.get("/calls?outcome=answered&q=4420&side=bought&page=1").text
    assert "44207946xxxx" in calls
    assert "442079460" not in calls
    assert "Minutes" in client.get("/calls/sums").text
    waiting = client.get("/calls/quarantine?reason=no_rate").text
    assert "call-3" in waiting
    rows = list(csv.DictReader(io.StringIO(client.get("/calls.csv").text)))
    assert [row["sip_code"] for row in rows] == ["503", "200"]
    assert {row["cost"] for row in rows} == {"0.020000000", "0.000000000"} or rows[1]["cost"] == "0.010000000"
    assert client.get("/calls/sums.csv").text.count("\n") == 2
    assert "night.csv" in client.get("/calls/imports.csv").text
    assert "no_rate" in client.get("/calls/quarantine.csv").text


@pytest.mark.parametrize(
    "words", ["first=x&last=2026-13-01", "first=0001-01-01&last=9999-12-31", "product=abc&page=-4", "q=%25"]
)
def test_an_address_that_makes_no_sense_still_shows_the_page(client: FlaskClient, words: str) -> None:
    assert client.get(f"/calls?{words}").status_code == 200
    assert client.get(f"/calls/sums?{words}").status_code == 200


def test_no_file_and_an_odd_name_of_the_switch_are_said_in_the_form(client: FlaskClient) -> None:
    assert "Choose a file." in client.post("/calls/imports", data={"trunk": "", "product": ""}).text
    odd = {"file": (io.BytesIO(b"x"), "f"), "source": "<script>", "trunk": "", "product": ""}
    answer = client.post("/calls/imports", data=odd)
    assert answer.status_code == 422
    assert "The name of the switch" in answer.text


def test_a_refused_file_says_why_and_leaves_nothing(client: FlaskClient) -> None:
    with pytest.raises(Invalid):
        upload(client, "hello\nworld\n")
    page = client.get("/calls/imports/1").text
    assert "Nothing of it was taken" in page
    assert "These are no call records" in page


def test_a_record_is_laid_aside_or_still_has_its_reason(client: FlaskClient) -> None:
    upload(client, FILE)
    refused = client.post("/calls/quarantine/1/take", follow_redirects=True).text
    assert "Its reason still stands" in refused
    assert "Nothing waits" in client.post("/calls/quarantine/1/drop", follow_redirects=True).text
    assert client.post("/calls/quarantine/99/take").status_code == 404


def test_a_viewer_reads_and_cannot_send(world: World) -> None:
    viewer = make.make_user(db.session, world.buyer, "viewer")
    client = make.login(world.app.test_client(), viewer)
    assert client.get("/calls").status_code == 200
    assert client.get("/calls/imports").status_code == 403


def test_the_api_takes_a_file_once_under_its_key(world: World) -> None:
    _, secret = make.make_api_key(db.session, world.buyer, ["call:read", "call:import"], world.trunk)
    client, headers = (
        world.app.test_client(),
        {"Authorization": f"Bearer {secret}", "Idempotency-Key": "night-1"},
    )

    def post(text: str) -> tuple[int, dict[str, object]]:
        answer = client.post(
            "/api/v1/call-imports",
            data={"file": (io.BytesIO(text.encode()), "n.csv"), "source": "sw1"},
            headers=headers,
        )
        return answer.status_code, answer.get_json()

    status, first = post(FILE)
    assert (status, first["state"]) == (202, "received")
    assert post(FILE) == (202, first)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CallImport)) == 1
    assert post(FILE + line(8))[0] == 422  # another request under the same key
    run_import("j", {"import_id": first["id"]}, SilentProgress())
    shown = client.get(f"/api/v1/call-imports/{first['id']}", headers=headers).get_json()
    assert (shown["state"], shown["counts"]["new"], shown["counts"]["reasons"]) == ("done", 2, {"no_rate": 1})
    calls = client.get("/api/v1/calls", headers=headers).get_json()
    assert calls["total"] == 2
    assert all(isinstance(call["cost"], str) for call in calls["calls"])
    assert client.get("/api/v1/call-sums?side=bought", headers=headers).get_json()["total"] == 1
    assert client.get("/api/v1/calls?side=stolen", headers=headers).status_code == 422


def test_the_command_line_imports_lists_and_tells_by_its_code(world: World, tmp_path: Path) -> None:
    file = tmp_path / "night.csv"
    file.write_text(FILE)
    data = str(world.app.config["TANDEM"].data_dir)
    email = world.trader.email
    db.session.remove() if hasattr(db.session, "remove") else db.session.close()

    def run(*words: str) -> tuple[int, str]:
        found = CliRunner().invoke(
            tandem, ["--data-dir", data, "cdrs", *words, "--as", email], standalone_mode=False
        )
        assert found.exception is None, found.exception
        return found.return_value or 0, found.stdout

    code, out = run("import", str(file), "--source", "sw1", "--json")
    assert (code, json.loads(out)["new"]) == (4, 2)
    code, out = run("import", str(file), "--source", "sw1", "--json")
    assert (json.loads(out)["new"], json.loads(out)["same"]) == (0, 2)
    assert len(json.loads(run("list", "--json")[1])) == 2
    assert json.loads(run("quarantine", "--json")[1])[0]["reason"] == "no_rate"
    assert {job.state for job in db.session.scalars(sa.select(Job).where(Job.kind == "calls.import"))} == {
        "done"
    }


def test_a_seller_sees_what_was_sent_to_it_and_no_sell_side(world: World) -> None:
    send(world, HEAD + line(1))
    seller = make.make_user(db.session, world.sellers[0], "rates")
    client = make.login(world.app.test_client(), seller)
    (row,) = csv.DictReader(io.StringIO(client.get("/calls.csv").text))
    assert (row["buyer"], row["sell"], row["margin"], row["trunk"]) == ("Buyer", "", "", "")
    assert db.session.scalars(sa.select(CallRecord.sell_nanos)).one() == 20_000_000
