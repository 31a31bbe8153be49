"""docs/asvs.md: no requirement is missing, every test it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROW = re.compile(r"^\| (V\d+\.\d+\.\d+) \| ([12]) \| (.+) \| (.+) \| (.+) \|$")
# ASVS 5.0.0, levels 1 and 2 of V3.3, V5, V6, V7, V8, V9: section -> its last such requirement, without those of level 3.
SECTIONS = {
    "3.3": "1234", "5.1": "1", "5.2": "123", "5.3": "12", "5.4": "123", "6.1": "123", "6.2": ("1", "2", "3", "4", "5", "6", "7", "8",
    "9", "10", "11", "12"), "6.3": "1234", "6.4": "1234", "6.5": "12345", "6.6": "123", "6.8": "1234", "7.1": "123", "7.2": "1234",
    "7.3": "12", "7.4": "12345", "7.5": "12", "7.6": "12", "8.1": "12", "8.2": "123", "8.3": "1", "8.4": "1", "9.1": "123", "9.2": "1234",
}  # fmt: skip


@cache
def names_in(stem: str) -> frozenset[str]:
    return frozenset(
        node.name
        for path in (ROOT / "tests").rglob(f"{stem}.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    )


def test_every_requirement_has_one_row_with_a_test_that_exists_or_a_reason() -> None:
    lines = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8").splitlines()
    rows = [match.groups() for line in lines if (match := ROW.match(line))]
    wanted = [f"V{section}.{number}" for section, numbers in SECTIONS.items() for number in numbers]
    assert [row[0] for row in rows] == wanted
    for name, _level, _asked, _how, proof in rows:
        named = re.findall(r"`(\w+)::(\w+)`", proof)
        assert named or proof.startswith("reason: "), name
        for stem, test in named:
            assert test in names_in(stem), f"{name}: there is no {stem}::{test}"
