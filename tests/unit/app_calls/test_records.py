"""Records of the edge's log: taken once each, whatever is killed, with their money, evidence and counters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.calls.files import path_of
from app.calls.limits import day_of, spend_of
from app.calls.models import LogCursor, OwnNumber, TestCall, TestEvent, TestFile, TestMedia, TestTicket
from app.calls.service.forget_files import forget_files
from app.calls.service.import_records import has_news, import_records
from app.calls.service.issue_ticket import TicketFacts, issue_ticket, revoke_ticket
from app.calls.service.order_calls import Wanted, order_calls
from app.calls.service.tell_edge import digest, lists_for
from app.carriers.models import QualityCounter
from app.clock import to_micros, utc_now
from app.db import db
from app.errors import Conflict, Invalid, NotFound
from app.hooks.models import Happening
from app.routing.models import QualityDelta
from tests.unit.app_calls.world import BUYER, LATER, NUMBER, SELLER, World, make_world, record_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = make_world(tmp_path)
    with made.exchange.app.app_context():
        yield made
        db.session.close()
        db.engine.dispose()


def ordered(world: World, company: str = BUYER) -> TestCall:
    (call,) = order_calls(
        db.session, world.settings, world.actor(company), Wanted(NUMBER, [world.product]), now=utc_now()
    )
    call.state = "placed"
    db.session.commit()
    return call


def take(world: World) -> dict[str, int]:
    return import_records(db.session, world.settings, world.log, now=utc_now() + LATER)


def test_a_record_becomes_result_ladder_media_money_and_news(world: World) -> None:
    call = ordered(world)
    wav = world.media_file("one.wav", b"RIFF audio")
    world.write("begin", call.ref, mode="originated", at_us=to_micros(utc_now()), company_id=call.company_id)
    world.write("record", call.ref, **record_of(call, utc_now(), files={"wav": wav, "pcap": None}))
    assert has_news(db.session, world.log)
    assert take(world) == {"begun": 1, "done": 1, "known": 0, "faults": 0}
    db.session.refresh(call)
    assert (call.state, call.outcome, call.sip_code, call.verdict) == ("done", "answered", 200, "honest")
    assert (call.pdd_ms, call.ringing_ms, call.answered_ms, call.talk_ms) == (900, 1500, 2400, 8000)
    assert (call.mos_milli, call.cost, call.cost_base) == (4400, Decimal("0.06"), Decimal("0.06"))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(TestEvent)) == 9
    heard = db.session.scalars(sa.select(TestMedia)).one()
    assert (heard.side, heard.figures["codec"], len(heard.seconds)) == ("b", "PCMA", 8)
    kept = db.session.scalars(sa.select(TestFile)).one()
    assert path_of(world.settings.evidence_dir, kept.sha256).read_bytes() == b"RIFF audio"
    spent = spend_of(db.session, call.company_id, call.day)
    assert (spent.reserved, spent.spent) == (Decimal(0), Decimal("0.06"))
    told = db.session.scalars(sa.select(Happening).where(Happening.kind == "test.done")).one()
    assert (told.company_id, told.href) == (call.company_id, f"/test-calls/{call.id}")


def test_the_same_log_read_again_from_its_beginning_changes_nothing(world: World) -> None:
    call = ordered(world)
    world.write("begin", call.ref, mode="originated", at_us=1)
    world.write("record", call.ref, **record_of(call, utc_now()))
    take(world)
    assert take(world) == {"begun": 0, "done": 0, "known": 0, "faults": 0}
    db.session.execute(sa.delete(LogCursor))
    db.session.commit()
    assert take(world)["known"] == 1
    spent = spend_of(db.session, call.company_id, call.day)
    assert (spent.reserved, spent.spent, spent.calls) == (Decimal(0), Decimal("0.06"), 1)
    counter = db.session.scalars(sa.select(QualityCounter).where(QualityCounter.source == "tested")).one()
    assert counter.attempts == 1


def test_a_worker_killed_before_its_commit_takes_the_record_again_whole(world: World) -> None:
    call = ordered(world)
    wav = world.media_file("two.wav", b"RIFF two")
    world.write("record", call.ref, **record_of(call, utc_now(), files={"wav": wav, "pcap": None}))

    def killed() -> None:
        db.session.rollback()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_records(db.session, world.settings, world.log, now=utc_now(), save=killed)
    db.session.refresh(call)
    assert call.state == "placed"
    assert take(world)["done"] == 1  # the file was moved before; it is found where it lies
    assert db.session.scalar(sa.select(sa.func.count()).select_from(TestFile)) == 1


def test_lines_that_cannot_be_read_stop_nothing_and_an_unfinished_one_is_waited_for(world: World) -> None:
    call = ordered(world)
    with (world.log / world.file).open("a") as stream:
        stream.write("no json\n" + '{"v": 1, "kind": "surprise", "seq": 9, "call": "x"}\n')
    world.write("record", call.ref, **record_of(call, utc_now()))
    with (world.log / world.file).open("a") as stream:
        stream.write('{"v": 1, "kind": "rec')
    assert take(world) == {"begun": 0, "done": 1, "known": 0, "faults": 2}
    assert not has_news(db.session, world.log)
    # The edge was killed there and began a new file: the old end is never finished.
    world.file = "calls-00000002.ndjson"
    world.write("begin", "somebody-else", mode="far_end", at_us=5, number=NUMBER)
    assert take(world)["begun"] == 1
    forget_files(db.session, world.settings, now=utc_now())
    assert sorted(path.name for path in world.log.glob("*.ndjson")) == ["calls-00000002.ndjson"]


def test_a_damaged_recording_is_not_taken_for_evidence(world: World) -> None:
    call = ordered(world)
    wav = world.media_file("three.wav", b"RIFF three")
    (world.log / "media" / "three.wav").write_bytes(b"RIFF other")
    outside = {"path": "../../etc/passwd", "bytes": 1, "sha256": "0" * 64}
    world.write("record", call.ref, **record_of(call, utc_now(), files={"wav": wav, "pcap": outside}))
    assert take(world)["done"] == 1
    db.session.refresh(call)
    assert call.why == "Missing of the evidence: wav, pcap."
    assert db.session.scalar(sa.select(sa.func.count()).select_from(TestFile)) == 0


def test_a_false_answer_counts_as_a_failed_attempt_apart_from_calls(world: World) -> None:
    found = [
        {
            "finding": "silence",
            "reason": "silence of 7.000 s after the answer",
            "evidence": {"lasted_ms": 7000},
        }
    ]
    for verdict, findings in (("honest", []), ("suspect", found)):
        call = ordered(world)
        world.write(
            "record", call.ref,
            **record_of(call, utc_now(), verdict=verdict, findings=findings, cli={"sent": "1", "received": "2", "shown": "substituted"}),
        )  # fmt: skip
    own = ordered(world, "Tandem")  # the exchange tests too; a seller's own tests would not count
    own.company_id = own.seller_id = db.session.get_one(TestCall, own.id).seller_id
    db.session.commit()
    world.write("record", own.ref, **record_of(own, utc_now()))
    take(world)
    counter = db.session.scalars(sa.select(QualityCounter)).one()
    assert (counter.source, counter.code) == ("tested", "4420")
    assert (counter.attempts, counter.answered, counter.suspected) == (2, 1, 1)
    assert (counter.effective, counter.talk_ms, counter.pdd_samples) == (1, 8_000, 2)
    assert (counter.cli_samples, counter.cli_kept) == (2, 0)
    delta = db.session.scalars(sa.select(QualityDelta)).one()
    assert (delta.attempts, delta.answered) == (2, 1)


def test_our_own_number_is_free_again_when_the_call_has_ended(world: World) -> None:
    world.own_number()
    call = ordered(world)
    db.session.execute(
        sa.update(OwnNumber).values(busy_ref=call.ref, busy_until=utc_now() + timedelta(hours=1))
    )
    db.session.commit()
    world.write("record", call.ref, **record_of(call, utc_now()))
    take(world)
    assert db.session.scalars(sa.select(OwnNumber.busy_ref)).one() is None


def test_a_call_with_a_ticket_counts_against_ticket_and_company(world: World) -> None:
    now, who = utc_now(), world.actor(BUYER)
    facts = TicketFacts(
        world.product, world.exchange.trunks["Main"], now + timedelta(days=1), ("4420", "+44 79")
    )
    row = issue_ticket(db.session, world.settings, who, facts, now=now)
    db.session.commit()
    (told,) = lists_for(db.session, world.settings, now)["tickets"]
    assert (told["code"], told["codes"], told["spend_nanos"]) == (row.code, ["4420", "4479"], 2_000_000_000)
    world.write(
        "begin", "fwd-1", mode="forwarded", at_us=to_micros(now), ticket_id=row.id, company_id=who.company_id, offer_id=world.product,
        number=NUMBER, **{"from": "331"},
    )  # fmt: skip
    take(world)
    call = db.session.scalars(sa.select(TestCall)).one()
    assert (call.mode, call.state, call.ticket_id, call.code) == ("forwarded", "placed", row.id, "4420")
    # 60 s of the ticket and what may come on top are two increments.
    assert spend_of(db.session, who.company_id, day_of(now)).reserved == Decimal("0.12")
    world.write("record", "fwd-1", **record_of(call, now, talk_us=8_000_001, ticket_id=row.id))
    take(world)
    db.session.refresh(row)
    assert (row.used_calls, row.used_seconds, row.used_spend) == (1, 9, Decimal("0.06"))
    spent = spend_of(db.session, who.company_id, day_of(now))
    assert (spent.reserved, spent.spent) == (Decimal(0), Decimal("0.06"))
    lists = lists_for(db.session, world.settings, now)
    assert [one["spend_nanos"] for one in lists["companies"]] == [4_940_000_000]
    before = digest(lists)
    revoke_ticket(db.session, who, row.id, now=now)
    assert lists_for(db.session, world.settings, now)["tickets"] == []
    assert digest(lists_for(db.session, world.settings, now)) != before
    with pytest.raises(Conflict):
        revoke_ticket(db.session, who, row.id, now=now)


def test_tickets_are_bounded_and_for_trunks_one_may_name(world: World) -> None:
    now, who = utc_now(), world.actor(BUYER)
    trunk = world.exchange.trunks["Main"]

    def issue(**changes: object) -> TestTicket:
        words = {
            "product_id": world.product,
            "trunk_id": trunk,
            "expires_at": now + timedelta(days=1),
        } | changes
        return issue_ticket(db.session, world.settings, who, TicketFacts(**words), now=now)  # type: ignore[arg-type]

    for changes, what in (
        ({"expires_at": now}, "at most 30 days"), ({"codes": ("870",)}, "closed"), ({"codes": ("x",)}, "no dial code|not a dial code"),
        ({"spend": Decimal(6)}, "cap of a day"), ({"max_rate": Decimal(1)}, "At most 0.5"), ({"max_seconds": 0}, "seconds a call"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=what):
            issue(**changes)
    with pytest.raises(NotFound):
        issue(trunk_id=trunk + 999)
    with pytest.raises(NotFound):  # the seller knows no trunk of a company that never asked it for anything
        issue_ticket(
            db.session, world.settings, world.actor(SELLER), TicketFacts(world.product, trunk, now + timedelta(days=1)), now=now
        )  # fmt: skip
    assert len(issue().code) == 8
