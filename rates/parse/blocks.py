"""North American number blocks: NPA + NXX in one cell or two, and decks priced by OCN or LATA, spread out by a table of blocks."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import pyarrow as pa

_DIGITS = re.compile(r"^[2-9]\d{2}[2-9]\d{2}\d?$")


def npanxx_codes(texts: pa.Array) -> pa.Array:
    """`212555`, `212-555`, `(212) 555`, `1212555`, `2125551` (a thousands block) → dial codes with the 1 in front. What is no such
    number stays as it is, to be judged as a dial code."""
    encoded = texts.dictionary_encode()
    words = pa.array([_block(text) for text in encoded.dictionary.to_pylist()], pa.utf8())
    return words.take(encoded.indices)


def _block(text: str) -> str:
    digits = re.sub(r"[\s().-]", "", re.sub(r"\.0+$", "", text)).removeprefix("+")
    if digits.startswith("1") and _DIGITS.match(digits[1:]):
        return digits
    return f"1{digits}" if _DIGITS.match(digits) else text


def joined_npanxx(npa: pa.Array, nxx: pa.Array) -> pa.Array:
    """One block from two columns; both must be three digits, else the cells stay visible for the message."""
    codes = []
    for area, exchange in zip(npa.to_pylist(), nxx.to_pylist(), strict=True):
        parts = [re.sub(r"\.0+$", "", cell) for cell in (area, exchange)]
        whole = "".join(parts)
        codes.append(f"1{whole}" if _DIGITS.match(whole) else " + ".join(p for p in parts if p))
    return pa.array(codes, pa.utf8())


def blocks_by(keys: Sequence[str], codes: Sequence[str]) -> Mapping[str, list[str]]:
    """OCN or LATA (as `key_of` writes it) → its dial codes."""
    found: dict[str, list[str]] = defaultdict(list)
    for key, code in zip(keys, codes, strict=True):
        if key:
            found[key_of(key)].append(code)
    return found


def key_of(text: str) -> str:
    """An OCN or LATA however a spreadsheet left it: upper case, without `.0` and leading zeros."""
    return re.sub(r"\.0+$", "", text.strip()).upper().lstrip("0")
