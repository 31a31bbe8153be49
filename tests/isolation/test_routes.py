"""Generated from every Flask route: anonymous, another company, a lower role; no secret of one tenant reaches another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from apiflask import APIFlask
from flask.testing import FlaskClient
from werkzeug.routing import Rule as UrlRule
from werkzeug.test import TestResponse

from app.carriers.models import Company
from app.carriers.service.manage_people import remove_person, set_active
from app.clock import utc_now
from app.db import db
from app.jobs.progress import SilentProgress
from app.mail.models import OutboxMail
from app.market.service.build_market import build_market
from app.security.models import UserSession
from app.security.permissions import KEY_SCOPES, permissions_of
from tests.factories.app import NOW, actor_for, login, make_api_key, make_app, make_company, make_user
from tests.isolation.expectations import EXPECTED, PARAMETERS, PLAIN
from tests.isolation.tenants import Tenant, fingerprint, make_purchase, make_tenant

ROLES = ("viewer", "finance", "noc", "trader", "rates")
MISSING = 987_654_321


@dataclass
class Exchange:
    app: APIFlask
    alpha: Tenant  # whose secrets are guarded
    beta: Tenant  # another company
    gamma: Tenant  # asked alpha for a product


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    app = make_app(tmp_path_factory.mktemp("isolation"))
    with app.app_context():
        alpha, beta, gamma = (
            make_tenant(db.session, name, app.config["TANDEM"].files_dir)
            for name in ("Alpha", "Beta", "Gamma")
        )
        alpha.objects["purchase"] = make_purchase(db.session, alpha, gamma).id
        db.session.commit()
        build_market(db.session, app.config["TANDEM"], now=NOW, progress=SilentProgress())
        db.session.commit()
        for tenant in (alpha, beta, gamma):
            db.session.refresh(tenant.company)
            for user in tenant.people.values():
                db.session.refresh(user)
                _ = user.roles
        db.session.expunge_all()
    yield Exchange(app, alpha, beta, gamma)
    with app.app_context():
        db.engine.dispose()


def calls(app: APIFlask) -> list[tuple[str, UrlRule]]:
    """(method, route) of everything the application serves."""
    return [
        (method, rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def address(rule: UrlRule, tenant: Tenant | None) -> str:
    """The route's path with the ids of this tenant's objects in it; None: ids that nobody has."""
    values: dict[str, Any] = {}
    for name in rule.arguments:
        if name in PARAMETERS:
            values[name] = tenant.objects[PARAMETERS[name]] if tenant else MISSING
        else:
            assert name in PLAIN, f"{rule.endpoint}: say in expectations.py what <{name}> of {rule.rule} is"
            values[name] = PLAIN[name]
    with_values = rule.build(values, append_unknown=False)
    assert with_values is not None, f"{rule.endpoint}: {rule.rule} cannot be filled with {values}"
    return with_values[1]


def spray(tenant: Tenant) -> dict[str, Any]:
    """The ids of this tenant's objects under every name a form or a query might read them by."""
    found = {name: tenant.objects[kind] for name, kind in PARAMETERS.items()}
    return found | {kind: identity for kind, identity in tenant.objects.items() if kind != "event"}


def call(
    client: FlaskClient, method: str, path: str, about: Tenant, headers: dict[str, str] | None = None
) -> TestResponse:
    ids = spray(about)
    if method == "GET":
        return client.open(path, method=method, query_string=ids, headers=headers)
    if path.startswith("/api/"):
        return client.open(path, method=method, json=ids, query_string=ids, headers=headers)
    return client.open(path, method=method, data=ids, headers=headers)


def is_sign_in(response: TestResponse) -> bool:
    return response.status_code in (302, 303) and "/sign-in" in response.headers.get("Location", "")


def everywhere(response: TestResponse) -> str:
    """All that the answer carries: body and headers."""
    text = response.get_data().decode("utf-8", "replace") + repr(list(response.headers))
    response.close()
    return text


def test_every_route_has_a_row_in_the_expectations(exchange: Exchange) -> None:
    endpoints = {rule.endpoint for _, rule in calls(exchange.app)}
    assert endpoints - EXPECTED.keys() == set(), (
        "give each new route a row in tests/isolation/expectations.py"
    )
    assert EXPECTED.keys() - endpoints == set(), "these routes are gone: take their rows out"


def test_each_row_names_what_the_view_itself_requires(exchange: Exchange) -> None:
    for endpoint, rule in EXPECTED.items():
        view = exchange.app.view_functions.get(endpoint)
        found = getattr(view, "required_permissions", None)
        if rule.kind == "needs":
            assert found is not None, f"{endpoint} is not behind @require"
            assert tuple(found) == rule.permissions, endpoint


def test_nobody_gets_in_without_signing_in(exchange: Exchange) -> None:
    for method, rule in calls(exchange.app):
        expected = EXPECTED.get(rule.endpoint)
        if expected is None:
            continue
        response = call(exchange.app.test_client(), method, address(rule, exchange.alpha), exchange.alpha)
        where = f"{method} {rule.rule}: {response.status}"
        assert response.status_code < 500, where
        assert exchange.alpha.canary.lower() not in everywhere(response).lower(), where
        if expected.kind == "open":
            continue
        assert response.status_code in (401, 403) or is_sign_in(response), where


def test_a_wrong_key_never_falls_back_to_the_cookie(exchange: Exchange) -> None:
    owner = exchange.alpha.people["owner"]
    for method, rule in calls(exchange.app):
        if EXPECTED.get(rule.endpoint) is None or EXPECTED[rule.endpoint].kind != "needs" or method != "GET":
            continue
        client = login(exchange.app.test_client(), owner)
        path = address(rule, exchange.alpha)
        response = call(client, method, path, exchange.alpha, {"Authorization": "Bearer tk_wrong"})
        assert response.status_code == 401, f"{method} {rule.rule}: {response.status}"


@pytest.mark.parametrize("why", ["expired", "idle", "ended", "removed", "switched off"])
def test_a_sign_in_that_holds_no_more_opens_nothing(exchange: Exchange, why: str) -> None:
    """The cookie is a real one of the owner of alpha; what it stood for is over."""
    alpha = exchange.alpha
    with exchange.app.app_context():
        company = db.session.get_one(Company, alpha.company.id)
        owner = make_user(db.session, company, "owner", f"{why.replace(' ', '.')}@alpha.example")
        client = login(exchange.app.test_client(), owner)
        row = db.session.scalars(sa.select(UserSession).where(UserSession.user_id == owner.id)).one()
        if why == "expired":
            row.created_at -= timedelta(hours=13)
        elif why == "idle":
            row.seen_at -= timedelta(minutes=121)
        elif why == "ended":
            row.ended_at = utc_now()
        else:
            boss = actor_for(alpha.people["owner"], company)
            verb = remove_person if why == "removed" else partial(set_active, active=False)
            verb(db.session, boss, owner.id, now=utc_now())
        db.session.commit()
    cookie = client.get_cookie("tandem_session")
    assert cookie is not None
    for method, rule in calls(exchange.app):
        expected = EXPECTED.get(rule.endpoint)
        if expected is None or expected.kind == "open":
            continue
        client = exchange.app.test_client()
        client.set_cookie("tandem_session", cookie.value)
        response = call(client, method, address(rule, alpha), alpha)
        where = f"{method} {rule.rule}, {why}: {response.status}"
        assert alpha.canary.lower() not in everywhere(response).lower(), where
        assert response.status_code in (401, 403) or is_sign_in(response), where


@pytest.mark.parametrize("why", ["expired", "revoked", "from elsewhere", "company shut"])
def test_a_key_that_holds_no_more_opens_nothing(exchange: Exchange, why: str) -> None:
    alpha = exchange.alpha
    scopes = [*KEY_SCOPES]
    with exchange.app.app_context():
        company = db.session.get_one(Company, alpha.company.id)
        if why == "company shut":
            company = make_company(db.session, f"Shut {alpha.canary}", sells=True, buys=True)
            company.status = "suspended"
        changes: dict[str, dict[str, Any]] = {
            "expired": {"expires_at": utc_now() - timedelta(seconds=1)}, "revoked": {"revoked_at": utc_now()},
            "from elsewhere": {"ip_list": ["192.0.2.0/24"]}, "company shut": {},
        }  # fmt: skip
        _, secret = make_api_key(db.session, company, scopes, **changes[why])
        db.session.commit()
    headers = {"Authorization": f"Bearer {secret}"}
    for method, rule in calls(exchange.app):
        expected = EXPECTED.get(rule.endpoint)
        if expected is None or expected.kind == "open" or not rule.rule.startswith("/api/"):
            continue
        response = call(exchange.app.test_client(), method, address(rule, alpha), alpha, headers)
        where = f"{method} {rule.rule}, {why}: {response.status}"
        assert alpha.canary.lower() not in everywhere(response).lower(), where
        assert response.status_code == 401, where


def test_somebody_removed_who_signs_in_anew_is_led_to_the_front_door(exchange: Exchange) -> None:
    alpha = exchange.alpha
    with exchange.app.app_context():
        company = db.session.get_one(Company, alpha.company.id)
        person = make_user(db.session, company, "owner", "gone@alpha.example")
        remove_person(db.session, actor_for(alpha.people["owner"], company), person.id, now=utc_now())
        db.session.commit()
        db.session.refresh(person)
        db.session.expunge(person)
    for method, rule in calls(exchange.app):
        expected = EXPECTED.get(rule.endpoint)
        if expected is None or expected.kind != "needs":
            continue
        response = call(login(exchange.app.test_client(), person), method, address(rule, alpha), alpha)
        where = f"{method} {rule.rule}: {response.status}"
        assert alpha.canary.lower() not in everywhere(response).lower(), where
        assert response.status_code in (401, 403) or response.headers.get("Location") == "/welcome", where


@pytest.mark.parametrize("by", ["session", "key"])
def test_another_company_finds_nothing_and_changes_nothing(exchange: Exchange, by: str) -> None:
    alpha, beta = exchange.alpha, exchange.beta
    with exchange.app.app_context():
        before = fingerprint(db.session, alpha.company.id)
    for method, rule in calls(exchange.app):
        expected = EXPECTED.get(rule.endpoint)
        if expected is None or expected.kind == "open" or (by == "key" and not rule.rule.startswith("/api/")):
            continue
        client, headers = exchange.app.test_client(), None
        if by == "session":
            login(client, beta.people["owner"])
        else:
            headers = {"Authorization": f"Bearer {beta.secret}"}
        response = call(client, method, address(rule, alpha), alpha, headers)
        where = f"{method} {rule.rule} by {by}: {response.status}"
        assert response.status_code < 500, where
        assert alpha.canary.lower() not in everywhere(response).lower(), where
        owns = [name for name in rule.arguments if name in PARAMETERS]
        if owns and expected.kind == "needs" and not expected.shared:
            # Foreign and missing must look the same: 404, or whatever is said before any object is looked up.
            missing = call(client, method, address(rule, None), alpha, headers)
            assert response.status_code == missing.status_code, f"{where}, a missing one {missing.status}"
            assert response.status_code in (403, 404, 422), where
        with exchange.app.app_context():
            assert fingerprint(db.session, alpha.company.id) == before, where
    with exchange.app.app_context():
        written = db.session.scalars(
            sa.select(OutboxMail).where(
                sa.or_(OutboxMail.company_id.is_(None), OutboxMail.company_id != alpha.company.id)
            )
        )
        for mail in written:
            assert alpha.canary not in f"{mail.recipient} {mail.subject} {mail.text} {mail.attachments}"


def test_a_lower_role_of_the_same_company_is_refused(exchange: Exchange) -> None:
    alpha = exchange.alpha
    with exchange.app.app_context():
        before = fingerprint(db.session, alpha.company.id)
    for method, rule in calls(exchange.app):
        expected = EXPECTED.get(rule.endpoint)
        if expected is None or expected.kind != "needs":
            continue
        lower = [role for role in (*ROLES, "owner") if not _may(role, expected.needed(method))]
        for role in lower:
            client = login(exchange.app.test_client(), alpha.people[role])
            response = call(client, method, address(rule, alpha), alpha)
            assert response.status_code == 403, f"{method} {rule.rule} by {role}: {response.status}"
    with exchange.app.app_context():
        assert fingerprint(db.session, alpha.company.id) == before


def test_the_owner_is_let_through_and_nothing_fails(exchange: Exchange) -> None:
    alpha = exchange.alpha
    seen = ""
    for method, rule in calls(exchange.app):
        expected = EXPECTED.get(rule.endpoint)
        if expected is None or method != "GET" or "operator" in expected.permissions:
            continue
        client = login(exchange.app.test_client(), alpha.people["owner"])
        response = client.get(address(rule, alpha))
        assert response.status_code < 500, f"{method} {rule.rule}: {response.status}"
        assert response.status_code not in (401, 403), f"{method} {rule.rule}: {response.status}"
        seen += everywhere(response)
    if any(rule.kind == "needs" for rule in EXPECTED.values()):
        assert alpha.canary in seen, "the marks never show, so the tests above prove nothing"


def _may(role: str, permissions: tuple[str, ...]) -> bool:
    held = permissions_of(frozenset({role}), sells=True, buys=True)
    return all(permission in held for permission in permissions)
