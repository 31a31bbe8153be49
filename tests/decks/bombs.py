"""Files made to hurt, and the problem each must be refused with."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import xlsxwriter


def workbook() -> dict[str, bytes]:
    """Parts of a small honest workbook."""
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink)
    sheet = book.add_worksheet("Rates")
    for row, cells in enumerate((("Code", "Destination", "Rate"), ("44", "UK", 0.01))):
        sheet.write_row(row, 0, cells)
    book.close()
    with zipfile.ZipFile(sink) as source:
        return {name: source.read(name) for name in source.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return sink.getvalue()


def changed(part: str, old: bytes, new: bytes) -> bytes:
    parts = workbook()
    assert old in parts[part]
    return packed(parts | {part: parts[part].replace(old, new, 1)})


def stretched(name: str, start: bytes, megabytes: int) -> bytes:
    """An archive with one member of `start` and very many equal bytes."""
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as member,
    ):
        member.write(start)
        for _ in range(megabytes):
            member.write(b"0" * (1 << 20))
    return sink.getvalue()


def long_line(megabytes: int) -> bytes:
    """One line of so many megabytes, in a GZ of a thousandth of that."""
    sink = io.BytesIO()
    with gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=9, mtime=0) as member:
        member.write(b"code,rate\n")
        for _ in range(megabytes):
            member.write(b"1" * (1 << 20))
    return sink.getvalue()


_LAUGHS = b"?>\n<!DOCTYPE lolz [" + b"".join(
    b'<!ENTITY lol%d "%s">' % (n, b"&lol%d;" % (n - 1) * 10 if n else b"lol") for n in range(10)
) + b"]>"  # fmt: skip


def all_bombs() -> dict[str, tuple[str, bytes, set[str]]]:
    """What it is → (file name, content, problem ids of which one must be given)."""
    plain = workbook()
    sheet = "xl/worksheets/sheet1.xml"
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    deck = b"code,rate\n44,0.1\n"
    nested = packed({"deck.csv": packed({"deck.csv": deck})})
    encrypted = (
        bytes.fromhex("d0cf11e0a1b11ae1")
        + b"\0" * 1024
        + "EncryptedPackage".encode("utf-16-le")
        + b"\0" * 1024
    )
    return {
        "zip ratio": ("deck.zip", stretched("deck.csv", deck, 512), {"file_too_big"}),
        "xlsx ratio": ("deck.xlsx", packed(plain | {sheet: plain[sheet][:-20] + b" " * (300 << 20)}), {"file_too_big"}),
        "nested zip": ("deck.zip", nested, {"file_unsafe"}),
        "billion laughs": ("deck.xlsx", changed("xl/sharedStrings.xml", b"?>", _LAUGHS), {"file_unsafe"}),
        "external entity": (
            "deck.xlsx",
            changed("xl/sharedStrings.xml", b"?>", b'?>\n<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>'),
            {"file_unsafe"},
        ),
        "absurd dimension": ("deck.xlsx", changed(sheet, b"</sheetData>", far), {"file_too_big"}),
        "line of a gigabyte": ("deck.csv.gz", long_line(1024), {"file_too_big", "line_too_long"}),
        "line of 20 megabytes": ("deck.csv", b"code,rate\n" + b"1" * (20 << 20), {"line_too_long"}),
        "zip slip": ("deck.zip", packed({"../../etc/deck.csv": deck}), {"file_unsafe"}),
        "macro": ("deck.xlsm", packed(plain | {"xl/vbaProject.bin": b"\xd0\xcf" * 64}), {"file_unsafe"}),
        "encrypted": ("deck.xlsx", encrypted, {"file_encrypted"}),
    }  # fmt: skip


def write(folder: Path) -> dict[str, tuple[Path, set[str]]]:
    """The bombs as files: what it is → (path, problem ids)."""
    found = {}
    for number, (what, (name, content, expected)) in enumerate(all_bombs().items()):
        place = folder / str(number)
        place.mkdir(parents=True)
        (place / name).write_bytes(content)
        found[what] = (place / name, expected)
    return found
