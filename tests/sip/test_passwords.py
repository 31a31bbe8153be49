"""Tickets with a password: challenged with MD5 and SHA-256, proven, guessed, replayed."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.edge.process import REPO
from tests.sip.lab import HOST, Lab, free_ports, sipp
from tests.sip.phone import Message, Phone

pytestmark = pytest.mark.alone

NUMBER = "8312442079460000"
HASHES = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
PASSWORD = {"username": "buyer", "password": "s3cret"}


def proof(challenge: Message, algorithm: str, password: str = "s3cret", count: int = 1) -> str:
    """An Authorization header as RFC 7616 section 3.4.1 computes it."""
    lines = [line for line in challenge.all("WWW-Authenticate") if f"algorithm={algorithm}" in line]
    fields = dict(re.findall(r'(\w+)="([^"]*)"', lines[0]))

    def made(*parts: str) -> str:
        return HASHES[algorithm](":".join(parts).encode()).hexdigest()

    uri, nc, nonce = f"sip:{NUMBER}@{HOST}", f"{count:08x}", fields["nonce"]
    secret = made("buyer", fields["realm"], password)
    response = made(secret, nonce, nc, "abc", "auth", made("INVITE", uri))
    return (
        f'Authorization: Digest username="buyer", realm="{fields["realm"]}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm={algorithm}, qop=auth, nc={nc}, cnonce="abc"\r\n'
    )


def told(one: Lab) -> None:
    one.ticket(**PASSWORD)
    shown = one.ask("/v1/control/sip")[1]["tickets"][0]
    assert shown["username"] == "buyer"
    assert "password" not in shown


@pytest.mark.parametrize("algorithm", HASHES)
def test_a_password_opens_once_and_guesses_do_not(
    lab: Callable[..., Lab], tmp_path: Path, algorithm: str
) -> None:
    seller = free_ports()[0]
    one = lab(acme=(seller, "udp"))
    told(one)
    with (
        closing(Phone(one.udp)) as phone,
        sipp(tmp_path, "seller", "uas_refuses.xml", port=seller, STATUS="486"),
    ):

        def asked(more: str = "") -> Message:
            answer = phone.final(phone.invite(NUMBER, more=more))
            phone.ack(NUMBER, answer.get("Call-ID"), answer)
            return answer

        challenge = asked()
        assert challenge.code == 401
        offered = [re.findall("algorithm=([^,]+)", line) for line in challenge.all("WWW-Authenticate")]
        assert offered == [["MD5"], ["SHA-256"]], "switches that know one look at the first only"
        assert asked(proof(challenge, algorithm, "guess")).code == 401
        assert one.lines() == [], "a challenge is no call"
        right = proof(challenge, algorithm)
        assert asked(right).code == 486, "the password was taken, and the seller called"
        assert asked(right).code == 401, "the same count once more is a replay"
    assert one.running.metric("tandem_edge_sip_wrong_passwords_total") == 2
    assert one.running.metric("tandem_edge_sip_calls_forwarded_total") == 1


def test_who_guesses_on_is_refused(lab: Callable[..., Lab]) -> None:
    one = lab(acme=(5071, "udp"))
    told(one)
    with closing(Phone(one.udp)) as phone:
        challenge = phone.final(phone.invite(NUMBER))
        guess = proof(challenge, "MD5", "guess")
        codes = {phone.final(phone.invite(NUMBER, more=guess)).code for _ in range(20)}
    assert codes == {401, 403}
    assert one.lines() == []
    one.idle(one.pairs)


def test_pjsip_proves_itself_and_calls(lab: Callable[..., Lab], tmp_path: Path) -> None:
    """A phone that knows both answers either."""
    pytest.importorskip("pjsua2", reason="pjsua2-python is not installed")
    seller, own = free_ports(2)
    one = lab(acme=(seller, "udp"))
    told(one)
    words = {"host": HOST, "port": own, "hertz": 600, "wav": str(tmp_path / "heard.wav"), "seconds": 1}
    words |= PASSWORD | {"call": f"sip:{NUMBER}@{HOST}:{one.udp}"}
    command = [sys.executable, "-m", "tests.sip.softphone", json.dumps(words)]
    with sipp(tmp_path, "seller", "uas.xml", port=seller):
        done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert one.each_call_once() == 1
    assert [r["outcome"] for r in one.records()] == ["answered"]
    one.idle(one.pairs)
