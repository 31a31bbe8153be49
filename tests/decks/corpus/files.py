"""Defects of whole files: encodings, delimiters, ragged rows, workbooks with several sheets, archives."""

# ruff: noqa: E501 - the rows of a deck stand side by side with what must come of them
from __future__ import annotations

import datetime as dt
import io
import zipfile

from tests.decks.corpus.case import Corpus
from tests.decks.corpus.cells import BOTH, FR, HEAD, UK, codes, deck
from tests.decks.corpus.writers import gzip_bytes, text_bytes, xlsx_bytes, zip_bytes

TABLE = deck(UK, FR)
PLAIN = text_bytes(TABLE)
REUNION = deck(("262", "Réunion", "0.1"), ("33", "Île-de-France", "0.1"))
ASK_SHEETS = {"sheets_unsure": (0,)}


def add(corpus: Corpus) -> None:
    _text(corpus)
    _sheets(corpus)
    _workbooks(corpus)
    _archives(corpus)


def text(c: Corpus, name: str, content: str | bytes, ending: str = "csv", **expected: object) -> None:
    """As it stands, and packed."""
    data = content.encode() if isinstance(content, str) else content
    c.file(name, ending, lambda: data, **expected)
    c.file(name, f"{ending}.gz", lambda: gzip_bytes(data), **expected)
    c.file(name, "zip", lambda: zip_bytes({f"deck.{ending}": data}), **expected)


def _text(c: Corpus) -> None:
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le"):
        mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
        text(
            c, f"encoding {encoding}", mark + text_bytes(REUNION, encoding=encoding), codes=codes("262", "33")
        )
    text(
        c,
        "encoding cp1252, stated",
        text_bytes(REUNION, encoding="cp1252"),
        codes=codes("262", "33"),
        options={"encoding": "cp1252"},
    )
    text(c, "encoding wrongly stated", text_bytes(REUNION, encoding="cp1252"), asks=True, options={"encoding": "utf-8"},
         problems={"encoding_error": (2,)})  # fmt: skip
    mixed = text_bytes(REUNION[:2]) + "33,Île-de-France,0.1\n".encode("cp1252")
    text(c, "encodings mixed", mixed, codes=codes("262", "33"))
    for name, delimiter in (("semicolon", ";"), ("pipe", "|"), ("caret", "^"), ("tilde", "~"), ("tab", "\t")):
        text(c, f"delimiter {name}", text_bytes(TABLE, delimiter), codes=BOTH)
    text(
        c,
        "header with another delimiter",
        "Code,Destination,Rate\n44;United Kingdom;0,0123\n33;France;0,02\n",
        codes=BOTH,
    )
    text(c, "line ends CR LF", text_bytes(TABLE, end="\r\n"), codes=BOTH)
    text(
        c,
        "line breaks in quotes",
        'Code,Destination,Rate\n44,"United\nKingdom",0.0123\n33,France,0.02\n',
        codes=BOTH,
    )
    text(c, "unquoted comma in a name", "Code,Destination,Rate\n44,United Kingdom, Proper,0.0123\n33,France,0.02\n", codes=BOTH,
         problems={"cells_split": (2,)})  # fmt: skip
    split = "Code,Destination,Rate\n44,United Kingdom,0,0123\n33,France,0,02\n"
    text(c, "unquoted decimal commas", split,
         problems={"cells_split": (2,), "extra_cells": (2, 3), "rate_suspicious": (2, 3)})  # fmt: skip
    text(c, "unquoted decimal commas, joined", split, codes=BOTH, options={"repairs": ["join_split_cells"]})
    text(
        c,
        "row too short",
        "Code,Destination,Rate\n44,United Kingdom,0.0123\n33,France\n",
        problems={"rate_missing": (3,)},
    )
    text(c, "row too long", "Code,Destination,Rate\n44,United Kingdom,0.0123,extra\n33,France,0.02\n", codes=BOTH,
         problems={"extra_cells": (2,)})  # fmt: skip
    text(
        c,
        "quote never closed",
        'Code,Destination,Rate\n44,"UK,0.1\n' + "33,France,0.02\n" * 12_000,
        problems={"line_too_long": (2,)},
    )
    c.file("file empty", "csv", lambda: b"", problems={"file_empty": (0,)})
    c.file("only line ends", "csv", lambda: b"\n\n\n", problems={"sheet_empty": (0,)})
    c.file("a page", "csv", lambda: b"<!DOCTYPE html><table><tr><td>44", problems={"file_type_unknown": (0,)})
    c.file("a document", "csv", lambda: b"%PDF-1.7 rates", problems={"file_type_unknown": (0,)})
    c.file("binary", "csv", lambda: b"a\0b\0c\1\2\3" * 100, problems={"file_type_unknown": (0,)})
    c.file(
        "a picture", "xlsx", lambda: b"\x89PNG\r\n\x1a\n" + b"x" * 100, problems={"file_type_unknown": (0,)}
    )


def _sheets(c: Corpus) -> None:
    kinds = {"Rates": {"kind": "rates"}, "Codes": {"kind": "codes"}}
    every = ("xlsx", "xls", "ods", "xlsb")
    rates = [("Destination", "Rate"), ("Albania - Mobile", "0.1"), ("United Kingdom", "0.1")]
    numbers = [
        ("Destination", "Country code", "Area code"),
        ("Albania Mob.", "355", "67,68"),
        ("United Kingdom", "44", ""),
    ]
    c.book("codes in another sheet", {"Rates": rates, "Codes": numbers}, asks=True, problems=ASK_SHEETS)
    c.book("codes in another sheet, confirmed", {"Rates": rates, "Codes": numbers}, codes=codes("35567", "35568", "44"),
           options={"tables": kinds})  # fmt: skip
    c.book("destination no list knows", {"Rates": [*rates, ("Mars", "0.1")], "Codes": numbers}, options={"tables": kinds},
           problems={"destination_unknown": (4,)})  # fmt: skip
    c.book("bad code in the code sheet", {"Rates": rates, "Codes": [*numbers, ("United Kingdom", "44", "2x")]}, options={"tables": kinds},
           problems={"bad_code": (4,)})  # fmt: skip
    base = [HEAD, ("4915", "Germany mobile", "0.12")]
    tabs = {
        "A-Z": base, "EEA": [HEAD, ("4915", "Germany mobile", "0.003")], "Invalid CLI": [HEAD, ("4915", "Germany mobile", "0.25")],
        "Origin groups": [("Origin group", "A prefix"), ("EEA", "33,49"), ("EEA", "34-36")],
    }  # fmt: skip
    told = {
        "A-Z": {"kind": "rates", "origin": ""}, "EEA": {"kind": "rates", "origin": "EEA"},
        "Invalid CLI": {"kind": "rates", "origin": "Invalid CLI"}, "Origin groups": {"kind": "origins"},
    }  # fmt: skip
    c.book("origin tabs", tabs, asks=True, problems=ASK_SHEETS)
    c.book(
        "origin tabs, confirmed",
        tabs,
        codes={"4915": "0.12", "4915@EEA": "0.003", "4915@Invalid CLI": "0.25"},
        options={"tables": told},
    )
    wrong = {**tabs, "Origin groups": [("Origin group", "A prefix"), ("EEA", "33,Narnia")]}
    c.book("origin list with a word", wrong, options={"tables": told}, problems={"origin_unknown": (2,)})
    charges = {
        "Rates": [HEAD, ("4915", "Germany mobile", "0.003")],
        "Surcharges": [("Origin", "Surcharge per minute"), ("RoW", "0.25")], "Origins": [("Origin", "Prefixes"), ("RoW", "1,7,86")],
    }  # fmt: skip
    c.book("surcharges by origin", charges, codes={"4915": "0.003"},
           options={"tables": {"Rates": {"kind": "rates"}, "Surcharges": {"kind": "surcharges"}, "Origins": {"kind": "origins"}}})  # fmt: skip
    blocks = {
        "Rates": [("OCN", "Interstate", "Intrastate"), ("0123", "0.001", "0.002")],
        "Blocks": [("NPA", "NXX", "OCN", "LATA"), (212, 555, "0123", 132), (201, 200, "0123", 224)],
    }  # fmt: skip
    c.book("priced by company of the block", blocks, options={"tables": {"Rates": {"kind": "rates"}, "Blocks": {"kind": "blocks"}}},
           codes={"1212555@interstate": "0.001", "1201200@interstate": "0.001", "1212555@intrastate": "0.002", "1201200@intrastate": "0.002"})  # fmt: skip
    c.book("cover page first", {"Cover": [["ACME Ltd"], ["Confidential"]], "Rates": TABLE}, codes=BOTH)
    c.book("list of changes beside", {"Changes": [HEAD, UK], "Full A-Z": TABLE}, codes=BOTH)
    c.book(
        "deck in two parts",
        {"Europe": TABLE, "Africa": [HEAD, ("20", "Egypt", "0.1")]},
        (*every, "zip"),
        asks=True,
        problems=ASK_SHEETS,
    )
    c.book("deck in two parts, confirmed", {"Europe": TABLE, "Africa": [("Rate", "Code", "Country"), ("0.1", "20", "Egypt")]},
           codes={**BOTH, "20": "0.1"}, options={"sheets": ["Europe", "Africa"]})  # fmt: skip
    c.book(
        "sheet that is not there",
        {"Rates": TABLE},
        asks=True,
        options={"sheets": ["Prices"]},
        problems={"sheet_missing": (0,)},
    )


def edited(part: str, old: bytes, new: bytes, rows: object = None) -> bytes:
    """The XLSX of TABLE with one piece of XML exchanged."""
    source = zipfile.ZipFile(
        io.BytesIO(xlsx_bytes({"Rates": deck((44, "UK", 0.0123), (33, "France", 0.02))}))
    )
    parts = {name: source.read(name) for name in source.namelist()}
    assert old in parts[part], (part, old)
    parts[part] = parts[part].replace(old, new, 1)
    return zip_bytes(parts)


def _workbooks(c: Corpus) -> None:
    merged = [
        ("Country code", "Area code", "Destination", "Rate"),
        (44, 20, "UK", 0.1),
        ("", 121, "", ""),
        ("", 161, "", 0.1),
    ]
    c.file(
        "merged cells",
        "xlsx",
        lambda: xlsx_bytes({"Rates": merged}, {"Rates": ("A2:A4", "C2:C4", "D2:D3")}),
        codes=codes("4420", "44121", "44161"),
    )
    dates = deck((*UK, dt.date(2031, 6, 1)), head=(*HEAD, "Effective date"))
    c.file(
        "dates count from 1904",
        "xlsx",
        lambda: xlsx_bytes({"Rates": dates}, date_1904=True),
        codes={"44": "0.0123"},
    )
    c.file("serial dates of 1904", "csv", lambda: text_bytes(deck((*UK, 46538), head=(*HEAD, "Effective date"))), codes={"44": "0.0123"},
           options={"date_system": "1904"})  # fmt: skip
    sheet = "xl/worksheets/sheet1.xml"
    c.file("formula without a value", "xlsx", lambda: edited(sheet, b"<v>0.02</v>", b"<f>C2*2</f><v></v>"),
           problems={"formula_cell": (3,), "rate_missing": (3,)})  # fmt: skip
    c.file("error the first parser does not know", "xlsx", lambda: edited(sheet, b'<c r="C3"><v>0.02</v>', b'<c r="C3" t="e"><v>#SPILL!</v>'),
           problems={"rate_missing": (3,)})  # fmt: skip
    c.file("error in a cell", "xlsx", lambda: edited(sheet, b'<c r="C3"><v>0.02</v>', b'<c r="C3" t="e"><v>#DIV/0!</v>'),
           problems={"rate_missing": (3,)})  # fmt: skip
    c.file(
        "noise of binary fractions",
        "xlsx",
        lambda: edited(sheet, b"<v>0.02</v>", b"<v>2.0000000000000004E-2</v>"),
        codes=BOTH,
    )
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    c.file(
        "cell at the far corner",
        "xlsx",
        lambda: edited(sheet, b"</sheetData>", far),
        problems={"file_too_big": (0,)},
    )
    c.file("entities declared", "xlsx", lambda: edited("xl/sharedStrings.xml", b"?>", b'?>\n<!DOCTYPE x [<!ENTITY l "l">]>'),
           problems={"file_unsafe": (0,)})  # fmt: skip
    c.file("password", "xlsx", lambda: _locked(), problems={"file_encrypted": (0,)})
    c.file("cut off", "xlsx", lambda: xlsx_bytes({"Rates": TABLE})[:2000], problems={"file_corrupt": (0,)})
    c.file(
        "cut off",
        "xls",
        lambda: bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600,
        problems={"file_corrupt": (0,)},
    )
    c.file("workbook under a wrong name", "csv", lambda: xlsx_bytes({"Rates": TABLE}), codes=BOTH)
    c.file("text under a wrong name", "xlsx", lambda: PLAIN, codes=BOTH)


def _locked() -> bytes:
    return (
        bytes.fromhex("d0cf11e0a1b11ae1")
        + b"\0" * 1024
        + "EncryptedPackage".encode("utf-16-le")
        + b"\0" * 1024
    )


def _archives(c: Corpus) -> None:
    c.file(
        "archive in an archive",
        "zip",
        lambda: zip_bytes({"inner.zip": zip_bytes({"deck.csv": PLAIN})}),
        problems={"file_unsafe": (0,)},
    )
    c.file(
        "archive in an archive, renamed",
        "zip",
        lambda: zip_bytes({"deck.csv": zip_bytes({"deck.csv": PLAIN})}),
        problems={"file_unsafe": (0,)},
    )
    c.file("packed twice", "csv.gz", lambda: gzip_bytes(gzip_bytes(PLAIN)), problems={"file_unsafe": (0,)})
    c.file(
        "name outside the archive",
        "zip",
        lambda: zip_bytes({"../../deck.csv": PLAIN}),
        problems={"file_unsafe": (0,)},
    )
    c.file(
        "archive without a deck",
        "zip",
        lambda: zip_bytes({"readme.pdf": b"x"}),
        problems={"file_type_unknown": (0,)},
    )
    c.file(
        "archive with notes beside",
        "zip",
        lambda: zip_bytes({"deck.csv": PLAIN, "notes.pdf": b"x", "__MACOSX/._deck.csv": b"x"}),
        codes=BOTH,
    )
    c.file(
        "unpacks to far more",
        "zip",
        lambda: zip_bytes({"deck.csv": b"\0" * (64 << 20)}),
        problems={"file_too_big": (0,)},
    )
    c.file(
        "unpacks to far more",
        "csv.gz",
        lambda: gzip_bytes(b"\0" * (64 << 20)),
        problems={"file_too_big": (0,)},
    )
    c.file(
        "packed file cut off", "csv.gz", lambda: gzip_bytes(PLAIN * 50)[:-40], problems={"file_corrupt": (0,)}
    )
    c.file(
        "workbook in an archive",
        "zip",
        lambda: zip_bytes({"deck.xlsx": xlsx_bytes({"Rates": TABLE})}),
        codes=BOTH,
    )
    c.file("workbook packed", "xlsx.gz", lambda: gzip_bytes(xlsx_bytes({"Rates": TABLE})), codes=BOTH)
