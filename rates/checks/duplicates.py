"""The same code with the same beginning twice: identical rows are dropped with a warning, different ones are an error."""

import numpy as np

from rates.lines import Lines

_TERMS = (
    "rate",
    "first_rate",
    "connect_fee",
    "initial_increment",
    "next_increment",
    "free_seconds",
    "status",
    "effective_until",
)

_MANY = 10  # a few copies in a small file are no sign of anything


def check(lines: Lines) -> None:
    """Settles values["duplicate"]: 1 an identical copy left out, 2 one left out by choice, 3 one of several at different
    terms that nobody has chosen between, else 0."""
    keys, start = lines.values["key"], lines.values["effective_from"]
    mark = np.zeros(len(lines), np.int8)
    lines.values["duplicate"] = mark
    order = np.lexsort((np.arange(len(keys)), start, keys, ~lines.keep))
    order = order[lines.keep[order]]
    if len(order) < 2:
        return
    begins = np.ones(len(order), bool)
    begins[1:] = (keys[order][1:] != keys[order][:-1]) | (start[order][1:] != start[order][:-1])
    if begins.all():
        return
    group = np.cumsum(begins) - 1
    first = order[np.flatnonzero(begins)][group]
    differs = np.zeros(len(order), bool)
    for name in _TERMS:
        column = lines.values[name]
        differs |= column[order] != column[first]
    copy = np.zeros(len(lines), bool)
    copy[order[~begins & ~differs]] = True
    odd_group = np.zeros(group[-1] + 1, bool)
    odd_group[group[differs]] = True
    in_conflict = odd_group[group]
    copy[order[in_conflict]] = False
    mark[copy] = 1
    kept = max(int(lines.keep.sum()), 1)
    if copy.sum() >= _MANY and copy.sum() * 100 > lines.reading.thresholds.duplicate_pct * kept:
        share = f"{int(copy.sum()) * 100 // kept} % of the rows stand in the file twice: is it put together from two?"
        lines.judge("duplicate_rows", copy & (np.cumsum(copy) == 1), "code", hint=share)
    lines.report(
        "duplicate_code",
        copy,
        "code",
        severity="warning",
        hint="The same row twice: one was left out.",
        skip=True,
    )
    conflict = np.zeros(len(lines), bool)
    if lines.chosen("keep_first_duplicate"):
        conflict[order[in_conflict & ~begins]] = True
    elif lines.chosen("keep_last_duplicate"):
        ends = np.append(begins[1:], True)
        conflict[order[in_conflict & ~ends]] = True
    else:
        conflict[order[in_conflict]] = True
        if lines.judge("code_conflict", conflict, "code", id="duplicate_code") and _blocked(lines):
            mark[conflict & lines.keep] = 3
        return
    mark[conflict] = 2
    lines.report(
        "duplicate_code", conflict, "code", severity="warning", hint="Left out by your choice.", skip=True
    )


def _blocked(lines: Lines) -> bool:
    return (
        lines.reading.thresholds.severity_for("code_conflict", lines.reading.options.accept_warnings)
        == "error"
    )
