"""Every file of the corpus: its problems and codes as expected, from the jailed child and through the upload of the exchange.

Each of them is checked in a jailed child of its own, within 10 s of CPU and 512 MB. The way a carrier's file really goes (HTTP upload,
job, jailed child, pages) is walked with two formats of every defect; there each file must answer without a 5xx, within the same
bounds, and a refusal must leave the active deck as it was."""

from __future__ import annotations

import hashlib
import io
import json
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from app.carriers.models import Product
from app.clock import utc_now
from app.config import Jobs
from app.db import db
from app.decks.models import Deck
from app.jobs.models import Job
from rates import store
from rates.options import CheckRequest, Limits
from rates.parse.dates import micros
from rates.timeline import Terms, apply
from tests.decks.corpus import Case, all_cases
from tests.decks.corpus.judging import found_codes, found_problems, options_of
from tests.decks.warm import Warm
from tests.factories.app import make_product
from tests.integration.decks.world import World, make_world
from tests.unit.rates.test_layers import deck

RECEIVED = datetime(2026, 11, 21, 5, tzinfo=UTC)
CASES = all_cases()
CPU_S, MEMORY_BYTES = 10, 512 * 2**20
PAGES = ("", "/sheet", "/columns", "/errors", "/review")


def two_of_each(cases: list[Case]) -> list[Case]:
    """Two formats of every defect; which two changes from defect to defect, so that every format has its share."""
    by_name: dict[str, list[Case]] = {}
    for case in cases:
        by_name.setdefault(case.name, []).append(case)
    chosen: list[Case] = []
    for turn, formats in enumerate(by_name.values()):
        first = turn % len(formats)
        chosen += {case.id: case for case in (formats[first], formats[(first + 2) % len(formats)])}.values()
    return chosen


SENT = two_of_each(CASES)


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(CASES) >= 700
    assert len({case.name for case in CASES}) >= 170
    assert len(SENT) >= 300
    assert {case.name for case in SENT} == {case.name for case in CASES}
    assert {case.ending for case in SENT} >= {
        "csv",
        "tsv",
        "txt",
        "xlsx",
        "xls",
        "xlsb",
        "ods",
        "zip",
        "csv.gz",
    }


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm() as running:
        yield running


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_file_of_the_corpus_says_what_is_wrong_with_it_and_nothing_else(
    case: Case, tmp_path: Path, warm: Warm
) -> None:
    path = tmp_path / "deck"
    path.write_bytes(case.build())
    ended = warm.check(
        CheckRequest(
            path=str(path), name=f"deck.{case.ending}", out_dir=str(tmp_path), received_at=RECEIVED, deck_id=1,
            options=options_of(case), limits=Limits(memory_bytes=Jobs().deck_memory_bytes, cpu_s=CPU_S, nice=0),
        )
    )  # fmt: skip
    report = ended.report
    assert ended.cpu_s <= CPU_S
    assert max(ended.peak_bytes, report.peak_bytes) <= MEMORY_BYTES
    assert report.outputs.problems is not None
    found = store.read_file(report.outputs.problems)
    assert (report.status, found_problems(found)) == (case.status, expected(case))
    for row in found.to_pylist():
        assert row["hint"]
        assert len(row["text"] or "") <= 80
    assert (report.outputs.timeline is not None) == (case.codes is not None)
    if case.codes is not None:
        assert report.outputs.rows is not None
        assert found_codes(store.read_file(report.outputs.rows)) == case.codes


def expected(case: Case) -> dict[str, tuple[int, ...]]:
    return {id: tuple(sorted(rows)) for id, rows in case.problems.items()}


@dataclass
class Desk:
    """A carrier with products that all have the same deck in force."""

    world: World
    active: str

    def product(self, name: str) -> int:
        with self.world.app.app_context():
            product = make_product(db.session, self.world.seller, name, timeline_key=self.active, version=1)
            return product.id

    def digest(self) -> str:
        settings = self.world.app.config["TANDEM"]
        return hashlib.sha256(
            Path(store.Store(str(settings.store_dir)).path(self.active)).read_bytes()
        ).hexdigest()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    world = make_world(tmp_path_factory.mktemp("corpus"))
    settings = world.app.config["TANDEM"]
    at = micros(RECEIVED)
    timeline = apply(
        None,
        deck(("500", None, None, 1_000_000_000), start=RECEIVED),
        Terms(received_us=at, deck_from_us=at, deck_id=1),
    )
    return Desk(world, store.Store(str(settings.store_dir)).put(timeline))


def peak_of_last_check(world: World) -> int:
    """Bytes the jailed child had resident at most, as it says of itself: what ran before in this process counts not."""
    with world.app.app_context():
        last = sa.select(Job.result).where(Job.kind == "deck.check").order_by(Job.finished_at.desc()).limit(1)
        return int(db.session.scalars(last).one()["peak_bytes"])


@pytest.mark.parametrize("case", SENT, ids=lambda case: case.id)
def test_a_file_of_the_corpus_goes_the_whole_way_and_a_refusal_changes_nothing(
    case: Case, desk: Desk
) -> None:
    product, before = desk.product(case.id[:100]), desk.digest()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = desk.world.client.post("/api/v1/decks", content_type="multipart/form-data", data={
        "product_id": product, "file": (io.BytesIO(case.build()), f"deck.{case.ending}"),
        "options": json.dumps(msgspec.to_builtins(options_of(case), str_keys=True)),
        **({"mode": "partial"} if "mode" not in case.options else {}),
    })  # fmt: skip
    if case.name == "file empty":  # refused before it is kept
        assert answer.status_code == 422
        return
    assert answer.status_code == 202, answer.json
    desk.world.work()
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime <= CPU_S
    assert 0 < peak_of_last_check(desk.world) <= MEMORY_BYTES

    states = {"ready": "review", "rejected": "rejected", "needs_mapping": "needs_mapping"}
    deck_id = answer.json["id"]
    shown = desk.world.client.get(f"/api/v1/decks/{deck_id}")
    assert (shown.status_code, shown.json["state"]) == (200, states[case.status])
    for page in PAGES:
        assert desk.world.client.get(f"/decks/{deck_id}{page}").status_code < 500
    listed = desk.world.client.get(f"/api/v1/decks/{deck_id}/problems?page_size=500")
    assert listed.status_code == 200
    with desk.world.app.app_context():
        checked = db.session.get(Deck, deck_id)
        assert checked is not None
        stored = store.Store(str(desk.world.app.config["TANDEM"].store_dir))
        assert found_problems(stored.open(checked.problems_key)) == expected(case)
        if case.codes is not None:
            assert found_codes(stored.open(checked.rows_key)) == case.codes
        kept = db.session.get(Product, product)
        assert kept is not None
        assert kept.timeline_key == desk.active
    assert desk.digest() == before


def test_the_clock_of_the_corpus_lies_ahead_of_every_date_it_calls_past() -> None:
    assert utc_now().year < 2031, "dates of the corpus must lie in the future: move them on"
