"""Softphones that others wrote, each in a network of its own, talk through the edge: PJSIP calls baresip, baresip calls PJSIP."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from tests.edge.process import REPO, until
from tests.sip import netns
from tests.sip.lab import HERE, Lab, free_ports, media_range
from tests.sip.test_media_truth import exchange

pytestmark = pytest.mark.alone

NUMBER = "442079460000"
BUYER_HZ, SELLER_HZ = 600, 1200
SECONDS = 4


@pytest.fixture
def net() -> Iterator[netns.Net]:
    reason = netns.missing()
    if shutil.which("baresip") is None:
        reason = "baresip is not installed"
    if importlib.util.find_spec("pjsua2") is None:
        reason = "pjsua2 is not installed (no wheel for this system)"
    if reason:
        pytest.skip(reason)
    with netns.net(1) as one:
        yield one


@contextmanager
def edge(net: netns.Net, folder: Path) -> Iterator[Lab]:
    udp = free_ports()[0]
    listen = [{"transport": "udp", "host": net.here, "port": udp}]
    lab = Lab(folder, exchange(folder, net, 5060, 1), sip={"listen": listen}, udp=udp)
    lab.start(media_ports=media_range(lab.pairs))
    try:
        lab.ticket(record=True, pcap=True, max_seconds=30)
        yield lab
    finally:
        lab.stop()


@contextmanager
def running(command: list[str], log: Path, ready: str) -> Iterator[subprocess.Popen[bytes]]:
    """A telephone that is there once it has said this word."""
    with log.open("wb") as out:
        child = subprocess.Popen(command, cwd=REPO, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        until(lambda: ready in log.read_text(errors="replace") or child.poll() is not None, f"see {log}")
        yield child
    finally:
        child.terminate()
        child.wait(20)


def pjsip(net: netns.Net, place: str, wav: Path, hertz: int, call: str | None = None) -> list[str]:
    host = net.buyer(0) if place == "a" else net.seller(0)
    words = {"host": host, "port": 5060, "hertz": hertz, "wav": str(wav), "call": call, "seconds": SECONDS}
    return net.inside(place, sys.executable, "-m", "tests.sip.softphone", json.dumps(words))


def baresip(net: netns.Net, place: str, folder: Path, hertz: int, call: str = "") -> list[str]:
    """It answers, or it calls; either way it is there until it is stopped."""
    host = net.buyer(0) if place == "a" else net.seller(0)
    folder.mkdir()
    text = (HERE / "baresip.cfg").read_text()
    modules = next(Path("/usr/lib").glob("**/baresip/modules"))
    for word, value in {"HOST": host, "HERTZ": hertz, "FOLDER": folder, "MODULES": modules}.items():
        text = text.replace(word, str(value))
    (folder / "config").write_text(text)
    user = NUMBER if place == "b" else "33123456789"
    (folder / "accounts").write_text(f"<sip:{user}@{host}>;regint=0;audio_codecs=PCMA;answermode=auto\n")
    (folder / "contacts").write_text("")
    dial = ["-e", f"/dial {call}"] if call else []
    return net.inside(place, "baresip", "-4", "-f", str(folder), "-n", "w", *dial)


def pitch(samples: np.ndarray, rate: int) -> float:
    """The loudest frequency of the second before the last half."""
    middle = samples[-3 * rate // 2 : -rate // 2].astype(float)
    assert np.sqrt(np.mean(middle**2)) > 300, "something is heard"
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(np.argmax(spectrum)) * rate / len(middle)


def sound(path: Path) -> tuple[np.ndarray, int]:
    """Samples in rows of channels."""
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        return data.reshape(-1, file.getnchannels()), file.getframerate()


def heard(path: Path, channel: int = 0) -> float:
    samples, rate = sound(path)
    return pitch(samples[:, channel], rate)


def both_ways(lab: Lab) -> None:
    """The record has the call with good media of both sides, and our own recording each one's tone in its channel."""
    record = until(lambda: next(iter(lab.records()), None), "the call has its record")
    assert (record["outcome"], record["code"], record["verdict"]) == ("answered", 200, "honest")
    assert record["talk_us"] > (SECONDS - 1) * 1_000_000
    for side in "ab":
        media = record["media"][side]
        assert media["codec"] == "PCMA"
        assert media["packets"] > (SECONDS - 1) * 50
        assert media["lost"] == 0
        assert media["malformed"] == 0
    # What came from one side, voice and reports, went to the other.
    for side, other in ("ab", "ba"):
        came = record["media"][other]
        assert record["media"][side]["sent"] == came["packets"] + came["rtcp_packets"]
    path = lab.calls / record["files"]["wav"]["path"]
    assert heard(path, 0) == pytest.approx(BUYER_HZ, abs=5)
    assert heard(path, 1) == pytest.approx(SELLER_HZ, abs=5)
    assert lab.each_call_once() == 1
    lab.idle(lab.pairs)


def test_pjsip_calls_baresip_and_each_hears_the_other(net: netns.Net, tmp_path: Path) -> None:
    wav, folder = tmp_path / "buyer.wav", tmp_path / "baresip"
    with (
        edge(net, tmp_path) as lab,
        running(baresip(net, "b", folder, SELLER_HZ), tmp_path / "b.log", "is ready"),
    ):
        target = f"sip:8312{NUMBER}@{net.here}:{lab.udp}"
        with running(pjsip(net, "a", wav, BUYER_HZ, target), tmp_path / "a.log", "ready") as buyer:
            assert buyer.wait(30) == 0
        both_ways(lab)
        assert lab.records()[0]["released_by"] == "a"
    assert heard(wav) == pytest.approx(SELLER_HZ, abs=5)
    assert heard(next(folder.glob("*-dec.wav"))) == pytest.approx(BUYER_HZ, abs=5)


def test_baresip_calls_pjsip_and_each_hears_the_other(net: netns.Net, tmp_path: Path) -> None:
    wav, folder = tmp_path / "seller.wav", tmp_path / "baresip"
    with (
        edge(net, tmp_path) as lab,
        running(pjsip(net, "b", wav, SELLER_HZ), tmp_path / "b.log", "ready") as seller,
    ):
        target = f"sip:8312{NUMBER}@{net.here}:{lab.udp}"
        with running(baresip(net, "a", folder, BUYER_HZ, target), tmp_path / "a.log", "is ready"):
            until(lambda: talking(lab), "they talk")
        # Being stopped, baresip says BYE.
        assert seller.wait(30) == 0
        both_ways(lab)
        assert lab.records()[0]["released_by"] == "a"
    assert heard(wav) == pytest.approx(BUYER_HZ, abs=5)
    assert heard(next(folder.glob("*-dec.wav"))) == pytest.approx(SELLER_HZ, abs=5)


def talking(lab: Lab) -> bool:
    """For so many seconds, by the edge's own events."""
    calls = lab.ask("/v1/calls")[1]["calls"]
    if not calls:
        return False
    events = lab.ask(f"/v1/calls/{calls[0]['call']}")[1]["events"]
    return sum(event["event"] == "second" and event["side"] == "b" for event in events) > SECONDS
