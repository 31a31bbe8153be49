"""A number in an address that no row can have is not found, whatever the method."""

from __future__ import annotations

from flask import Flask

from app.web.converters import LARGEST_ID, NO_ROW, RowId


def test_a_number_beyond_the_column_is_no_rows_and_not_a_method_that_is_not_taken() -> None:
    app = Flask(__name__)
    app.url_map.converters["int"] = RowId
    app.patch("/things/<int:thing_id>")(lambda thing_id: str(thing_id))
    app.delete("/things/<int:thing_id>", endpoint="gone")(lambda thing_id: str(thing_id))
    client = app.test_client()
    for said, known in {
        "7": 7, "0007": 7, "0": NO_ROW, str(LARGEST_ID): LARGEST_ID, str(LARGEST_ID + 1): NO_ROW,
        "7121448105104372": NO_ROW, "9" * 5000: NO_ROW, "0" * 5000: NO_ROW,
    }.items():  # fmt: skip
        for method in ("PATCH", "DELETE"):
            answer = client.open(f"/things/{said}", method=method)
            assert (answer.status_code, answer.text) == (200, str(known)), (method, said[:20])
    assert client.delete("/things/seven").status_code == 404
