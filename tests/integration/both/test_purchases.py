"""Requests, answers and races between them, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db import db
from tests.unit.app_market.test_purchases import (  # noqa: F401  (run here with the fixture below)
    Trade,
    test_a_decided_request_cannot_be_decided_again,
    test_a_request_accepted_by_the_seller_is_told_to_the_core_and_audited,
    test_of_two_who_decide_at_once_one_wins,
    test_the_api_takes_an_idempotency_key,
    test_the_same_product_is_not_requested_twice_for_one_trunk,
    trade,
)


@pytest.fixture
def market(tmp_path: Path, database_url: str) -> Iterator[Trade]:
    made = trade(tmp_path, database_url)
    yield made
    with made.app.app_context():
        db.session.close()
        db.engine.dispose()
