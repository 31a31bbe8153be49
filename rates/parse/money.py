"""Prices → integer nanos. Exact: digits are moved, never multiplied as floats."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rates.parse.distinct import Faults, parse_distinct

NANOS = 10**9
LARGEST = 10_000 * NANOS
"""No wholesale minute costs ten thousand; above it a cell is not a rate (and sums would leave 64 bits)."""
MISSING = -1
BLOCKED_WORDS = frozenset(
    (
        "blocked", "barred", "block", "not allowed", "no service", "suspended", "do not send", "bloccato", "bloccata", "sospeso",
        "bloqueado", "bloqueada", "suspendido", "suspenso", "gesperrt", "blockiert", "bloqué", "bloquée", "suspendu",
    )
)  # fmt: skip
CLOSED_WORDS = frozenset(
    (
        "closed", "close", "deleted", "delete", "removed", "discontinued", "ceased", "withdrawn", "chiuso", "chiusa", "cessato",
        "cerrado", "cerrada", "eliminado", "geschlossen", "gelöscht", "eingestellt", "fermé", "fermée", "supprimé", "fechado",
        "removido", "encerrado",
    )
)  # fmt: skip
_MISSING_WORDS = frozenset(
    (
        "",
        "-",
        "--",
        "n/a",
        "na",
        "#n/a",
        "tba",
        "tbd",
        "tbc",
        "null",
        "none",
        "nil",
        "?",
        "poa",
        "on request",
        "to be advised",
        "to be announced",
        "not available",
        "#value!",
        "#ref!",
        "#name?",
        "#div/0!",
        "x",
        "nan",
        "#spill!",
        "#calc!",
        "#null!",
        "#num!",
        "#getting_data",
        "#blocked!",
        "k.a.",
        "k. a",
        "auf anfrage",
        "sur demande",
        "bajo consulta",
        "a consultar",
        "su richiesta",
        "sob consulta",
        "n.d",
        "n/d",
        "nd",
        "nc",
    )
)
_SIGNS = re.compile(
    r"^(?:[A-Z]{3}\b|US\$|[$€£¥₹₽₺]|R\$|EUR|USD)\s*|\s*(?:[$€£¥₹₽₺]|[A-Z]{3}|(?:/|per )\s*min(?:ute)?\.?)$",
    re.I,
)
_SHOWN = 20_000
_PLAIN = r"^\d{1,4}(\.\d{0,8})?$"


def parse_money(texts: pa.Array, decimal_mark: str) -> tuple[npt.NDArray[np.int64], Faults]:
    """(nanos, faults). MISSING (−1) where there is no amount. Faults: rate_missing, rate_invalid, rate_negative, rate_precision
    (value rounded half-up to 8 places), blocked, closed (words in the rate's place)."""
    plain = pc.replace_substring(texts, ",", ".") if decimal_mark == "," else texts
    is_plain = pc.match_substring_regex(plain, _PLAIN)
    if decimal_mark == ",":
        is_plain = pc.and_(is_plain, pc.invert(pc.match_substring(texts, ".")))
    fast = is_plain.to_numpy(zero_copy_only=False)
    nanos = np.full(len(texts), MISSING, np.int64)
    faults = np.empty(len(texts), object)
    if fast.any():
        nanos[fast] = _digits(plain.filter(is_plain))
    if not fast.all():
        rest = texts.filter(pc.invert(is_plain))
        nanos[~fast], faults[~fast] = parse_distinct(
            rest, lambda text: parse_amount(text, decimal_mark), MISSING, np.int64
        )
    return nanos, faults


def _digits(plain: pa.Array) -> npt.NDArray[np.int64]:
    """Nanos of plain decimals: at most four digits, a dot, at most eight."""
    exact = pc.cast(plain, pa.decimal128(18, 9))
    lower_words: npt.NDArray[np.int64] = np.frombuffer(exact.buffers()[1], np.int64)[2 * exact.offset :: 2]
    return lower_words[: len(exact)]


def parse_amount(text: str, decimal_mark: str) -> tuple[int | None, str | None]:
    """One amount in any dress: `$ 0.0123`, `1.234,50 €`, `1.2E-2`, `(0.1)`; or a word."""
    words = text.lower().strip(" .")
    if words in _MISSING_WORDS or text.lower() in _MISSING_WORDS:
        return None, "rate_missing"
    if words in BLOCKED_WORDS:
        return None, "blocked"
    if words in CLOSED_WORDS:
        return None, "closed"
    bare = _SIGNS.sub("", _SIGNS.sub("", text.strip())).strip()
    negative = bare.startswith("(") and bare.endswith(")")
    bare = bare.strip("()")
    if decimal_mark == ",":
        bare = re.sub(r"(?<=\d)[.' ](?=\d{3}(?:\D|$))", "", bare).replace(",", ".", 1)
    else:
        bare = re.sub(r"(?<=\d)[,' ](?=\d{3}(?:\D|$))", "", bare)
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", bare, re.I):
        return None, "rate_invalid"
    try:
        value = Decimal(bare)
    except InvalidOperation:
        return None, "rate_invalid"
    if negative or value < 0:
        return None, "rate_negative"
    if value * NANOS > LARGEST:
        return None, "rate_invalid"
    rounded = value.quantize(Decimal("1e-8"), ROUND_HALF_UP)
    return int(rounded * NANOS), None if rounded == value else "rate_precision"


def _distinct(texts: pa.Array) -> pa.Array:
    """The first `_SHOWN` distinct cells."""
    rows = 4 * _SHOWN
    found = pc.unique(texts.slice(0, rows))
    while len(found) < _SHOWN and rows < len(texts):
        rows *= 4
        found = pc.unique(texts.slice(0, rows))
    return found.slice(0, _SHOWN)


def guess_decimal_mark(texts: pa.Array) -> tuple[str | None, int]:
    """(mark, confidence) over the distinct cells of the price columns; (None, 0) when the whole file reads both ways."""
    shown = _distinct(texts)
    plain = pc.match_substring_regex(shown, r"^\d+\.\d+$")
    comma = both_ways = 0
    dot: int = pc.sum(plain).as_py() or 0
    for text in shown.filter(pc.invert(plain)).to_pylist():
        number = re.search(r"\d[\d.,' ]*", text)
        if number is None:
            continue
        digits = number[0].rstrip("., ")
        last_dot, last_comma = digits.rfind("."), digits.rfind(",")
        if last_dot < 0 and last_comma < 0:
            continue
        if last_dot >= 0 and last_comma >= 0:
            if last_dot > last_comma:
                dot += 1
            else:
                comma += 1
            continue
        mark, at = (".", last_dot) if last_dot >= 0 else (",", last_comma)
        if digits.count(mark) > 1:  # 1.234.567: a thousands mark
            dot, comma = (dot, comma + 1) if mark == "." else (dot + 1, comma)
        elif len(digits) - at - 1 == 3 and re.fullmatch(r"[1-9]\d{0,2}", digits[:at]):
            both_ways += 1 if mark == "," else 0
            dot += 0 if mark == "," else 1  # 1.234 with a dot: read as usual unless commas say otherwise
        elif mark == ".":
            dot += 1
        else:
            comma += 1
    if dot and comma:
        return (".", 60) if dot > 20 * comma else (",", 60) if comma > 20 * dot else (None, 0)
    if comma:
        return ",", 97
    if both_ways and not dot:
        return None, 0
    return ".", 97 if dot else 90
