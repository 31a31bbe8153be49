"""Take a file of number blocks or ported numbers into force: read, check, pack, remember, publish."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

import lcr_core
from app.audit.record import record
from app.errors import Invalid
from app.jobs.service import enqueue
from app.routing.models import NumberFile
from app.security.actor import Actor
from rates.nanp import NumberTable, UnreadableNumbers, read_blocks, read_ported
from rates.store import Store

KINDS = {"blocks": "number blocks", "lrn": "ported numbers"}


def import_numbers(
    session: Session,
    actor: Actor | None,
    kind: str,
    path: Path,
    *,
    root: Path,
    store: Store,
    source: str,
    columns: Mapping[str, str] | None = None,
    now: datetime,
) -> NumberFile:
    """Returns the file (flushed, the caller commits). Lines that cannot be read are left out and counted.

    `root`: of what the core reads; `store` keeps the rows. `columns`: field to heading or place.
    Raises Invalid when the file as a whole is of no use: nothing changes then."""
    try:
        read: NumberTable = (read_blocks if kind == "blocks" else read_ported)(path, columns)
        root.mkdir(parents=True, exist_ok=True)
        built = json.loads(
            lcr_core.build_blocks(str(root), read.table)
            if kind == "blocks"
            else lcr_core.build_lrn(str(root), read.table)
        )
    except (UnreadableNumbers, lcr_core.BuildError) as fault:
        raise Invalid(
            str(fault), hint=f"{source}: a CSV file of {KINDS[kind]} with headings is wanted."
        ) from fault
    found = NumberFile(
        kind=kind,
        file=built["file"],
        table_key=store.put(read.table),
        source=source[:200],
        rows=read.table.num_rows,
        skipped=read.skipped,
        problems=[asdict(problem) for problem in read.problems],
        created_at=now,
    )
    session.add(found)
    session.flush()
    if actor is not None:
        after = {"kind": kind, "file": found.file, "source": found.source, "rows": found.rows}
        record(session, actor, action="numbers.import", obj=found, before={}, after=after, now=now)
    enqueue(
        session, "snapshot.publish", title="Publish the routing snapshot",
        arguments={"reason": f"{KINDS[kind]} from {source}"[:200]}, now=now, coalesce=True,
    )  # fmt: skip
    return found
