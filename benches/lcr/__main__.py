"""Prints figures, bars with their verdicts, and ratios to the peers. Ends with 1 when an answer was wrong, with 0 else: a
missed bar is printed as missed, with its ratio to the memory latency of this machine in this run."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from benches.lcr import core, peers
from benches.machine import describe


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m benches.lcr")
    words.add_argument("--rates", type=int, default=20_000_000)
    words.add_argument("--vendors", type=int, default=200)
    words.add_argument("--peer-rates", type=int, default=1_000_000)
    words.add_argument("--questions", type=int, default=500)
    words.add_argument(
        "--folder", type=Path, default=None, help="where index files go (default: a temporary folder)"
    )
    asked = words.parse_args()
    print(describe(), flush=True)
    with tempfile.TemporaryDirectory(prefix="tandem-lcr-", dir=asked.folder) as scratch:
        folder = Path(scratch)
        large = core.measure(folder / "large", asked.rates, asked.vendors)
        show(large)
        small = core.measure(folder / "small", asked.peer_rates, asked.vendors, export=True)
        sql = peers.postgres(folder / "small", asked.questions)
    single = next(d["single"] for d in small["decisions"] if d["sees"] == 70 and d["calls"] == "zipf")
    print(
        f"\nPeers over the same {small['rates']:,} rates (70 % of offers, Zipf), ours single: {single:.0f} ns"
    )
    missed = 0
    for peer in [*sql, peers.cgrates()]:
        if peer.micros is None:
            print(f"  {peer.name:<28} not run: {peer.why}")
            continue
        ratio = peer.micros * 1000 / single
        verdict = "met" if ratio >= 1000 else "MISSED"
        missed += peer.wrong
        print(
            f"  {peer.name:<28} {peer.micros:>10,.0f} µs a question   {ratio:>8,.0f}×   bar 1,000×: {verdict}"
            f"   {peer.wrong} of {peer.asked} answers differ"
        )
    return 1 if missed else 0


def show(figures: dict[str, Any]) -> None:
    rates = figures["rates"]
    speed = rates / figures["build_seconds"] / 1e6
    memory = figures["memory_ns"]
    print(
        f"{rates:,} rates in {figures['codes']:,} codes of {figures['vendors']} vendors; a dependent load from memory takes "
        f"{memory:.0f} ns; peak memory {figures['peak_gb']:.1f} GB\n"
        f"build {figures['build_seconds']:.2f} s ({speed:.1f} M rates/s), written and synced in {figures['write_seconds']:.2f} s, "
        f"opened with all checksums and bounds verified in {figures['open_seconds'] * 1e3:.0f} ms\n"
        f"{figures['bytes_hot']:.1f} bytes a rate for decisions, {figures['bytes_file']:.1f} the whole file"
    )
    for name, size in figures["sections"]:
        print(f"    {name:<12} {size:>13,} bytes {size / rates:>7.2f} a rate")
    print(
        f"patch of {figures['patch_rows']:,} rows, every price changed: {figures['patch_seconds']:.2f} s with the file synced "
        f"({figures['patch_bytes'] / 1e6:.1f} MB), opened over its base in {figures['patch_open_seconds'] * 1e3:.0f} ms\n"
    )
    print(
        f"{'ns a decision, top 5':<34}{'single':>8}{'batch 16':>10}{'M/s, 2 threads':>16}{'whole':>8}{'whole, 16':>11}"
    )
    rows = [(f"{d['sees']:>3} % of offers, {d['calls']}", d) for d in figures["decisions"]]
    rows += [(f"patched, 70 %, {d['calls']}", d) for d in figures["patched"]]
    for name, d in rows:
        print(
            f"{name:<34}{d['single']:>8.0f}{d['batch']:>10.0f}{d['two_threads_per_second'] / 1e6:>16.1f}"
            f"{d['whole']:>8.0f}{d['whole_batch']:>11.0f}"
        )
    print("(whole: the decision with its rows, exact costs, valid_until, as decide and decide_many give it)")
    print(f"answers that differ from the exact way over all rows: {figures['wrong']}\n")
    d = next(d for d in figures["decisions"] if d["sees"] == 70 and d["calls"] == "zipf")
    bar("single, 70 % Zipf", d["single"], 350, "ns", f"{d['single'] / memory:.1f} × memory latency")
    bar("batched, 70 % Zipf", d["batch"], 160, "ns", f"{d['batch'] / memory:.1f} × memory latency")
    bar("bytes a rate", figures["bytes_hot"], 16, "B", "")
    bar("build", speed, 10, "M rates/s", f"{1e3 / speed:.0f} ns a rate", least=True)
    bar("patch of a 100k deck", figures["patch_seconds"], 0.5, "s", "")
    sys.stdout.flush()


def bar(what: str, value: float, limit: float, unit: str, beside: str, *, least: bool = False) -> None:
    met = value >= limit if least else value <= limit
    sign = "≥" if least else "≤"
    print(
        f"  {what:<22} {value:>8.2f} {unit:<10} bar {sign} {limit:g}: {'met' if met else 'MISSED'}   {beside}"
    )


if __name__ == "__main__":
    sys.exit(main())
