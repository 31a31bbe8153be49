"""A made-up deck of any size: real country codes, spread-out rates, several increments; the same for the same seed."""

import csv
import random
from pathlib import Path

import xlsxwriter
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

HEADER = (
    "Code",
    "Destination",
    "Rate (USD)",
    "Initial increment",
    "Next increment",
    "Effective date",
    "Comment",
)


def rows(count: int, seed: int = 1) -> list[tuple[str, str, str, int, int, str, str]]:
    random_source = random.Random(seed)
    countries = sorted(code for code in COUNTRY_CODE_TO_REGION_CODE if code < 800)
    codes: set[str] = set()
    while len(codes) < count:
        codes.add(
            f"{random_source.choice(countries)}{random_source.randrange(10 ** random_source.randint(2, 6))}"
        )
    found = []
    for code in sorted(codes):
        first, following = random_source.choice(((1, 1), (60, 1), (60, 60), (30, 6)))
        rate = f"{random_source.lognormvariate(-4, 1.3) + 0.0001:.6f}"
        found.append(
            (
                code,
                f"Destination {code[:3]} area {code[3:5]}",
                rate,
                first,
                following,
                "2026-12-15",
                "No change",
            )
        )
    return found


def write_csv(path: Path, count: int, seed: int = 1) -> None:
    with path.open("w", newline="", encoding="utf-8") as sink:
        writer = csv.writer(sink)
        writer.writerow(HEADER)
        writer.writerows(rows(count, seed))


def write_xlsx(path: Path, count: int, seed: int = 1) -> None:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("Rates")
    for number, row in enumerate((HEADER, *rows(count, seed))):
        for column, cell in enumerate(row):
            if (column == 0 and number) or not isinstance(cell, str) or (column == 2 and number):
                sheet.write_number(number, column, float(cell))
            else:
                sheet.write_string(number, column, cell)
    book.close()
