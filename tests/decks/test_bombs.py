"""Files made to hurt: each is refused with a problem within five seconds, and the process that asked stays small."""

from __future__ import annotations

import io
import resource
import time
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from rates.deckcheck import CheckReport
from rates.options import Limits
from tests.decks.checking import check_file, ids

LIMIT_S = 5.0
SLOW_MACHINE = 3.0  # other tests may hold both cores


def refused(path: Path, out: Path, expected: str, limits: Limits | None = None) -> CheckReport:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    since = time.monotonic()
    report = check_file(path, out, limits=limits)
    assert time.monotonic() - since < LIMIT_S * SLOW_MACHINE
    assert sum(report.seconds.values()) < LIMIT_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024
    assert report.status == "rejected"
    assert set(ids(report, "error")) == {expected}
    assert report.outputs.timeline is None
    return report


def workbook(path: Path) -> Path:
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet("Rates")
    for row, cells in enumerate((("Code", "Destination", "Rate"), ("44", "UK", 0.01))):
        sheet.write_row(row, 0, cells)
    book.close()
    return path


def changed(path: Path, part: str, old: bytes, new: bytes) -> Path:
    """The workbook with `old` replaced by `new` in one of its parts."""
    source = zipfile.ZipFile(workbook(path))
    parts = {name: source.read(name) for name in source.namelist()}
    source.close()
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as sink:
        for name, content in parts.items():
            sink.writestr(name, content)
    return path


def test_an_archive_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "deck.zip"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as sink,
        sink.open("deck.csv", "w", force_zip64=True) as part,
    ):
        for _ in range(64):
            part.write(b"\0" * (1 << 20))
    refused(path, tmp_path / "out", "file_too_big")


def test_an_archive_inside_an_archive_is_refused_whatever_its_name(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as sink:
        sink.writestr("deck.csv", "code,rate\n44,0.1\n")
    for name in ("inner.zip", "inner.csv"):
        path = tmp_path / "deck.zip"
        with zipfile.ZipFile(path, "w") as sink:
            sink.writestr(name, inner.getvalue())
        refused(path, tmp_path / "out", "file_unsafe")


@pytest.mark.parametrize("name", ["../../etc/deck.csv", "/etc/deck.csv", "..\\deck.csv", "C:\\deck.csv"])
def test_a_name_that_points_outside_the_archive_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "deck.zip"
    with zipfile.ZipFile(path, "w") as sink:
        sink.writestr(name, "code,rate\n44,0.1\n")
    refused(path, tmp_path / "out", "file_unsafe")


def test_a_cell_at_the_far_corner_of_the_sheet_is_refused(tmp_path: Path) -> None:
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    path = changed(tmp_path / "deck.xlsx", "xl/worksheets/sheet1.xml", b"</sheetData>", far)
    assert path.stat().st_size < 10_000
    refused(path, tmp_path / "out", "file_too_big")


def test_declared_entities_are_refused(tmp_path: Path) -> None:
    doctype = b'?>\n<!DOCTYPE lolz [<!ENTITY lol SYSTEM "file:///etc/passwd">]>'
    path = changed(tmp_path / "deck.xlsx", "xl/sharedStrings.xml", b"?>", doctype)
    refused(path, tmp_path / "out", "file_unsafe")


def test_a_password_protected_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deck.xlsx"
    path.write_bytes(
        bytes.fromhex("d0cf11e0a1b11ae1")
        + b"\0" * 1024
        + "EncryptedPackage".encode("utf-16-le")
        + b"\0" * 1024
    )
    refused(path, tmp_path / "out", "file_encrypted")


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deck.csv"
    with path.open("wb") as sink:
        sink.write(b"code,rate\n")
        for _ in range(100):
            sink.write(b"1" * (1 << 20))
    refused(path, tmp_path / "out", "line_too_long")


def test_a_gigabyte_of_holes_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "deck.csv"
    with path.open("wb") as sink:
        sink.truncate(1 << 30)
    refused(path, tmp_path / "out", "file_too_big")


def test_a_quote_that_never_closes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deck.csv"
    path.write_text('code,rate\n44,"0.1\n' + "45,0.1\n" * 100_000)
    refused(path, tmp_path / "out", "line_too_long")


def test_a_child_that_runs_out_of_memory_is_a_problem_and_not_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "deck.csv"
    path.write_text("code,rate\n" + "".join(f"{44_000_000 + i},0.1\n" for i in range(300_000)))
    report = check_file(path, tmp_path / "out", limits=Limits(memory_bytes=360 << 20))
    assert report.status == "rejected"
    assert set(ids(report)) <= {"file_too_big", "parser_crashed"}


def test_a_check_is_stopped_at_its_deadline_and_when_cancelled(tmp_path: Path) -> None:
    path = tmp_path / "deck.csv"
    path.write_text("code,rate\n44,0.1\n")
    assert set(ids(check_file(path, tmp_path / "out", limits=Limits(wall_s=0)))) == {"check_timeout"}
    from rates.deckcheck import run_check
    from tests.decks.checking import request_for

    assert set(ids(run_check(request_for(path, tmp_path / "out"), None, lambda: True))) == {"cancelled"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "file_empty"),
        (b"%PDF-1.7 rates", "file_type_unknown"),
        (b"<!DOCTYPE html><table>", "file_type_unknown"),
        (b"PK\x03\x04 broken", "file_corrupt"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600, "file_corrupt"),
        (b"a\0b\0c\1\2\3" * 100, "file_type_unknown"),
        (b"\n\n\n", "sheet_empty"),
    ],
)
def test_what_is_no_deck_says_so(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "deck.csv"
    path.write_bytes(content)
    refused(path, tmp_path / "out", expected)
