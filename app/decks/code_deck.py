"""The exchange's own code deck: dial codes and the names of their destinations, for decks that only name destinations.

The operator's own products name a code first; else the carriers do, each product with one vote: what most products in
the market call a code is its name. Made when a deck asks for it, kept until a deck comes into force or a day has passed.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.carriers.models import Company, Product
from app.config import Settings
from rates.keys import codes_of, keys_of
from rates.parse.names import name_key
from rates.schema import CLOSED
from rates.store import Store, write_file

KEEP = 3
OPERATORS_VOTES = 1_000_000  # more than there will ever be products


def code_deck(session: Session, settings: Settings, at: datetime) -> str | None:
    """Path of an Arrow file with columns `code` and `destination` for a deck received at `at`; None while no product
    has a deck. Codes that ended before that day, and closed ones, are left out; pending ones are in."""
    sources = _sources(session)
    if not sources:
        return None
    day = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    said = "\n".join([day.isoformat(), *(f"{key} {votes}" for key, votes in sources)])
    folder = settings.root / "code_decks"
    path = folder / f"{hashlib.sha256(said.encode()).hexdigest()}.arrow"
    if path.exists():
        path.touch()
    else:
        store = Store(str(settings.store_dir))
        table = merged((_named(store.open(key), day), votes) for key, votes in sources)
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{os.getpid()}.{uuid.uuid4().hex}"
        write_file(table, temporary)
        temporary.replace(path)
        _forget(folder)
    return str(path)


def _sources(session: Session) -> list[tuple[str, int]]:
    """(timeline key, votes) of the operator's own products, and of those everybody sees on the market."""
    on_market = sa.and_(
        Product.listed, Product.enabled, Product.visibility == "public", Company.status == "active"
    )
    rows = session.execute(
        sa.select(Product.timeline_key, Company.is_operator)
        .join(Company, Company.id == Product.company_id)
        .where(Product.timeline_key.is_not(None), sa.or_(Company.is_operator, on_market))
        .order_by(Product.id)
    )
    return [(str(key), OPERATORS_VOTES if own else 1) for key, own in rows]


def _named(timeline: pa.Table, day: datetime) -> pa.Table:
    """One row per code, under the earliest of its names that has not ended; rows stand in order of time."""
    until = timeline["effective_until"]
    lasting = pc.or_kleene(pc.is_null(until), pc.greater(until, pa.scalar(day, until.type)))
    kept = timeline.filter(pc.and_(lasting, pc.not_equal(timeline["status"], CLOSED)))
    kept = kept.select(["code", "destination"]).filter(pc.not_equal(kept["destination"], ""))
    first = ~pd.Series(keys_of(kept["code"])).duplicated().to_numpy()
    return kept.filter(pa.array(first))


def merged(tables: Iterable[tuple[pa.Table, int]]) -> pa.Table:
    """(table of code and destination, votes) → one name per code: the one with most votes, spelled as most rows spell it.
    Names that mean the same (rates.parse.names) are one; among equals the first in the alphabet wins."""
    spellings: dict[str, Counter[str]] = {}
    numbers: dict[str, int] = {}
    votes = pd.DataFrame({"code": [], "name": [], "votes": []}, dtype="int64")
    for table, weight in tables:
        encoded = table["destination"].combine_chunks().dictionary_encode()
        counts = Counter(encoded.indices.to_pylist())
        names = []
        for index, text in enumerate(encoded.dictionary.to_pylist()):
            key = name_key(text)
            spellings.setdefault(key, Counter())[text] += counts[index] * weight
            names.append(numbers.setdefault(key, len(numbers)))
        mine = pd.DataFrame({"code": keys_of(table["code"]), "votes": weight})
        mine["name"] = pd.Series(names, dtype="int64").take(encoded.indices.to_numpy()).to_numpy()
        # Summed up table by table, so that memory follows the codes there are, not the decks.
        votes = pd.concat([votes, mine]).groupby(["code", "name"])["votes"].sum().reset_index()
    spelled = [_spelling(spellings[key]) for key in numbers]
    votes["text"] = pd.Series(spelled, dtype="object").take(votes["name"].to_numpy()).to_numpy()
    best = votes.sort_values(["code", "votes", "text"], ascending=[True, False, True]).drop_duplicates("code")
    return pa.table(
        {"code": codes_of(best["code"].to_numpy()), "destination": pa.array(best["text"].tolist(), pa.utf8())}
    )


def _spelling(counts: Counter[str]) -> str:
    return min(counts, key=lambda text: (-counts[text], text))


def _forget(folder: Path) -> None:
    """Only the newest stay: each is made again from the decks whenever it is asked for."""
    found: Sequence[Path] = sorted(folder.glob("*.arrow"), key=lambda p: p.stat().st_mtime_ns)
    for path in found[:-KEEP]:
        path.unlink(missing_ok=True)
