"""A buyer's and a seller's network, and one in the middle that loses packets by rule and counts every one it lost.

    here (edge) === m (forwards, nftables) === a (buyers)
                                           === b (sellers)

Addresses are of 198.18.0.0/15, which is set apart for benchmarks (RFC 2544).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

PROGRAMS = ("ip", "nft")


def run(*command: str, check: bool = True) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    if check and done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


@dataclass(frozen=True)
class Net:
    name: str
    third: int

    @property
    def here(self) -> str:
        """The edge's address."""
        return self.address(1)

    @property
    def wire(self) -> str:
        """The interface to the middle, on the edge's side."""
        return f"{self.name}h"

    def address(self, last: int) -> str:
        return f"198.18.{self.third}.{last}"

    def buyer(self, number: int) -> str:
        return self.address(66 + number)

    def seller(self, number: int) -> str:
        return self.address(130 + number)

    def inside(self, place: str, *command: str) -> list[str]:
        """The command that runs another one at `a`, `b` or `m`."""
        return ["ip", "netns", "exec", f"{self.name}{place}", *command]

    def lose(self, source: str, thousandths: int) -> None:
        """Of what this address sends with the mark of voice (DSCP ef), lose so many of a thousand at random."""
        of = ["ip", "saddr", source, "ip", "dscp", "ef"]
        rule = ["nft", "add", "rule", "inet", "loss", "forward", *of]
        run(*self.inside("m", *rule, "counter", "comment", f'"offered {source}"'))
        chance = ["numgen", "random", "mod", "1000", "<", str(thousandths)]
        run(*self.inside("m", *rule, *chance, "counter", "drop", "comment", f'"lost {source}"'))

    def truth(self) -> dict[str, int]:
        """Packets of each rule: `offered …` and `lost …` of each address."""
        text = run(*self.inside("m", "nft", "-j", "list", "chain", "inet", "loss", "forward"))
        rules = [one["rule"] for one in json.loads(text)["nftables"] if "rule" in one]
        return {
            rule["comment"]: part["counter"]["packets"]
            for rule in rules
            for part in rule["expr"]
            if "counter" in part
        }


def missing() -> str:
    """Why there can be no such network here; empty when there can."""
    absent = [name for name in PROGRAMS if shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") is None]
    if absent:
        return f"{', '.join(absent)} is not installed"
    if os.geteuid() != 0:
        return "network namespaces need root"
    probe = f"tp{os.getpid()}"
    try:
        run("ip", "netns", "add", probe)
        run("ip", "netns", "exec", probe, "nft", "add", "table", "inet", "probe")
    except OSError as error:
        return f"no network namespaces: {error}"
    finally:
        run("ip", "netns", "del", probe, check=False)
    return ""


def third_free() -> int:
    """The third number of a network that no other test on this machine uses."""
    used = run("ip", "-o", "-4", "address", "show")
    start = os.getpid() % 250
    return next(n for n in (*range(start, 250), *range(start)) if f"198.18.{n}." not in used)


@contextmanager
def net(ends: int) -> Iterator[Net]:
    """With so many buyers and sellers. Whatever happens, all of it is gone afterwards."""
    one = Net(f"t{os.getpid()}", third_free())
    names = [f"{one.name}{place}" for place in "mab"]
    try:
        for name in names:
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "dev", "lo", "up")
        middle, buyers, sellers = names
        link(one.wire, None, f"{one.name}x", middle)
        link("w", buyers, "a", middle)
        link("w", sellers, "b", middle)
        run("ip", "address", "add", f"{one.here}/26", "dev", one.wire)
        for last, device in ((2, f"{one.name}x"), (65, "a"), (129, "b")):
            run("ip", "-n", middle, "address", "add", f"{one.address(last)}/26", "dev", device)
        for name, of in ((buyers, one.buyer), (sellers, one.seller)):
            for number in range(ends):
                run("ip", "-n", name, "address", "add", f"{of(number)}/26", "dev", "w")
        run("ip", "-n", buyers, "route", "add", "default", "via", one.address(65))
        run("ip", "-n", sellers, "route", "add", "default", "via", one.address(129))
        run("ip", "route", "add", f"{one.address(64)}/26", "via", one.address(2))
        run("ip", "route", "add", f"{one.address(128)}/26", "via", one.address(2))
        run(*one.inside("m", "sysctl", "-qw", "net.ipv4.ip_forward=1"))
        run(*one.inside("m", "nft", "add", "table", "inet", "loss"))
        chain = "{ type filter hook forward priority 0; }"
        run(*one.inside("m", "nft", "add", "chain", "inet", "loss", "forward", chain))
        yield one
    finally:
        # The pairs of interfaces go with either end.
        with suppress(OSError):
            run("ip", "link", "del", one.wire, check=False)
        for name in names:
            run("ip", "netns", "del", name, check=False)


def link(device: str, place: str | None, far: str, middle: str) -> None:
    """A cable from `device` (in `place`, or here) to `far` in the middle."""
    near = f"{far}-{os.getpid()}"[:15] if place else device
    run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", middle)
    if place:
        run("ip", "link", "set", "dev", near, "netns", place)
        run("ip", "-n", place, "link", "set", "dev", near, "name", device)
    run(*(["ip", "-n", place] if place else ["ip"]), "link", "set", "dev", device, "up")
    run("ip", "-n", middle, "link", "set", "dev", far, "up")
