"""A vendor's decks received one after another, each written out as text in the test."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from rates import store
from rates.check import check
from rates.deckcheck import CheckReport, run_check
from rates.options import CheckRequest, DeckOptions


def at(text: str) -> datetime:
    """`2025-03-12` or `2025-03-10 15:00`, UTC."""
    return datetime.fromisoformat(text + "+00:00" if ":" in text else text + " 00:00+00:00")


class Vendor:
    """Receives decks in order and keeps the timeline in force; every deck is approved unless told otherwise."""

    def __init__(self, folder: Path, *, jailed: bool = True) -> None:
        """`jailed` False checks in this process: the same answer, for many small decks."""
        self.folder = folder
        self.jailed = jailed
        self.decks = 0
        self.current: str | None = None
        self.report: CheckReport | None = None

    def receive(
        self,
        received: str,
        text: str,
        *,
        mode: str = "partial",
        approve: bool = True,
        fx: dict[str, str] | None = None,
        **options: Any,
    ) -> CheckReport:
        """Check the deck `text` (CSV) as received at `received`; returns the report."""
        self.decks += 1
        out = self.folder / f"deck{self.decks}"
        out.mkdir()
        path = self.folder / f"deck{self.decks}.csv"
        path.write_text(text, encoding="utf-8")
        request = CheckRequest(
            path=str(path),
            name=path.name,
            out_dir=str(out),
            received_at=at(received),
            deck_id=self.decks,
            current=self.current,
            fx=fx or {},
            options=DeckOptions(mode=mode, **options),  # type: ignore[arg-type]
        )
        report = run_check(request) if self.jailed else check(request, lambda step, done, total: None)
        self.report = report
        if approve:
            assert report.status == "ready", report
            self.current = self.output("timeline")
        return report

    def output(self, name: str) -> str:
        """Path of an output of the last check."""
        assert self.report is not None
        path = getattr(self.report.outputs, name)
        assert path is not None, self.report
        return path if Path(path).is_absolute() else str(self.folder / f"deck{self.decks}" / path)

    def diff(self) -> dict[str, dict[str, Any]]:
        """The last check's changes by code."""
        return {line["code"]: line for line in store.read_file(self.output("diff")).to_pylist()}

    def problems(self) -> list[dict[str, Any]]:
        return list(store.read_file(self.output("problems")).to_pylist())

    def timeline(self) -> pa.Table:
        assert self.current is not None
        return store.read_file(self.current)

    def price(self, number: str, when: str) -> tuple[str, int, int] | None:
        """(code, rate in nanos, status) of the longest match in force for `number`, by plain scanning."""
        moment = at(when)
        rows = [
            line
            for line in self.timeline().to_pylist()
            if number.startswith(line["code"])
            and line["effective_from"] <= moment
            and (line["effective_until"] is None or moment < line["effective_until"])
        ]
        best = max(rows, key=lambda line: len(line["code"]), default=None)
        return None if best is None else (best["code"], best["rate_nanos"], best["status"])
