"""Call records out of every shape: the field's own samples, our CSV, and what cannot be read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rates.records.attempt import Attempt
from rates.records.faults import WORDS, fault_of
from rates.records.read import read_records, shape_of
from rates.records.unread import NotRecords, Unread, instant_us, length_ms

SHARED = Path(os.environ.get("TANDEM_SHARED", "../shared")) / "fixtures" / "cdrs"
HEAD = "call_id,trunk,product,ani,dnis,setup,ringing,answer,end,sip_code,q850,released_by,amount,currency\n"
LINE = (
    "c1,t,p,33123456789,442079460000,2026-11-20T10:00:00Z,2026-11-20T10:00:02Z,2026-11-20T10:00:05Z,2026-11-20T10:01:05.5Z,"
    "200,16,caller,0.0065,usd\n"
)
NOW = 1_795_400_000_000_000


def read(text: str) -> list[Attempt | Unread]:
    return list(read_records(text, "sw"))


SAMPLES = {
    "cgrates_csv_fileContent1.csv": ("cgrates", [(1_000_000, 10_000), (1_000_000, 20_000)], 0),
    "cgrates_csv_fileContent2.csv": ("cgrates", [(0, 123_000)], 2),
    "freeswitch_json_cdr.json": ("freeswitch", [(3_420_018, 67_540)], 0),
    "kamailio_acc_db_csv.txt": ("kamailio", [(0, 28_000), (0, 40_000)], 0),
    "opensips_flatstore_acc_ok.txt": ("opensips", [(0, 2_000), (0, 4_000), (0, 4_000), (0, 2_000)], 0),
    "opensips_flatstore_acc_missed.txt": ("opensips", [(None, 0)] * 3, 0),
}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the field samples are not there (TANDEM_SHARED)")
@pytest.mark.parametrize("name", SAMPLES)
def test_samples_of_each_switch_become_records_in_order(name: str) -> None:
    text = (SHARED / name).read_text(encoding="utf-8")
    shape, waits, unread = SAMPLES[name]
    found = read(text)
    records = [one for one in found if isinstance(one, Attempt)]
    assert shape_of(text) == shape
    assert [
        (None if one.answer_us is None else one.answer_us - one.setup_us, one.duration_ms) for one in records
    ] == waits
    assert len(found) - len(records) == unread
    assert [fault_of(one, now_us=NOW) for one in records] == [None] * len(records)
    assert len({one.identity() for one in records}) == len(records)


def test_a_leg_that_the_edge_s_dial_string_made_names_trunk_product_and_attempt() -> None:
    dialled = (Path(__file__).parents[3] / "edge" / "golden" / "dialstring.ok").read_text(encoding="utf-8")
    legs = [leg[1:].split("]")[0] for leg in dialled.split("|")]
    of_each = [dict(pair.split("=") for pair in leg.split(",")) for leg in legs]
    common = {
        "sip_to_user": "442079460000",
        "start_uepoch": "1795168800000000",
        "hangup_cause_q850": "34",
        "sip_term_status": "503",
    }
    lines = (json.dumps({"variables": common | said | {"uuid": str(n)}}) for n, said in enumerate(of_each))
    found = [one for one in read("\n".join(lines)) if isinstance(one, Attempt)]
    assert [(one.trunk, one.product, one.attempt) for one in found] == [("1", "1", 1), ("1", "2", 2)]


def test_a_line_of_our_own_csv_is_read_whole() -> None:
    (one,) = read(HEAD + LINE)
    assert isinstance(one, Attempt)
    assert (one.duration_ms, one.sip_code, one.q850, one.released_by) == (60_500, 200, 16, "caller")
    assert (one.amount_nanos, one.currency, one.trunk, one.product) == (6_500_000, "USD", "t", "p")
    assert one.ringing_us is not None
    assert one.ringing_us - one.setup_us == 2_000_000


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("442079460000", "anonymous", "no dialled number"),
        ("2026-11-20T10:00:00Z", "", "setup instant is missing"),
        ("2026-11-20T10:00:02Z", "20/11/2026", "is no instant"),
        ("2026-11-20T10:01:05.5Z", "", "needs its end"),
        ("0.0065", "1e400", "is no amount"),
        ("0.0065", "-1", "is no amount"),
        (",16,", ",sixteen,", "no whole number"),
        ("usd", "usd,more", "more cells"),
    ],
)
def test_a_line_that_cannot_be_read_says_where_and_why(old: str, new: str, why: str) -> None:
    (one,) = read(HEAD + LINE.replace(old, new, 1))
    assert isinstance(one, Unread)
    assert one.line == 2
    assert why in one.why


@pytest.mark.parametrize("text", ["", "\n\n", "hello\nworld\n", "day,code,calls\n"])
def test_other_text_is_no_file_of_call_records(text: str) -> None:
    with pytest.raises(NotRecords):
        read(text)


def test_a_mistyped_column_is_an_error_and_json_that_breaks_off_too() -> None:
    with pytest.raises(NotRecords, match="unknown: answr"):
        read("call_id,dnis,setup,answr\n")
    with pytest.raises(NotRecords, match="JSON"):
        read('{"variables": {')


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"answer_us": 1, "sip_code": 200}, "bad_order"),
        ({"end_us": 1}, "bad_order"),
        ({"setup_us": NOW + 301_000_000}, "future_start"),
        ({"duration_ms": 5}, "talk_without_answer"),
        ({"duration_ms": -5}, "negative_duration"),
        ({"dnis": "1" * 16}, "bad_number"),
        ({"call_id": ""}, "no_call_id"),
        ({"sip_code": 99}, "bad_sip_code"),
        ({"q850": 128}, "bad_cause"),
        ({"released_by": "somebody"}, "bad_release"),
        ({"attempt": 0}, "bad_order"),
        ({"answer_us": NOW, "sip_code": 486}, "answered_without_200"),
    ],
)
def test_a_record_out_of_order_goes_to_quarantine_with_its_reason(
    words: dict[str, object], reason: str
) -> None:
    given: dict[str, object] = {"source": "s", "call_id": "c", "setup_us": NOW - 10, "dnis": "442079460000"}
    assert fault_of(Attempt(**(given | words)), now_us=NOW) == reason  # type: ignore[arg-type]
    assert reason in WORDS


def test_instants_and_lengths_as_switches_write_them() -> None:
    assert instant_us("1436454408") == 1_436_454_408_000_000
    assert instant_us("2013-11-07 08:42:25 +0000 UTC") == instant_us("2013-11-07T10:42:25+02:00")
    assert instant_us("2026-11-20T10:00:00.123456Z") == 1_795_168_800_123_456
    assert [instant_us(bad) for bad in ("2026-11-20", "10:00", "now", "")] == [None] * 4
    assert [length_ms(text) for text in ("68", "67.54", "1m8.5s", "1h")] == [
        68_000,
        67_540,
        68_500,
        3_600_000,
    ]
    assert [length_ms(bad) for bad in ("", "NaN", "-1", "x", "1e99")] == [None] * 5
