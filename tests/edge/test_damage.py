"""One byte turned in each section of each file of a new snapshot: refused whole, said which, the old one serves on."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest

import lcr_core
from tests.edge.exchange import Exchange
from tests.edge.process import Edge, until
from tests.named.tiny import AT_US, DAY_US, row
from tests.oracle.worlds import timeline

Start = Callable[..., Edge]
HEADER_BYTES, ENTRY_BYTES = 64, 80


def sections(content: bytes) -> Iterator[tuple[str, int]]:
    """Name and middle of the header, the table and each section that holds anything (docs/lcr-index.md)."""
    yield "header", 9
    yield "table", HEADER_BYTES + 20
    (first,) = struct.unpack_from("<Q", content, HEADER_BYTES + 24)
    for entry in range(HEADER_BYTES, first - ENTRY_BYTES + 1, ENTRY_BYTES):
        name = content[entry : entry + 16].rstrip(b"\0").decode()
        offset, length = struct.unpack_from("<QQ", content, entry + 24)
        if name and length:
            yield name, offset + length // 2


def turn(path: Path, at: int) -> bytes:
    """Another file under the name with one bit turned; returns what stood there."""
    good = path.read_bytes()
    bad = bytearray(good)
    bad[at] ^= 0x01
    replace(path, bytes(bad))
    return good


def replace(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


class Market:
    """A small market with every kind of file: base and patch, a card, number blocks, ported numbers."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.root = exchange.root

    def files(self) -> dict[str, str]:
        """Builds them all; kind -> file name."""
        root = str(self.root)
        words = {"base_currency": "USD", "fx": {}, "reference_seconds": 180}
        offers = [{"offer_id": number, "carrier_id": number + 10} for number in (1, 2)]
        groups = {"origin": {"groups": [{"name": "EEA", "prefixes": ["33"]}]}}
        offers[0]["rules"] = groups  # type: ignore[assignment]
        decks = {
            1: [row("44", "0.03"), row("44", "0.04", origin="EEA"), row("1212", "0.01")],
            2: [row(str(4400 + n), "0.02", effective_until=AT_US + DAY_US) for n in range(50)],
        }
        tables = [(number, timeline(rows)) for number, rows in decks.items()]
        description = json.dumps(words | {"offers": offers})
        base = json.loads(lcr_core.build_index(root, description, tables, AT_US))["index"]
        new = [(2, timeline([row("4420", "0.05"), row("4421", "0.06")]))]
        description = json.dumps(words | {"offers": offers[1:]})
        patch = json.loads(lcr_core.patch_index(root, base, description, new, AT_US))["index"]
        description = json.dumps(words | {"offers": [{"offer_id": 900, "carrier_id": 1}]})
        sold = [(900, timeline([row("44", "0.09")]))]
        card = json.loads(lcr_core.build_index(root, description, sold, AT_US))["index"]
        places = {"code": ["1212555", "1914555"], "state": ["NY", "NY"]}
        places["rate_centre"] = ["NWYRCYZN01", "WSCHSTZN02"]
        pairs = {"state": ["NY"], "a": ["NWYRCYZN01"], "b": ["WSCHSTZN02"]}
        blocks = json.loads(lcr_core.build_blocks(root, pa.table(places), pa.table(pairs)))["file"]
        ported = pa.table({"number": ["12125550100"], "lrn": ["19735550000"]})
        lrn = json.loads(lcr_core.build_lrn(root, ported))["file"]
        return {"index": patch, "base": base, "card": card, "nanp": blocks, "lrn": lrn}

    def publish(self, files: dict[str, str], created_at_us: int) -> str:
        access = {
            "base_currency": "USD",
            "fx": {},
            "reference_seconds": 180,
            "offers": self.exchange.offers,
            "trunks": self.exchange.trunks,
            "keys": self.exchange.keys,
            "cards": [{"card_id": 900, "index": files["card"]}],
            "nanp": files["nanp"],
            "lrn": files["lrn"],
        }
        return lcr_core.publish(str(self.root), files["index"], json.dumps(access), created_at_us)


@pytest.fixture
def market(exchange: Exchange) -> Market:
    return Market(exchange)


def refusal(edge: Edge, exchange: Exchange, snapshot_id: str) -> str:
    """Why the edge refuses the snapshot that CURRENT names from now on."""
    exchange.point_current_at(snapshot_id)
    line = until(
        lambda: next((e for e in edge.events("snapshot_refused") if e["snapshot"] == snapshot_id), None),
        f"{snapshot_id} is refused",
    )
    return str(line["error"])


def test_a_bit_turned_in_any_section_of_any_file_leaves_the_old_snapshot_in_service(
    exchange: Exchange, market: Market, start_edge: Start
) -> None:
    good = exchange.publish()
    files = market.files()
    folder = exchange.root / "indexes"
    cases = [
        (kind, folder / name, section, at)
        for kind, name in files.items()
        for section, at in sections((folder / name).read_bytes())
    ]
    assert len(cases) > 60
    # The same files under a name for each case: what was refused once is not looked at again at once.
    ids = [market.publish(files, AT_US + number) for number in range(len(cases))]
    exchange.point_current_at(good)
    edge = start_edge()
    before = edge.lcr().json()["routes"]
    for (kind, path, section, at), snapshot_id in zip(cases, ids, strict=True):
        whole = turn(path, at)
        said = refusal(edge, exchange, snapshot_id)
        replace(path, whole)
        assert path.name in said, (kind, section, said)
        assert section in said or section in ("header", "table"), (kind, section, said)
        answer = edge.lcr().json()
        assert (answer["version"], answer["routes"]) == (good, before), (kind, section)
    assert edge.metric("tandem_edge_snapshot_alarm") == 1
    assert edge.metric(f'tandem_edge_snapshot_refused_info{{id="{snapshot_id}",error=') == 1
    assert edge.metric("tandem_edge_snapshot_loads_total") == 1
    edge.serves(market.publish(files, AT_US + len(cases)))
    assert edge.metric("tandem_edge_snapshot_alarm") == 0
    assert edge.metric("tandem_edge_snapshot_refused_info") == 0


def test_a_bit_turned_anywhere_in_manifest_or_access_is_noticed(
    exchange: Exchange, market: Market, start_edge: Start
) -> None:
    good = exchange.publish()
    files = market.files()
    shape = exchange.root / "snapshots" / market.publish(files, AT_US)
    manifest, access = ((shape / name).read_bytes() for name in ("manifest.json", "access.json"))
    # One byte of each word and each value of the manifest, digits among them; some of access.
    places = [("manifest.json", at) for at, byte in enumerate(manifest) if chr(byte).isdigit()][::7]
    places += [("manifest.json", at) for at in range(3, len(manifest), 41)]
    places += [("access.json", at) for at in range(3, len(access), len(access) // 12)]
    ids = [market.publish(files, AT_US + case) for case in range(1, len(places) + 1)]
    exchange.point_current_at(good)
    edge = start_edge()
    for (name, at), snapshot_id in zip(places, ids, strict=True):
        turn(exchange.root / "snapshots" / snapshot_id / name, at)
        said = refusal(edge, exchange, snapshot_id)
        assert snapshot_id in said or name in said, (name, at, said)
        assert edge.lcr().json()["version"] == good
    assert edge.metric("tandem_edge_snapshot_load_failures_total") >= len(places)
