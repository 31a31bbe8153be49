"""The parser: an INVITE of 501 bytes, the 49 messages of RFC 4475, datagrams made to cost much."""

from __future__ import annotations

import re
import subprocess

from benches import Row
from benches.http import REPO, cargo, row


def run() -> list[Row]:
    program = cargo(("lcr-core", "bench_sip_parse"))["bench_sip_parse"]
    text = subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
    invite = re.search(r"^501 bytes, ([\d.]+) us", text, re.M)
    if invite is None:
        raise RuntimeError(text)
    each = float(invite[1])
    out = [row("parser, INVITE of 501 bytes, us", f"{each:.2f}", "<= 2", each <= 2)]
    for found in re.finditer(r"^(\d+) bytes of (.+), ([\d.]+) us, (refused|taken)", text, re.M):
        cost = float(found[3])
        figure = f"{cost:,.1f}, {found[4]}"
        what = f"parser, {int(found[1]):,} bytes of {found[2]}, us"
        out.append(row(what, figure, "< 1,000, refused", cost < 1000 and found[4] == "refused"))
    return [*out, verdicts()]


def verdicts() -> Row:
    """The corpus is judged by the parser's own test; how many of it lie here is what it says itself."""
    test = ["cargo", "test", "-q", "-p", "lcr-core", "--lib", "sip::tests::torture", "--", "--nocapture"]
    done = subprocess.run(test, cwd=REPO, capture_output=True, text=True, check=False)
    said = re.search(r"(\d+) of 49 messages", done.stdout + done.stderr)
    count = int(said[1]) if said and done.returncode == 0 else 0
    return row("parser, RFC 4475 verdicts as they must be", f"{count} of 49", "49", count == 49)
