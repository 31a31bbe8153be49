"""An offer shown in the form and sent back as it stands is the same offer; what the form does not hold stays as it was."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from werkzeug.datastructures import MultiDict

from app.deals.forms import OfferForm
from app.deals.terms import Quality, Rate, Schedule, Terms, Tier, Trial, Volume
from tests.factories import app as make

RICH = Terms(
    "USD",
    (Rate("4420", "0.0025", "UK London", 1, 1, "0.01"), Rate("447", "0.0125", "UK Mobile", 60, 30)),
    Volume(500_000, 100_000, 50, (Tier(100_000, 150), Tier(300_000, 325)), "retroactive", 900_000, 120, 10, (25, 50)),
    None,
    12,
    Trial(7, Quality(asr_bp=4550, ner_bp=9000, mos_milli=3800, pdd_ms=4000), 250),
    Schedule(
        sla=Quality(asr_bp=4125, acd_s=90, mos_milli=3750), sla_credit_pct=25, second_rounding="nearest", amount_places=4,
        amount_rounding="up", time_zone="Europe/Berlin", dispute_threshold_bp=75, fraud_clause=False,
        termination_triggers=("fraud",), codecs=("G.729",), transport="tls", termination_days=5,
    ),
)  # fmt: skip


@dataclass
class Sender:
    app: APIFlask

    def back(self, terms: Terms, **typed: str) -> Terms:
        """The form as a browser sends it after somebody typed into these fields."""
        with self.app.test_request_context(method="GET"):
            form = OfferForm(meta={"csrf": False})
            form.show(terms)
            words: dict[str, Any] = {}
            for field in form:
                if field.type == "BooleanField":
                    words |= {field.name: "y"} if field.data else {}
                elif field.type == "SelectField":
                    words[field.name] = str(field.data)
                else:
                    words[field.name] = field._value()
            words.pop("product", None)
        with self.app.test_request_context(method="POST"):
            form = OfferForm(formdata=MultiDict(words | typed), meta={"csrf": False})
            assert form.validate(), form.errors
            return form.terms("USD", terms)


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Sender:
    folder: Path = tmp_path_factory.mktemp("form")
    return Sender(make.make_app(folder))


@pytest.mark.parametrize("terms", [Terms("USD"), RICH], ids=["usual", "rich"])
def test_an_offer_shown_and_sent_back_untouched_is_the_same(sender: Sender, terms: Terms) -> None:
    assert sender.back(terms) == terms


def test_an_emptied_figure_is_promised_no_more(sender: Sender) -> None:
    assert sender.back(RICH, sla_mos="").schedule.sla == Quality(asr_bp=4125, acd_s=90)


def test_a_typed_figure_is_promised_exactly(sender: Sender) -> None:
    found = sender.back(RICH, sla_uptime="99.95", dispute_threshold="1.5", codecs="G.711A, G.729").schedule
    assert (found.sla.uptime_bp, found.dispute_threshold_bp) == (9995, 150)
    assert found.codecs == ("G.711A", "G.729")


def test_what_a_form_did_not_send_stays_as_it_was(sender: Sender) -> None:
    with sender.app.test_request_context(method="POST"):
        form = OfferForm(
            formdata=MultiDict({"valid_days": "7", "rates": "4420 0.0020", "asr": "50"}), meta={"csrf": False}
        )
        found = form.terms("USD", RICH)
    assert found.schedule == RICH.schedule
    assert Decimal(found.rates[0].connect_fee) == Decimal("0.01")
