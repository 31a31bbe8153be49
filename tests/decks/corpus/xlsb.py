"""The smallest XLSB a spreadsheet program would write: the same parts as an XLSX, the sheets as BIFF12 records ([MS-XLSB])."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zipfile
from collections.abc import Mapping, Sequence

_BUNDLE_SH, _BEGIN_BUNDLE, _END_BUNDLE = 156, 143, 144
_BEGIN_BOOK, _END_BOOK, _BEGIN_SHEET, _END_SHEET = 131, 132, 129, 130
_WS_DIM, _BEGIN_DATA, _END_DATA, _ROW, _REAL, _STRING = 148, 145, 146, 0, 5, 6
_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
)
_RELS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
_REL = '<Relationship Id="{}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/>'


def xlsb_bytes(sheets: Mapping[str, Sequence[Sequence[object]]]) -> bytes:
    """Dates are stored as serial numbers of 1900."""
    bundle = b"".join(
        _record(_BUNDLE_SH, struct.pack("<II", 0, number) + _wide(f"rId{number}") + _wide(name))
        for number, name in enumerate(sheets, start=1)
    )
    book = _record(_BEGIN_BOOK) + _record(_BEGIN_BUNDLE) + bundle + _record(_END_BUNDLE) + _record(_END_BOOK)
    links = "".join(
        _REL.format(f"rId{n}", "worksheet", f"worksheets/sheet{n}.bin") for n in range(1, len(sheets) + 1)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as sink:
        sink.writestr("[Content_Types].xml", _TYPES)
        sink.writestr("_rels/.rels", _RELS.format(_REL.format("rId1", "officeDocument", "xl/workbook.bin")))
        sink.writestr("xl/workbook.bin", book)
        sink.writestr("xl/_rels/workbook.bin.rels", _RELS.format(links))
        for number, rows in enumerate(sheets.values(), start=1):
            sink.writestr(f"xl/worksheets/sheet{number}.bin", _sheet(rows))
    return out.getvalue()


def _record(kind: int, body: bytes = b"") -> bytes:
    """Kind in one or two bytes and length in up to four, seven bits each."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = bytearray(), len(body)
    while True:
        size.append(length & 0x7F | (0x80 if length > 0x7F else 0))
        length >>= 7
        if not length:
            return head + bytes(size) + body


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le")


def _sheet(rows: Sequence[Sequence[object]]) -> bytes:
    width = max((len(cells) for cells in rows), default=1)
    parts = [
        _record(_BEGIN_SHEET),
        _record(_WS_DIM, struct.pack("<IIII", 0, max(len(rows) - 1, 0), 0, max(width - 1, 0))),
        _record(_BEGIN_DATA),
    ]
    for number, cells in enumerate(rows):
        parts.append(_record(_ROW, struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0)))
        for column, cell in enumerate(cells):
            where = struct.pack("<II", column, 0)
            if isinstance(cell, dt.date):
                parts.append(_record(_REAL, where + struct.pack("<d", (cell - dt.date(1899, 12, 30)).days)))
            elif isinstance(cell, str):
                if cell:
                    parts.append(_record(_STRING, where + _wide(cell)))
            elif isinstance(cell, (int, float)):
                parts.append(_record(_REAL, where + struct.pack("<d", cell)))
    parts += [_record(_END_DATA), _record(_END_SHEET)]
    return b"".join(parts)
