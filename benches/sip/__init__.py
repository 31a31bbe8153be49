"""The bars of SIP and media, peers in the same run: the parser, forwarded calls beside Kamailio and sippy, questions for routes, a
thousand relayed calls beside rtpengine.

Needs `sipp`, `kamailio`, `rtpengine` (Debian: sip-tester, kamailio, rtpengine-daemon), two processors and nobody else on them.
Signalling shares the processors with SIPp and the peers' own; the relays have one for themselves, their generator the other.
`TANDEM_BENCH_SECONDS`, `TANDEM_BENCH_CALLS` and `TANDEM_BENCH_ROUNDS` change sizes; `TANDEM_BENCH_PARTS=relay` runs one part.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from benches import Row

TITLE = (
    "SIP and media: INVITE of 501 bytes, forwarded calls, questions for routes, 1,000 relayed calls of G.711"
)
PROGRAMS = {
    "sipp": "sip-tester",
    "kamailio": "kamailio",
    "rtpengine": "rtpengine-daemon",
    "taskset": "util-linux",
}
PARTS = ("parser", "signalling", "relay")


def run() -> list[Row]:
    # Here, for these import this package.
    from benches.sip import parser, relay, signalling

    for program, package in PROGRAMS.items():
        if shutil.which(program) is None:
            raise SystemExit(f"benches sip: {program} is missing (apt-get install {package})")
    parts = os.environ.get("TANDEM_BENCH_PARTS", ",".join(PARTS)).split(",")
    rows: list[Row] = []
    if "parser" in parts:
        rows += parser.run()
    for name, part in (("signalling", signalling.run), ("relay", relay.run)):
        if name in parts:
            with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
                rows += part(Path(folder))
    return rows
