"""The application's one entry point: check a deck file in a jailed child process."""

from collections.abc import Callable
from typing import Literal

import msgspec

from rates.options import CheckRequest
from rates.problems import ProblemGroup

Status = Literal["needs_mapping", "rejected", "ready"]
"""needs_mapping: a person must answer something before rows can be judged (see `problems`) · rejected: rows have errors ·
ready: may be approved (second person if `needs_second_person`)."""

Progress = Callable[[str, int, int], None]
"""(step, done, total); steps in order: read, parse, check, compare, store. total 0 = unknown."""


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A guessed or stated value. confidence 0–100; stated = it came from the options."""

    value: str | None
    confidence: int
    alternatives: tuple[str, ...] = ()
    stated: bool = False


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the sheet. field None = unmapped; confidence ≥ 90 taken, 75–89 taken but to be confirmed, below unmapped."""

    index: int
    letter: str
    header: str
    field: str | None
    confidence: int
    alternatives: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    stated: bool = False
    reason: str = ""
    """Why this field, in a few words: for the badge beside the confidence."""


class TableGuess(msgspec.Struct, frozen=True, kw_only=True):
    """One sheet of several, as understood: `kind` is a TableKind, `origin` the group its prices are for ("" = everybody)."""

    name: str
    kind: Value
    origin: Value
    header_row: Value
    rows: int
    columns: tuple[Column, ...]
    preview: tuple["PreviewRow", ...] = ()


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """What was read out of the file by itself; shown as chips with drop-downs. header_row 0 = none."""

    kind: str
    sheets: tuple[str, ...]
    sheet: Value
    encoding: Value
    delimiter: Value
    header_row: Value
    last_row: Value
    decimal_mark: Value
    date_order: Value
    currency: Value
    columns: tuple[Column, ...]
    rate_unit: Value = Value(value="per_minute", confidence=90)
    money_unit: Value = Value(value="unit", confidence=90)
    tables: tuple[TableGuess, ...] = ()
    """Every sheet of a file with several; empty for a file with one."""


class PreviewRow(msgspec.Struct, frozen=True, kw_only=True):
    row: int
    cells: tuple[str, ...]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """First rows of the sheet from its top (preamble included) and its last ones."""

    sheet: str
    first: tuple[PreviewRow, ...]
    last: tuple[PreviewRow, ...]
    total_rows: int


class Outputs(msgspec.Struct, frozen=True, kw_only=True):
    """Arrow IPC files below `out_dir`. problems: rates.problems.SCHEMA, with
    the cells of each row (rates.badrows.SCHEMA) where the file could be read; rows: rates.schema.ROWS; diff: rates.schema.DIFF;
    timeline: rates.schema.TIMELINE (the candidate: what comes into force on approval)."""

    problems: str | None = None
    rows: str | None = None
    diff: str | None = None
    timeline: str | None = None


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """labels: count per diff label. second_person_reasons: human sentences, one per breached guard.
    closing: codes of the deck in force that this file closes. closes_at: ISO instant, None when nothing closes."""

    status: Status
    guess: Guess | None = None
    preview: Preview | None = None
    rows_read: int = 0
    rows_skipped: int = 0
    codes: int = 0
    problems: tuple[ProblemGroup, ...] = ()
    error_count: int = 0
    warning_count: int = 0
    labels: dict[str, int] = {}
    closing: int = 0
    closes_at: str | None = None
    currency: str | None = None
    effective_first: str | None = None
    effective_last: str | None = None
    needs_second_person: bool = False
    second_person_reasons: tuple[str, ...] = ()
    outputs: Outputs = Outputs()
    seconds: dict[str, float] = {}
    peak_bytes: int = 0
    """Memory the check had resident at most (Linux)."""

    @property
    def problem_counts(self) -> dict[str, int]:
        """Count per problem id."""
        counts: dict[str, int] = {}
        for group in self.problems:
            counts[group.id] = counts.get(group.id, 0) + group.count
        return counts


def report_to_json(report: CheckReport) -> bytes:
    return msgspec.json.encode(report)


def report_from_json(text: str | bytes) -> CheckReport:
    return msgspec.json.decode(text, type=CheckReport)


def run_check(
    request: CheckRequest, progress: Progress | None = None, cancelled: Callable[[], bool] | None = None
) -> CheckReport:
    """Check `request.path` in a jailed child (`python -m rates.child`): memory, CPU, wall-clock and output limits of
    `request.limits`. Never raises for a bad file: a child that dies becomes a problem (`file_too_big`, `parser_crashed`,
    `check_timeout`, `cancelled`). `cancelled` is polled about ten times a second."""
    from rates.jail import run_child  # the jail needs the types above

    return run_child(request, progress, cancelled)
