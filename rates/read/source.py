"""One file, whatever its kind → the list of its sheets, each readable by name."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rates.deckcheck import Value
from rates.options import DeckOptions, Limits
from rates.read.archive import deck_members, open_archive, ungzip, unpack
from rates.read.raw import RawSheet, Refused
from rates.read.text import guess_delimiter, guess_encoding, read_text
from rates.read.workbook import MACROS, look_over, open_workbook, read_workbook_sheet

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_GZIP = b"\x1f\x8b"
_NESTED = "An archive inside an archive is not opened: send the inner one."
_NONE = Value(value=None, confidence=100)


@dataclass
class Source:
    """kind: text, workbook or archive. `sheets` maps each name to its reader; readers may raise Refused."""

    kind: str
    sheets: dict[str, Callable[[], RawSheet]] = field(default_factory=dict)
    encoding: Value = _NONE
    delimiter: Value = _NONE


def open_source(
    path: Path, name: str, options: DeckOptions, limits: Limits, last_encoding: str | None, scratch: Path
) -> Source:
    """Judge the file by its first bytes, never by its name alone. `scratch`: directory for unpacked members."""
    size = path.stat().st_size
    if size == 0:
        raise Refused.because("file_empty")
    if size > limits.file_bytes:
        raise Refused.because(
            "file_too_big", hint=f"A file may have {limits.file_bytes >> 20} MB: split the deck."
        )
    with path.open("rb") as handle:
        head = handle.read(1 << 16)
    if head.startswith(b"PK"):
        return _open_zip(path, options, limits, last_encoding, scratch)
    if head.startswith(_GZIP):
        return _open_gzip(path, name, options, limits, last_encoding, scratch)
    if head.startswith(_OLE):
        return _open_ole(path, limits)
    if head.startswith(
        (
            b"%PDF",
            b"\x7fELF",
            b"MZ",
            b"\x89PNG",
            b"\xff\xd8\xff",
            b"GIF8",
            b"Rar!",
            b"7z\xbc\xaf",
            b"BZh",
        )
    ):
        raise Refused.because("file_type_unknown")
    if head.lstrip()[:15].lower().startswith((b"<!doctype", b"<html", b"<?xml", b"{\\rtf")):
        raise Refused.because(
            "file_type_unknown",
            hint="This is a page or document, not a table: save the rates as CSV or XLSX.",
        )
    encoding = guess_encoding(path, options.encoding, last_encoding)
    delimiter = guess_delimiter(path, encoding.value or "utf-8", options.delimiter, limits)
    return Source(
        "text",
        {name: lambda: read_text(path, name, encoding.value or "utf-8", delimiter.value or ",", limits)},
        encoding,
        delimiter,
    )


def _open_gzip(
    path: Path, name: str, options: DeckOptions, limits: Limits, last_encoding: str | None, scratch: Path
) -> Source:
    """A single packed file; its name is that of the GZ without the ending."""
    target = Path(tempfile.mkdtemp(dir=scratch)) / "0.part"
    ungzip(path, target, limits)
    with target.open("rb") as handle:
        if handle.read(2) == _GZIP:
            raise Refused.because("file_unsafe", text=name, hint=_NESTED)
    inner = name[:-3] if name.lower().endswith(".gz") else name
    return open_member(target, inner, options, limits, last_encoding)


def _open_ole(path: Path, limits: Limits) -> Source:
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise Refused.because("file_encrypted")
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        raise Refused.because("file_unsafe", hint=MACROS)
    return _workbook(path, limits, False, {})


def _workbook(path: Path, limits: Limits, date_1904: bool, formulas: dict[str, tuple[str, ...]]) -> Source:
    book = open_workbook(path)
    if not book.sheet_names:
        raise Refused.because("sheet_empty")

    def reader(sheet: str) -> Callable[[], RawSheet]:
        return lambda: read_workbook_sheet(
            path, book, sheet, sheet, limits, date_1904, formulas.get(sheet, formulas.get("", ()))
        )

    return Source("workbook", {sheet: reader(sheet) for sheet in book.sheet_names})


def _open_zip(
    path: Path, options: DeckOptions, limits: Limits, last_encoding: str | None, scratch: Path
) -> Source:
    with open_archive(path, limits) as archive:
        names = set(archive.namelist())
        if "[Content_Types].xml" in names or "mimetype" in names or "content.xml" in names:
            return _workbook(path, limits, *look_over(path, limits))
        members = deck_members(archive)
        folder = Path(tempfile.mkdtemp(dir=scratch))
        source = Source("archive")
        for number, member in enumerate(members):
            target = folder / f"{number}.part"
            unpack(archive, member, target, limits)
            inner = open_member(target, member.filename, options, limits, last_encoding)
            single = len(inner.sheets) == 1
            for sheet, read in inner.sheets.items():
                label = member.filename if single else f"{member.filename}/{sheet}"
                source.sheets[label] = _relabel(read, label)
            source.encoding, source.delimiter = inner.encoding, inner.delimiter
    return source


def open_member(
    path: Path, name: str, options: DeckOptions, limits: Limits, last_encoding: str | None
) -> Source:
    """A member of an archive: a deck file, never an archive of decks (nesting ends here)."""
    with path.open("rb") as handle:
        begins = handle.read(2)
    if begins == _GZIP:
        raise Refused.because("file_unsafe", text=name, hint=_NESTED)
    if begins == b"PK":
        with open_archive(path, limits) as inner:
            if not {"[Content_Types].xml", "mimetype"} & set(inner.namelist()):
                raise Refused.because(
                    "file_unsafe",
                    text=name,
                    hint=_NESTED,
                )
    return open_source(path, name, options, limits, last_encoding, path.parent)


def _relabel(read: Callable[[], RawSheet], label: str) -> Callable[[], RawSheet]:
    def again() -> RawSheet:
        sheet = read()
        return RawSheet(label, sheet.frame, sheet.date_1904, sheet.formulas, sheet.notes)

    return again


def forget(scratch: Path) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
