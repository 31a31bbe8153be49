"""Increments are whole seconds from 1 up; missing ones take the default, then the other column, then 1."""

import numpy as np

from rates.lines import Lines, Mask
from rates.parse.increments import MISSING
from rates.schema import OPEN


def check(lines: Lines) -> None:
    defaults = lines.reading.options.defaults
    mended = lines.chosen("default_increments")
    is_open = lines.values["status"] == OPEN
    for name in ("increments", "initial_increment", "next_increment"):
        lines.report(
            "increment_invalid",
            lines.fault("increment_invalid", name) & is_open,
            name,
            severity="warning" if mended else None,
            hint=f"Taken as {defaults.initial_increment or 1}/{defaults.next_increment or 1}."
            if mended
            else None,
        )
    lines.report("free_seconds_invalid", lines.fault("increment_invalid", "free_seconds"), "free_seconds")
    empty = np.full(len(lines), MISSING, np.int64)
    first, following = lines.values.get("initial_increment", empty), lines.values.get("next_increment", empty)
    fallback_first = defaults.initial_increment or defaults.next_increment or 1
    fallback_next = defaults.next_increment or defaults.initial_increment or 1
    lines.values["initial_increment"] = np.where(
        first > 0, first, np.where(following > 0, following, fallback_first)
    )
    lines.values["next_increment"] = np.where(
        following > 0, following, np.where(first > 0, first, fallback_next)
    )
    lines.values["free_seconds"] = np.maximum(
        lines.values.get("free_seconds", np.zeros(len(lines), np.int64)), 0
    )
    if (
        any(name in lines.texts for name in ("increments", "initial_increment", "next_increment"))
        and defaults.initial_increment is None
    ):
        lines.report("increment_missing", (first < 1) & (following < 1) & is_open & ~_faulty(lines), None)


def _faulty(lines: Lines) -> Mask:
    return (
        lines.fault("increment_invalid", "increments")
        | lines.fault("increment_invalid", "initial_increment")
        | lines.fault("increment_invalid", "next_increment")
    )
