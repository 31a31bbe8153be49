"""What a product's routes can do goes into the core's words and back, and wrong entries are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from app.carriers.route_words import RouteFields, open_hours, route_values, routing_of_form
from tests.factories.app import make_app

PLAIN = {"keeps_cli": "y", "min_digits": "1", "max_digits": "15", "weight": "0"}


def form_of(tmp_path: Path, **typed: str) -> Any:
    app = make_app(tmp_path)
    with app.test_request_context("/", method="POST"):
        form = RouteFields(MultiDict({**PLAIN, **typed}), meta={"csrf": False})
        form.validate()
        return form


def test_what_the_core_assumes_anyway_is_left_out(tmp_path: Path) -> None:
    assert routing_of_form(form_of(tmp_path)) == {}
    assert route_values({})["keeps_cli"] is True


def test_words_and_form_are_inverse(tmp_path: Path) -> None:
    words = {
        "weight": 20, "keeps_identity": True, "min_digits": 7, "no_reply_ms": 2000, "hunt_stop": [486, 503],
        "schedule": {"zone": "Europe/Berlin", "open": [["mon 08:00", "mon 18:00"], ["fri 22:00", "mon 06:00"]]},
    }  # fmt: skip
    values = {
        name: str(value) for name, value in route_values(words).items() if value not in (None, True, False)
    }
    form = form_of(tmp_path, **values, keeps_identity="y")
    assert form.errors == {}
    assert routing_of_form(form) == words


@pytest.mark.parametrize(
    ("typed", "field", "says"),
    [
        ({"hours": "mon 8 - mon 18:00", "zone": "UTC"}, "hours", "mon 8 - mon 18:00"),
        ({"hours": "mon 08:00 - mon 18:00", "zone": "Mars"}, "zone", "Europe/Berlin"),
        ({"hunt_next": "404 200"}, "hunt_next", "200"),
        ({"min_digits": "9", "max_digits": "8"}, "max_digits", "least"),
    ],
)
def test_wrong_entries_are_named(tmp_path: Path, typed: dict[str, str], field: str, says: str) -> None:
    assert says in " ".join(form_of(tmp_path, **typed).errors[field])


def test_hours_are_read_line_by_line() -> None:
    assert open_hours(" Mon 08:00 - mon 18:00 \n\n") == [["mon 08:00", "mon 18:00"]]
    with pytest.raises(ValueError, match="mon 08:00 - mon 08:00"):
        open_hours("mon 08:00 - mon 08:00")
