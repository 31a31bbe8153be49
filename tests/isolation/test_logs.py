"""The operator's staff read the logs: nothing a company keeps, no secret and no typed password stands in them."""

from __future__ import annotations

import logging

import pytest
import structlog

from tests.factories.app import login
from tests.isolation.expectations import EXPECTED
from tests.isolation.test_routes import Exchange, address, call, calls, everywhere, exchange

__all__ = ["exchange"]
TYPED = "KanariTypedPassword"


def test_no_log_line_carries_what_a_company_keeps(
    exchange: Exchange, caplog: pytest.LogCaptureFixture
) -> None:
    """Its owner and its key ask for everything and send everything; a stranger asks for the same."""
    alpha, beta = exchange.alpha, exchange.beta
    with structlog.testing.capture_logs() as lines, caplog.at_level(logging.INFO):
        for method, rule in calls(exchange.app):
            if EXPECTED[rule.endpoint].kind == "open" and method != "GET":
                continue
            path = address(rule, alpha)
            if method == "GET":
                client = login(exchange.app.test_client(), alpha.people["owner"])
                everywhere(client.get(path))
                bearer = {"Authorization": f"Bearer {alpha.secret}"}
                everywhere(call(exchange.app.test_client(), method, path, alpha, bearer))
            everywhere(call(login(exchange.app.test_client(), beta.people["owner"]), method, path, alpha))
        for path in ("/sign-in", "/sign-up", "/reset-password"):
            form = {"email": "owner@example.net", "password": TYPED, "password_confirm": TYPED}
            everywhere(exchange.app.test_client().post(path, data=form))
        everywhere(
            exchange.app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer tk_{TYPED}"})
        )
    written = [repr(line) for line in lines] + [record.getMessage() for record in caplog.records]
    for line in written:
        for mark in (alpha.canary, alpha.secret, TYPED):
            assert mark.lower() not in line.lower(), line[:400]
