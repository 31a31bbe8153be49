"""Increments in all notations: two columns, `30/6`, `60`, `1+1`, `30-6`, `60/60 s`, and whole seconds."""

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rates.parse.distinct import Faults, parse_distinct

MISSING = -1
LARGEST = 86_400
_PAIR = re.compile(r"^(\d{1,6})\s*(?:[/+:;\-x]|and)\s*(\d{1,6})(?:\s*[/+:\-]\s*(\d{1,6}))?$")
_WORDS = {"per second": 1, "second": 1, "sec": 1, "per minute": 60, "minute": 60, "min": 60}


def parse_seconds(texts: pa.Array, lowest: int) -> tuple[npt.NDArray[np.int64], Faults]:
    """(seconds, faults): whole seconds from `lowest` to a day; MISSING where empty."""
    return parse_distinct(texts, lambda text: _seconds(text, lowest), MISSING, np.int64)


def _seconds(text: str, lowest: int) -> tuple[int | None, str | None]:
    words = re.sub(r"\s*(s|sec|secs|seconds?|\")$", "", text.lower()).strip()
    if words in ("", "-", "n/a"):
        return None, None
    if text.lower() in _WORDS:
        return _WORDS[text.lower()], None
    if minutes := re.fullmatch(r"(\d{1,3})\s*(?:m|min|mins|minutes?)", words):
        words = str(int(minutes[1]) * 60)
    words = re.sub(r"[.,]0+$", "", words)
    if not re.fullmatch(r"\d{1,6}", words) or not lowest <= int(words) <= LARGEST:
        return None, "increment_invalid"
    return int(words), None


def parse_pairs(texts: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Faults]:
    """(initial, next, faults) from one cell. `60` means 60/60. Three figures (`min/first/next`) keep the larger of the first two."""
    packed, faults = parse_distinct(texts, _pair, MISSING, np.int64)
    known = packed >= 0
    return np.where(known, packed // 1_000_000, MISSING), np.where(known, packed % 1_000_000, MISSING), faults


def _pair(text: str) -> tuple[int | None, str | None]:
    words = re.sub(r"\s*(s|sec|secs|seconds?|\")$", "", text.lower()).strip()
    if words in ("", "-", "n/a"):
        return None, None
    if found := _PAIR.match(re.sub(r"(?<=\d)\s*(?:s|sec|\")(?=\W)", "", words)):
        figures = [int(figure) for figure in found.groups() if figure is not None]
        initial, following = (
            (max(figures[0], figures[1]), figures[2]) if len(figures) == 3 else (figures[0], figures[1])
        )
    else:
        one, fault = _seconds(text, 1)
        if fault or one is None:
            return None, fault
        initial = following = one
    if not (1 <= initial <= LARGEST and 1 <= following <= LARGEST):
        return None, "increment_invalid"
    return initial * 1_000_000 + following, None
