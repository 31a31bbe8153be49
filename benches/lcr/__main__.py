"""`make bench-lcr`: the core over 20 M rates of 200 vendors, and its peers over the same market at the size they can hold.

Prints figures, bars with their verdicts, and ratios to the peers; the same as JSON in `build/bench-lcr.json`. Ends with 1
when an answer was wrong, with 0 else: a missed bar is printed as missed, with its ratio to this machine's memory latency.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benches.lcr import cgrates, core, postgres, report
from benches.machine import describe

STEPS = 5


@contextmanager
def step(number: int, what: str) -> Iterator[None]:
    """Says what is being done, and how long it took."""
    print(f"[{number}/{STEPS}] {what} …", file=sys.stderr, flush=True)
    begun = time.monotonic()
    yield
    print(f"[{number}/{STEPS}] {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m benches.lcr")
    words.add_argument("--rates", type=int, default=20_000_000)
    words.add_argument("--vendors", type=int, default=200)
    words.add_argument("--peer-rates", type=int, default=1_000_000)
    words.add_argument("--questions", type=int, default=500)
    words.add_argument("--folder", type=Path, help="where index files go (default: a temporary folder)")
    words.add_argument("--json", type=Path, default=Path("build/bench-lcr.json"), help="figures as JSON")
    asked = words.parse_args()
    print(describe(), flush=True)
    with step(1, "compiling the core's bench and CGRateS"):
        core.program()
        cgrates.program()
    with tempfile.TemporaryDirectory(prefix="tandem-lcr-", dir=asked.folder) as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        with step(2, f"{asked.rates:,} rates: build, open, decisions, patch"):
            large = core.measure(folder / "large", asked.rates, asked.vendors)
        bars = report.bars(large)
        print("\n".join(report.figures(large)), flush=True)
        with step(3, f"{asked.peer_rates:,} rates for the peers"):
            small = core.measure(folder / "small", asked.peer_rates, asked.vendors, export=True)
        with step(4, "PostgreSQL, mod_lcr style and yeti style"):
            peers = postgres.postgres(folder / "small", asked.questions)
        with step(5, "CGRateS"):
            peers.append(cgrates.ask(folder / "small", asked.questions))
    single = next(d["single"] for d in small["decisions"] if d["sees"] == 70 and d["calls"] == "zipf")
    peer_bars, not_run = report.peer_bars(single, peers)
    print("\n".join(bar.line() for bar in bars))
    print(
        f"Peers over the same {small['rates']:,} rates (70 % of offers, Zipf); ours, single: {single:.0f} ns"
    )
    print("\n".join([bar.line() for bar in peer_bars] + not_run), flush=True)
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    told = {
        "machine": describe(),
        "bars": [asdict(bar) | {"met": bar.met} for bar in [*bars, *peer_bars]],
        "peers": [asdict(peer) for peer in peers],
        "large": large,
        "small": small,
    }
    asked.json.write_text(json.dumps(told, indent=1) + "\n")
    wrong = sum(peer.wrong for peer in peers) + large["wrong"] + small["wrong"]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
