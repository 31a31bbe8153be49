"""Every case and every worked example of the domain reference has a test that carries its number in its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

NAMES = re.findall(
    r"^def test_((?:case_\d+|[a-z])_\w+)\(",
    "\n".join(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("test_*.py"))),
    re.MULTILINE,
)


@pytest.mark.parametrize("number", range(1, 21))
def test_each_of_the_twenty_cases_has_a_named_test(number: int) -> None:
    assert [name for name in NAMES if name.startswith(f"case_{number}_")]


@pytest.mark.parametrize("letter", "abcdefghijklmno")
def test_each_of_the_fifteen_worked_examples_has_a_named_test(letter: str) -> None:
    # `test_a_deck_…` is a sentence about a deck; worked example A is about two clocks.
    sentences = r"(?!deck_|row_|route_|late_row|base_|demoted_|customer_)" if letter == "a" else ""
    assert [name for name in NAMES if re.match(rf"{letter}_{sentences}", name)]
