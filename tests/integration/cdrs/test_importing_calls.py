"""A file of call records: rated on both sides, stored once, summed up, and told to the floors below."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.carriers.models import QualityCounter
from app.cdrs import queries
from app.cdrs.models import CallDay, CallImport, CallQuarantine, CallRecord
from app.cdrs.queries import Filter
from app.cdrs.service.receive_file import receive_file
from app.cdrs.service.settle_quarantine import settle_quarantine
from app.db import db
from app.decks.models import TrafficDay
from app.errors import Conflict, Invalid, NotFound
from app.jobs.progress import SilentProgress
from app.jobs.runner import give_up
from app.routing.models import QualityDelta, TalkDay
from tests.factories import app as make
from tests.factories.app import let_go
from tests.integration.cdrs.world import FR, HEAD, NOW, UK, World, line, make_world, send

DAY = date(2026, 11, 20)
WHOLE = Filter(DAY, DAY)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def day() -> CallDay:
    return db.session.scalars(sa.select(CallDay).execution_options(populate_existing=True)).one()


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[World]:
    yield from let_go(make_world(tmp_path, database_url))


def test_records_are_rated_on_both_sides_and_summed_up_once(both: World) -> None:
    file = (
        HEAD
        + line(1, seconds=61)
        + line(2, seconds=None, code=486)
        + line(3, seconds=None, code=503, ringing=False)
    )
    taken = send(both, file)
    assert taken.state == "done"
    assert {k: taken.counts[k] for k in ("shape", "records", "new", "same", "refused")} == {
        "shape": "canonical", "records": 3, "new": 3, "same": 0, "refused": 0,
    }  # fmt: skip
    row = db.session.scalars(sa.select(CallRecord).where(CallRecord.answered)).one()
    # 61 s: 120 s of the deck's 60/60 at 0.01, 61 s of the rate card at 0.02.
    assert (row.code, row.cost_billed, row.cost_nanos) == ("4420", 120, 20_000_000)
    assert (row.sell_billed, row.sell_nanos, row.margin_nanos) == (61, 20_333_000, 333_000)
    sums = day()
    assert (sums.attempts, sums.answered, sums.effective, sums.pdd_samples) == (3, 1, 2, 2)
    assert (sums.talk_ms, sums.cost_nanos, sums.sell_base_nanos, sums.margin_base_nanos) == (
        61_000, 20_000_000, 20_333_000, 333_000,
    )  # fmt: skip
    traffic = db.session.scalars(sa.select(TrafficDay)).one()
    assert (traffic.buyer_id, traffic.code, traffic.calls, traffic.seconds) == (both.buyer.id, "4420", 1, 61)
    again = send(both, file)
    assert (again.counts["new"], again.counts["same"]) == (0, 3)
    assert day().attempts == 3
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CallRecord)) == 3
    counter = db.session.scalars(sa.select(QualityCounter)).one()
    assert (counter.attempts, counter.answered, counter.source) == (3, 1, "calls")


def test_half_of_the_file_with_one_amount_changed_waits_for_a_person_and_moves_by_the_difference(
    both: World,
) -> None:
    send(both, HEAD + "".join(line(n, amount="0.0100") for n in range(6)))
    half = HEAD + line(0, amount="0.0100") + line(1, amount="0.0150", seconds=90) + line(2, amount="0.0100")
    taken = send(both, half)
    assert (taken.counts["new"], taken.counts["same"], taken.counts["other"]) == (0, 2, 1)
    assert day().cost_nanos == 60_000_000  # nothing silent
    waits = db.session.scalars(sa.select(CallQuarantine)).one()
    assert waits.reason == "other_content"
    settings = both.app.config["TANDEM"]
    settle_quarantine(db.session, settings, both.who, waits.id, take=True, now=NOW)
    db.session.commit()
    assert (day().cost_nanos, day().talk_ms, day().attempts) == (70_000_000, 390_000, 6)
    versions = db.session.execute(
        sa.select(CallRecord.version, CallRecord.current, CallRecord.cost_nanos)
        .where(CallRecord.identity.in_(sa.select(CallRecord.identity).where(CallRecord.version == 2)))
        .order_by(CallRecord.version)
    ).all()
    assert [tuple(v) for v in versions] == [(1, False, 10_000_000), (2, True, 20_000_000)]
    with pytest.raises(Conflict):
        settle_quarantine(db.session, settings, both.who, waits.id, take=False, now=NOW)
    assert send(both, half).counts["same"] == 3  # the correction is what is known now


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (line(1, trunk="West"), "unknown_trunk"),
        (line(1, product="Nobody"), "unknown_product"),
        (line(1, dnis=FR), "no_rate"),
        (line(1, at=NOW - timedelta(days=200)), "not_bought"),
        (line(1, at=NOW + timedelta(hours=1)), "future_start"),
        (line(1, seconds=90_000, at=NOW - timedelta(days=3)), "over_a_day"),
        (line(1, code=486), "answered_without_200"),
        ("call-1,x,East,Minutes,,44,2026-11-20\n", "unreadable"),
        ("=cmd(),1,East,Minutes,,nonsense\n", "unreadable"),
    ],
)
def test_what_cannot_be_taken_is_listed_with_why_and_never_rated(world: World, row: str, reason: str) -> None:
    taken = send(world, HEAD + row + line(9))
    assert (taken.counts["new"], taken.counts["reasons"]) == (1, {reason: 1})
    (waiting,) = queries.quarantine(db.session, world.who)
    assert waiting.reason == reason
    assert day().attempts == 1
    send(world, HEAD + row + line(9))
    assert len(queries.quarantine(db.session, world.who)) == 1  # once, however often the file comes


def test_a_record_whose_reason_is_gone_leaves_the_quarantine_with_the_next_file(world: World) -> None:
    file = HEAD + line(1, product="Later")
    send(world, file)
    world.products[0].name = "Later"
    db.session.commit()
    assert send(world, file).counts["new"] == 1
    assert queries.quarantine(db.session, world.who) == []


@pytest.mark.parametrize("text", [HEAD, "hello\n", "[]", '{"variables":', "call_id,dnis,setup,color\n"])
def test_a_file_without_records_or_of_no_known_shape_is_refused_whole(world: World, text: str) -> None:
    with pytest.raises(Invalid):
        send(world, text)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CallRecord)) == 0
    with pytest.raises(Invalid, match="empty"):
        send(world, "")


def test_records_of_a_switch_take_the_trunk_and_product_chosen_for_them(
    world: World, field_samples: Path
) -> None:
    text = (field_samples / "cdrs" / "opensips_flatstore_acc_missed.txt").read_text()
    taken = send(world, text, trunk_id=world.trunk.id, product_id=world.products[0].id)
    # Their numbers are extensions of 2015: long before the trunk bought anything.
    assert (taken.counts["shape"], taken.counts["reasons"]) == ("opensips", {"not_bought": 3})
    with pytest.raises(NotFound):
        send(world, text, trunk_id=9_999)


def test_each_side_sees_its_own_leg_and_nobody_else_any(world: World) -> None:
    send(world, HEAD + line(1))
    seller = make.make_user(db.session, world.sellers[0], "viewer")
    other = make.make_user(db.session, world.sellers[1], "viewer")
    (bought,) = queries.calls(db.session, world.who, WHOLE)
    (sold,) = queries.calls(db.session, make.actor_for(seller, world.sellers[0]), WHOLE)
    assert bought.sell is not None
    assert bought.margin is not None
    assert (sold.sell, sold.margin, sold.sell_currency, sold.trunk) == (None, None, None, "")
    assert sold.cost == bought.cost
    assert sold.dnis == bought.dnis == UK[:-4] + "xxxx"
    stranger = make.actor_for(other, world.sellers[1])
    assert queries.calls(db.session, stranger, WHOLE) == queries.sums(db.session, stranger, WHOLE) == []
    assert queries.totals(db.session, stranger, WHOLE).attempts == 0
    (sums,) = queries.sums(db.session, make.actor_for(seller, world.sellers[0]), WHOLE)
    assert (sums.sell_base, sums.margin_base) == (None, None)
    with pytest.raises(NotFound):
        queries.own_import(db.session, make.actor_for(seller, world.sellers[0]), 1)


def test_a_search_never_tells_masked_digits(world: World) -> None:
    send(world, HEAD + line(1))

    def found(q: str) -> int:
        return queries.count(db.session, world.who, Filter(DAY, DAY, q=q))

    assert found(UK[:-4]) == 1
    assert found(UK[:-3]) == found(UK) == 0
    assert (found("destination 44"), found("100%_")) == (1, 0)


def test_lengths_are_counted_and_only_recent_calls_reach_the_edge(world: World) -> None:
    send(
        world,
        HEAD + line(1, seconds=12) + line(2, seconds=95) + line(3, seconds=20, at=NOW - timedelta(hours=1)),
    )
    talk = db.session.execute(
        sa.select(TalkDay.length_class, TalkDay.calls, TalkDay.seconds).order_by(TalkDay.length_class)
    )
    assert sum(calls for _, calls, _ in talk) == 3
    delta = db.session.scalars(sa.select(QualityDelta)).one()
    assert (delta.attempts, delta.talk_ms) == (1, 20_000)


def test_an_import_killed_between_its_parts_goes_on_and_counts_each_record_once(
    both: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.cdrs.service import import_calls as verb

    monkeypatch.setattr(verb, "PART", 3)
    monkeypatch.setattr(verb, "PAUSE_S", 0.0)
    whole = "".join(line(n) for n in range(8)) + line(3) + line(4, amount="0.5") + line(20, trunk="West")
    parts: list[int] = []

    class Dies(SilentProgress):
        def __call__(self, done: int, total: int, phase: str = "") -> None:
            if phase == "storing":
                parts.append(done)
                if done == 6:
                    raise KeyboardInterrupt

    settings = both.app.config["TANDEM"]
    taken = receive_file(
        db.session, settings, both.who, BytesIO((HEAD + whole).encode()), filename="c.csv", way="web", now=NOW
    )
    db.session.commit()
    with pytest.raises(KeyboardInterrupt):
        verb.import_calls(db.session, settings, taken.id, now=NOW, progress=Dies())
    db.session.rollback()
    assert (parts, day().attempts) == ([0, 3, 6], 6)  # each part with its sums
    counts = verb.import_calls(db.session, settings, taken.id, now=NOW, progress=SilentProgress())
    db.session.commit()
    assert {k: counts[k] for k in ("records", "new", "same", "other", "refused", "quarantined", "answered")} == {
        "records": 11, "new": 8, "same": 1, "other": 1, "refused": 2, "quarantined": 2, "answered": 8,
    }  # fmt: skip
    assert (day().attempts, day().talk_ms) == (8, 480_000)
    traffic = db.session.scalars(sa.select(TrafficDay)).one()
    assert (traffic.calls, traffic.seconds) == (8, 480)


def test_an_import_that_is_given_up_half_way_says_what_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.cdrs.service import import_calls as verb

    monkeypatch.setattr(verb, "PART", 2)
    monkeypatch.setattr(verb, "PAUSE_S", 0.0)

    class Dies(SilentProgress):
        def __call__(self, done: int, total: int, phase: str = "") -> None:
            if phase == "storing" and done:
                raise KeyboardInterrupt

    settings = world.app.config["TANDEM"]
    file = HEAD + "".join(line(n) for n in range(5))
    taken = receive_file(
        db.session,
        settings,
        world.who,
        BytesIO(file.encode()),
        filename="c.csv",
        way="web",
        source="sw1",
        now=NOW,
    )
    db.session.commit()
    with pytest.raises(KeyboardInterrupt):
        verb.import_calls(db.session, settings, taken.id, now=NOW, progress=Dies())
    db.session.rollback()
    assert taken.job_id is not None
    give_up(taken.job_id, "The worker died too often.")
    db.session.expire_all()
    ended = db.session.get_one(CallImport, taken.id)
    assert ended.state == "failed"
    assert "2 of its records were taken and stay" in ended.error
    assert send(world, file).counts["new"] == 3
    assert day().attempts == 5


def test_a_killed_import_starts_over_and_counts_once(world: World) -> None:
    from app.cdrs.service.import_calls import import_calls

    settings = world.app.config["TANDEM"]
    taken = receive_file(
        db.session,
        settings,
        world.who,
        BytesIO((HEAD + line(1)).encode()),
        filename="c.csv",
        way="web",
        now=NOW,
    )
    db.session.commit()

    class Killed(Exception):
        pass

    class Dies:
        def __call__(self, done: int, total: int, phase: str = "") -> None:
            if phase == "storing":
                raise Killed

        def cancelled(self) -> bool:
            return False

        def step(self, name: str, work: Any) -> Any:
            return work()

    with pytest.raises(Killed):
        import_calls(db.session, settings, taken.id, now=NOW, progress=Dies())
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CallRecord)) == 0
    for _ in range(2):
        import_calls(db.session, settings, taken.id, now=NOW, progress=SilentProgress())
        db.session.commit()
    assert day().attempts == 1
    assert db.session.get_one(CallImport, taken.id).state == "done"
