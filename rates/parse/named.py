"""Names with their dial code in one cell: `UK Mobile (4477)`, `44-7 UK Mobile`."""

import re
from collections.abc import Sequence

import pyarrow as pa

_CODES = r"\+?\d[\d+,;/–. -]*"
FORMS = (
    re.compile(rf"^(?P<name>.*[^\W\d_].*?)\s*[\(\[](?P<code>{_CODES})[\)\]]$"),
    re.compile(
        r"^[\(\[]?(?P<code>\+?\d+(?:\s*[-,;/–]\s*\+?\d+)*)[\)\]]?(?:\s*[-–:|,]\s*|\s+)(?P<name>[^\W\d_].*)$"
    ),
)
"""Code in brackets behind the name; code in front of it."""


LONGEST = 200
"""Characters of a name; longer cells are no names, and would cost time."""


def matched(form: re.Pattern[str], cell: str) -> re.Match[str] | None:
    return form.match(cell.strip()) if len(cell) <= LONGEST else None


def form_of(cells: Sequence[str]) -> re.Pattern[str] | None:
    """The form most of the cells have; None where none has one. One form holds for a whole file."""
    counts = [
        (sum(bool(matched(form, cell)) for cell in cells), -number) for number, form in enumerate(FORMS)
    ]
    most, number = max(counts)
    return FORMS[-number] if most else None


def split_named(cells: pa.Array) -> tuple[pa.Array, pa.Array]:
    """(codes, names); a cell of another form keeps its whole text as name, and has no code."""
    encoded = cells.dictionary_encode()
    texts = encoded.dictionary.to_pylist()
    form = form_of(texts)
    found = [matched(form, text) if form else None for text in texts]
    codes = pa.array([match["code"].strip(" ,;") if match else "" for match in found], pa.utf8())
    names = pa.array(
        [match["name"].strip() if match else text for match, text in zip(found, texts, strict=True)],
        pa.utf8(),
    )
    return codes.take(encoded.indices), names.take(encoded.indices)
