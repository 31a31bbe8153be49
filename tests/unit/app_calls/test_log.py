"""The edge's record log is read line by line, while it is being written and after a kill."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.calls import log
from app.calls.log import Place, lines_after, read_to_the_end

FIRST, SECOND = "calls-20261121000000-1.ndjson", "calls-20261121010000-2.ndjson"


def numbers(directory: Path, place: Place) -> tuple[list[int | None], Place]:
    """The numbers of the lines after a place (None for a line that is no object), and the place behind them."""
    lines = list(lines_after(directory, place))
    return [line.words and line.words["n"] for line in lines], lines[-1].next if lines else place


def test_nothing_is_read_of_a_folder_that_is_empty_or_not_there(tmp_path: Path) -> None:
    assert numbers(tmp_path, Place()) == ([], Place())
    assert numbers(tmp_path / "none", Place()) == ([], Place())


def test_a_line_that_is_being_written_is_left_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / FIRST
    path.write_bytes(b'{"n": 1}\n{"n": 2')
    read, place = numbers(tmp_path, Place())
    assert (read, place) == ([1], Place(FIRST, 9))
    assert numbers(tmp_path, place) == ([], place)
    with path.open("ab") as stream:
        stream.write(b"2}\n")
    assert numbers(tmp_path, place) == ([22], Place(FIRST, 19))


def test_half_a_line_of_an_older_file_is_passed_over(tmp_path: Path) -> None:
    """The edge was killed while it wrote; the next one began a file of its own."""
    (tmp_path / FIRST).write_bytes(b'{"n": 1}\n{"n": 2')
    (tmp_path / SECOND).write_bytes(b'{"n": 3}\n')
    read, place = numbers(tmp_path, Place())
    assert (read, place) == ([1, 3], Place(SECOND, 9))
    assert read_to_the_end(tmp_path, place) == [tmp_path / FIRST]


def test_a_line_that_is_no_object_is_told_with_its_text(tmp_path: Path) -> None:
    (tmp_path / FIRST).write_bytes(b'nonsense\n[1]\n\xff\n{"n": 4}\n')
    lines = list(lines_after(tmp_path, Place()))
    assert [line.words for line in lines] == [None, None, None, {"n": 4}]
    assert [line.text for line in lines[:3]] == ["nonsense\n", "[1]\n", "�\n"]


def test_a_line_beyond_all_measure_does_not_hide_what_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "LINE_BYTES_MAX", 16)
    (tmp_path / FIRST).write_bytes(b'{"n": 1}\n' + b"x" * 40 + b'\n{"n": 2}\n')
    newest, place = numbers(tmp_path, Place())
    assert (newest, place) == ([1], Place(FIRST, 9)), "while it may still be written, nobody goes past it"
    (tmp_path / SECOND).write_bytes(b'{"n": 3}\n')
    read, place = numbers(tmp_path, place)
    assert read == [None, 2, 3]
    assert place == Place(SECOND, 9)
