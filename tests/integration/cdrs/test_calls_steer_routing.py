"""What calls say reaches routing: their quality a running edge, their lengths the order of two vendors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import lcr_core
from app.clock import to_micros, utc_now
from app.config import Edge as EdgeSettings
from app.db import db
from app.jobs.progress import SilentProgress
from app.routing import quality_jobs
from app.routing.durations import durations
from app.routing.edge_control import EdgeUnreachable
from app.routing.models import QualityDelta
from app.routing.quality_jobs import commands, faded
from app.routing.service.build_snapshot import build_snapshot
from tests.edge.process import Edge, until
from tests.factories import app as make
from tests.integration.cdrs.world import HEAD, NOW, UK, World, line, make_world, send


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, edge=EdgeSettings(port=free_port()))


def order(world: World) -> tuple[list[str], str | None]:
    settings = world.app.config["TANDEM"]
    build_snapshot(db.session, settings, reason="test", now=NOW, progress=SilentProgress())
    db.session.commit()
    question = {"trunk": world.trunk.id, "dnis": UK, "at_us": to_micros(NOW)}
    answer = json.loads(lcr_core.Snapshot.open(str(settings.snapshot_dir)).decide(json.dumps(question)))
    return [route["vendor"] for route in answer["routes"]], answer["mix"]


def test_the_real_lengths_of_calls_turn_the_order_of_two_vendors(world: World) -> None:
    """At the reference of 180 s the whole minutes at 0.0100 are cheaper; calls of 12 s pay a whole minute each."""
    assert order(world) == (["minutes-ltd", "seconds-ltd"], None)
    send(world, HEAD + "".join(line(n, seconds=12 + n % 3) for n in range(99)))
    assert durations(db.session, NOW) == []  # too few calls say nothing
    send(world, HEAD + "".join(line(n, seconds=12 + n % 3) for n in range(99, 240)))
    assert [one["code"] for one in durations(db.session, NOW)] == ["44", "4420"]
    assert order(world) == (["seconds-ltd", "minutes-ltd"], "4420")
    assert durations(db.session, NOW + timedelta(days=60)) == []  # old calls say nothing about today


def test_counts_fade_as_they_would_at_the_edge() -> None:
    assert [faded(1_000, age) for age in (0, 1_800, 3_600, 900)] == [1_000, 500, 250, 707]
    assert faded(1, 14_400) == 0
    old = QualityDelta(
        product_id=1, code="44", minute=NOW - timedelta(hours=5), attempts=1_000_000, answered=1, effective=1, talk_ms=1,
        pdd_ms_sum=1, pdd_samples=1,
    )  # fmt: skip
    assert commands([old], NOW) == []


@pytest.fixture
def edge(world: World, tmp_path: Path) -> Iterator[Edge]:
    settings = world.app.config["TANDEM"]
    build_snapshot(db.session, settings, reason="test", now=utc_now(), progress=SilentProgress())
    db.session.commit()
    edge = Edge(tmp_path, settings.snapshot_dir, port=settings.edge.port)
    yield edge
    edge.stop()


def test_bad_calls_of_the_last_minutes_demote_their_vendor_at_a_running_edge(
    world: World, edge: Edge
) -> None:
    _, secret = make.make_api_key(db.session, world.buyer, ["lcr:query", "lcr:explain"], world.trunk)
    settings = world.app.config["TANDEM"]
    now = utc_now()
    build_snapshot(db.session, settings, reason="key", now=now, progress=SilentProgress())
    db.session.commit()
    bad = HEAD + "".join(
        line(n, seconds=None, code=503, ringing=False, at=now - timedelta(minutes=9)) for n in range(100)
    )
    send(world, bad, now=now)
    with pytest.raises(EdgeUnreachable):  # it is not up yet: the counts wait
        quality_jobs.push("job", {}, SilentProgress())
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(QualityDelta))
    edge.start()

    def ask() -> dict[str, object]:
        found = edge.get(f"/v1/lcr?dnis={UK}&explain=true", key=secret)
        assert found.status == 200, found.body
        value: dict[str, object] = found.json()
        return value

    before = ask()
    assert [route["vendor"] for route in before["routes"]] == ["minutes-ltd", "seconds-ltd"]  # type: ignore[index,union-attr,attr-defined]
    told = quality_jobs.push("job", {}, SilentProgress())
    assert told["commands"] == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(QualityDelta)) == 0

    def demoted() -> dict[str, object] | None:
        answer = ask()
        return answer if answer["routes"][0]["vendor"] == "seconds-ltd" else None  # type: ignore[index]

    after = until(demoted, "the edge sends calls to the other vendor first")
    entry = next(e for e in after["explain"] if e["vendor"] == "minutes-ltd")  # type: ignore[attr-defined]
    assert entry["quality"]["asr"] == "0"
    assert entry["quality"]["attempts"] >= 60  # 100 as they have faded
    assert entry["demoted"]["level"] == "critical"
    assert quality_jobs.push("job", {}, SilentProgress())["commands"] == 0  # told once
