"""The exchange after each deck, the state after each change, and what must be answered for any pair of the two."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from pathlib import Path
from random import Random
from typing import Any

import lcr_core
from tests.named.tiny import TRUNK, Exchange, row
from tests.oracle.compare import differences, of_engine, of_oracle
from tests.oracle.decide import decide
from tests.oracle.worlds import EPOCH_US, NO_STATE, World

KEY, CONTROL_KEY = "tk_swap_test", "tk_swap_control"
VENDORS = 8
CODES = ["44", "4420", "44207", "447", "447700", "49", "4915", "33", "331", "1", "1212"]
NUMBERS = [
    f"{code}{tail}"
    for code in ("44", "4420", "447700", "4915", "33", "1212")
    for tail in ("79460000", "1234567")
]
CONTENTS = 61  # different states, one after another
LISTS = [
    "disabled_offers",
    "blocks",
    "cap_reached",
    "vendor_credit_out",
    "company_credit_out",
    "trunk_credit_out",
]
# What belongs to the one question, not to the answer's content: its id, and the number of the state.
OWN = re.compile(
    rb'^\{"version":"([^"]+)","decision_id":"[0-9a-f]{32}"(.*?)"state":(\d+|null)(.*)$', re.DOTALL
)


def exchange(step: int) -> Exchange:
    """The exchange after `step` decks: each deck gives one vendor new prices and codes."""
    decks = {}
    for vendor in range(VENDORS):
        last_deck = max((s for s in range(step + 1) if s % VENDORS == vendor), default=-1)
        r = Random(f"{vendor}/{last_deck}")
        codes = r.sample(CODES, 8)
        decks[f"v{vendor}"] = [row(c, f"0.{r.randint(1, 9999):04}", deck_id=last_deck + 2) for c in codes]
    return Exchange(decks)


def content(number: int) -> dict[str, Any]:
    """State `number` of the cycle; any two neighbours differ."""
    r = Random(f"state {number}")
    offers = range(1, VENDORS + 1)
    return {
        "disabled_offers": sorted({number % VENDORS + 1, *r.sample(offers, r.randint(0, 2))}),
        "blocks": [
            {"offer_id": o, "code": c}
            for o, c in sorted({(r.choice(offers), r.choice(CODES)) for _ in range(3)})
        ],
        "cap_reached": r.sample(offers, r.randint(0, 1)),
        "vendor_credit_out": r.sample(range(11, 11 + VENDORS), r.randint(0, 1)),
        "company_credit_out": [99] if number % 20 == 19 else [],
        "trunk_credit_out": [],
    }


def question(number: str) -> dict[str, Any]:
    return {"trunk": TRUNK, "dnis": number, "at_us": EPOCH_US, "explain": False}


def digest(body: bytes) -> tuple[bytes, int, bytes]:
    """(snapshot id, generation or -1, digest of everything else) of an answer."""
    found = OWN.match(body)
    assert found is not None, body
    version, before, generation, after = found.groups()
    number = -1 if generation == b"null" else int(generation)
    return version, number, blake2b(before + b"|" + after, digest_size=8).digest()


@dataclass
class Stage:
    """The folder that is published into, and what must be answered for each snapshot of it."""

    root: Path
    worlds: dict[str, World] = field(default_factory=dict)

    def publish(self, step: int) -> str:
        world = exchange(step).world()
        common = {"trunk_id": TRUNK, "company_id": 99, "expires_at_us": None}
        world.keys = [
            common | {"key_id": n, "sha256": sha256(key.encode()).hexdigest(), "scopes": [scope]}
            for n, (key, scope) in enumerate([(KEY, "lcr:query"), (CONTROL_KEY, "lcr:control")], 1)
        ]
        snapshot = world.publish(self.root)
        self.worlds[snapshot.id] = world
        return snapshot.id

    def expected(self, version: str) -> dict[tuple[int, str], bytes]:
        """Digest of the right answer by (content, number), -1 = no state yet; each is the oracle's and the engine's."""
        snapshot, world = lcr_core.Snapshot.open(str(self.root), version), self.worlds[version]
        found = {}
        for which in range(-1, CONTENTS):
            words = None if which < 0 else content(which) | {"generation": which}
            state = None if words is None else NO_STATE | words
            text = None if words is None else json.dumps(words)
            for number in NUMBERS:
                body = snapshot.decide(json.dumps(question(number)), text)
                rest = dict.fromkeys(
                    (
                        "lrn",
                        "a_lrn",
                        "npdi",
                        "ani",
                        "call_id",
                        "max",
                        "reference_seconds",
                        "policy",
                        "offers",
                        "sell",
                    )
                )
                answer = decide(world, rest | question(number) | {"state": state})
                engine, oracle = of_engine(json.loads(body), explain=False), of_oracle(answer, explain=False)
                assert engine == oracle, f"{number} of {version} {words}\n{differences(engine, oracle)}"
                found[which, number] = digest(body.encode())[2]
        return found
