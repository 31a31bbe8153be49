"""The caller's number is read as the edge reads it."""

from __future__ import annotations

import pytest

from app.errors import Invalid
from app.routing.caller import caller_number


@pytest.mark.parametrize("text", [None, "", "  ", "anonymous", "Restricted", "UNKNOWN"])
def test_a_withheld_number_counts_as_none(text: str | None) -> None:
    assert caller_number(text) is None


def test_plus_and_separators_are_dropped() -> None:
    assert caller_number("+33 (6) 12-34.56 78") == "33612345678"


@pytest.mark.parametrize("text", ["bob", "+", "3+3", "1234567890123456", "٣٣"])
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        caller_number(text)
    assert text in refused.value.message
