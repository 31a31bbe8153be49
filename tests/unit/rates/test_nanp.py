"""Files about numbers of North America are read by their headings or by named places; what is wrong is told line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from rates.nanp import UnreadableNumbers, codes_by, read_blocks, read_ported
from tests.conftest import SHARED


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "numbers.csv"
    path.write_text(text)
    return path


def test_blocks_are_found_by_their_headings_and_bad_lines_are_left_out(tmp_path: Path) -> None:
    read = read_blocks(
        _file(tmp_path, "NPA,NXX,Block,State,Rate Center,OCN,LATA\n212,555,,NY,New York,6529,132\n973,555,0,nj,Newark,,\n"
            "112,555,,NY,,,\n212,555,,NY,,,\n")
    )  # fmt: skip
    assert read.table.to_pylist()[1] == {
        "code": "9735550", "country": "", "state": "NJ", "rate_centre": "NEWARK", "ocn": "", "lata": "",
    }  # fmt: skip
    assert [(p.line, p.why) for p in read.problems] == [
        (4, "is not NPA, NPA-NXX or a thousand-block"),
        (5, "stands in line 2 already"),
    ]


def test_columns_without_headings_are_named_by_their_place(tmp_path: Path) -> None:
    read = read_blocks(
        _file(tmp_path, "AK,907-200,VALDEZ\nAK,907-211,\n"),
        {"state": "1", "npa_nxx": "2", "rate_centre": "3"},
    )
    assert read.table["code"].to_pylist() == ["907200", "907211"]
    with pytest.raises(UnreadableNumbers, match="name them"):
        read_blocks(_file(tmp_path, "AK,907-200,VALDEZ\nAK,907-211,\n"))


def test_a_deck_by_ocn_is_spread_out_over_the_blocks(tmp_path: Path) -> None:
    blocks = read_blocks(
        _file(
            tmp_path, "npa_nxx,state,ocn,lata\n212555,NY,6529,132\n718555,NY,6529,132\n973555,NJ,9206,224\n"
        )
    ).table
    assert codes_by(blocks, "ocn") == {"6529": ["1212555", "1718555"], "9206": ["1973555"]}
    assert codes_by(blocks, "lata")["224"] == ["1973555"]


def test_ported_numbers_get_their_country_and_one_lrn_each(tmp_path: Path) -> None:
    read = read_ported(
        _file(
            tmp_path,
            "number,lrn\n718-555-0123,9735550000\n17185550124,19735550000\n7185550123,2125550000\nx,y\n",
        )
    )
    assert read.table.to_pylist() == [
        {"number": "17185550123", "lrn": "19735550000"},
        {"number": "17185550124", "lrn": "19735550000"},
    ]
    assert [p.line for p in read.problems] == [4, 5]


def test_the_real_block_table_of_160000_lines_is_read() -> None:
    path = SHARED / "fixtures" / "reference" / "npa_nxx_state_city_160k.csv"
    if not path.exists():
        pytest.skip(f"no field samples at {path} (set TANDEM_SHARED)")
    read = read_blocks(path, {"state": "1", "npa_nxx": "2", "rate_centre": "3"})
    assert read.table.num_rows > 150_000
