"""A migrated application and the people and things in it, made for one test.

`make_app(tmp_path)` gives SQLite; with `database_url` a fresh database on that server. The objects are real
rows; `login` puts a real session cookie on a test client.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from apiflask import APIFlask
from flask import g
from flask.testing import FlaskClient
from flask_security import hash_password
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app import create_app, migrate
from app.carriers.models import Company, CustomerTrunk, Product, VendorTrunk
from app.clock import utc_now
from app.config import Database, Settings, Web
from app.db import db
from app.security.actor import Actor, hash_key, permissions_of
from app.security.models import ApiKey, Role, User, UserSession

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"

_template: Path | None = None
_builders: dict[tuple[object, ...], Any] = {}
_compile_builder = Rule._compile_builder


def _builder_once(rule: Rule, append_unknown: bool = True) -> Any:
    """The code that builds a rule's address is the same in every application of this process, and takes a third of its making:
    it looks the converters up in the rule it is called with."""
    key = (rule.rule, rule.subdomain, rule.host, repr(rule.defaults), append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]


Rule._compile_builder = _builder_once  # type: ignore[method-assign]


def _migrated_sqlite() -> Path:
    """One migrated file per test process; copied for each test."""
    global _template
    if _template is None:
        folder = Path(tempfile.mkdtemp(prefix="tandem-template-"))
        app = create_app(Settings(data_dir=str(folder)))
        with app.app_context():
            migrate.upgrade(db.engine)
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            db.engine.dispose()
        _template = folder / "tandem.sqlite"
    return _template


@cache
def _compiled_templates() -> FileSystemBytecodeCache:
    """Of this user, for all test processes; a template's text is part of its key."""
    folder = Path(tempfile.gettempdir()) / f"tandem-templates-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return FileSystemBytecodeCache(str(folder))


def make_app(
    tmp_path: Path, database_url: str | None = None, *, csrf: bool = False, **changes: Any
) -> APIFlask:
    """A migrated application whose data directory is `tmp_path`/var."""
    root = tmp_path / "var"
    root.mkdir(parents=True, exist_ok=True)
    changes.setdefault("web", Web(
        secret_key="k" * 40, password_salt="s" * 40, password_time_cost=1, password_memory_kib=8,
        sign_ins_per_minute=1000, two_factor_required=False,
    ))  # fmt: skip
    settings = Settings(data_dir=str(root), database=Database(url=database_url or ""), **changes)
    if database_url is None and not (root / "tandem.sqlite").exists():
        shutil.copyfile(_migrated_sqlite(), root / "tandem.sqlite")
    app = create_app(settings)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=csrf)
    app.jinja_env.bytecode_cache = _compiled_templates()
    # TESTING lets faults through by default; the pages' own error handling is what we test.
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.before_request_funcs.setdefault(None, []).insert(0, _forget_the_last_request)
    if database_url is not None:
        with app.app_context():
            migrate.upgrade(db.engine)
        on_servers.append(app)
    return app


on_servers: list[APIFlask] = []
"""Applications with a database of their own choice: a test's end lets go of what their pools hold."""


def let_go_of_servers() -> None:
    while on_servers:
        with on_servers.pop().app_context():
            db.engine.dispose()


def _forget_the_last_request() -> None:
    """Requests made inside a test's own application context share its `g`; a server's never do."""
    for name in ("_login_user", "tandem_actor", "tandem_person", "identity"):
        g.pop(name, None)


def make_company(
    session: Session, name: str = "Acme Carrier", *, sells: bool = False, buys: bool = False,
    is_operator: bool = False, currency: str = "USD", country: str = "GB",
) -> Company:  # fmt: skip
    slug = name.lower().replace(" ", "-")
    company = Company(
        slug=slug, name=name, country=country, currency=currency, sells=sells, buys=buys, is_operator=is_operator,
        facts={}, created_at=NOW,
    )  # fmt: skip
    session.add(company)
    session.commit()
    return company


def make_user(
    session: Session,
    company: Company,
    role: str = "owner",
    email: str | None = None,
    password: str | None = None,
) -> User:
    """A person with one role; pass `password` (for example PASSWORD) only when the test signs in by form."""
    address = email or f"{role}@{company.slug}.example"
    user = User(
        email=address, name=role.title(), company_id=company.id, active=True, fs_uniquifier=hash_key(address)[:32],
        password=hash_password(password) if password else None, confirmed_at=NOW,
    )  # fmt: skip
    user.roles = [session.scalars(sa.select(Role).where(Role.name == role)).one()]
    session.add(user)
    session.commit()
    return user


def make_vendor_trunk(
    session: Session, company: Company, name: str = "London", host: str = "192.0.2.10"
) -> VendorTrunk:
    trunk = VendorTrunk(company_id=company.id, name=name, host=host, created_at=NOW)
    session.add(trunk)
    session.commit()
    return trunk


def make_product(
    session: Session, company: Company, name: str = "Premium CLI", route_class: str = "premium",
    trunk: VendorTrunk | None = None, **fields: Any,
) -> Product:  # fmt: skip
    product = Product(
        company_id=company.id, name=name, route_class=route_class, currency=company.currency,
        vendor_trunk_id=trunk.id if trunk else None, created_at=NOW, **fields,
    )  # fmt: skip
    session.add(product)
    session.commit()
    return product


def make_customer_trunk(
    session: Session, company: Company, name: str = "Main", **fields: Any
) -> CustomerTrunk:
    fields.setdefault("policy", {"kind": "cost"})
    fields.setdefault("source_ips", [])
    trunk = CustomerTrunk(
        company_id=company.id, name=name, blocked_codes=fields.pop("blocked_codes", []),
        opened_codes=fields.pop("opened_codes", []), created_at=NOW, **fields,
    )  # fmt: skip
    session.add(trunk)
    session.commit()
    return trunk


def make_api_key(
    session: Session, company: Company, scopes: list[str], trunk: CustomerTrunk | None = None, **fields: Any
) -> tuple[ApiKey, str]:
    """The row and the secret for the header `Authorization: Bearer …`."""
    secret = f"tk_{company.id}_{len(scopes)}_{time.monotonic_ns()}"
    key = ApiKey(
        company_id=company.id, trunk_id=trunk.id if trunk else None, name="test key", prefix=secret[:10],
        key_sha256=hash_key(secret), scopes=scopes, created_at=NOW, **fields,
    )  # fmt: skip
    session.add(key)
    session.commit()
    return key, secret


def actor_for(user: User, company: Company, ip: str = "127.0.0.1") -> Actor:
    """The actor a request of this person would have, for calling verbs directly."""
    roles = frozenset(role.name for role in user.roles)
    permissions = permissions_of(roles, sells=company.sells, buys=company.buys)
    return Actor(
        user_id=user.id, company_id=company.id, email=user.email, roles=roles, permissions=permissions,
        is_operator="operator" in permissions, ip=ip, name=user.name, company_name=company.name, sells=company.sells,
        buys=company.buys,
    )  # fmt: skip


def login(client: FlaskClient, user: User) -> FlaskClient:
    """Sign the person in on this client by the session that Flask-Security and we would write."""
    token = f"session of {user.email} {time.monotonic_ns()}"
    with client.application.app_context():
        now = utc_now()
        row = UserSession(
            user_id=user.id, token_sha256=hashlib.sha256(token.encode()).hexdigest(), created_at=now, seen_at=now,
            authn="password",
        )  # fmt: skip
        db.session.add(row)
        # Signing out everywhere and a new role renew it.
        uniquifier = db.session.scalar(sa.select(User.fs_uniquifier).where(User.id == user.id))
        db.session.commit()
    with client.session_transaction() as session:
        session["_user_id"] = uniquifier
        session["_fresh"] = True
        session["sid"] = token
        session["fs_cc"] = "set"
        session["fs_paa"] = time.time()
    return client


def let_go(made: Any) -> Iterator[Any]:
    """Body of a fixture: `made` (a world with `app`), whose database connections are closed behind the test."""
    yield made
    with made.app.app_context():
        db.session.close()
        db.engine.dispose()
