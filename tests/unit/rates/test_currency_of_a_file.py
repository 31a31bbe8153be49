"""Which currency a file is in: what a person states, else what headings or cells name, else the agreement's."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from rates.check import check
from rates.options import Defaults
from tests.decks.checking import request_for


@pytest.mark.parametrize(
    ("heading", "usual", "stated", "currency"),
    [
        ("Rate", "USD", None, "USD"),
        ("Rate GBP/min", "USD", None, "GBP"),
        ("Rate GBP/min", "USD", "USD", "USD"),
        ("Price (€)", "USD", None, "EUR"),
        ("Rate $", "CAD", None, "CAD"),
        ("Rate US$", "CAD", None, "USD"),
        ("Rate $", "GBP", None, "USD"),
    ],
)
def test_a_heading_outdoes_the_agreement_and_a_person_outdoes_the_heading(
    heading: str, usual: str, stated: str | None, currency: str, tmp_path: Path
) -> None:
    path = tmp_path / "deck.csv"
    path.write_text(f"Code,Destination,{heading},Increments\n44,UK,0.01,1/1\n", encoding="utf-8")
    defaults = Defaults(currency=stated, effective_from="receipt")
    request = request_for(path, tmp_path / "out", mode="full", defaults=defaults)
    report = check(msgspec.structs.replace(request, currency=usual), lambda step, done, total: None)
    assert (report.status, report.currency) == ("ready", currency)
