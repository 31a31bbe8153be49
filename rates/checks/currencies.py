"""One currency a deck: a column, the sign in the rate cells, the header, or the default."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rates.lines import Lines, is_none
from rates.parse.words import currency_in, parse_currency

_BARE = r"^[\d.,]*$"


def check(lines: Lines) -> None:
    """Settles values["currency"] (object array of ISO codes). `reading.currency` is the stated or guessed one."""
    default = lines.reading.currency
    found = np.full(len(lines), default, object)
    for name, read in (("rate", currency_in), ("currency", parse_currency)):
        if name not in lines.texts:
            continue
        texts = lines.texts[name]
        if name == "rate":
            odd = pc.invert(pc.match_substring_regex(texts, _BARE))
            if not pc.any(odd).as_py():
                continue
            texts = pc.if_else(odd, texts, "")
        codes, index = _distinct(texts, read)
        if name == "currency":
            filled = pc.not_equal(texts, "").to_numpy(zero_copy_only=False)
            lines.report("currency_unknown", filled & is_none(codes)[index], "currency")
        named = ~is_none(codes)[index]
        found[named] = codes[index[named]]
    used = set(pd.unique(found[lines.keep])) - {None}
    if len(used) > 1:
        _mixed(lines, found, used)
    if default is None:
        found = np.where(is_none(found), "", found)
    lines.values["currency"] = found


def _distinct(texts: pa.Array, read: object) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """(currency of each distinct text or None, which of them each row has)."""
    assert callable(read)
    encoded = pc.dictionary_encode(texts)
    codes = np.empty(max(len(encoded.dictionary), 1), object)
    codes[: len(encoded.dictionary)] = [
        read(text) if text else None for text in encoded.dictionary.to_pylist()
    ]
    return codes, encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _mixed(lines: Lines, found: npt.NDArray[np.object_], used: set[str]) -> None:
    common = max(used, key=lambda code: (int((found[lines.keep] == code).sum()), code))
    lines.judge(
        "currency_mixed",
        found != common,
        "currency" if "currency" in lines.texts else "rate",
        hint=f"Most rows are in {common}, these are not: send one deck per currency.",
    )
