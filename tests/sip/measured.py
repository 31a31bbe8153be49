"""What a capture says about a stream, computed apart from the core: RFC 3550, runs of losses, the E-model; and what tshark says."""

from __future__ import annotations

import math
import shutil
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

BUFFER_MS, WINDOW_MS = 60.0, 8000.0
G711_BPL = 25.1


@dataclass(frozen=True)
class Arrived:
    at_ms: float
    sequence: int
    timestamp: int


def mos(loss: float, burst_ratio: float = 1.0, one_way_ms: float = 0.0) -> float:
    """ITU-T G.107 for G.711 with concealment (G.113: Ie 0, Bpl 25.1); loss is a share of 1."""
    percent = 100 * loss
    impairment = 95 * percent / (percent / burst_ratio + G711_BPL)
    r = 93.2 - impairment
    if one_way_ms > 100:
        x = math.log2(one_way_ms / 100)
        r -= 25 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2)
    if r <= 0:
        return 1.0
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


@dataclass(frozen=True)
class Stream:
    """One SSRC in the order it came: neither sequence nor timestamps wrap more than once."""

    packets: list[Arrived]

    @property
    def places(self) -> list[int]:
        first = self.packets[0].sequence
        return [(one.sequence - first + 0x8000) % 0x10000 - 0x8000 for one in self.packets]

    @property
    def duplicates(self) -> int:
        return len(self.places) - len(set(self.places))

    @property
    def lost(self) -> int:
        return max(self.places) + 1 - len(set(self.places))

    @property
    def reordered(self) -> int:
        highest, seen, out = -1, set(), 0
        for place in self.places:
            out += place < highest and place not in seen
            highest = max(highest, place)
            seen.add(place)
        return out

    @property
    def transits_ms(self) -> list[float]:
        return [one.at_ms - one.timestamp / 8 for one in self.packets]

    @property
    def late(self) -> set[int]:
        """Those a buffer does not play that waits 60 ms after the fastest packet of this window of 8 s and the one before; after ten
        of them in a row it begins anew."""
        out, until, before, current, row = set(), 0.0, math.inf, math.inf, 0
        for packet, place, transit in zip(self.packets, self.places, self.transits_ms, strict=True):
            if packet.at_ms >= until:
                until, before, current = packet.at_ms + WINDOW_MS, current, math.inf
            current = min(current, transit)
            row = row + 1 if transit > min(before, current) + BUFFER_MS else 0
            if row:
                out.add(place)
            if row == 10:
                until, current, row = 0.0, math.inf, 0
        return out

    @property
    def jitters_ms(self) -> list[float]:
        """RFC 3550 A.8 after each packet but the first."""
        out, value = [], 0.0
        for before, after in zip(self.transits_ms, self.transits_ms[1:], strict=False):
            value += (abs(after - before) - value) / 16
            out.append(value)
        return out

    @property
    def missing_runs(self) -> list[int]:
        """How many were lost or late in a row, each time."""
        played = set(self.places) - self.late
        runs, run = [], 0
        for place in range(max(self.places) + 1):
            if place in played:
                runs += [run] if run else []
                run = 0
            else:
                run += 1
        return runs + ([run] if run else [])

    @property
    def burst_ratio(self) -> float:
        runs = self.missing_runs
        if not runs:
            return 1.0
        share = sum(runs) / (max(self.places) + 1)
        return max(1.0, sum(runs) / len(runs) * (1 - share))


TSHARK = ["tshark", "-n", "--enable-heuristic", "rtp_udp", "-r"]


def there() -> bool:
    return shutil.which("tshark") is not None and shutil.which("dumpcap") is not None


def read(path: Path, *more: str) -> str:
    """tshark as nobody's user would run it: no colours, no names."""
    done = subprocess.run(
        [*TSHARK, str(path), *more], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def streams(path: Path, to: str) -> dict[int, Stream]:
    """By SSRC, those that go to this address."""
    fields = ["frame.time_epoch", "rtp.ssrc", "rtp.seq", "rtp.timestamp"]
    words = [word for name in fields for word in ("-e", name)]
    found: dict[int, list[Arrived]] = defaultdict(list)
    for line in read(path, "-Y", f"rtp && ip.dst == {to}", "-T", "fields", *words).splitlines():
        at, ssrc, sequence, timestamp = line.split("\t")
        seconds, _, fraction = at.partition(".")
        at_ms = int(seconds) % 100_000 * 1000 + int(fraction.ljust(9, "0")[:9]) / 1e6
        found[int(ssrc, 16)].append(Arrived(at_ms, int(sequence), int(timestamp)))
    return {ssrc: Stream(packets) for ssrc, packets in found.items()}


@dataclass(frozen=True)
class Oracle:
    """A line of `tshark -z rtp,streams`."""

    packets: int
    lost: int
    mean_jitter_ms: float
    max_jitter_ms: float


def tshark(path: Path, to: str) -> dict[int, Oracle]:
    """By SSRC, those that go to this address."""
    out = {}
    for line in read(path, "-q", "-z", "rtp,streams").splitlines():
        words = line.split()
        if len(words) < 15 or not words[6].startswith("0x") or words[4] != to:
            continue
        at = next(n for n, word in enumerate(words) if word.endswith("%)"))
        numbers = [float(word) for word in words[at + 1 : at + 7]]
        out[int(words[6], 16)] = Oracle(int(words[at - 2]), int(words[at - 1]), numbers[4], numbers[5])
    return out
