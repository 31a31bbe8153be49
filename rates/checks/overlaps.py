"""A row that states its end must end before the next row of the same code begins."""

import numpy as np

from rates.lines import Lines
from rates.parse.dates import NONE


def check(lines: Lines) -> None:
    keys, start, end = (
        lines.values["key"],
        lines.values["effective_from"],
        lines.values["effective_until"],
    )
    if (end == NONE).all():
        return
    order = np.lexsort((start, keys, ~lines.keep))
    order = order[lines.keep[order]]
    here, following = order[:-1], order[1:]
    over = (keys[here] == keys[following]) & (end[here] != NONE) & (end[here] > start[following])
    where = np.zeros(len(lines), bool)
    where[here[over]] = True
    lines.judge("overlap", where, "code")
