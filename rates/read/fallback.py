"""The second parser: openpyxl, for the workbooks the first one gives up on (cells with error values it does not know, such as #SPILL!)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rates.read.raw import Refused


def second_rows(path: Path, sheet: str, fault: Exception) -> Iterator[tuple[Any, ...]]:
    """Values of the sheet's rows from A1. Raises Refused with what the first parser said when this one cannot read it either."""
    import openpyxl  # dear to load, seldom needed

    with path.open("rb") as handle:  # the name says nothing: an upload has none
        try:
            book = openpyxl.load_workbook(handle, read_only=True, data_only=True)
            yield from book[sheet].iter_rows(values_only=True)
        except Exception:  # whatever a broken workbook does to the parser
            raise Refused.because("file_corrupt", text=str(fault)) from None
