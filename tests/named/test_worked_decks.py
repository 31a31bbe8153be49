"""Worked examples A to D of the domain reference: two clocks, late increase, split code, closing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.named.decks import Vendor, at

HEAD = "code,destination,rate,currency,effective from,increment\n"


def line(code: str, rate: str, day: str) -> str:
    return f"{code},Destination {code[:2]},{rate},USD,{day},1/1\n"


def deck(*lines: str) -> str:
    # A bystander keeps the file above one line, as real ones are.
    return HEAD + "".join(lines)


def test_a_the_latest_received_deck_covers_every_later_instant_pending_rows_included(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    vendor.receive(
        "2025-03-01",
        deck(line("22177", "0.100", "2025-03-01"), line("221", "0.050", "2025-03-01")),
        mode="full",
    )
    vendor.receive("2025-03-10", deck(line("22177", "0.120", "2025-03-20")))
    assert vendor.diff()["22177"]["label"] == "INCREASE"
    assert vendor.price("221771234567", "2025-03-20") == ("22177", 120_000_000, 0)
    vendor.receive("2025-03-12", deck(line("22177", "0.090", "2025-03-12")))
    assert vendor.diff()["22177"]["label"] == "DECREASE"
    assert vendor.price("221771234567", "2025-03-11 23:59:59") == ("22177", 100_000_000, 0)
    assert vendor.price("221771234567", "2025-03-12") == ("22177", 90_000_000, 0)
    assert vendor.price("221771234567", "2025-03-25") == ("22177", 90_000_000, 0)


def test_a_a_temporary_special_with_an_end_gives_way_to_the_pending_price(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    vendor.receive(
        "2025-03-01",
        deck(line("22177", "0.100", "2025-03-01"), line("221", "0.050", "2025-03-01")),
        mode="full",
    )
    vendor.receive("2025-03-10", deck(line("22177", "0.120", "2025-03-20")))
    special = (
        "code,destination,rate,currency,effective from,effective until,increment\n"
        "22177,Destination 22,0.090,USD,2025-03-12,2025-03-20,1/1\n"
    )
    vendor.receive("2025-03-12", special)
    assert vendor.price("221771234567", "2025-03-19 23:59:59") == ("22177", 90_000_000, 0)
    assert vendor.price("221771234567", "2025-03-20") == ("22177", 120_000_000, 0)


def test_b_a_late_increase_is_postponed_to_receipt_plus_notice_and_a_decrease_is_not(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    vendor.receive(
        "2025-03-01", deck(line("221", "0.050", "2025-03-01"), line("44", "0.010", "2025-03-01")), mode="full"
    )
    vendor.receive(
        "2025-03-10 15:00", deck(line("221", "0.060", "2025-03-12"), line("44", "0.009", "2025-03-12"))
    )
    changes = vendor.diff()
    assert changes["221"]["label"] == "LATE"
    assert changes["221"]["asked_from"] == at("2025-03-12")
    assert changes["221"]["effective_from"] == at("2025-03-17 15:00")
    assert changes["44"]["label"] == "DECREASE"
    assert vendor.price("2211234567", "2025-03-17 14:59:59") == ("221", 50_000_000, 0)
    assert vendor.price("2211234567", "2025-03-17 15:00") == ("221", 60_000_000, 0)
    assert vendor.price("441234567", "2025-03-12") == ("44", 9_000_000, 0)


def test_c_a_split_code_is_compared_with_what_it_cost_by_longest_match(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    vendor.receive(
        "2025-03-01",
        deck(line("44", "0.0040", "2025-03-01"), line("49", "0.0050", "2025-03-01")),
        mode="full",
    )
    vendor.receive(
        "2025-03-10", deck(line("447", "0.0180", "2025-03-10"), line("4420", "0.0035", "2025-03-10"))
    )
    changes = vendor.diff()
    assert (changes["4420"]["label"], changes["4420"]["compared_with"]) == ("DECREASE", "44")
    assert changes["447"]["compared_with"] == "44"
    assert changes["447"]["label"] in {"INCREASE", "LATE"}
    assert vendor.price("442079460000", "2025-03-10") == ("4420", 3_500_000, 0)
    assert vendor.price("447700900123", "2025-03-16 23:59:59") == ("44", 4_000_000, 0)
    assert vendor.price("447700900123", "2025-03-17") == ("447", 18_000_000, 0)


def test_d_a_code_left_out_of_a_full_deck_falls_back_under_the_rule_parent(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    first = deck(*(line(code, "0.0040", "2025-03-01") for code in ("44", "49", "33", "39", "34")))
    vendor.receive("2025-03-01", first + line("447", "0.0180", "2025-03-01"), mode="full")
    second = deck(*(line(code, "0.0040", "2025-03-10") for code in ("44", "49", "33", "39", "34")))
    report = vendor.receive("2025-03-10", second, mode="full")
    change = vendor.diff()["447"]
    assert (change["label"], change["falls_back_to"]) == ("CLOSED", "44")
    assert change["pct_ppm"] is not None
    assert round(change["pct_ppm"] / 10_000) == -78
    assert report.closing == 1
    assert vendor.price("447700900123", "2025-03-09") == ("447", 18_000_000, 0)
    assert vendor.price("447700900123", "2025-03-10") == ("44", 4_000_000, 0)


def test_d_a_code_left_out_of_a_full_deck_is_not_routable_under_the_rule_block(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    codes = ("44", "49", "33", "39", "34")
    first = deck(*(line(code, "0.0040", "2025-03-01") for code in codes))
    vendor.receive(
        "2025-03-01", first + line("447", "0.0180", "2025-03-01"), mode="full", unlisted_rule="block"
    )
    second = deck(*(line(code, "0.0040", "2025-03-10") for code in codes))
    vendor.receive("2025-03-10", second, mode="full", unlisted_rule="block")
    code, _, status = vendor.price("447700900123", "2025-03-10") or ("", 0, 0)
    assert code == "447"
    assert status in {1, 2}


def test_rule_5_a_row_without_a_rate_is_reported_and_never_priced_0(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    text = deck(line("44", "0.0040", "2025-03-01"), line("447", "", "2025-03-01"))
    report = vendor.receive("2025-03-01", text, mode="full", approve=False)
    assert report.status == "rejected"
    assert [(p["row"], p["code"], p["id"]) for p in vendor.problems() if p["severity"] == "error"] == [
        (3, "447", "rate_missing")
    ]
    report = vendor.receive("2025-03-01", text, mode="full", repairs=("skip_rows_without_rate",))
    assert report.rows_skipped == 1
    assert vendor.price("447700900123", "2025-03-02") == ("44", 4_000_000, 0)


def test_rule_7_every_skipped_row_is_reported_with_line_cell_and_reason(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    text = deck(
        line("44", "0.0040", "2025-03-01"),
        line("4x7", "0.0050", "2025-03-01"),
        line("49", "-0.0050", "2025-03-01"),
        line("1234567890123456", "0.0050", "2025-03-01"),
        line("447000-446000", "0.0050", "2025-03-01"),
    )
    report = vendor.receive("2025-03-01", text, mode="full", approve=False)
    assert report.status == "rejected"
    found = {p["row"]: p for p in vendor.problems() if p["severity"] == "error"}
    assert {row: p["id"] for row, p in found.items()} == {
        3: "bad_code",
        4: "rate_negative",
        5: "code_too_long",
        6: "range_invalid",
    }
    assert all(p["column"] and p["hint"] and p["text"] for p in found.values())


def test_rule_7_trailing_blank_rows_are_harmless(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    text = deck(
        line("44", "0.0040", "2025-03-01"),
        line("49", "0.0050", "2025-03-01"),
        ",,,,,\n",
        "\n",
        " , , , , , \n",
    )
    report = vendor.receive("2025-03-01", text, mode="full")
    assert (report.codes, report.error_count) == (2, 0)


def test_case_1_the_same_code_pending_in_two_decks_received_in_the_other_order(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    vendor.receive(
        "2025-03-01", deck(line("44", "0.010", "2025-03-01"), line("49", "0.010", "2025-03-01")), mode="full"
    )
    vendor.receive("2025-03-02", deck(line("44", "0.008", "2025-03-20")))
    vendor.receive("2025-03-03", deck(line("44", "0.009", "2025-03-10")))
    assert vendor.price("441234567", "2025-03-09") == ("44", 10_000_000, 0)
    assert vendor.price("441234567", "2025-03-10") == ("44", 9_000_000, 0)
    assert vendor.price("441234567", "2025-03-20") == ("44", 9_000_000, 0)


def test_case_2_a_full_deck_that_omits_half_of_the_codes_is_held_for_a_second_person(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    codes = ["44", "49", "33", "39", "34", "351", "352", "353"]
    vendor.receive("2025-03-01", deck(*(line(c, "0.0100", "2025-03-01") for c in codes)), mode="full")
    report = vendor.receive(
        "2025-03-10", deck(*(line(c, "0.0100", "2025-03-10") for c in codes[:4])), mode="full"
    )
    assert report.closing == 4
    assert report.needs_second_person
    assert report.second_person_reasons


def test_case_3_a_coarser_increment_at_the_same_rate_is_an_increase_that_needs_notice(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    vendor.receive(
        "2025-03-01", deck(line("44", "0.010", "2025-03-01"), line("49", "0.010", "2025-03-01")), mode="full"
    )
    vendor.receive("2025-03-10", HEAD + "44,Destination 44,0.010,USD,2025-03-11,60/60\n")
    assert vendor.diff()["44"]["label"] == "LATE"
    assert vendor.diff()["44"]["effective_from"] == at("2025-03-17")


def test_case_7_a_range_that_crosses_a_digit_becomes_the_smallest_set_of_codes(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    vendor.receive(
        "2025-03-01",
        deck(line("4477005-4477012", "0.01", "2025-03-01"), line("49", "0.01", "2025-03-01")),
        mode="full",
    )
    codes = set(vendor.timeline()["code"].to_pylist()) - {"49"}
    assert codes == {"4477005", "4477006", "4477007", "4477008", "4477009", "4477010", "4477011", "4477012"}


@pytest.mark.parametrize(("parent", "sign"), [("0.0040", -1), ("0.0300", 1)])
def test_case_4_a_closed_child_falls_back_to_a_cheaper_or_dearer_parent(
    tmp_path: Path, parent: str, sign: int
) -> None:
    vendor = Vendor(tmp_path)
    codes = ("49", "33", "39", "34", "351")
    first = [line(code, "0.0100", "2025-03-01") for code in codes] + [line("44", parent, "2025-03-01")]
    vendor.receive("2025-03-01", deck(*first, line("447", "0.0180", "2025-03-01")), mode="full")
    vendor.receive("2025-03-10", deck(*(text.replace("03-01", "03-10") for text in first)), mode="full")
    change = vendor.diff()["447"]
    assert (change["label"], change["falls_back_to"]) == ("CLOSED", "44")
    assert (change["pct_ppm"] > 0) == (sign > 0)


def test_case_5_a_blocked_parent_leaves_an_open_child_open(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    text = (
        "code,destination,rate,currency,effective from,status\n"
        "44,United Kingdom,0.0040,USD,2025-03-01,blocked\n"
        "447,UK Mobile,0.0180,USD,2025-03-01,open\n"
    )
    vendor.receive("2025-03-01", text, mode="full")
    assert (vendor.price("442079460000", "2025-03-02") or ("", 0, 0))[2] == 1
    assert vendor.price("447700900123", "2025-03-02") == ("447", 18_000_000, 0)


def test_case_6_a_code_renamed_and_moved_at_once_is_told_by_code(tmp_path: Path) -> None:
    vendor = Vendor(tmp_path)
    head = "code,destination,rate,currency,effective from\n"
    first = head + "221,Senegal,0.10,USD,2025-03-01\n22177,Senegal Mobile Orange,0.20,USD,2025-03-01\n"
    vendor.receive("2025-03-01", first, mode="full")
    vendor.receive("2025-03-10", head + "22177,Senegal Mobile Free,0.15,USD,2025-03-10\n")
    change = vendor.diff()["22177"]
    assert change["label"] == "DECREASE"
    assert change["name_label"] in {"RENAMED", "MOVED"}
    assert (change["destination_old"], change["destination_new"]) == (
        "Senegal Mobile Orange",
        "Senegal Mobile Free",
    )


@pytest.mark.parametrize(
    ("rule", "price"), [("parent", ("44", 4_000_000, 0)), ("block", ("447", 18_000_000, 2))]
)
def test_case_4_a_code_closed_in_words_stops_the_fall_to_its_parent_only_under_the_rule_block(
    tmp_path: Path, rule: str, price: tuple[str, int, int]
) -> None:
    vendor = Vendor(tmp_path)
    text = (
        "code,destination,rate,currency,effective from,status\n"
        "44,United Kingdom,0.0040,USD,2025-03-01,open\n"
        "447,UK Mobile,0.0180,USD,2025-03-01,closed\n"
    )
    vendor.receive("2025-03-01", text, mode="full", unlisted_rule=rule)
    assert vendor.price("447700900123", "2025-03-02") == price
