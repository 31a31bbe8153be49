"""Rows of one sheet on their way from text to typed columns, and the list of what is wrong with them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rates.catalogue import CATALOGUE
from rates.options import DeckOptions
from rates.problems import SCHEMA, TEXT_LIMIT
from rates.thresholds import Thresholds

Mask = npt.NDArray[np.bool_]


def is_none(values: npt.NDArray[np.object_]) -> Mask:
    """Where an array of objects holds None."""
    found: Mask = pd.isna(values)
    return found


@dataclass(frozen=True)
class Reading:
    """How the text of this file is read; all decided for the file as a whole. Instants in microseconds, UTC."""

    options: DeckOptions
    decimal_mark: str
    date_order: str | None
    received_us: int
    default_from_us: int | None
    currency: str | None
    problem_limit: int = 1_000_000
    thresholds: Thresholds = field(default_factory=Thresholds)


@dataclass
class Lines:
    """`texts[field]` raw cells, `values[field]` typed ones, all of one length; `keep` turns False where a row is left out."""

    sheet: str
    rows: npt.NDArray[np.int32]
    headers: dict[str, str]
    texts: dict[str, pa.Array]
    reading: Reading
    values: dict[str, npt.NDArray[Any]] = field(default_factory=dict)
    faults: dict[str, npt.NDArray[np.object_]] = field(default_factory=dict)
    keep: Mask = field(default_factory=lambda: np.zeros(0, bool))
    problems: list[pa.Table] = field(default_factory=list)
    reported: int = 0
    _kinds: dict[str, tuple[npt.NDArray[np.object_], frozenset[str | None]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def chosen(self, *repairs: str) -> bool:
        return any(repair in self.reading.options.repairs for repair in repairs)

    def report(
        self,
        id: str,
        where: Mask,
        column: str | None = None,
        *,
        severity: str | None = None,
        hint: str | None = None,
        skip: bool = False,
    ) -> None:
        """One problem for every row of `where` still kept; `skip` leaves those rows out. `column` is a field."""
        at = np.flatnonzero(where & self.keep)
        if skip:
            self.keep[at] = False
        if not len(at):
            return
        room = max(self.reading.problem_limit - self.reported, 0)
        self.reported += len(at)
        shown = at[:room]
        entry = CATALOGUE[id]
        count = len(shown)
        index = pa.array(shown)

        def constant(text: str | None) -> pa.Array:
            return pa.array([text], pa.utf8()).take(pa.array(np.zeros(count, np.int64)))

        def cells(name: str | None) -> pa.Array:
            source = self.texts.get(name) if name else None
            return (
                pa.nulls(count, pa.utf8())
                if source is None
                else pc.utf8_slice_codeunits(source.take(index), 0, TEXT_LIMIT)
            )

        header = self.headers.get(column, column) if column else None
        self.problems.append(
            pa.table(
                [
                    constant(self.sheet),
                    pa.array(self.rows[shown]),
                    constant(header),
                    cells("code"),
                    cells(column),
                    constant(id),
                    constant(severity or entry.severity),
                    constant(hint or entry.hint),
                ],
                schema=SCHEMA,
            )
        )

    def judge(
        self,
        check: str,
        where: Mask,
        column: str | None = None,
        *,
        id: str | None = None,
        hint: str | None = None,
    ) -> bool:
        """Report by the carrier's threshold of a sanity check; False when the check is off. `id`: of the problem, when it
        is not that of the check."""
        severity = self.reading.thresholds.severity_for(check, self.reading.options.accept_warnings)
        if severity is not None:
            self.report(id or check, where, column, severity=severity, hint=hint)
        return severity is not None

    def fault(self, id: str, column: str) -> Mask:
        """Rows whose cell of this field has this fault."""
        found = self.faults.get(column)
        if found is None:
            return np.zeros(len(self), bool)
        known = self._kinds.get(column)
        if known is None or known[0] is not found:
            known = self._kinds[column] = (found, frozenset(pd.unique(found)))
        return found == id if id in known[1] else np.zeros(len(self), bool)
