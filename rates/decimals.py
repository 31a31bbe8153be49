"""Amounts as exact decimals, for people and for files."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def decimal_text(nanos: int | None) -> str:
    """Shortest exact decimal of an amount in nanos; "" for None."""
    if nanos is None:
        return ""
    whole, part = divmod(abs(nanos), 10**9)
    digits = f"{whole}.{part:09d}".rstrip("0").rstrip(".")
    return f"-{digits}" if nanos < 0 else digits


def decimal_texts(nanos: npt.NDArray[np.int64] | pa.Array | pa.ChunkedArray) -> pa.Array:
    """`decimal_text` of a whole column; "" for null."""
    column = pa.array(nanos) if isinstance(nanos, np.ndarray) else nanos
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    numbers = pc.fill_null(column, 0).to_numpy()
    size = np.abs(numbers)
    whole, part = pa.array(size // 10**9).cast(pa.utf8()), pa.array(size % 10**9).cast(pa.utf8())
    texts = pc.binary_join_element_wise(whole, pc.utf8_lpad(part, 9, "0"), ".")
    texts = pc.ascii_rtrim(pc.ascii_rtrim(texts, "0"), ".")
    if (numbers < 0).any():
        texts = pc.binary_join_element_wise(pc.if_else(pa.array(numbers < 0), "-", ""), texts, "")
    return pc.if_else(pc.is_null(column), "", texts) if column.null_count else texts
