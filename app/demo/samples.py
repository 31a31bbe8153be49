"""A few untidy decks such as carriers send: for a person who wants to upload something."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import xlsxwriter

from app.demo.numbering import DemoCode, country_code, world
from app.demo.prices import draw, increments, market_nanos
from ratecards.export import decimal_text


def _some(starts: tuple[str, ...], limit: int) -> list[DemoCode]:
    return [code for code in world() if code.code.startswith(starts)][:limit]


def _rate(code: DemoCode, name: str) -> int:
    """Market price with a sample's own slant, in whole steps of 0.00001."""
    return max(
        10_000, market_nanos(code) * draw(f"{name} {code.destination}", 88, 109) // 100 // 10_000 * 10_000
    )


def _comma(nanos: int) -> str:
    return decimal_text(nanos, 4).replace(".", ",")


def semicolon_csv(now: datetime) -> bytes:
    """`;` between cells, decimal comma, day first, Windows encoding."""
    lines = ["Rufnummer;Ziel;Preis/Min EUR;Taktung;Gültig ab"]
    for code in _some(("49", "43", "41"), 1200):
        first, following = increments(code, "sample")
        lines.append(
            f"{code.code};{code.destination};{_comma(_rate(code, 'semicolon'))};{first}/{following};{now:%d.%m.%Y}"
        )
    return "\r\n".join(lines).encode("cp1252", "replace")


def preamble_xlsx(now: datetime) -> bytes:
    """Company heading and notes above the table, a footer below it, a second sheet that is not rates."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet, bold = book.add_worksheet("A-Z Rates"), book.add_format({"bold": True})
        sheet.merge_range("A1:F1", "Harbourline Telecom - Wholesale Voice Price List", bold)
        sheet.write("A2", f"Issued {now:%d %B %Y} - all prices USD per minute - confidential")
        sheet.write("A4", "Increases take effect 7 days after this notice.")
        sheet.write_row(
            "A6", ["Destination", "Dial Code", "Rate (USD)", "Effective Date", "Initial", "Increment"], bold
        )
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        row = 6
        for code in _some(("2",), 1500):
            sheet.write(row, 0, code.destination)
            sheet.write_number(row, 1, int(code.code))
            sheet.write_string(row, 2, f"{_rate(code, 'preamble') / 10**9:.5f}")
            sheet.write_datetime(
                row,
                3,
                (now + timedelta(days=7)).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0),
                day,
            )
            first, following = increments(code, "sample")
            sheet.write_row(row, 4, [first, following])
            row += 1
        sheet.write(row + 1, 0, "*** End of price list. Rates exclude taxes. ***")
        book.add_worksheet("Contacts").write_row("A1", ["NOC", "noc@harbourline.example"])
    return out.getvalue()


def split_columns_csv(now: datetime) -> bytes:
    """Country code and area codes apart, many area codes in one cell; a few rows that need a person."""
    lines = ["Country,Country Code,Area Codes,Rate,Billing,Effective From"]
    grouped: dict[tuple[str, str], list[DemoCode]] = {}
    for code in _some(("44", "353", "33"), 900):
        grouped.setdefault((country_code(code.code), code.destination), []).append(code)
    for (cc, destination), codes in grouped.items():
        areas = ",".join(code.code[len(cc) :] for code in codes)
        lines.append(
            f'"{destination}",{cc},"{areas}",{decimal_text(_rate(codes[0], "split"))},1/1,{now:%Y-%m-%d}'
        )
    lines += [
        '"United Kingdom - Personal",44,"70,76",TBA,60/60,',
        '"United Kingdom - Premium",44,"9",,1/1,',
        "Total,,,,,",
    ]
    return "\n".join(lines).encode()


def ranges_csv(now: datetime) -> bytes:
    """Ranges of codes, quoted numbers, `+` before them, tab separated."""
    lines = ["code\tname\tprice\tvalid from"]
    for destination, first, last in _ranges():
        nanos = 9_000_000 + draw(destination, 0, 400) * 10_000
        lines.append(f"+{first}-{last}\t{destination}\t{decimal_text(nanos)}\t{now:%Y-%m-%d}")
    lines.append(f"447700-447709\tUnited Kingdom - Mobile block\t0.0121\t{now:%Y-%m-%d}")
    lines.append(f"998-1002\tReversed on purpose\t0.05\t{now:%Y-%m-%d}")
    return "\n".join(lines).encode()


def _ranges() -> Iterator[tuple[str, str, str]]:
    codes = [code for code in _some(("49", "33", "34"), 3000) if code.kind == "mobile"]
    for code in codes[:150]:
        yield code.destination, code.code + "0", code.code + str(draw(code.code, 3, 9))


def zipped_csv(now: datetime) -> bytes:
    """A ZIP with the rates in a folder and a letter beside them."""
    out = io.BytesIO()
    rows = ["prefix,destination,rate,currency,min_duration,interval"]
    for code in _some(("1",), 3000):
        rows.append(f"{code.code},{code.destination},{decimal_text(_rate(code, 'zip'), 5)},USD,6,6")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rates/north_america.csv", "\n".join(rows))
        archive.writestr(
            "README.txt", f"Northgate Carrier, rates of {now:%Y-%m-%d}. Partial update: other codes stay.\n"
        )
    return out.getvalue()


SAMPLES: Final[dict[str, tuple[str, Callable[[datetime], bytes]]]] = {
    "semicolon_decimal_comma.csv": (
        "CSV with ; and decimal comma, German headers, Windows encoding",
        semicolon_csv,
    ),
    "preamble_and_footer.xlsx": (
        "XLSX with a heading above and notes below the table, two sheets",
        preamble_xlsx,
    ),
    "country_and_area_columns.csv": (
        "CSV with country and area codes apart, some rows without a rate",
        split_columns_csv,
    ),
    "ranges.tsv": ("Tab separated, ranges of codes, one of them reversed", ranges_csv),
    "north_america.zip": ("ZIP with a CSV of 3,000 US and Canadian codes", zipped_csv),
}
"""File name -> (what is untidy about it, how to make it)."""


def write_samples(folder: Path, *, now: datetime) -> list[Path]:
    """Write every sample below `folder`; returns the paths."""
    written = []
    for name, (_, make) in SAMPLES.items():
        path = folder / name
        path.write_bytes(make(now))
        written.append(path)
    return written
