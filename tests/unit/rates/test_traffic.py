"""Traffic read from aggregates, a pasted profile and switches' own call records."""

from __future__ import annotations

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path

import pytest

from rates.calls import read_calls
from rates.traffic import DayTraffic, ProfileLine, TrafficError, read_aggregates, read_profile

SHARED = Path(os.environ.get("TANDEM_SHARED", Path(__file__).parents[4] / "shared")) / "fixtures" / "cdrs"
DAY = dt.date(2026, 11, 20)


def test_aggregates_add_up_by_day_and_code_and_take_minutes_or_seconds() -> None:
    text = "day,code,calls,minutes\n2026-11-20,447,10,20.5\n2026-11-20,+447,5,1\n2026-11-21,33,1,2\n"
    assert read_aggregates(text) == [
        DayTraffic(DAY, "447", 15, 1290), DayTraffic(dt.date(2026, 11, 21), "33", 1, 120),
    ]  # fmt: skip
    assert read_aggregates("Date;Prefix;Answered;Seconds\n2026-11-20;0044;2;61\n") == [
        DayTraffic(DAY, "44", 2, 61)
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("code,calls,minutes\n44,1,1\n", "lacks day"),
        ("day,code,calls\n2026-11-20,44,1\n", "minutes or seconds"),
        ("day,code,calls,minutes\n20.11.2026,44,1,1\n", "line 2: “20.11.2026” is not a day"),
        ("day,code,calls,minutes\n2026-11-20,UK,1,1\n", "line 2: “UK” is not a dial code"),
        ("day,code,calls,minutes\n2026-11-20,44,1.5,1\n", "not a whole number of calls"),
        ("day,code,calls,minutes\n2026-11-20,44,0,1\n", "Talk time without a call"),
        ("day,code,calls,minutes\n2026-11-20,44,1,-1\n", "not a number of minutes"),
    ],
)
def test_a_bad_aggregate_says_which_line_and_why(text: str, says: str) -> None:
    with pytest.raises(TrafficError, match=says):
        read_aggregates(text)


def test_a_profile_takes_codes_names_thousands_and_a_sell_rate() -> None:
    text = "Destination\tMinutes\n447\t120 000\nFrance Mobile\t45,000\t20000\n33\t80000\t\t0,0061\n"
    assert read_profile(text) == [
        ProfileLine("447", 7_200_000), ProfileLine("France Mobile", 2_700_000, 20_000),
        ProfileLine("33", 4_800_000, None, Decimal("0.0061")),
    ]  # fmt: skip


def test_a_profile_line_of_plain_words_ends_with_its_minutes() -> None:
    assert read_profile("United Kingdom 1000") == [ProfileLine("United Kingdom", 60_000)]


@pytest.mark.parametrize("text", ["", "447", "447\tmany\n44\tmore\n"])
def test_a_profile_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(TrafficError):
        read_profile(text)


SHAPES = {
    "cgrates_csv_fileContent1.csv": ("cgrates", 2, 30, 0),
    "cgrates_csv_fileContent2.csv": ("cgrates", 1, 123, 2),  # two numbers in national form cannot be placed
    "freeswitch_json_cdr.json": ("freeswitch", 1, 68, 0),
    "kamailio_acc_db_csv.txt": ("kamailio", 2, 68, 0),
    "opensips_flatstore_acc_ok.txt": ("opensips", 4, 12, 0),
    "opensips_flatstore_acc_missed.txt": ("opensips", 0, 0, 3),  # never answered
}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the field samples are not there (TANDEM_SHARED)")
@pytest.mark.parametrize("name", SHAPES)
def test_call_records_of_switches_become_traffic(name: str) -> None:
    found = read_calls((SHARED / name).read_text(encoding="utf-8"))
    calls, seconds = sum(one.calls for one in found.days), sum(one.seconds for one in found.days)
    assert (found.shape, calls, seconds, found.left_out) == SHAPES[name]


def test_other_text_is_no_call_record() -> None:
    with pytest.raises(TrafficError, match="neither a traffic CSV"):
        read_calls("hello\nworld\n")
