"""Every deck of the field samples imports, or refuses with something a rates manager can act on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rates import store
from rates.options import Defaults
from tests.decks.checking import check_file, check_here, ids

# file → (status, codes that would come into force, problem ids that stop it)
GOLDEN: dict[str, tuple[str, int, set[str]]] = {
    "a2billing_samples/a2b_import_rates_info.txt": (
        "needs_mapping",
        0,
        {"header_not_found", "column_missing", "column_unsure"},
    ),
    "a2billing_samples/ratecard_simple.csv": ("needs_mapping", 0, {"header_not_found", "column_unsure"}),
    "asterisell_formats/csv-digitel-nng.csv": ("rejected", 4, {"increment_invalid", "rate_suspicious"}),
    "asterisell_formats/csv-gamma-header-9col.csv": ("needs_mapping", 0, {"column_missing"}),
    "asterisell_formats/csv-header-3col-italian.csv": ("ready", 3, set()),
    "asterisell_formats/csv-header-3col-pref-descr-rate-it.csv": ("ready", 1, set()),
    "asterisell_formats/csv-header-3col.csv": ("ready", 3, set()),
    "asterisell_formats/csv-header-4col-rating-code-costOnCall.csv": ("needs_mapping", 0, {"column_missing"}),
    "asterisell_formats/csv-header-5col-costOnCall.csv": ("ready", 1, set()),
    "asterisell_formats/csv-twt-header-5col.csv": ("ready", 2, set()),
    "asterisell_formats/csv-twt-header-7col.csv": ("ready", 2, set()),
    "asterisell_formats/csv-twt-no-header-5col.csv": (
        "needs_mapping",
        0,
        {"header_not_found", "column_unsure"},
    ),
    "astpp_samples/ASTPP-TERMINATION-RATES-2019-05-24.csv": ("rejected", 1, {"rate_suspicious"}),
    "astpp_samples/did_sample.csv": ("needs_mapping", 0, {"column_missing"}),
    "astpp_samples/originationrates_sample.csv": ("ready", 2, set()),
    "astpp_samples/ratedeck_sample.csv": ("needs_mapping", 0, {"column_missing"}),
    "astpp_samples/terminationrates_sample.csv": ("ready", 2, set()),
    "flowroute_sdf_2010-07.csv": ("rejected", 27523, {"rate_missing", "rate_suspicious"}),
}
NO_RATE_ROWS = [583, 7151, 24073, 24127, 24128, 24129, 24130, 24131, 27393]


def test_no_sample_is_left_out_of_the_table(field_samples: Path) -> None:
    folder = field_samples / "decks"
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == set(GOLDEN)


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_a_sample_imports_or_says_what_stops_it(name: str, field_samples: Path, tmp_path: Path) -> None:
    status, codes, stopping = GOLDEN[name]
    report = check_here(field_samples / "decks" / name, tmp_path / "out")
    assert (report.status, report.codes, set(ids(report, "error"))) == (status, codes, stopping)
    for group in report.problems:
        assert group.hint
        assert group.examples


def rates_of(report: Any) -> dict[str, tuple[int, str]]:
    rows = store.read_file(report.outputs.rows).to_pylist()
    return {row["code"]: (row["rate_nanos"], row["destination"]) for row in rows}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "csv-header-3col-italian.csv",
            {
                "93": (117_500_000, "Afghanistan"),
                "937": (117_500_000, "Afghanistan Mobile"),
                "9378": (117_500_000, "Afghanistan Mobile - Etisalat"),
            },
        ),
        ("csv-header-3col-pref-descr-rate-it.csv", {"3931": (40_000_000, "Mobile prefix")}),
        ("csv-twt-header-5col.csv", {"355": (66_000_000, "Albania"), "35538": (66_000_000, "Albania")}),
        (
            "csv-twt-header-7col.csv",
            {"93": (123_000_000, "Afghanistan"), "937": (139_100_000, "Afghanistan Mobile")},
        ),
    ],
)
def test_the_prices_of_a_sample_are_those_written_in_it(
    name: str, expected: dict[str, tuple[int, str]], field_samples: Path, tmp_path: Path
) -> None:
    assert (
        rates_of(check_here(field_samples / "decks/asterisell_formats" / name, tmp_path / "out")) == expected
    )


def test_a_file_without_header_imports_once_its_columns_are_named(
    field_samples: Path, tmp_path: Path
) -> None:
    path = field_samples / "decks/asterisell_formats/csv-twt-no-header-5col.csv"
    mapping = {0: "code", 1: "destination", 2: "rate", 3: "effective_from"}
    report = check_here(path, tmp_path / "out", header_row=0, mapping=mapping)
    assert report.status == "ready"
    assert rates_of(report) == {"355": (66_000_000, "Albania"), "35538": (66_000_000, "Albania")}


def test_a_row_with_a_cell_too_few_is_named_and_not_shifted(field_samples: Path, tmp_path: Path) -> None:
    path = field_samples / "decks/a2billing_samples/ratecard_simple.csv"
    mapping = {0: "code", 1: "destination", 2: "rate", 4: "effective_from"}
    report = check_here(path, tmp_path / "out", header_row=0, mapping=mapping)
    assert report.status == "rejected"
    [group] = [g for g in report.problems if g.severity == "error"]
    assert (group.id, [p.row for p in group.examples]) == ("date_invalid", [3, 4, 5])


def test_flowroute_names_its_nine_rows_without_a_rate_and_prices_nothing_at_zero(
    field_samples: Path, tmp_path: Path
) -> None:
    path = field_samples / "decks/flowroute_sdf_2010-07.csv"
    dollars = Defaults(currency="USD")
    report = check_file(path, tmp_path / "first", defaults=dollars)
    assert report.status == "rejected"
    problems = store.read_file(report.outputs.problems).to_pylist()  # type: ignore[arg-type]
    assert [p["row"] for p in problems if p["id"] == "rate_missing"] == NO_RATE_ROWS
    assert ids(report, "error") == {"rate_missing": 9, "rate_suspicious": 5}
    assert report.outputs.timeline is None

    repairs = ("skip_rows_without_rate", "skip_zero_rates")
    report = check_file(path, tmp_path / "second", defaults=dollars, repairs=repairs)
    assert (report.status, report.codes, report.rows_skipped) == ("ready", 27523 - 9 - 5, 14)
    timeline = store.read_file(report.outputs.timeline)  # type: ignore[arg-type]
    assert min(timeline["rate_nanos"].to_pylist()) > 0
    assert not set(timeline["deck_row"].to_pylist()) & set(NO_RATE_ROWS)
