"""Products priced by more than the dialled number: by the caller's origin, and by jurisdiction within North America.

Their decks are read by the importer itself, as if they had been uploaded.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
from phonenumbers.geodata import GEOCODE_DATA
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.carriers.models import CustomerTrunk, Product, VendorTrunk
from app.config import Settings
from app.decks.models import Deck, DeckVersion
from app.demo.catalogue import Catalogue
from app.demo.numbering import country_code, region_of, world
from app.demo.prices import draw, market_nanos
from app.demo.publish import keep_file
from app.market.models import Purchase
from app.routing.service.import_numbers import import_numbers
from app.security.models import User
from ratecards.export import decimal_text
from rates.deckcheck import CheckReport, Outputs, run_check
from rates.options import CheckRequest, DeckOptions, Defaults
from rates.store import Store

EEA: Final = (
    "30", "31", "32", "33", "34", "351", "352", "353", "354", "356", "357", "358", "359", "36", "370", "371", "372",
    "385", "386", "39", "40", "420", "421", "423", "43", "45", "46", "47", "48", "49",
)  # fmt: skip
REGIONS: Final = ("AT", "BE", "DE", "ES", "FR", "IT", "NL", "PL", "PT", "SE")
MOST_PER_REGION: Final = 25
PER_AREA: Final = 2
BUYER: Final = "East gateway"


@dataclass(frozen=True)
class LayeredPlan:
    """`rows`: the file, heading first."""

    carrier: str
    product: str
    description: str
    options: DeckOptions
    rows: Sequence[Sequence[str]]
    lrn_rated: bool = False


def plans() -> tuple[LayeredPlan, ...]:
    by_origin: dict[int, str] = dict(
        enumerate(("code", "destination", "rate", "rate:EEA", "rate:Invalid CLI"))
    )
    by_state: dict[int, str] = dict(
        enumerate(("npanxx", "destination", "rate_interstate", "rate_intrastate", "rate_indeterminate"))
    )
    return (
        LayeredPlan(
            "rhenus", "Origin rated", "Europe priced by the caller's number: callers of the EEA pay the regulated rate.",
            DeckOptions(mode="full", mapping=by_origin, origin_groups={"EEA": EEA}), tuple(_by_origin()),
        ),
        LayeredPlan(
            "laurentide", "US jurisdictional", "United States by NPA-NXX: interstate, intrastate and indeterminate; rated by the LRN.",
            DeckOptions(mode="full", mapping=by_state), tuple(_by_state()), lrn_rated=True,
        ),
    )  # fmt: skip


def _by_origin() -> Iterator[tuple[str, ...]]:
    yield "Code", "Destination", "Rate", "Rate EEA", "Rate Invalid CLI"
    taken: Counter[str] = Counter()
    for code in world():
        if code.region not in REGIONS or code.kind == "fixed" or taken[code.region] >= MOST_PER_REGION:
            continue
        taken[code.region] += 1
        eea = max(market_nanos(code) // 3, 2_000_000)
        rest = eea * draw(f"rest {code.region}", 6, 14)
        yield (
            code.code,
            code.destination,
            *(decimal_text(n // 100_000 * 100_000, 4) for n in (rest, eea, 2 * rest)),
        )


@cache
def _blocks() -> tuple[tuple[str, str, str], ...]:
    """(1 + NPA-NXX, rate centre, state) of a few blocks in every area of the United States."""
    found: list[tuple[str, str, str]] = []
    taken: Counter[str] = Counter()
    for code, names in sorted(GEOCODE_DATA.items()):
        place = re.fullmatch(r"(.+), ([A-Z]{2})", names.get("en", ""))
        if place is None or len(code) != 7 or taken[code[:4]] == PER_AREA or country_code(code) != "1":
            continue
        if region_of(code) == "US":
            taken[code[:4]] += 1
            found.append((code, place[1], place[2]))
    return tuple(found)


def _by_state() -> Iterator[tuple[str, ...]]:
    yield "NPANXX", "Destination", "Interstate", "Intrastate", "Indeterminate"
    for code, centre, state in _blocks():
        inter = draw(f"inter {code[:4]}", 8, 30)
        intra = inter + draw(f"intra {state}", 4, 60)
        name = f"United States - {centre}, {state}"
        yield code[1:], name, *(f"0.{n:04d}" for n in (inter, intra, intra))


def add_number_blocks(session: Session, settings: Settings, *, now: datetime) -> None:
    """The states of the blocks above, as the operator would import them: without, every call is indeterminate."""
    rows = [("npa_nxx", "state", "rate_centre")]
    rows += [(code[1:], state, centre) for code, centre, state in _blocks()]
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "blocks.csv"
        path.write_bytes(_csv(rows))
        import_numbers(
            session, None, "blocks", path, root=settings.snapshot_dir, store=Store(str(settings.store_dir)),
            source="us_blocks.csv", now=now,
        )  # fmt: skip


def add_layered(
    session: Session, settings: Settings, store: Store, made: Catalogue, trunks: dict[str, CustomerTrunk], *,
    users: dict[str, User], today: datetime,
) -> int:  # fmt: skip
    """Add both products with one deck each, bought by one trunk; returns the rows of their timelines."""
    rows = 0
    received = today - timedelta(days=35, hours=-9)
    for plan in plans():
        company = made.companies[plan.carrier]
        trunk = session.scalar(select(VendorTrunk.id).where(VendorTrunk.company_id == company.id))
        product = Product(
            company_id=company.id, vendor_trunk_id=trunk, name=plan.product, route_class="standard", currency=company.currency,
            priority=70, description=plan.description, lrn_rated=plan.lrn_rated, created_at=received - timedelta(days=1),
        )  # fmt: skip
        session.add(product)
        session.flush()
        rows += _add_deck(session, settings, store, plan, product, users, received)
        buyer = trunks[BUYER]
        session.add(
            Purchase(
                product_id=product.id, seller_id=company.id, buyer_id=buyer.company_id, trunk_id=buyer.id, state="accepted",
                created_at=received, decided_at=received + timedelta(hours=5), effective_from=received + timedelta(hours=5),
            )
        )  # fmt: skip
    session.flush()
    return rows


def _add_deck(
    session: Session, settings: Settings, store: Store, plan: LayeredPlan, product: Product, users: dict[str, User],
    received: datetime,
) -> int:  # fmt: skip
    content = _csv(plan.rows)
    sha256 = keep_file(content, settings.files_dir)
    owner = users.get(f"owner@{plan.carrier}.example")
    start = msgspec.structs.replace(
        plan.options, defaults=Defaults(currency=product.currency, effective_from="receipt")
    )
    deck = Deck(
        company_id=product.company_id, product_id=product.id, filename=f"{plan.carrier}_{plan.product.replace(' ', '_')}.csv",
        size_bytes=len(content), sha256=sha256, file_key=f"{sha256[:2]}/{sha256}", source="demo", state="approved",
        received_at=received, created_at=received, approved_at=received, options=msgspec.to_builtins(start, str_keys=True),
        approved_by=owner.id if owner else None,
    )  # fmt: skip
    session.add(deck)
    session.flush()
    with tempfile.TemporaryDirectory() as scratch:
        report = run_check(
            CheckRequest(
                path=str(settings.files_dir / deck.file_key), name=deck.filename, out_dir=scratch, received_at=received,
                deck_id=deck.id, options=start,
            )
        )  # fmt: skip
        if report.status != "ready" or report.outputs.timeline is None:
            raise RuntimeError(f"the demo's own deck {deck.filename} was refused: {report.problem_counts}")
        _keep(deck, report, store)
    session.add(
        DeckVersion(
            company_id=product.company_id, product_id=product.id, number=1, deck_id=deck.id, timeline_key=deck.timeline_key,
            codes=report.codes, counts=report.labels, effective_from=received, created_at=received,
            created_by=deck.approved_by, note="First deck",
        )
    )  # fmt: skip
    product.timeline_key, product.version = deck.timeline_key, 1
    return int(store.open(str(deck.timeline_key)).num_rows)


def _keep(deck: Deck, report: CheckReport, store: Store) -> None:
    kept: dict[str, Any] = {
        name: store.put_file(path)
        for name in ("problems", "rows", "diff", "timeline")
        if (path := getattr(report.outputs, name)) is not None
    }
    for name, key in kept.items():
        setattr(deck, f"{name}_key", key)
    bare = msgspec.structs.replace(report, outputs=Outputs())
    deck.report = msgspec.to_builtins(bare, str_keys=True)


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
