"""Guards for everything that is packed: sizes, ratio, names, nesting, and what has no place in a deck."""

import gzip
import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from rates.options import Limits
from rates.read.raw import Refused

BLOCK = 1 << 20
DECK_SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_RATIO_MATTERS_FROM = 4 << 20
_DEFLATE_MOST = 1032
_MEMBERS = 2000
_FAR_MORE = "The file unpacks to far more than it holds."


def open_archive(path: Path, limits: Limits) -> zipfile.ZipFile:
    """Open and judge the directory; nothing is unpacked yet."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise Refused.because("file_corrupt") from None
    entries = archive.infolist()
    if len(entries) > _MEMBERS:
        raise Refused.because("file_too_big", hint=f"The file holds more than {_MEMBERS} parts.")
    for entry in entries:
        parts = PurePosixPath(entry.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or re.match(r"^[A-Za-z]:", entry.filename):
            raise Refused.because(
                "file_unsafe", text=entry.filename, hint="A name inside the archive points outside of it."
            )
        if entry.flag_bits & 0x1:
            raise Refused.because("file_encrypted", text=entry.filename)
        if entry.file_size > _RATIO_MATTERS_FROM and entry.file_size > limits.unpack_ratio * max(
            entry.compress_size, 1
        ):
            raise Refused.because(
                "file_too_big",
                text=entry.filename,
                hint="A part of the file unpacks to far more than it holds.",
            )
    if sum(entry.file_size for entry in entries) > limits.unpacked_bytes:
        raise Refused.because(
            "file_too_big", hint=f"The file unpacks to more than {limits.unpacked_bytes >> 20} MB."
        )
    return archive


def deck_members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Members that may be decks, in their order. An archive inside an archive is refused."""
    found = []
    for entry in archive.infolist():
        name = PurePosixPath(entry.filename)
        if entry.is_dir() or name.name.startswith(".") or "__MACOSX" in name.parts:
            continue
        if name.suffix.lower() in (".zip", ".gz", ".7z", ".rar", ".tar", ".bz2", ".xz"):
            raise Refused.because(
                "file_unsafe",
                text=entry.filename,
                hint="An archive inside an archive is not opened: send the inner one.",
            )
        if name.suffix.lower() in DECK_SUFFIXES:
            found.append(entry)
    if not found:
        raise Refused.because(
            "file_type_unknown", hint="The archive holds no CSV, TSV, XLSX, XLS, XLSB or ODS file."
        )
    return found


def unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, limits: Limits) -> None:
    """Write one member to `target`, a name of ours; stops at the limits whatever the directory claims."""
    written = 0
    try:
        with archive.open(entry) as source, target.open("wb") as sink:
            while block := source.read(BLOCK):
                written += len(block)
                if written > limits.file_bytes:
                    raise Refused.because("file_too_big", text=entry.filename)
                sink.write(block)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError) as fault:
        raise Refused.because("file_corrupt", text=f"{entry.filename}: {fault}") from None


def ungzip(path: Path, target: Path, limits: Limits) -> None:
    """The one file inside a GZ; stops at the limits, which is where a bomb ends."""
    most = min(limits.file_bytes, max(_RATIO_MATTERS_FROM, limits.unpack_ratio * path.stat().st_size))
    written = 0
    try:
        with path.open("rb") as packed:  # the last four bytes claim the size: a true one need not be unpacked
            packed.seek(-4, 2)
            claimed = int.from_bytes(packed.read(4), "little")
        if (
            most < claimed <= _DEFLATE_MOST * path.stat().st_size
        ):  # beyond that no packer goes: the file is cut off
            raise Refused.because("file_too_big", hint=_FAR_MORE)
        with gzip.open(path, "rb") as source, target.open("wb") as sink:
            while block := source.read(BLOCK):
                written += len(block)
                if written > most:
                    raise Refused.because("file_too_big", hint=_FAR_MORE)
                sink.write(block)
    except (gzip.BadGzipFile, EOFError, zlib.error, OSError) as fault:
        raise Refused.because("file_corrupt", text=str(fault)) from None
