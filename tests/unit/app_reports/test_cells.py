"""Every report's cells against figures worked out by hand, who sees what, and the three forms."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from decimal import Decimal

import openpyxl

from app.db import db
from app.reports.forms import filter_form
from app.reports.question import dial_codes
from tests.factories.app import NOW, login, make_api_key
from tests.unit.app_reports.conftest import DAY, World


def rows(world: World, who: str, path: str) -> list[dict[str, str]]:
    answer = login(world.app.test_client(), world.users[who]).get(path)
    assert answer.status_code == 200, answer.text[:300]
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_lcr_ranks_by_cost_of_180_seconds_in_one_currency(world: World) -> None:
    found = {row["Code"]: row for row in rows(world, "buyer", "/reports/lcr.csv?code=44")}
    assert list(found) == ["44", "4420", "447", "4470"]  # 4479 has ended
    uk = found["44"]
    # Bravo 0.0030 EUR × 1.10 = 0.0033 USD; 60/60 makes no difference at 60 and 180 s.
    assert (uk["#1 vendor"], uk["#1 at 180 s (USD)"], uk["#2 vendor"], uk["#2 at 180 s (USD)"]) == (
        "Bravo",
        "0.0033",
        "Acme",
        "0.0040",
    )
    assert (uk["Offers"], uk["Spread (USD)"], uk["Spread %"]) == ("2", "0.0007", "21.21")
    assert (uk["My sell (USD)"], uk["My margin %"]) == ("0.0100", "67.00")
    london = found["4420"]
    assert (london["#1 vendor"], london["#2 at 180 s (USD)"], london["Destination"]) == (
        "Bravo",
        "0.0035",
        "'=London",
    )
    # The deck's own match counts: Acme's blocked 4470 does not fall back to 447; our sell price does, to 44.
    personal = found["4470"]
    assert (personal["Offers"], personal["#1 vendor"], personal["#2 vendor"], personal["My sell (USD)"]) == (
        "1",
        "Bravo",
        "",
        "0.0100",
    )


def test_lcr_by_offer_and_by_destination_agree_with_the_codes(world: World) -> None:
    offers = rows(world, "buyer", "/reports/lcr.csv?code=447&layout=offer")
    assert [(r["Code"], r["Rank"], r["Vendor"], r["Rate"], r["Currency"], r["At 180 s (USD)"]) for r in offers] == [
        ("447", "1", "Bravo", "0.0190", "EUR", "0.0209"), ("447", "2", "Acme", "0.0250", "USD", "0.0250"),
        ("4470", "1", "Bravo", "0.0190", "EUR", "0.0209"),
    ]  # fmt: skip
    assert [r["Increments"] for r in offers] == ["60/60", "1/1", "60/60"]
    grouped = rows(world, "buyer", "/reports/lcr.csv?code=44&layout=destination&destination=UK")
    ranked = [
        (r["Rank"], r["Vendor"], r["Average at 180 s (USD)"], r["Codes"])
        for r in grouped
        if r["Destination"] == "UK"
    ]
    assert ranked == [("1", "Bravo", "0.0033", "1"), ("2", "Acme", "0.0040", "1")]


def test_changes_tell_old_and_new_percent_and_date(world: World) -> None:
    since, until = (NOW - 7 * DAY).date(), (NOW + 7 * DAY).date()
    found = rows(world, "acme", f"/reports/changes.csv?since={since}&until={until}")
    told = [
        (r["Code"], r["Change"], r["Old rate"], r["New rate"], r["Change %"], r["Effective from (UTC)"])
        for r in found
    ]
    changed, coming = "2026-11-18T12:00:00Z", "2026-11-23T12:00:00Z"
    assert told == [
        ("447", "DECREASE", "0.0250", "0.0240", "-4.00", coming), ("33", "NEW", "", "0.0050", "", changed),
        ("447", "INCREASE", "0.0200", "0.0250", "25.00", changed), ("4479", "CLOSED", "0.0300", "0.0250", "-16.67", changed),
    ]  # fmt: skip
    # What is closed falls back to the shorter code, whose price is told as the new one.
    only = rows(world, "acme", f"/reports/changes.csv?since={since}&until={until}&label=INCREASE")
    assert [r["Code"] for r in only] == ["447"]


def test_a_deck_as_of_a_date_is_what_priced_calls_then(world: World) -> None:
    def rate(at: datetime) -> dict[str, tuple[str, str]]:
        found = rows(world, "acme", f"/reports/deck.csv?at={at:%Y-%m-%dT%H:%M}")
        return {r["Code"]: (r["Rate"], r["Next rate"]) for r in found}

    then, now, later = rate(NOW - 10 * DAY), rate(NOW), rate(NOW + 3 * DAY)
    assert (then["447"], now["447"], later["447"]) == (
        ("0.0200", "0.0250"),
        ("0.0250", "0.0240"),
        ("0.0240", ""),
    )
    assert "4479" in then
    assert "4479" not in now
    statuses = {
        r["Code"]: r["Status"] for r in rows(world, "acme", f"/reports/deck.csv?at={NOW:%Y-%m-%dT%H:%M}")
    }
    assert (statuses["4470"], statuses["44"]) == ("blocked", "open")


def test_quality_divides_counts_and_says_no_data_for_an_empty_denominator(world: World) -> None:
    measured, empty, few = sorted(
        rows(world, "operator", "/reports/quality.csv"), key=lambda r: (r["Vendor"], r["Code"])
    )
    figures = ("ASR %", "NER %", "ACD s", "PDD s", "MOS", "Samples")
    assert [measured[k] for k in figures] == ["45.00", "70.00", "125.3", "2.35", "4.11", "enough"]
    assert [empty[k] for k in figures] == ["no data"] * 5 + ["none"]
    assert (few["Samples"], few["ASR %"], few["MOS"]) == ("few", "41.67", "no data")


def test_coverage_counts_codes_and_buyers_for_the_operator_alone(world: World) -> None:
    acme = next(r for r in rows(world, "operator", "/reports/coverage.csv") if r["Vendor"] == "Acme")
    columns = ("Open codes", "Blocked", "Pending changes", "Buyers", "Median rate")
    assert [acme[name] for name in columns] == ["4", "1", "1", "1", "0.0040"]
    assert (
        login(world.app.test_client(), world.users["buyer"]).get("/reports/coverage.csv").status_code == 403
    )


def test_a_seller_sees_its_own_decks_and_a_buyer_what_is_listed_or_bought(world: World) -> None:
    span = "since=2026-01-01&until=2027-01-01"
    assert {r["Vendor"] for r in rows(world, "acme", f"/reports/changes.csv?{span}")} == {"Acme"}
    assert {r["Vendor"] for r in rows(world, "buyer", f"/reports/changes.csv?{span}")} == {"Acme", "Bravo"}
    assert {r["Product"] for r in rows(world, "buyer", f"/reports/changes.csv?{span}")} == {
        "Premium",
        "Standard",
    }
    assert {r["Product"] for r in rows(world, "operator", f"/reports/changes.csv?{span}")} == {
        "Premium",
        "Standard",
        "Hidden",
    }
    assert {r["Vendor"] for r in rows(world, "buyer", "/reports/deck.csv")} == {"Acme"}
    client = login(world.app.test_client(), world.users["acme"])
    assert client.get(f"/reports/deck.csv?product={world.hidden.id}").status_code in {404, 422}
    assert client.get(f"/api/v1/reports/deck.csv?product={world.bravo_product.id}").status_code in {404, 422}


def test_a_workbook_holds_text_numbers_and_dates_of_the_right_type(world: World) -> None:
    client = login(world.app.test_client(), world.users["acme"])
    answer = client.get(f"/reports/deck.xlsx?at={NOW:%Y-%m-%dT%H:%M}")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    answer.close()
    assert sheet is not None
    head = [cell.value for cell in sheet[1]]
    london = next(row for row in sheet.iter_rows(min_row=2) if row[head.index("Code")].value == "4420")
    of = dict(zip(head, london, strict=True))
    assert (of["Code"].data_type, of["Rate"].data_type, of["Effective from (UTC)"].data_type) == (
        "s",
        "n",
        "d",
    )
    assert Decimal(str(of["Rate"].value)) == Decimal("0.0035")
    assert (of["Destination"].value, of["Destination"].data_type) == ("'=London", "s")
    assert of["Effective from (UTC)"].value == (NOW - 40 * DAY).replace(tzinfo=None)


def test_the_api_gives_the_same_rows_to_a_key_with_the_scope(world: World) -> None:
    with world.app.app_context():
        _, secret = make_api_key(db.session, world.acme, ["report:read", "deck:read"])
    client = world.app.test_client()
    head = {"Authorization": f"Bearer {secret}"}
    at = f"at={NOW:%Y-%m-%dT%H:%M}"
    text = client.get(f"/api/v1/reports/deck.csv?{at}", headers=head).text
    assert text == login(world.app.test_client(), world.users["acme"]).get(f"/reports/deck.csv?{at}").text
    told = json.loads(client.get(f"/api/v1/reports/deck.json?{at}", headers=head).text)
    assert [row[2] for row in told["rows"]] == [r["Code"] for r in csv.DictReader(io.StringIO(text))]
    assert client.get("/api/v1/reports/nothing.csv", headers=head).status_code == 404
    bad = client.get("/api/v1/reports/deck.csv?code=44x", headers=head)
    assert (bad.status_code, bad.mimetype) == (422, "application/problem+json")


def test_the_page_shows_a_fault_in_the_filter_and_the_rows_otherwise(world: World) -> None:
    client = login(world.app.test_client(), world.users["buyer"])
    assert client.get("/reports").status_code == 200
    wrong = client.get("/reports/lcr?code=44x")
    assert wrong.status_code == 422
    assert "is not a dial code" in wrong.text
    page = client.get("/reports/lcr?code=44")
    assert "0.0033" in page.text
    assert "/reports/lcr.csv?code=44" in page.text


def test_dial_codes_are_read_from_a_list() -> None:
    assert dial_codes("44, +33 1;44,") == ("44", "331")
    assert filter_form({}, [], now=NOW).since.data == (NOW - 7 * DAY).date()
