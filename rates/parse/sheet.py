"""One sheet of strings → Lines with typed values and faults; nothing is judged here."""

from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from rates.fields import is_rate
from rates.lines import Lines, Reading
from rates.parse import dates, increments, money, words
from rates.parse.named import split_named
from rates.parse.text import clean
from rates.read.raw import RawSheet

NANOS_PER_UNIT = {"per_minute": 1, "per_second": 60}


def parse_sheet(
    sheet: RawSheet,
    header_row: int,
    last_row: int,
    mapping: dict[int, str],
    headers: dict[int, str],
    reading: Reading,
) -> Lines:
    """`mapping`: column index → field, without `ignore`. Blank rows vanish here; every other row stays."""
    body = sheet.frame.iloc[header_row:last_row]
    texts: dict[str, pa.Array] = {}
    heads: dict[str, str] = {}
    for index, name in mapping.items():
        cells, head = clean(body[index]), headers.get(index) or f"column {index + 1}"
        texts[name] = _together(texts[name], cells, ",") if name in texts else cells
        heads[name] = f"{heads[name]}, {head}" if name in heads else head
    filled = _filled(texts)
    rows = body.index.to_numpy().astype(np.int32)
    if not filled.all():
        kept = pa.array(filled)
        texts, rows = {name: cells.filter(kept) for name, cells in texts.items()}, rows[filled]
    _unusual_codes(texts, heads)
    _fill_country(texts)
    lines = Lines(
        sheet=sheet.name,
        rows=rows,
        headers=heads,
        texts=texts,
        reading=reading,
        keep=np.ones(len(rows), bool),
    )
    _extra_cells(lines, body, headers, header_row, filled)
    _money(lines)
    _dates(lines, sheet.date_1904 or reading.options.date_system == "1904")
    _increments(lines)
    if "status" in texts:
        lines.values["status"], lines.faults["status"] = words.parse_status(texts["status"])
    elif "remark" in texts:
        lines.values["status"], lines.faults["remark"] = words.parse_remarks(texts["remark"])
    return lines


def _together(first: pa.Array, second: pa.Array, mark: str) -> pa.Array:
    """Both cells with the mark between them; one alone stays as it is."""
    both = pc.binary_join_element_wise(first, second, mark)
    return pc.if_else(pc.equal(second, ""), first, pc.if_else(pc.equal(first, ""), second, both))


def _unusual_codes(texts: dict[str, pa.Array], headers: dict[str, str]) -> None:
    """Codes out of names, and ranges out of two columns, as texts["code"]."""
    if "named_code" in texts and "code" not in texts:
        texts["code"], names = split_named(texts["named_code"])
        texts.setdefault("destination", names)
        headers["code"] = headers["named_code"]
        headers.setdefault("destination", headers["named_code"])
    if "code_to" in texts and "code" in texts:
        first, last = (pc.replace_substring_regex(texts[name], r"\.0+$", "") for name in ("code", "code_to"))
        texts["code"] = pc.if_else(pc.equal(first, last), first, _together(first, last, "-"))


def _filled(texts: dict[str, pa.Array]) -> npt.NDArray[np.bool_]:
    """Rows with any text in a mapped column."""
    any_text = None
    for cells in texts.values():
        has = pc.not_equal(cells, "")
        any_text = has if any_text is None else pc.or_(any_text, has)
    return np.zeros(0, bool) if any_text is None else any_text.to_numpy(zero_copy_only=False)


def _fill_country(texts: dict[str, pa.Array]) -> None:
    """A country code written once above its area codes holds for all of them."""
    country, area = texts.get("country_code"), texts.get("area_code")
    if country is None or area is None:
        return
    below = pc.and_(pc.equal(country, ""), pc.not_equal(area, ""))
    if pc.any(below).as_py():
        above = pc.fill_null(pc.fill_null_forward(pc.if_else(pc.equal(country, ""), None, country)), "")
        texts["country_code"] = pc.if_else(below, above, country)


def _extra_cells(
    lines: Lines, body: pd.DataFrame, headers: dict[int, str], header_row: int, filled: npt.NDArray[np.bool_]
) -> None:
    """Report rows that go on to the right of the last header."""
    named = [index for index, text in headers.items() if text]
    if not header_row or not named:
        return
    for index in range(max(named) + 1, body.shape[1]):
        cells = clean(body[index]).filter(pa.array(filled))
        lines.texts[f"column {index + 1}"] = cells
        lines.report(
            "extra_cells", pc.not_equal(cells, "").to_numpy(zero_copy_only=False), f"column {index + 1}"
        )


def _money(lines: Lines) -> None:
    mark = lines.reading.decimal_mark
    for name in list(lines.texts):
        if is_rate(name) or name == "connect_fee":
            lines.values[name], lines.faults[name] = money.parse_money(lines.texts[name], mark)


def _dates(lines: Lines, date_1904: bool) -> None:
    zone = ZoneInfo(lines.reading.options.time_zone)
    for name in ("effective_from", "effective_until"):
        if name in lines.texts:
            lines.values[name], lines.faults[name] = dates.parse_dates(
                lines.texts[name], lines.reading.date_order, zone, date_1904
            )


def _increments(lines: Lines) -> None:
    for name, lowest in (("initial_increment", 1), ("next_increment", 1), ("free_seconds", 0)):
        if name in lines.texts:
            lines.values[name], lines.faults[name] = increments.parse_seconds(lines.texts[name], lowest)
    if "increments" in lines.texts:
        first, following, faults = increments.parse_pairs(lines.texts["increments"])
        lines.faults["increments"] = faults
        for name, found in (("initial_increment", first), ("next_increment", following)):
            own = lines.values.get(name)
            lines.values[name] = found if own is None else np.where(own < 0, found, own)
