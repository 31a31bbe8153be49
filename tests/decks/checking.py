"""Check a deck that stands as text or bytes in a test."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rates.deckcheck import CheckReport, run_check
from rates.options import CheckRequest, DeckOptions, Defaults, Limits

RECEIVED = datetime(2026, 11, 21, 5, tzinfo=UTC)


def check_file(
    path: Path,
    out: Path,
    *,
    current: str | None = None,
    limits: Limits | None = None,
    name: str | None = None,
    **options: Any,
) -> CheckReport:
    """Through the jailed child, as the application does it."""
    return run_check(request_for(path, out, current=current, limits=limits, name=name, **options))


def check_here(path: Path, out: Path, **options: Any) -> CheckReport:
    """The same check in this process: for many small files."""
    from rates.check import check

    return check(request_for(path, out, **options), lambda step, done, total: None)


def request_for(
    path: Path,
    out: Path,
    *,
    current: str | None = None,
    limits: Limits | None = None,
    name: str | None = None,
    **options: Any,
) -> CheckRequest:
    out.mkdir(exist_ok=True)
    options.setdefault("mode", "full")
    options.setdefault("defaults", Defaults(currency="USD", effective_from="receipt"))
    return CheckRequest(
        path=str(path),
        name=name or path.name,
        out_dir=str(out),
        received_at=RECEIVED,
        deck_id=1,
        current=current,
        options=DeckOptions(**options),
        limits=limits or Limits(),
    )


def ids(report: CheckReport, severity: str | None = None) -> dict[str, int]:
    """Count per problem id."""
    return {g.id: g.count for g in report.problems if severity in (None, g.severity)}
