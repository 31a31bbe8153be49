"""What `make bench-lcr` prints: figures, bars with their verdicts, ratios to the peers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benches.lcr.peer import Peer

LEAST_RATIO = 1000


@dataclass(frozen=True)
class Bar:
    """A promise: `least` = the value must not be below the limit, else not above it."""

    what: str
    value: float
    limit: float
    unit: str
    beside: str = ""
    least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.least else self.value <= self.limit

    def line(self) -> str:
        sign = "≥" if self.least else "≤"
        verdict = "met" if self.met else "MISSED"
        return f"  {self.what:<34} {self.value:>12,.2f} {self.unit:<9} bar {sign} {self.limit:<6,g} {verdict:<7} {self.beside}"


def figures(large: dict[str, Any]) -> list[str]:
    """The figures of the large market, a line each."""
    rates, memory = large["rates"], large["memory_ns"]
    speed = rates / large["build_seconds"] / 1e6
    lines = [
        f"{rates:,} rates in {large['codes']:,} codes of {large['vendors']} vendors; a dependent load from memory takes "
        f"{memory:.0f} ns; peak memory {large['peak_gb']:.1f} GB",
        f"build {large['build_seconds']:.2f} s ({speed:.1f} M rates/s; {large['build_cpu_seconds']:.2f} s of processor), "
        f"written and synced in {large['write_seconds']:.2f} s, opened with every checksum and bound verified in "
        f"{large['open_seconds'] * 1e3:.0f} ms",
        f"{large['bytes_file']:.2f} bytes a rate: the whole file, every timeline row, term and name; "
        f"{large['bytes_hot']:.2f} of them are what decisions read",
    ]
    lines += [
        f"    {name:<13} {size:>13,} bytes {size / rates:>7.2f} a rate" for name, size in large["sections"]
    ]
    lines += [
        f"patch of {large['patch_rows']:,} rows, every price changed: {large['patch_seconds']:.2f} s with the file synced "
        f"({large['patch_bytes'] / 1e6:.1f} MB), opened over its base in {large['patch_open_seconds'] * 1e3:.0f} ms",
        "",
        f"{'ns a decision, top 5':<30}{'single':>8}{'batch 16':>10}{'× memory':>10}{'M/s, 2 threads':>16}{'whole':>8}{'whole, 16':>11}",
    ]
    rows = [(f"{d['sees']:>3} % of offers, {d['calls']}", d) for d in large["decisions"]]
    rows += [(f"patched, 70 %, {d['calls']}", d) for d in large["patched"]]
    lines += [
        f"{name:<30}{d['single']:>8.0f}{d['batch']:>10.0f}{d['single'] / memory:>10.1f}"
        f"{d['two_threads_per_second'] / 1e6:>16.1f}{d['whole']:>8.0f}{d['whole_batch']:>11.0f}"
        for name, d in rows
    ]
    lines += [
        "(whole: the decision with its rows, exact costs, valid_until, as decide and decide_many give it)",
        "",
        "narrow callers: through the top lists, or straight through the codes' own entries (Zipf, top 5; * = chosen)",
        f"{'sees':>6}{'single: top':>13}{'own':>7}{'batch: top':>13}{'own':>7}",
    ]
    for way in large["ways"]:
        top, own = ("", "*") if way["direct"] else ("*", "")
        lines.append(
            f"{way['sees']:>4} %{way['top_single']:>13.0f}{way['own_single']:>7.0f}"
            f"{way['top_batch']:>12.0f}{top:<1}{way['own_batch']:>7.0f}{own}"
        )
    lines += [f"answers that differ from the exact way over all rows: {large['wrong']}", ""]
    return lines


def bars(large: dict[str, Any]) -> list[Bar]:
    memory = large["memory_ns"]
    d = next(d for d in large["decisions"] if d["sees"] == 70 and d["calls"] == "zipf")
    speed = large["rates"] / large["build_seconds"] / 1e6
    alone = large["rates"] / (large["build_cpu_seconds"] / 2) / 1e6
    return [
        Bar("single, 70 %, Zipf", d["single"], 350, "ns", f"{d['single'] / memory:.1f} × memory latency"),
        Bar("batched, 70 %, Zipf", d["batch"], 160, "ns", f"{d['batch'] / memory:.1f} × memory latency"),
        Bar("bytes a rate, whole file", large["bytes_file"], 16, "B", f"{large['bytes_hot']:.1f} hot"),
        Bar(
            "build on two cores", speed, 10, "M/s",
            f"{large['build_seconds'] / large['rates'] * 1e9 / memory:.2f} × memory latency a rate; "
            f"{alone:.1f} by processor time, as two free cores would",
            least=True,
        ),
        Bar("patch of a 100k deck, synced", large["patch_seconds"], 0.5, "s"),
    ]  # fmt: skip


def peer_bars(single_ns: float, peers: Sequence[Peer]) -> tuple[list[Bar], list[str]]:
    """A bar a peer that ran, a line a peer that did not."""
    ran, not_run = [], []
    for peer in peers:
        if peer.micros is None:
            not_run.append(f"  {peer.name:<34} not run: {peer.why}")
            continue
        beside = (
            f"{peer.micros:,.0f} µs over {peer.rates:,} rates; {peer.wrong} of {peer.asked} answers differ"
        )
        if peer.note:
            beside += f"; {peer.note}"
        ratio = peer.micros * 1000 / single_ns
        ran.append(Bar(peer.name, ratio, LEAST_RATIO, "×", beside, least=True))
    return ran, not_run
