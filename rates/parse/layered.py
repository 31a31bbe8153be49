"""Rows that price several kinds of calls, one column each → Lines of each layer (origin group, jurisdiction)."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rates.fields import JURISDICTION_FIELDS, ORIGIN_RATE
from rates.lines import Lines, Mask
from rates.parse.money import MISSING
from rates.schema import JURISDICTIONS

T = TypeVar("T")

_EVERYBODY = frozenset(
    ("", "any", "all", "default", "*", "-", "n/a", "world", "worldwide", "any origin", "all origins", "other")
)
_CALLS = {
    "inter": "interstate",
    "inter state": "interstate",
    "intra": "intrastate",
    "intra state": "intrastate",
    "ij": "indeterminate",
    "indet": "indeterminate",
    "unknown": "indeterminate",
} | {name: name for name in JURISDICTIONS}


def split_layers(lines: Lines, origin: str) -> list[Lines]:
    """One Lines for each column of prices, the first of them with what was reported so far. `origin`: group of the whole sheet,
    "" = everybody. A price missing in one column where another has one is no fault: the layer then has no such code."""
    fields = [name for name in lines.texts if name in JURISDICTION_FIELDS or name.startswith(ORIGIN_RATE)]
    if not fields:
        _own_layers(lines, origin)
        return [lines]
    base = ["rate"] if "rate" in lines.texts else ["rate_peak"] if "rate_peak" in lines.texts else []
    names = [*base, *fields]
    priced = {name: _priced(lines, name) for name in names}
    somewhere = np.logical_or.reduce(list(priced.values()))
    return [
        _layer(
            lines,
            name,
            set(names),
            origin,
            keep=priced[name] | ~somewhere if number == 0 else priced[name],
            first=number == 0,
        )
        for number, name in enumerate(names)
    ]


def _priced(lines: Lines, name: str) -> Mask:
    """Rows that say something in this column: a price, a fault worth telling, or a word such as `blocked`."""
    missing = lines.fault("rate_missing", name)
    found: Mask = ~missing & (
        (lines.values[name] != MISSING) | np.array([f is not None for f in lines.faults[name]], bool)
    )
    return found


def _layer(lines: Lines, name: str, names: set[str], origin: str, *, keep: Mask, first: bool) -> Lines:
    """The rows under one column of prices, called `rate` there."""
    as_rate = name if name == "rate_peak" else "rate"
    others = names - {name}

    def own(found: Mapping[str, T]) -> dict[str, T]:
        kept = {field: value for field, value in found.items() if field not in others and field != name}
        return kept | ({as_rate: found[name]} if name in found else {})

    layer = Lines(
        sheet=lines.sheet,
        rows=lines.rows,
        headers=own(lines.headers),
        texts=own(lines.texts),
        reading=lines.reading,
        values=own(lines.values),
        faults=own(lines.faults),
        keep=lines.keep & keep,
        problems=lines.problems if first else [],
    )
    call = JURISDICTION_FIELDS.get(name)
    group = name.removeprefix(ORIGIN_RATE) if name.startswith(ORIGIN_RATE) else origin
    _own_layers(layer, group)
    if call:
        layer.texts["jurisdiction"] = pa.array([call] * len(layer), pa.utf8())
    return layer


def _own_layers(lines: Lines, origin: str) -> None:
    """Settles texts["origin"] and texts["jurisdiction"] (null = every call) from the row's own words, else the sheet's."""
    if "origin" in lines.texts:
        names = lines.texts["origin"]
        everybody = pc.is_in(pc.utf8_lower(names), pa.array(sorted(_EVERYBODY)))
        lines.texts["origin"] = pc.if_else(everybody, origin or None, names)
    elif origin:
        lines.texts["origin"] = pa.array([origin] * len(lines), pa.utf8())
    if "jurisdiction" in lines.texts:
        encoded = pc.dictionary_encode(pc.utf8_lower(lines.texts["jurisdiction"]))
        texts = encoded.dictionary.to_pylist()
        calls = [_CALLS.get(word.strip(" .")) for word in texts]
        unknown = np.array(
            [call is None and text not in _EVERYBODY for call, text in zip(calls, texts, strict=True)]
        )
        if unknown.any():
            lines.report(
                "jurisdiction_unknown",
                unknown[encoded.indices.to_numpy(zero_copy_only=False)],
                "jurisdiction",
            )
        if texts:
            lines.texts["jurisdiction"] = pa.array(calls, pa.utf8()).take(encoded.indices)
