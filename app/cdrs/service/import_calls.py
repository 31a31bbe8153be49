"""One file of call records into the exchange: read, placed, rated, stored, summed up.

Stored in parts, each one transaction with its sums, so that nobody waits long for SQLite's one writer. After a crash the job
begins anew: what is stored is known by its content, and no record counts twice.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company
from app.cdrs.models import CallImport, CallQuarantine, CallRecord
from app.cdrs.names import Names, Offer, Trunk
from app.cdrs.priced import CARD, Exchange, Priced, price
from app.cdrs.sums import sum_up
from app.clock import from_micros, to_micros
from app.config import Settings
from app.deals.rounding import Roundings
from app.errors import Invalid
from app.jobs.progress import Progress
from app.jobs.service import enqueue
from app.routing.gather import number_file
from app.routing.service.compile_index import plain
from rates.records.attempt import Attempt
from rates.records.faults import fault_of
from rates.records.intake import sort_out
from rates.records.read import read_records, shape_of
from rates.records.unread import NotRecords, Unread
from rates.settle.tariff import Tariffs
from rates.store import Store

ROWS = 100_000
"""Of one file: all of it is held in memory while it is rated."""
PART = 2_000
"""Records a transaction: well below a second of SQLite's one writer."""
PAUSE_S = 0.15
"""Between two of them, on SQLite: longer than a waiting writer sleeps between its looks (100 ms), so that each of them gets in."""
BATCH = 500
TOLD_EVERY = 1_000
T = TypeVar("T")


@dataclass(frozen=True)
class Refused:
    """A record, or an unreadable line, that goes to quarantine."""

    reason: str
    record: Attempt | None
    line: int = 0
    detail: str = ""
    trunk_id: int | None = None
    product_id: int | None = None
    company_id: int | None = None  # the buyer, where the trunk is known

    def mark(self) -> str:
        """The same record refused again is the same line of the quarantine."""
        if self.record is not None:
            return self.record.content()
        return hashlib.sha256(f"{self.line}\n{self.reason}\n{self.detail}".encode()).hexdigest()


@dataclass(frozen=True)
class Placed:
    record: Attempt
    trunk: Trunk
    offer: Offer


def import_calls(
    session: Session, settings: Settings, import_id: int, *, now: datetime, progress: Progress,
    save: Callable[[], None] | None = None,
) -> dict[str, int | str]:  # fmt: skip
    """Counts of what happened. Commits part by part (`save`, else the session's commit); a finished import
    is left as it is, so the job may run again.

    Raises Invalid for a file that is none of the known shapes; the import is then to be failed by the caller."""
    save = save or session.commit
    taken = session.get_one(CallImport, import_id)
    if taken.state == "done":
        return dict(taken.counts)
    text = (settings.files_dir / taken.file_key).read_text(encoding="utf-8-sig", errors="replace")
    shape, records, refused = _read(text, taken.source)
    progress(0, len(records), "placing")
    operator = session.get_one(Company, taken.company_id).is_operator
    placed, unplaced = _place(records, Names(session, None if operator else taken.company_id), taken, now)
    refused += unplaced
    fresh = _unknown(session, placed)
    priced, unpriced = _price(session, settings, fresh, now, progress)
    refused += unpriced
    save()  # rating took a while: what follows sees what others stored meanwhile
    other: list[Priced] = []
    for done, part in _parts(session, priced):
        progress(done, len(priced), "storing")
        other += _store(session, part, taken, now)
        save()
    refused += [
        Refused("other_content", p.record, trunk_id=p.trunk_id, product_id=p.product_id, company_id=p.company_id) for p in other
    ]  # fmt: skip
    for done, lines in _parts(session, refused):
        progress(done, len(refused), "listing what was refused")
        _quarantine(session, taken, lines, now)
        save()
    reasons = Counter(one.reason for one in refused)
    new, answered, quarantined = _counted(session, taken)
    taken.counts = {
        "shape": shape, "records": len(records), "new": new, "same": len(placed) - len(unpriced) - len(other) - new,
        "other": len(other), "answered": answered, "unread": reasons.get("unreadable", 0),
        "refused": len(refused), "quarantined": quarantined, "reasons": dict(sorted(reasons.items())),
    }  # fmt: skip
    taken.state, taken.finished_at, taken.error = "done", now, ""
    if new:
        announce(session, now)
    return dict(taken.counts)


def _parts(session: Session, whole: Sequence[T]) -> Iterator[tuple[int, Sequence[T]]]:
    """(how many came before, the next ones); others may write in between."""
    for at in range(0, len(whole), PART):
        if at and session.get_bind().dialect.name == "sqlite":
            time.sleep(PAUSE_S)
        yield at, whole[at : at + PART]


def _store(session: Session, part: Sequence[Priced], taken: CallImport, now: datetime) -> list[Priced]:
    """Those of the part that are new, with their sums; returns those recorded before with other content."""
    rows = {id(one): row_of(one, taken.id) for one in part}  # before the lock
    _one_at_a_time(session, {one.company_id for one in part} | {taken.company_id})
    new, other = _new_ones(session, part)
    for some in batches(new):
        session.execute(sa.insert(CallRecord), [rows[id(one)] for one in some])
    _lift(session, new, now)
    sum_up(session, new, (), now=now)
    return other


def _counted(session: Session, taken: CallImport) -> tuple[int, int, int]:
    """(new, answered, quarantined) of this import, also of a run before that was broken off."""
    own = CallRecord.import_id == taken.id
    new, answered = session.execute(
        sa.select(sa.func.count(), sa.func.count().filter(CallRecord.answered)).where(own)
    ).one()
    listed = sa.select(sa.func.count()).where(CallQuarantine.import_id == taken.id)
    return new, answered, session.scalar(listed) or 0


def stored_of(session: Session, taken: CallImport) -> int:
    """How many records of an import that ended early are stored; they stay."""
    return _counted(session, taken)[0]


def announce(session: Session, now: datetime) -> None:
    """What was measured reaches the snapshot and the market by their own jobs."""
    enqueue(
        session, "snapshot.publish", title="Publish measured calls", arguments={"reason": "call records"}, now=now, coalesce=True
    )  # fmt: skip
    enqueue(session, "market.build", title="Market with measured calls", now=now, coalesce=True)


def _read(text: str, source: str) -> tuple[str, list[Attempt], list[Refused]]:
    records: list[Attempt] = []
    refused: list[Refused] = []
    try:
        shape = shape_of(text)
        for number, one in enumerate(read_records(text, source), 1):
            if number > ROWS:
                raise Invalid(
                    f"The file has more than {ROWS:,} records.", hint="Split it and send the parts."
                )
            if isinstance(one, Unread):
                refused.append(Refused("unreadable", None, one.line, f"{one.why}: {one.text}"[:240]))
            else:
                records.append(one)
    except NotRecords as fault:
        raise Invalid(str(fault), hint="docs/call-records.md shows the shapes that are read.") from fault
    if not records and not refused:
        raise Invalid("The file holds no call record.", hint="There is a heading, but no row below it.")
    return shape, records, refused


def _place(
    records: list[Attempt], names: Names, taken: CallImport, now: datetime
) -> tuple[list[Placed], list[Refused]]:
    placed: list[Placed] = []
    refused: list[Refused] = []
    for record in records:
        trunk = names.trunk(record.trunk, taken.trunk_id)
        offer = names.offer(record.product, taken.product_id, trunk) if trunk is not None else None
        reason = fault_of(record, now_us=to_micros(now))
        if reason is None and trunk is None:
            reason = "unknown_trunk"
        elif reason is None and offer is None:
            reason = "unknown_product"
        elif reason is None and trunk is not None and offer is not None:
            at = from_micros(record.start_us)
            reason = None if names.had_bought(trunk, offer, at) else "not_bought"
        if reason is None and trunk is not None and offer is not None:
            placed.append(Placed(record, trunk, offer))
        else:
            refused.append(
                Refused(
                    reason or "unknown_product", record, trunk_id=trunk.id if trunk else None,
                    product_id=offer.id if offer else None, company_id=trunk.company_id if trunk else None,
                )
            )  # fmt: skip
    return placed, refused


def _price(
    session: Session, settings: Settings, placed: list[Placed], now: datetime, progress: Progress
) -> tuple[list[Priced], list[Refused]]:
    exchange, roundings = Exchange.load(session, settings.lcr.base_currency), Roundings.load(session)
    priced: list[Priced] = []
    refused: list[Refused] = []
    with compiled(session, settings, [(p.trunk, p.offer) for p in placed], now) as tariffs:
        for number, one in enumerate(placed):
            if number % TOLD_EVERY == 0:
                progress(number, len(placed), "rating")
            found = price(one.record, one.trunk, one.offer, tariffs, exchange, roundings)
            if isinstance(found, Priced):
                priced.append(found)
            else:
                refused.append(
                    Refused(
                        found, one.record, trunk_id=one.trunk.id, product_id=one.offer.id, company_id=one.trunk.company_id
                    )
                )  # fmt: skip
    return priced, refused


class compiled:  # reads as a context: `with compiled(…) as tariffs`
    """The decks and rate cards of these trunks and offers, compiled in a folder that goes when it is done."""

    def __init__(
        self, session: Session, settings: Settings, of: Sequence[tuple[Trunk, Offer]], now: datetime
    ) -> None:
        store = Store(str(settings.store_dir))
        self._tables: dict[int, pa.Table] = {
            offer.id: plain(store.open(offer.timeline_key))
            for offer in {o for _, o in of}
            if offer.timeline_key
        }
        self._tables |= {
            CARD + trunk.id: plain(store.open(trunk.card_key))
            for trunk in {t for t, _ in of}
            if trunk.card_key
        }
        self._lrn_rated = [offer.id for offer in {o for _, o in of} if offer.lrn_rated]
        self._blocks = number_file(session, "blocks")
        self._indexes = settings.snapshot_dir / "indexes"
        self._now = now

    def __enter__(self) -> Tariffs:
        self._folder = tempfile.TemporaryDirectory(prefix="tandem-tariffs-")
        root = Path(self._folder.name)
        if self._blocks is not None and (self._indexes / self._blocks).exists():
            (root / "indexes").mkdir()
            (root / "indexes" / self._blocks).symlink_to(self._indexes / self._blocks)
        else:
            self._blocks = None
        return Tariffs.build(
            root, self._tables, lrn_rated=self._lrn_rated, nanp=self._blocks, at_us=to_micros(self._now)
        )

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _one_at_a_time(session: Session, companies: Iterable[int]) -> None:
    """Imports of one company wait for each other from here on: a write that changes nothing holds its row."""
    for company in sorted(companies):
        session.execute(
            sa.update(Company).where(Company.id == company).values(status=Company.status),
            execution_options={"synchronize_session": False},
        )


def _unknown(session: Session, placed: list[Placed]) -> list[Placed]:
    """Those that are not stored with this very content: a file sent again needs no rating."""
    contents = [(one, one.record.content()) for one in placed]
    stored: set[tuple[int, str]] = set()
    for part in batches(contents):
        stored |= set(
            session.execute(
                sa.select(CallRecord.company_id, CallRecord.content).where(
                    CallRecord.current.is_(True),
                    CallRecord.company_id.in_({one.trunk.company_id for one, _ in part}),
                    CallRecord.identity.in_([one.record.identity() for one, _ in part]),
                )
            ).all()
        )  # fmt: skip
    return [one for one, content in contents if (one.trunk.company_id, content) not in stored]


def _new_ones(session: Session, priced: Sequence[Priced]) -> tuple[list[Priced], list[Priced]]:
    """New, and those that were recorded before with other content; duplicates are in neither."""
    by_company: dict[int, list[Priced]] = defaultdict(list)
    for one in priced:
        by_company[one.company_id].append(one)
    new: list[Priced] = []
    other: list[Priced] = []
    for company, group in by_company.items():
        known: dict[str, str] = {}
        for part in batches(group):
            known |= dict(
                session.execute(
                    sa.select(CallRecord.identity, CallRecord.content).where(
                        CallRecord.company_id == company, CallRecord.current.is_(True),
                        CallRecord.identity.in_([one.record.identity() for one in part]),
                    )
                ).all()
            )  # fmt: skip
        found = sort_out((one.record for one in group), known)
        fresh, odd = {id(r) for r in found.new}, {id(r) for r in found.other}
        new += [one for one in group if id(one.record) in fresh]
        other += [one for one in group if id(one.record) in odd]
    return new, other


def row_of(one: Priced, import_id: int, version: int = 1) -> dict[str, Any]:
    record, cost, sell = one.record, one.cost, one.sell
    return {
        "company_id": one.company_id, "seller_id": one.seller_id, "import_id": import_id, "identity": record.identity(),
        "content": record.content(), "version": version, "current": True, "trunk_id": one.trunk_id,
        "product_id": one.product_id, "start_at": from_micros(record.start_us), "answered": record.answered,
        "sip_code": record.sip_code, "duration_ms": record.duration_ms, "dnis": record.dnis, "ani": record.ani,
        "record": record.words(), "code": cost.match.code, "destination": cost.match.destination[:160],
        "cost_currency": cost.match.currency, "cost_nanos": cost.amount_nanos, "cost_base_nanos": one.cost_base_nanos,
        "cost_rate_nanos": cost.match.rate_nanos,
        "cost_billed": cost.billed_seconds, "deck_id": cost.match.deck_id, "deck_row": cost.match.deck_row,
        "sell_currency": sell.match.currency if sell else None, "sell_nanos": sell.amount_nanos if sell else None,
        "sell_rate_nanos": sell.match.rate_nanos if sell else None, "sell_billed": sell.billed_seconds if sell else None,
        "margin_nanos": one.margin_nanos,
    }  # fmt: skip


def _quarantine(session: Session, taken: CallImport, refused: Sequence[Refused], now: datetime) -> None:
    """New lines of the quarantine; a record that stands there is not listed twice, whatever was decided about it."""
    lines: dict[tuple[int, str], Refused] = {}
    for one in refused:
        lines.setdefault((one.company_id or taken.company_id, one.mark()), one)
    listed = list(lines.items())
    known: set[tuple[int, str]] = set()
    for part in batches(listed):
        known |= set(
            session.execute(
                sa.select(CallQuarantine.company_id, CallQuarantine.mark).where(
                    CallQuarantine.mark.in_([mark for (_, mark), _ in part])
                )
            ).all()
        )
    fresh = [
        {"company_id": company, "import_id": taken.id, "mark": mark, "reason": one.reason, "line": one.line,
         "detail": one.detail, "record": one.record.words() if one.record else {}, "trunk_id": one.trunk_id,
         "product_id": one.product_id, "settled": "", "created_at": now}
        for (company, mark), one in listed
        if (company, mark) not in known
    ]  # fmt: skip
    for rows in batches(fresh):
        session.execute(sa.insert(CallQuarantine), rows)


def _lift(session: Session, new: list[Priced], now: datetime) -> None:
    """What waited in quarantine and is taken now, because its reason is gone, waits no more."""
    for part in batches(new):
        session.execute(
            sa.update(CallQuarantine)
            .where(
                CallQuarantine.mark.in_([one.record.content() for one in part]), CallQuarantine.settled == ""
            )
            .values(settled="taken", settled_at=now),
            execution_options={"synchronize_session": False},
        )


def batches(whole: Sequence[T]) -> Iterator[Sequence[T]]:
    return (whole[at : at + BATCH] for at in range(0, len(whole), BATCH))
