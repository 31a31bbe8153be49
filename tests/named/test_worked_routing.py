"""Worked examples E, F and G of the domain reference, and its comparison of list rate with effective cost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.named.tiny import Exchange, counters, row


def test_e_each_vendor_is_matched_by_itself_before_prices_are_compared(tmp_path: Path) -> None:
    desk = Exchange(
        {
            "V1": [row("44", "0.0200"), row("447700", "0.0150")],
            "V2": [row("44", "0.0040")],
            "V3": [row("4477009", "0.0160")],
        }
    ).publish(tmp_path)
    answer = desk.ask("447700900123")
    assert [(r["vendor"], r["code"], Decimal(r["eff"])) for r in answer["routes"]] == [
        ("V2", "44", Decimal("0.0040")),
        ("V1", "447700", Decimal("0.0150")),
        ("V3", "4477009", Decimal("0.0160")),
    ]
    assert answer["explain"][1]["shadowed"] == ["44"]


def test_f_the_profit_guard_compares_amounts_not_rates(tmp_path: Path) -> None:
    policy = {"guard": "min_margin", "min_pct_ppm": 50_000}
    desk = Exchange(
        {"X": [row("44", "0.0095", "60/60")]}, policy=policy, card=[row("44", "0.0100")], reference_seconds=61
    ).publish(tmp_path)
    answer = desk.ask("442079460000")
    refused = answer["explain"][0]
    assert (answer["status"], answer["reason"]) == ("no_route", "all_refused")
    assert refused["verdict"] == "profit_guard"
    assert refused["amount"] == "0.019"
    assert refused["billed_seconds"] == 120
    # 0.0100 at 1/1 for 61 s earns 0.010167; per minute that is the rate itself.
    assert Decimal(answer["sell"]["eff"]) == Decimal("0.0100")
    assert desk.verdicts("442079460000", policy={"guard": "off"}) == {"X": "selected"}


def test_g_the_score_adds_price_and_quality(tmp_path: Path) -> None:
    policy = {
        "kind": "score",
        "w_cost_ppm": 500_000,
        "w_asr_ppm": 200_000,
        "w_acd_ppm": 100_000,
        "w_pdd_ppm": 200_000,
        "asr_target_ppm": 550_000,
        "acd_target_ms": 180_000,
        "pdd_max_ms": 8_000,
    }
    quality = {
        ("V1", "44"): counters(
            attempts=1000,
            answered=420,
            effective=900,
            talk_ms=420 * 150_000,
            pdd_ms_sum=310_000,
            pdd_samples=100,
        ),
        ("V2", "44"): counters(
            attempts=1000,
            answered=200,
            effective=900,
            talk_ms=200 * 90_000,
            pdd_ms_sum=600_000,
            pdd_samples=100,
        ),
    }
    desk = Exchange(
        {"V1": [row("44", "0.0044")], "V2": [row("44", "0.0040")]}, policy, quality=quality
    ).publish(tmp_path)
    routes = desk.ask("442079460000")["routes"]
    shown = [(r["vendor"], Decimal(r["score"]).quantize(Decimal("0.0001"))) for r in routes]
    assert shown == [("V1", Decimal("0.8131")), ("V2", Decimal("0.6727"))]


def test_the_lower_rate_can_be_the_dearer_route(tmp_path: Path) -> None:
    desk = Exchange(
        {"X": [row("44", "0.0100", "60/60")], "Y": [row("44", "0.0115", "1/1")]}, reference_seconds=61
    ).publish(tmp_path)
    answer = desk.ask("442079460000")
    amounts = {e["vendor"]: Decimal(e["amount"]).quantize(Decimal("0.0001")) for e in answer["explain"]}
    assert [r["vendor"] for r in answer["routes"]] == ["Y", "X"]
    assert amounts == {"X": Decimal("0.0200"), "Y": Decimal("0.0117")}
