"""Long even tables are read by Arrow; whatever the file, its cells are those of the patient reader."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from rates.options import Limits
from rates.read.fast import FEWEST_BYTES, split_even
from rates.read.raw import build_frame
from rates.read.text import _lines, _records, read_text

HEAD = "Our rates\n\nCode,Destination,Rate\n"
LINES = [f"{44_000 + n},Place {n % 700},0.{n % 9000 + 1000}\n" for n in range(6_000)]
FOOT = "Valid until further notice\n"


def both(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> tuple[pd.DataFrame, pd.DataFrame]:
    limits = Limits()
    slow = build_frame(_records(_lines(path, encoding, limits), "d", delimiter), "d", limits)
    return read_text(path, "d", encoding, delimiter, limits).frame, slow


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    assert path.stat().st_size >= FEWEST_BYTES
    return path


def test_titles_and_footers_stay_and_the_rows_between_are_read_by_arrow(tmp_path: Path) -> None:
    path = written(tmp_path / "d.csv", HEAD + "".join(LINES) + FOOT)
    assert split_even(path, "utf-8", ",", Limits()) is not None
    fast, slow = both(path)
    pd.testing.assert_frame_equal(fast, slow)
    assert len(fast) == 3 + len(LINES) + 1


@pytest.mark.parametrize(
    ("odd", "even"),
    [
        ('4420,"Place, with comma",0.1\n', True),
        ('4420,"Place ""quoted""",0.1\n', False),
        ('4420, "Place, after a space",0.1\n', False),
        ('4420,5" pipe,0.1\n', False),
        ('4420,"two\nlines",0.1\n', False),
        ("4420,short\n", False),
        ("4420,long,0.1,more\n", False),
        ("\n", True),
        ("4420,nul\0,0.1\n", False),
        ("4420,return\r0.1,0.2\n", False),
        ("4420,spaces  ,0.1\r\n", True),
        ("4420,Côte d’Ivoire,0.1\n", True),
        ("4420," + "x" * 140_000 + ",0.1\n", False),
    ],
)
def test_an_odd_row_in_the_middle_is_read_the_same_way(odd: str, even: bool, tmp_path: Path) -> None:
    path = written(tmp_path / "d.csv", HEAD + "".join([*LINES[:3000], odd, *LINES[3000:]]))
    assert (split_even(path, "utf-8", ",", Limits()) is not None) == even
    if "x" * 1000 not in odd:
        fast, slow = both(path)
        pd.testing.assert_frame_equal(fast, slow)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_other_encodings_give_the_same_cells(encoding: str, tmp_path: Path) -> None:
    path = written(tmp_path / "d.csv", HEAD + "".join(LINES) + "4420,Côte,0.1\n" + "".join(LINES), encoding)
    fast, slow = both(path, encoding)
    pd.testing.assert_frame_equal(fast, slow)
    assert (fast[1] == "Côte").sum() == 1
