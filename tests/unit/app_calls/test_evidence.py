"""The signed result, the masked packets, the ladder and the scores."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.calls import words
from app.calls.charts import media_charts
from app.calls.evidence import sign, verify
from app.calls.ladder import draw
from app.calls.mask import NotPackets, masked
from app.calls.models import TestMedia
from app.calls.score import mos_of_seconds
from app.calls.words import code_words, evidence_words, milliseconds
from app.config import Calls, Settings
from tests.unit.app_calls.world import ladder

RESULT = {
    "call": "x1",
    "number": "442079460123",
    "outcome": "answered",
    "files": [{"name": "test-call-1.wav", "sha256": "?"}],
}


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    return Settings(data_dir=str(tmp_path), calls=Calls(evidence_key="one secret"))


def test_a_signed_result_is_genuine_and_every_change_of_it_is_seen(settings: Settings) -> None:
    text = json.dumps(sign(settings, RESULT))
    found = verify(text.encode())
    assert (found.genuine, found.known, found.good) == (True, None, True)
    assert found.result == RESULT
    assert verify(text.encode(), expected=found.fingerprint).known is True
    for forged in (text.replace("answered", "failed"), text.replace("442079460123", "442079460124")):
        assert not verify(forged.encode()).genuine
    other = Settings(data_dir=settings.data_dir, calls=Calls(evidence_key="another"))
    stranger = verify(json.dumps(sign(other, RESULT)).encode(), expected=found.fingerprint)
    assert (stranger.genuine, stranger.good) == (True, False)
    for broken in (b"", b"[]", b'{"format": "tandem-test-call-1"}', text.encode()[:-20], b"\xff\xfe"):
        assert not verify(broken).good


def test_recordings_beside_the_result_are_checked_too(settings: Settings, tmp_path: Path) -> None:
    audio = b"RIFF audio"
    result = RESULT | {
        "files": [
            {"name": "a.wav", "sha256": hashlib.sha256(audio).hexdigest()},
            {"name": "b.wav", "sha256": "0"},
        ]
    }
    text = json.dumps(sign(settings, result)).encode()
    (tmp_path / "a.wav").write_bytes(audio)
    assert verify(text, folder=tmp_path).files == {"a.wav": "kept", "b.wav": "missing"}
    (tmp_path / "a.wav").write_bytes(b"RIFF other")
    assert not verify(text, folder=tmp_path).good


def capture(*packets: tuple[str, str, bytes]) -> bytes:
    """As the edge writes it: nanoseconds, raw IP."""
    found = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 2048, 101)
    for number, (source, target, payload) in enumerate(packets):
        ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
        udp = struct.pack(">HHHH", 5060, 30_000, 8 + len(payload), 0) + payload
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0)
        if len(ends) == 32:
            head = struct.pack(">IHBB", 6 << 28, len(udp), 17, 64)
        packet = head + ends + udp
        found += struct.pack("<IIII", 1_700_000_000, number, len(packet), len(packet)) + packet
    return found


INVITE = (
    b"INVITE sip:442079460123@198.18.7.7:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 198.18.1.1;branch=z9\r\n"
    b"From: <sip:331@edge.secret.example>;tag=1\r\n"
    b"To: <sip:442079460123@198.18.7.7>\r\nCall-ID: abc@198.18.1.1\r\nCSeq: 1 INVITE\r\nContact: <sip:x@198.18.1.1>\r\n"
    b"Server: SecretVendor 9\r\n"
    b"X-Internal: 198.18.9.9\r\nContent-Type: application/sdp\r\nContent-Length: 999\r\n\r\n"
    b"v=0\r\no=vendor 1 1 IN IP4 198.18.7.8\r\ns=secret\r\nc=IN IP4 198.18.7.8\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n"
    b"a=rtpmap:8 PCMA/8000\r\n"
    b"a=candidate:1 1 UDP 1 198.18.7.9 9 typ host\r\na=sendrecv\r\n"
)


def test_masked_packets_say_what_happened_and_not_where() -> None:
    audio = b"\x80\x08" + bytes(170)
    shown = masked(
        capture(
            ("198.18.1.1", "198.18.7.7", INVITE),
            ("198.18.7.8", "198.18.1.1", audio),
            ("2001:db8::1", "2001:db8::2", audio),
        )
    )
    for secret in (b"198.18.", b"secret", b"Secret", b"X-Internal", b"Via", b"candidate", ipaddress.ip_address("198.18.7.7").packed,
                   ipaddress.ip_address("198.18.7.8").packed, ipaddress.ip_address("2001:db8::1").packed):  # fmt: skip
        assert secret not in shown, secret
    for kept in (
        b"INVITE sip:442079460123@masked.invalid SIP/2.0",
        b"CSeq: 1 INVITE",
        b"Call-ID: abc\r\n",
        b"m=audio 4000 RTP/AVP 8 101",
        b"a=sendrecv",
        audio,
    ):
        assert kept in shown, kept
    assert masked(capture(("198.18.1.1", "198.18.7.7", INVITE))) == masked(
        capture(("198.18.1.1", "198.18.7.7", INVITE))
    )
    body = shown[shown.index(b"v=0") :]
    length = int(shown.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
    assert body[:length].endswith(b"a=sendrecv\r\n")


@pytest.mark.parametrize("bad", [b"", b"RIFF" + bytes(40), capture()[:20]])
def test_what_is_no_capture_is_refused(bad: bytes) -> None:
    with pytest.raises(NotPackets):
        masked(bad)


def test_a_capture_cut_anywhere_is_read_as_far_as_it_goes() -> None:
    whole = capture(
        ("198.18.1.1", "198.18.7.7", INVITE), ("198.18.7.8", "198.18.1.1", b"\x80\x08" + bytes(160))
    )
    for end in range(24, len(whole), 7):
        assert b"198.18" not in masked(whole[:end])


def test_a_ladder_has_an_arrow_for_every_message_between_the_right_lanes() -> None:
    found = draw(ladder(1_000_000), "originated", own=False)
    assert [lane.name for lane in found.lanes] == ["Tandem", "Vendor"]
    assert [(r.sender, r.receiver, r.label, r.tone) for r in found.rungs[:4]] == [
        ("Tandem", "Vendor", "INVITE", "request"),
        ("Vendor", "Tandem", "100 Trying", "progress"),
        ("Vendor", "Tandem", "180 Ringing", "progress"),
        ("Vendor", "Tandem", "200 OK", "good"),
    ]
    assert found.rungs[2].after == "+0.900"
    both = draw([*ladder(0), {"n": 10, "at_us": 5, "event": "message", "side": "f", "to_us": True, "method": "INVITE", "code": 0}],
                "originated", own=True)  # fmt: skip
    assert [lane.name for lane in both.lanes] == ["Tandem", "Vendor", "Our number"]
    assert (both.rungs[-1].sender, both.rungs[-1].receiver) == ("Vendor", "Our number")
    assert draw([], "forwarded", own=False).rungs == []
    assert (
        draw(
            [{"n": n, "at_us": n, "event": "key", "side": "b", "key": "1"} for n in range(500)],
            "originated",
            own=False,
        ).left_out
        == 100
    )


def test_scores_of_seconds_are_those_of_the_core() -> None:
    """Golden vectors of G.107 (docs/media.md); the whole call's score has the same codec values."""
    lost = [[n, 100, 100, gone, 0, 1, 0] for n, gone in enumerate((0, 1, 3, 5, 10))]
    for codec, values in (("PCMA", (4.41, 4.33, 4.13, 3.92, 3.41)), ("pcmu", (4.41, 4.33, 4.13, 3.92, 3.41))):
        found = mos_of_seconds({"codec": codec, "one_way_us": 50_000}, lost)
        assert found == pytest.approx([v * 1000 for v in values], abs=6)
    far = [
        mos_of_seconds({"codec": "PCMA", "one_way_us": ms * 1000}, lost[:1])[0] for ms in (100, 200, 300, 400)
    ]
    assert far == pytest.approx([4409, 4340, 3964, 3556], abs=8)
    gaps = [
        [0, 50, 50, 0, 0, 1, 0],
        [1, 0, 0, 0, 0, None, None],
        [2, 50, 50, 20, -3, 1, 0],
        [3, 0, 50, 40, 30, 1, 0],
    ]
    best, nothing, _, worst = mos_of_seconds({"codec": "PCMA"}, gaps)
    assert (best, nothing, worst) == (4409, None, 1177), "all of it lost"
    assert mos_of_seconds({"codec": "unheard-of"}, gaps) == [None] * 4


def test_charts_have_a_gap_where_a_second_has_no_figure() -> None:
    media = TestMedia(
        call_id=1,
        side="b",
        figures={"codec": "PCMA"},
        seconds=[[0, 50, 50, 5, 0, 1500, 0], [2, 50, 50, -1, 0, None, 0]],
    )
    mos, loss, jitter = (chart for _, chart in media_charts({"b": media}))
    assert loss["series"][0]["values"] == [10.0, None, 0.0]
    assert jitter["series"][0]["values"] == [1.5, None, None]
    assert mos["x"] == [0, 1, 2]
    assert media_charts({}) == []


def test_words_are_for_people() -> None:
    assert [milliseconds(value) for value in (None, 900, 1_234, 61_000)] == [
        "–",
        "900 ms",
        "1.23 s",
        "1:01 min",
    ]
    assert [code_words(code) for code in (None, 200, 486, 603)] == [
        "–",
        "200 OK",
        "486 Busy here",
        "603 Decline",
    ]
    assert code_words(699, "Odd") == "699 Odd"
    said = {
        "early_ms": 2501,
        "first_marker_ms": -1,
        "ring_from_ms": -200,
        "code": 486,
        "odd_ms": 10,
        "odd_count": 3,
    }
    assert [evidence_words(name, value) for name, value in said.items()] == [
        "2.50 s too early",
        "our far end was never heard",
        "ring tone from 200 ms before the answer",
        "refused by 486 Busy here",
        "odd 10 ms",
        "odd count 3",
    ]


def test_every_measure_of_a_finding_has_words() -> None:
    """Those the edge's rules name; a new one must be given words here."""
    rules = Path(__file__).parents[3] / "lcr_core/src/testcall/fas"
    text = (rules / "timing.rs").read_text() + (rules / "media.rs").read_text()
    names = set(re.findall(r'\("([a-z_]+)", ?', text)) | set(re.findall(r'"([a-z_]+_ms)"', text))
    assert {"early_ms", "code", "voice_ms"} <= names
    assert names - {"code"} == set(words.EVIDENCE)
