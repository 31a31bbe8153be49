"""schemathesis over the whole API: what the OpenAPI document says is what the answers are, and nothing breaks.

Half of the requests name objects that exist and belong to the asker, so that more than "not found" is tried.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from apiflask import APIFlask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import load_all_checks
from schemathesis.generation import GenerationMode
from schemathesis.pytest.lazy import get_all_tests

from app.db import db
from app.jobs.progress import SilentProgress
from app.market.service.build_market import build_market
from app.security.permissions import KEY_SCOPES
from tests.factories.app import NOW, make_api_key, make_app
from tests.isolation.expectations import PARAMETERS
from tests.isolation.tenants import Tenant, make_purchase, make_tenant

PARTS = 4
EXAMPLES = int(os.environ.get("TANDEM_SCHEMA_EXAMPLES", "12"))
# A schema cannot say that an instant lies ahead, that a code deck knows a number, or that terms hang together: 422.
REFUSED_ALL_THE_SAME = ["2xx", "3xx", "401", "403", "404", "409", "413", "422", "429"]


class World:
    def __init__(self, app: APIFlask, tenant: Tenant, secret: str) -> None:
        self.app, self.tenant, self.secret = app, tenant, secret


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    app = make_app(tmp_path_factory.mktemp("contract"))
    with app.app_context():
        files = app.config["TANDEM"].files_dir
        alpha, beta = (make_tenant(db.session, name, files) for name in ("Alpha", "Beta"))
        alpha.objects["purchase"] = make_purchase(db.session, alpha, beta).id
        db.session.commit()
        build_market(db.session, app.config["TANDEM"], now=NOW, progress=SilentProgress())
        _, secret = make_api_key(db.session, alpha.company, [*KEY_SCOPES])
        db.session.commit()
        db.session.expunge_all()
    yield World(app, alpha, secret)
    with app.app_context():
        db.engine.dispose()


def closing(app: APIFlask) -> Any:
    """The app as a server calls it: what it answers is closed (schemathesis leaves files that are sent open)."""

    def called(environ: Any, start: Any) -> list[bytes]:
        answer = app(environ, start)
        try:
            return [b"".join(answer)]
        finally:
            if hasattr(answer, "close"):
                answer.close()

    return called


@pytest.fixture(scope="module")
def api(world: World) -> Any:
    load_all_checks()
    loaded = schemathesis.openapi.from_wsgi(
        "/api/openapi.json", closing(world.app), config=schemathesis.Config()
    )
    checks = loaded.config.checks
    checks.positive_data_acceptance.expected_statuses = REFUSED_ALL_THE_SAME
    loaded.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
    return loaded


@pytest.mark.parametrize("part", range(PARTS))
def test_every_answer_is_what_the_document_says(api: Any, world: World, part: int) -> None:
    def one(case: Any, own: bool) -> None:
        if own:
            for name, value in (case.path_parameters or {}).items():
                if isinstance(value, int) and name in PARAMETERS:
                    case.path_parameters[name] = world.tenant.objects[PARAMETERS[name]]
        case.call_and_validate(headers={"Authorization": f"Bearer {world.secret}"})

    rules = settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    tests = get_all_tests(schema=api, test_func=one, settings=rules, given_kwargs={"own": st.booleans()})
    faults, tried = [], 0
    for number, result in enumerate(tests):
        if number % PARTS != part:
            continue
        operation, test = result.ok()
        tried += 1
        try:
            test()
        except BaseExceptionGroup as group:
            faults += [f"{operation.label}: {fault}" for fault in group.exceptions]
        except Exception as fault:
            faults.append(f"{operation.label}: {fault!r}")
    assert faults == [], "\n\n".join(faults)
    assert tried >= 15


def test_the_document_is_openapi_31_and_names_every_route_below_the_api(world: World) -> None:
    spec = json.loads(world.app.test_client().get("/api/openapi.json").data)
    assert spec["openapi"].startswith("3.1")
    said = {
        (method.upper(), path)
        for path, item in spec["paths"].items()
        for method in item
        if method in ("get", "post", "put", "patch", "delete")
    }
    served = {
        (method, as_written(rule.rule))
        for rule in world.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert said == served


def as_written(rule: str) -> str:
    """`/decks/<int:deck_id>` as the document writes it."""
    parts = rule.split("<")
    return parts[0] + "".join(
        "{" + part.split(">")[0].split(":")[-1] + "}" + part.split(">")[1] for part in parts[1:]
    )
