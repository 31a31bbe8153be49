"""How strict the checks are with a carrier: settings survive JSON, and nonsense is named."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from rates.options import CheckRequest
from rates.thresholds import BY_ID, SANITY_CHECKS, InvalidThresholds, Thresholds


def test_thresholds_come_back_from_json_as_they_went() -> None:
    mine = Thresholds(levels={"margin_trap": "block", "overlap": "warn"}, leap_factor=3, closes_pct=10)
    assert Thresholds.from_json(mine.to_json()) == mine
    assert Thresholds.from_dict(Thresholds().to_dict()) == Thresholds()
    assert Thresholds().to_json() == "{}"


def test_thresholds_travel_with_the_question_to_the_child() -> None:
    mine = Thresholds(levels={"margin_trap": "off"}, trap_pct=40)
    request = CheckRequest(
        path="x", name="x", out_dir="o", received_at=datetime(2026, 1, 1, tzinfo=UTC), deck_id=1, thresholds=mine
    )  # fmt: skip
    assert msgspec.json.decode(msgspec.json.encode(request), type=CheckRequest).thresholds == mine


@pytest.mark.parametrize(
    ("values", "setting"),
    [
        ({"levels": {"nonsense": "warn"}}, "nonsense"),
        ({"levels": {"overlap": "loud"}}, "overlap"),
        ({"levels": {"closes_many": "off"}}, "closes_many"),
        ({"leap_factor": 1}, "leap_factor"),
        ({"closes_pct": "20"}, "closes_pct"),
        ({"unknown": 1}, "unknown"),
        ({"levels": 3}, "levels"),
    ],
)
def test_a_setting_that_cannot_be_is_named(values: dict[str, object], setting: str) -> None:
    with pytest.raises(InvalidThresholds) as told:
        Thresholds.from_dict(values)
    assert told.value.setting == setting


def test_every_number_of_a_check_is_a_field_within_its_bounds() -> None:
    usual = Thresholds()
    for check in SANITY_CHECKS:
        assert usual.severity(check.id) in ("error", "warning")
        if check.number:
            assert check.lowest <= getattr(usual, check.number) <= check.highest
    assert len(BY_ID) == len(SANITY_CHECKS)
