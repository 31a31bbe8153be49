"""Dial codes: one, a list, a range, or country code + area codes → digit strings."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

MAX_DIGITS = 15
_PLAIN = r"^[1-9]\d{0,14}$"
_EITHER = re.compile(
    r"^\^?\+?(?P<head>\d+)\((?:\?:)?(?P<ends>\d+(?:\|\d+)+)\)(?:\.\*|\.\+|\*)?\$?$"
)  # ^44(20|121).*
_AREA = re.compile(
    r"(?P<plus>\+?)\b(?P<country>\d{1,3}) ?\((?P<area>\d{1,6})\) ?(?=\d*(?:$|[,;]))"
)  # +1 (212)
_PATTERN = re.compile(
    r"^\^?\+?(?P<head>\d*(?:\[[\d-]+\]\d*)*)(?:\.[*+]|\.|\\d[*+]?|\[0-9\][*+]?|\*|%|[xX]{2,}|#+)*\$?$"
)
"""`^93.*`, `93*`, `93XXX`, `93[45]`: every number that begins so."""
_DASHED = re.compile(r"^\+?\d{1,3}(?:-\d+){2,}$")
KEEPS_ZERO = ("39", "378", "379", "225", "241", "242", "229")
"""Country codes whose national numbers begin with 0 from abroad too."""
ZERO_RULES = {"strip": "strip_area_zero", "keep": "keep_area_zero"}
_RANGE = re.compile(r"^(\+?\d+)\s*(?:-|–|—|\.\.+|to)\s*(\+?\d+)$", re.I)
_SHORTENED = re.compile(r"^\d(?:[.,]\d+)?e\+?\d+$", re.I)


class BadCode(Exception):
    """args[0] is the problem id."""


def expand_range(first: str, last: str) -> list[str]:
    """Smallest set of prefixes covering exactly the numbers from `first` to `last`, both inclusive and of one length.
    Raises BadCode("range_invalid")."""
    if len(first) != len(last) or first > last:
        raise BadCode("range_invalid")
    return list(_cover(first, last))


def _cover(first: str, last: str) -> Iterator[str]:
    """Greedy from the left: the largest block of 10^k numbers that begins at `low` and does not pass `high`."""
    width, low, high = len(first), int(first), int(last)
    while low <= high:
        power = 0
        while power < width - 1 and low % 10 ** (power + 1) == 0 and low + 10 ** (power + 1) - 1 <= high:
            power += 1
        yield str(low).zfill(width)[: width - power]
        low += 10**power


def parse_codes(
    texts: pa.Array,
    prefixes: pa.Array | None,
    spaces: str | None,
    zeros: str | None = None,
    *,
    dashes: bool = False,
) -> tuple[pa.Array, npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """(codes, source row of each code, faults per source row). `prefixes`: country codes to put in front of every part.
    `spaces`: "join" or "split" for blanks inside a cell; `zeros`: "strip" or "keep" for an area code that begins with 0 where the
    country does not keep it; None = a problem. `dashes`: what cannot be a range is country and area, `44-207`."""
    if dashes:
        texts = undashed(texts)
    if prefixes is not None:
        return _parse_parts(texts, prefixes, spaces, zeros)
    faults = np.empty(len(texts), object)
    plain = pc.match_substring_regex(texts, _PLAIN)
    fast = plain.to_numpy(zero_copy_only=False)
    if fast.all():
        return texts, np.arange(len(texts), dtype=np.int64), faults
    kept = texts.filter(plain)
    found: list[str] = []
    sources: list[int] = []
    rows = np.flatnonzero(~fast)
    known: dict[str, list[str] | str] = {}
    for row, text in zip(rows.tolist(), texts.filter(pc.invert(plain)).to_pylist(), strict=True):
        result = known.get(text)
        if result is None:
            result = known[text] = _cell(text, "", spaces)
        _take(result, row, found, sources, faults)
    order = np.concatenate([np.flatnonzero(fast), np.array(sources, np.int64)])
    codes = pa.concat_arrays([kept, pa.array(found, pa.utf8())])
    rank = np.argsort(order, kind="stable")
    return codes.take(pa.array(rank)), order[rank], faults


_PAIR = re.compile(r"(?<![\d-])(\+?\d{1,3})\s*[-–]\s*(\d+)(?![\d-])")


def undashed(texts: pa.Array) -> pa.Array:
    """`44-207` as `44207`, where the two cannot be the ends of a range (one length, the lower first)."""

    def joined(found: re.Match[str]) -> str:
        first, last = found[1].lstrip("+"), found[2]
        return found[0] if len(first) == len(last) and first <= last else found[1] + last

    encoded = texts.dictionary_encode()
    words = pa.array([_PAIR.sub(joined, text) for text in encoded.dictionary.to_pylist()], pa.utf8())
    return words.take(encoded.indices)


def _parse_parts(
    texts: pa.Array, prefixes: pa.Array, spaces: str | None, zeros: str | None
) -> tuple[pa.Array, npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    faults = np.empty(len(texts), object)
    found: list[str] = []
    sources: list[int] = []
    known: dict[tuple[str, str], list[str] | str] = {}
    for row, key in enumerate(zip(texts.to_pylist(), prefixes.to_pylist(), strict=True)):
        result = known.get(key)
        if result is None:
            result = known[key] = _with_country(*key, spaces, zeros)
        _take(result, row, found, sources, faults)
    return pa.array(found, pa.utf8()), np.array(sources, np.int64), faults


def _take(
    result: list[str] | str, row: int, found: list[str], sources: list[int], faults: npt.NDArray[np.object_]
) -> None:
    if isinstance(result, str):
        faults[row] = result
    else:
        found.extend(result)
        sources.extend([row] * len(result))


def _with_country(area: str, country: str, spaces: str | None, zeros: str | None) -> list[str] | str:
    head = re.sub(r"\.0+$", "", country).lstrip("+")
    head = head[2:] if head.startswith("00") else head
    if not head:
        return "code_missing"
    if not head.isdigit():
        return "bad_code"
    if not area:
        return _cell(head, "", spaces)
    if head not in KEEPS_ZERO and re.search(r"(?:^|[,;|/\s-])0\d", area) and zeros != "keep":
        if zeros != "strip":
            return "area_zero"
        area = re.sub(r"(^|[,;|/\s-])0+(?=\d)", r"\1", area)
    return _cell(area, head, spaces)


def may_be_codes(cells: Iterable[str]) -> bool:
    """Whether any of the cells is a dial code in some dress, damaged ones included; words alone are none."""
    return any(_cell(cell, "", None) != "bad_code" for cell in cells)


def codes_in(part: str) -> list[str]:
    """Codes of one item that stands alone. Raises BadCode."""
    return _part(part, "", None)


def _cell(text: str, head: str, spaces: str | None) -> list[str] | str:
    """The codes of one cell, or a problem id."""
    if not text:
        return "code_missing"
    try:
        codes: list[str] = []
        if either := _EITHER.match(text):
            return [_whole(either["head"] + end, head) for end in dict.fromkeys(either["ends"].split("|"))]
        text = _AREA.sub(_area, text)
        for part in re.split(r"[,;|\n/&]+| and ", text):
            part = part.strip().strip("'\"").strip()
            if part:
                codes.extend(_part(part, head, spaces))
        return list(dict.fromkeys(codes)) or "code_missing"
    except BadCode as fault:
        return str(fault)


def _area(found: re.Match[str]) -> str:
    """`+1 (212)` is `+1212`; a 0 in brackets is dialled only at home and stays a fault, where the country does not keep it."""
    keeps = not found["area"].startswith("0") or found["country"] in KEEPS_ZERO
    return f"{found['plus']}{found['country']}{found['area']}" if keeps else found[0]


def _part(part: str, head: str, spaces: str | None) -> list[str]:
    if not part.isascii():
        part = unicodedata.normalize("NFKC", part)
    if _SHORTENED.match(part):
        raise BadCode("code_shortened")
    if _DASHED.match(part):
        return [_whole(part.replace("-", ""), head)]
    if not part.isdigit() and (found := _PATTERN.match(part)) and found["head"]:
        return [_whole(code, head) for code in _classes(found["head"])]
    if found := _RANGE.match(part):
        first, last = (_whole(end, head) for end in found.groups())
        return expand_range(first, last)
    if re.search(r"\s", part):
        pieces = part.split()
        if not all(re.fullmatch(r"\+?\d+", piece) for piece in pieces):
            raise BadCode("bad_code")
        if spaces == "split":
            return [_whole(piece, head) for piece in pieces]
        if spaces == "join" or (len(pieces) == 2 and pieces[0] == "+"):
            return [_whole("".join(pieces), head)]
        raise BadCode("code_spaced")
    return [_whole(part, head)]


def _classes(head: str) -> list[str]:
    """`9[3-57]` → 93, 94, 95, 97."""
    codes = [""]
    for fixed, chosen in re.findall(r"(\d+)|\[([\d-]+)\]", head):
        if fixed:
            codes = [code + fixed for code in codes]
            continue
        digits: list[str] = []
        for low, high in re.findall(r"(\d)(?:-(\d))?", chosen):
            if high and high < low:
                raise BadCode("range_invalid")
            digits += [str(digit) for digit in range(int(low), int(high or low) + 1)]
        codes = [code + digit for code in codes for digit in dict.fromkeys(digits)]
        if len(codes) > 1000:
            raise BadCode("range_invalid")
    return codes


def _whole(digits: str, head: str) -> str:
    """One code: `.0`, `+` and `00` taken off, the country put in front."""
    digits = re.sub(r"\.0+$", "", digits)
    if not head:
        if digits.startswith("+"):
            digits = digits[1:]
        elif digits.startswith("00"):
            digits = digits[2:]
    code = head + digits.lstrip("+") if head else digits
    if not re.fullmatch(r"[0-9]+", code) or code.startswith("0"):
        raise BadCode("bad_code")
    if len(code) > MAX_DIGITS:
        raise BadCode("code_too_long")
    return code
