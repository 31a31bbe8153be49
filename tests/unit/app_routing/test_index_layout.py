"""An index of another layout is compiled anew, whatever else stayed as it was."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from app.routing.gather import INDEX_LAYOUT, IndexInputs

CONTAINER = Path(__file__).resolve().parents[3] / "lcr_core" / "src" / "index" / "container.rs"


def test_the_application_knows_the_layout_the_core_writes() -> None:
    found = re.search(r"FORMAT_VERSION: u32 = (\d+)", CONTAINER.read_text())
    assert found is not None
    assert int(found[1]) == INDEX_LAYOUT


def test_another_layout_is_another_index() -> None:
    inputs = IndexInputs("USD", 180, {}, ())
    assert inputs.digest() != replace(inputs, layout=INDEX_LAYOUT - 1).digest()
