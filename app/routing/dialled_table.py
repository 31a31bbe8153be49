"""Many dialled numbers as one trunk writes them: each distinct text is read once, by the rules of `dialled`."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from app.carriers.models import CustomerTrunk
from app.errors import Invalid
from app.routing.dialled import dialled

# Stands for a text that is no number: the core answers it `bad_number`.
UNREADABLE = "-"
STEP = 10_000


def dialled_table(
    trunk: CustomerTrunk | None,
    calls: pa.Table,
    report: Callable[[int, int], None] = lambda done, total: None,
) -> pa.Table:
    """`calls` with `dnis` in E.164; a routing number in the text goes to `lrn` where the row has none of its own.

    "Portability already looked up" without a routing number means not ported: the number is then its own LRN.
    """
    if trunk is None or not (trunk.normalise or trunk.tech_prefix):
        return calls
    encoded = calls["dnis"].combine_chunks().dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    numbers: list[str | None] = []
    ported: list[str | None] = []
    for place, text in enumerate(texts):
        if place % STEP == 0:
            report(place, len(texts))
        number, lrn = _read(trunk, text or "")
        numbers.append(number)
        ported.append(lrn)
    dnis = pa.array(numbers, pa.utf8()).take(encoded.indices)
    calls = calls.set_column(calls.column_names.index("dnis"), "dnis", dnis)
    if not any(ported):
        return calls
    found = pa.array(ported, pa.utf8()).take(encoded.indices)
    if "lrn" not in calls.column_names:
        return calls.append_column("lrn", found)
    own = calls["lrn"].combine_chunks()
    merged = pa.compute.coalesce(pa.compute.if_else(pa.compute.equal(own, ""), None, own), found)
    return calls.set_column(calls.column_names.index("lrn"), "lrn", merged)


def _read(trunk: CustomerTrunk, text: str) -> tuple[str, str | None]:
    bare = text.strip()
    if not trunk.normalise:
        return bare.removeprefix(trunk.tech_prefix), None
    try:
        read = dialled(trunk, bare)
    except Invalid:
        return UNREADABLE, None
    return read.number, read.lrn or (read.number if read.npdi else None)
