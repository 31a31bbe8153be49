"""A carrier's rule for decks that need no person: limits, and why a deck does not stay within them."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from rates.deckcheck import CheckReport
from rates.options import DeckOptions

PPM_PER_PERCENT = 10_000
WAYS = ("mail", "folder", "api", "web")


class AutoAccept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Off by default. `max_percent`: largest change of an effective price, up or down (None = any fall); `max_closed` and
    `max_new`: codes (None = any number). Increases within `max_percent` are taken only where `decreases_only` is off."""

    enabled: bool = False
    ways: tuple[str, ...] = ("mail", "folder", "api")
    decreases_only: bool = True
    max_percent: int | None = None
    max_closed: int | None = 0
    max_new: int | None = None
    warnings_ok: bool = False

    def words(self) -> str:
        """The rule as the history shows it."""
        parts = ["only decreases" if self.decreases_only else "increases too"]
        parts.append("any change" if self.max_percent is None else f"changes within {self.max_percent} %")
        parts.append(_count(self.max_closed, "closings"))
        parts.append(_count(self.max_new, "new codes"))
        parts.append("warnings allowed" if self.warnings_ok else "no warnings")
        return ", ".join(parts)


def _count(limit: int | None, what: str) -> str:
    return f"any {what}" if limit is None else f"no {what}" if limit == 0 else f"at most {limit} {what}"


def read_rule(values: dict[str, Any]) -> AutoAccept:
    """From stored JSON. Raises msgspec.ValidationError naming the field."""
    return msgspec.convert(values, type=AutoAccept)


def reasons_against(
    rule: AutoAccept,
    report: CheckReport,
    options: DeckOptions,
    diff: pa.Table,
    *,
    way: str,
    first: bool,
    known_layout: bool,
) -> list[str]:
    """Why this deck must wait for a person; empty = it stays within the rule. `first`: the product has no version yet.
    `known_layout`: a template that a person confirmed was used."""
    found: list[str] = []
    labels = report.labels
    if not rule.enabled:
        return ["The carrier's auto-accept rule is off."]
    if way not in rule.ways:
        found.append(f"Decks that come by {way} are not accepted by themselves.")
    if way in ("mail", "folder") and not known_layout:
        found.append("No layout that a person confirmed fits the file.")
    if first:
        found.append("The product's first deck needs a person.")
    if report.needs_second_person:
        found.append("Two persons must approve it.")
    if options.late == "accept" or "accept" in options.late_codes.values():
        found.append("Increases with too short notice were taken as asked.")
    if options.backdated == "accept" or labels.get("BACKDATED"):
        found.append("Rates apply before they were received.")
    if report.rows_skipped:
        found.append(f"{report.rows_skipped:,} rows were left out.")
    read = set(options.accept_warnings)
    unread = sorted({group.id for group in report.problems if group.severity == "warning"} - read)
    if unread and not rule.warnings_ok:
        found.append(f"Warnings nobody has read: {', '.join(unread)}.")
    ups = sum(labels.get(name, 0) for name in ("INCREASE", "LATE"))
    if rule.decreases_only and ups:
        found.append(f"{ups:,} prices rise.")
    if rule.decreases_only and labels.get("TERMS_CHANGED"):
        found.append(f"{labels['TERMS_CHANGED']:,} codes get other increments or fees.")
    for names, limit, what in (
        (("CLOSED", "BLOCKED"), rule.max_closed, "close or are blocked"),
        (("NEW", "REOPENED"), rule.max_new, "are new"),
    ):
        count = sum(labels.get(name, 0) for name in names)
        if limit is not None and count > limit:
            found.append(f"{count:,} codes {what}; the rule allows {limit:,}.")
    if labels.get("CONFLICT") or labels.get("MOVED"):
        found.append("Codes moved to another destination, or conflict.")
    widest = _widest(diff)
    if rule.max_percent is not None and widest > rule.max_percent * PPM_PER_PERCENT:
        found.append(
            f"A price changes by {widest / PPM_PER_PERCENT:,.2f} %; the rule allows {rule.max_percent} %."
        )
    return found


def _widest(diff: pa.Table) -> int:
    """Largest change of a price in ppm, without codes that close."""
    kept = diff.filter(pc.not_equal(diff["label"], "CLOSED"))
    changes = pc.drop_null(kept["pct_ppm"])
    return int(pc.max(pc.abs(changes)).as_py() or 0) if len(changes) else 0
