"""One currency a deck: a column, the sign in the rate cells, the header, or the default."""

import numpy as np
import pyarrow.compute as pc

from rates.lines import Lines, is_none
from rates.parse.words import currency_in, parse_currency


def check(lines: Lines) -> None:
    """Settles values["currency"] (object array of ISO codes). `reading.currency` is the stated or guessed one."""
    default = lines.reading.currency
    found = np.full(len(lines), default, object)
    for name, read in (("rate", currency_in), ("currency", parse_currency)):
        if name not in lines.texts:
            continue
        encoded = pc.dictionary_encode(lines.texts[name])
        texts = encoded.dictionary.to_pylist()
        if name == "rate" and len(texts) > 2000:
            texts = [text if any(not (c.isdigit() or c in ".,") for c in text) else "" for text in texts]
        codes = np.array([read(text) if text else None for text in texts] or [None], object)
        index = encoded.indices.to_numpy(zero_copy_only=False)
        if name == "currency":
            filled = pc.not_equal(lines.texts[name], "").to_numpy(zero_copy_only=False)
            unknown = filled & is_none(codes)[index]
            lines.report("currency_unknown", unknown, "currency")
        here = codes[index]
        found = np.where(is_none(codes)[index], found, here)
    used = {code for code in found[lines.keep] if code is not None}
    if len(used) > 1:
        common = max(used, key=lambda code: (int((found[lines.keep] == code).sum()), code))
        lines.report(
            "currency_mixed",
            found != common,
            "currency" if "currency" in lines.texts else "rate",
            hint=f"Most rows are in {common}, these are not: send one deck per currency.",
        )
    lines.values["currency"] = np.where(is_none(found), "", found)
