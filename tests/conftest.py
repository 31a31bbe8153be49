"""What all tests share: field samples, databases, an engine's snapshot folder.

Tests never sleep and never share a port or a folder; sockets reach loopback only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from tests.integration import postgres

# How fast a busy machine draws examples says nothing about the code.
settings.register_profile("tandem", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tandem")

SHARED = Path(os.environ.get("TANDEM_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def field_samples() -> Path:
    """Folder of real files from public projects; not part of the repository."""
    folder = SHARED / "fixtures"
    if not folder.is_dir():
        pytest.skip(f"no field samples at {folder} (set TANDEM_SHARED)")
    return folder


@pytest.fixture(autouse=True)
def databases_are_let_go() -> Iterator[None]:
    """No connection outlives its test: one that is found later fails another test."""
    yield
    factory = sys.modules.get("tests.factories.app")
    if factory is not None:
        factory.let_go_of_servers()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """SQLAlchemy URL of a running PostgreSQL: the one tools/check started, else one of this session's own."""
    given = os.environ.get("TANDEM_TEST_POSTGRES")
    if given:
        yield given
        return
    if postgres.programs() is None:
        pytest.skip("no PostgreSQL on this machine (apt-get install postgresql); tools/check installs it")
    folder, url = postgres.start()
    yield url
    postgres.stop(folder)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of its own, dropped after the test."""
    name = f"t_{uuid4().hex}"
    engine = sa.create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield postgres_server.rsplit("/", 1)[0] + "/" + name
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: every test that asks for it runs on SQLite and on a real PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tandem.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))
