"""Defects of single cells and columns, each written in several formats. Row 1 is the header unless the defect is about it."""

# ruff: noqa: E501 - the rows of a deck stand side by side with what must come of them
from __future__ import annotations

import datetime as dt

from tests.decks.corpus.case import Corpus
from tests.decks.corpus.writers import Cell, Rows

HEAD = ("Code", "Destination", "Rate")
UK = ("44", "United Kingdom", "0.0123")
FR = ("33", "France", "0.02")
FUTURE = "2031-06-01"
DAY = dt.date(2031, 6, 1)


def deck(*rows: tuple[Cell, ...], head: tuple[Cell, ...] = HEAD) -> Rows:
    return [head, *rows]


def coded(*cells: str) -> Rows:
    """One row for each code cell, at 0.1."""
    return deck(*((cell, f"Place {number}", "0.1") for number, cell in enumerate(cells)))


def priced(*cells: Cell) -> Rows:
    """One row for each rate cell, under codes 441, 442 …; a sound row first, so that the file can be read."""
    return deck(UK, *((f"44{number}", "Place", cell) for number, cell in enumerate(cells, start=1)))


def dated(*cells: Cell) -> Rows:
    return deck(
        *((f"44{number}", "Place", "0.1", cell) for number, cell in enumerate(cells, start=1)),
        head=(*HEAD, "Effective date"),
    )


def codes(*found: str, rate: str = "0.1") -> dict[str, str]:
    return dict.fromkeys(found, rate)


BOTH = {"44": "0.0123", "33": "0.02"}


def add(corpus: Corpus) -> None:
    _places(corpus)
    _codes(corpus)
    _rates(corpus)
    _increments(corpus)
    _dates(corpus)
    _words(corpus)


def _places(c: Corpus) -> None:
    """Where the table stands in the sheet."""
    c.table("plain", deck(UK, FR), codes=BOTH)
    c.table(
        "numbers stored as numbers", deck((44, "United Kingdom", 0.0123), (33, "France", 0.02)), codes=BOTH
    )
    c.table("preamble", [["ACME Carrier Ltd"], ["Rates in USD, valid now"], [""], *deck(UK, FR)], codes=BOTH)
    c.table("footer", [*deck(UK, FR), ["Total of rates offered here", "", ""], ["All rates exclude taxes", "", ""]],
            codes=BOTH, problems={"text_row": (4, 5)})  # fmt: skip
    c.table("blank rows", [HEAD, ["", "", ""], UK, ["", "", ""], ["", "", ""], FR, ["", "", ""]], codes=BOTH)
    c.table("headings between", [HEAD, ["EUROPE", "", ""], UK, ["", "Western Europe", ""], FR], codes=BOTH,
            problems={"text_row": (2, 4)})  # fmt: skip
    c.table("header repeated", [HEAD, UK, HEAD, FR], codes=BOTH, problems={"text_row": (3,)})
    c.table(
        "upper case header", deck(UK, FR, head=("CODE", "DESTINATION NAME", "RATE PER MINUTE")), codes=BOTH
    )
    c.table("columns in another order", [("Rate", "Notes", "Destination", "Code"), ("0.0123", "x", "UK", "44")],
            codes={"44": "0.0123"})  # fmt: skip
    c.table(
        "headings with units",
        deck(UK, head=("Dial Code ", "Destination", "Rate (USD/min)")),
        codes={"44": "0.0123"},
    )
    c.table("header only", [HEAD], problems={"no_rows": (0,)})
    c.table("no header", deck(UK, FR)[1:], asks=True,
            problems={"header_not_found": (0,), "column_unsure": (0, 0, 0)})  # fmt: skip
    c.table("no header, columns named", deck(UK, FR)[1:], codes=BOTH,
            options={"header_row": 0, "mapping": {"0": "code", "1": "destination", "2": "rate"}})  # fmt: skip
    c.table("headings nobody knows", deck(UK, FR, head=("Qwert", "Asdf", "Zxcv")), asks=True,
            problems={"header_not_found": (0,), "column_unsure": (0, 0, 0)})  # fmt: skip
    c.table("two columns called rate", [("Code", "Destination", "Rate", "Rate"), ("44", "UK", "0.1", "0.2")], asks=True,
            problems={"column_ambiguous": (0,), "column_unsure": (0,)})  # fmt: skip
    c.table("no rate column", [("Code", "Destination", "Remarks"), ("44", "UK", "good")], asks=True,
            problems={"column_missing": (0,)})  # fmt: skip
    c.table(
        "no code column",
        [("Destination", "Rate"), ("UK", "0.1")],
        asks=True,
        problems={"column_missing": (0,)},
    )
    c.table("mode not stated", deck(UK), asks=True, problems={"mode_missing": (0,)}, options={"mode": None})
    c.table("template of the carrier", [("Was", "Wohin", "Wieviel"), ("44", "UK", "0.0123")], codes={"44": "0.0123"},
            options={"header_row": 1, "headers": {"Was": "code", "wohin": "destination", "WIEVIEL": "rate"}})  # fmt: skip
    c.table("mapping beyond the sheet", deck(UK), asks=True, problems={"column_unknown": (0,)},
            options={"mapping": {"0": "code", "2": "rate", "9": "currency"}})  # fmt: skip


def _codes(c: Corpus) -> None:
    c.table("list of codes", coded("4420,4421;4422", "331 | 332", "341\n342"),
            codes=codes("4420", "4421", "4422", "331", "332", "341", "342"))  # fmt: skip
    c.table("range of a whole block", coded("447700-447709"), codes=codes("44770"))
    c.table("range to the smallest set", coded("4477005 - 4477012"),
            codes=codes(*(f"447700{n}" for n in range(5, 10)), "4477010", "4477011", "4477012"))  # fmt: skip
    c.table("range reversed", coded("998-992", "44"), problems={"range_invalid": (2,)})
    c.table("range of unlike lengths", coded("998-1002"), problems={"range_invalid": (2,)})
    c.table("plus, 00 and apostrophe", coded("+4420", "004421", "'4422", "\u00a04423\u00a0"),
            codes=codes("4420", "4421", "4422", "4423"))  # fmt: skip
    c.table("codes with .0", coded("4420.0", "4421.00"), codes=codes("4420", "4421"))
    c.table("codes as powers", coded("4.47E+11", "44"), problems={"code_shortened": (2,)})
    c.table("codes as patterns", coded("^93.*", "355*", "213XXX", "49[3-5]", r"^376\d+$"),
            codes=codes("93", "355", "213", "493", "494", "495", "376"))  # fmt: skip
    c.table("codes with dashes", coded("1-212-555"), codes=codes("1212555"))
    c.table("spaces in codes", coded("44 207", "33"), problems={"code_spaced": (2,)})
    c.table(
        "spaces in codes, joined",
        coded("44 207"),
        codes=codes("44207"),
        options={"repairs": ["join_spaced_codes"]},
    )
    c.table(
        "spaces in codes, split",
        coded("4420 4421"),
        codes=codes("4420", "4421"),
        options={"repairs": ["split_spaced_codes"]},
    )
    c.table("letters in a code", coded("44", "99x", "D001"), problems={"bad_code": (3, 4)})
    c.table("letters in a code, left out", coded("44", "99x"), codes=codes("44"), problems={"bad_code": (3,)},
            options={"repairs": ["skip_bad_codes"]})  # fmt: skip
    c.table("code too long", coded("4412345678901234", "44"), problems={"code_too_long": (2,)})
    c.table("code missing", deck(UK, ("", "France", "0.02")), problems={"code_missing": (3,)})
    c.table(
        "code of no country", coded("44", "210"), codes=codes("44", "210"), problems={"unknown_country": (3,)}
    )
    c.table("country and area", [("Country code", "Area code", "Destination", "Rate"), ("44", "20,121", "UK", "0.1"), ("33", "", "France", "0.1")],
            codes=codes("4420", "44121", "33"))  # fmt: skip
    c.table("country written once", [("CC", "Area codes", "Destination", "Rate"), (44, "", "UK", 0.1), ("", 20, "London", 0.1), ("", 121, "Birmingham", 0.1)],
            codes=codes("44", "4420", "44121"))  # fmt: skip
    zero = [
        ("Country code", "Area code", "Destination", "Rate"),
        ("44", "020", "London", "0.1"),
        ("39", "06", "Rome", "0.1"),
    ]
    c.table("area with zero", zero, problems={"area_zero": (2,)})
    c.table(
        "area with zero, stripped",
        zero,
        codes=codes("4420", "3906"),
        options={"repairs": ["strip_area_zero"]},
    )
    c.table("zero lost", coded("396", "393"), problems={"zero_lost": (2,)})
    c.table("zero lost, put back", coded("396", "393"), codes=codes("3906", "393"), problems={"zero_lost": (2,)},
            options={"repairs": ["restore_zeros"]})  # fmt: skip
    c.table("same row twice", deck(UK, UK, FR), codes=BOTH, problems={"duplicate_code": (3,)})
    c.table("code at two rates", deck(UK, ("44", "UK", "0.5"), FR), problems={"duplicate_code": (2, 3)})
    c.table("code at two rates, first kept", deck(UK, ("44", "UK", "0.5")), codes={"44": "0.0123"},
            problems={"duplicate_code": (3,)}, options={"repairs": ["keep_first_duplicate"]})  # fmt: skip
    c.table("npa-nxx", [("NPANXX", "State", "Rate"), ("212555", "NY", "0.1"), ("1201200", "NJ", "0.1"), ("3105551", "CA", "0.1")],
            codes=codes("1212555", "1201200", "13105551"))  # fmt: skip
    c.table("npa and nxx", [("NPA", "NXX", "OCN", "Rate"), (212, 555, "1234", 0.1)], codes=codes("1212555"))


def _rates(c: Corpus) -> None:
    c.table("decimal comma", deck(("44", "UK", "0,0123"), ("33", "France", "0,02")), codes=BOTH)
    c.table(
        "currency signs",
        priced("$ 0.5", "0.25 USD", "US$0.125"),
        codes={"44": "0.0123", "441": "0.5", "442": "0.25", "443": "0.125"},
    )
    c.table("thousands marks", priced("1,234.5"), problems={"rate_suspicious": (3,)})
    c.table("decimal mark unclear", deck(("44", "UK", "1,234"), ("33", "France", "2,345")), asks=True,
            problems={"decimal_ambiguous": (0,)})  # fmt: skip
    c.table("rate missing", priced("", "n/a", "TBA", "#N/A"), problems={"rate_missing": (3, 4, 5, 6)})
    c.table("rate missing, left out", priced("", "n/a"), codes={"44": "0.0123"}, problems={"rate_missing": (3, 4)},
            options={"repairs": ["skip_rows_without_rate"]})  # fmt: skip
    c.table("rate is a word", priced("cheap", "0.1x2"), problems={"rate_invalid": (3, 4)})
    c.table("rate negative", priced("-0.1", "(0.2)"), problems={"rate_negative": (3, 4)})
    c.table(
        "rate with nine decimals", priced("0.012345678", "0.123456789"), problems={"rate_precision": (3, 4)}
    )
    c.table("rate with nine decimals, rounded", priced("0.123456789"), codes={"44": "0.0123", "441": "0.12345679"},
            problems={"rate_precision": (3,)}, options={"repairs": ["round_rates"]})  # fmt: skip
    c.table("rate zero", priced("0", "0.0000"), problems={"rate_suspicious": (3, 4)})
    c.table("rate zero, meant", priced("0"), codes={"44": "0.0123", "441": "0"}, problems={"rate_suspicious": (3,)},
            options={"repairs": ["keep_zero_rates"]})  # fmt: skip
    c.table("rate too high", priced("250"), problems={"rate_suspicious": (3,)})
    c.table("blocked and closed as rates", priced("Blocked", "gesperrt", "closed", "supprimé"),
            codes={"44": "0.0123", "441": "blocked", "442": "blocked", "443": "closed", "444": "closed"})  # fmt: skip
    c.table(
        "peak and off-peak alike",
        [("Code", "Destination", "Peak", "Off-Peak"), ("44", "UK", "0.1", "0.1")],
        codes=codes("44"),
    )
    peak = [("Code", "Destination", "Peak", "Off-Peak"), ("44", "UK", "0.1", "0.05")]
    c.table("peak and off-peak differ", peak, problems={"rates_differ": (2,)})
    c.table("peak and off-peak differ, highest", peak, codes=codes("44"), problems={"rates_differ": (2,)},
            options={"repairs": ["use_highest_rate"]})  # fmt: skip
    second = [("Code", "Destination", "Rate per second"), ("44", "UK", "0.001")]
    c.table("rate per second", second, asks=True, problems={"unit_unsure": (0,)})
    c.table("rate per second, confirmed", second, codes={"44": "0.06"}, options={"rate_unit": "per_second"})
    c.table("rate per increment, stated", [("Code", "Destination", "Rate", "Increment"), ("1212", "New York", "0.001", "6/6")],
            codes={"1212": "0.01"}, options={"rate_unit": "per_increment"})  # fmt: skip
    cents = [("Code", "Destination", "Rate (US cents)"), ("44", "UK", "1.23")]
    c.table("rate in cents", cents, asks=True, problems={"unit_unsure": (0,)})
    c.table("rate in cents, confirmed", cents, codes={"44": "0.0123"}, options={"money_unit": "cent"})
    c.table("set-up fee", [("Code", "Destination", "Rate", "Setup fee"), ("44", "UK", "0.1", "0.01"), ("33", "FR", "0.1", "much")],
            problems={"fee_invalid": (3,)})  # fmt: skip
    c.table("currency column", [("Code", "Destination", "Rate", "Currency"), ("44", "UK", "0.1", "USD"), ("33", "FR", "0.1", "XQZ")],
            problems={"currency_unknown": (3,)})  # fmt: skip
    c.table("currencies mixed", [("Code", "Destination", "Rate", "Currency"), ("44", "UK", "0.1", "USD"), ("33", "FR", "0.1", "EUR"), ("34", "ES", "0.1", "USD")],
            problems={"currency_mixed": (3,)})  # fmt: skip
    tiers = [("Code", "Destination", "Tier", "Rate"), ("44", "UK", "A", "0.2"), ("44", "UK", "B", "0.1")]
    c.table("volume tiers", tiers, asks=True, problems={"tier_unsure": (0,)})
    c.table("volume tier chosen", tiers, codes=codes("44"), options={"tier": "B"})
    c.table("tier in each column", [("Code", "Destination", "Tier 1 rate", "Tier 2 rate"), ("44", "UK", "0.2", "0.1")], asks=True,
            problems={"tier_unsure": (0,)})  # fmt: skip
    calls = [
        ("NPANXX", "Interstate Rate", "Intrastate Rate", "IJ Rate"),
        ("212555", "0.001", "0.002", "0.003"),
        ("201200", "0.001", "", "0.003"),
    ]
    c.table("three jurisdictions", calls, codes={
        "1212555@interstate": "0.001", "1212555@intrastate": "0.002", "1212555@indeterminate": "0.003",
        "1201200@interstate": "0.001", "1201200@indeterminate": "0.003"})  # fmt: skip
    c.table(
        "three jurisdictions, none priced", [*calls, ("201201", "", "", "")], problems={"rate_missing": (4,)}
    )
    c.table("jurisdiction in each row", [("Code", "Destination", "Jurisdiction", "Rate"), ("1212", "NY", "Inter", "0.1"), ("1212", "NY", "moon", "0.1")],
            problems={"jurisdiction_unknown": (3,)})  # fmt: skip
    origin = [("Code", "Destination", "Rate EEA", "Rate RoW"), ("4915", "Germany mobile", "0.003", "0.12")]
    mapping = {"0": "code", "1": "destination", "2": "rate:EEA", "3": "rate"}
    c.table("origin columns", origin, asks=True, problems={"column_unsure": (0, 0)})
    c.table("origin columns, confirmed", origin, codes={"4915@EEA": "0.003", "4915": "0.12"},
            options={"mapping": mapping, "origin_groups": {"EEA": ["33", "49"]}})  # fmt: skip
    c.table(
        "origin columns without a list",
        origin,
        problems={"origin_list_missing": (0,)},
        options={"mapping": mapping},
    )
    c.table("origin in each row", [("Origin", "Code", "Destination", "Rate"), ("EEA", "4915", "DE", "0.003"), ("any", "4915", "DE", "0.12")],
            codes={"4915@EEA": "0.003", "4915": "0.12"}, options={"origin_groups": {"EEA": ["33"]}})  # fmt: skip


def _increments(c: Corpus) -> None:
    c.table("increments in one cell", [(*HEAD, "Billing increment"), (*UK, "30/6"), (*FR, "60+60"), ("34", "Spain", "0.02", "1-1")],
            codes={**BOTH, "34": "0.02"})  # fmt: skip
    c.table(
        "increments in two columns",
        [(*HEAD, "First interval", "Sub interval"), (*UK, 60, 6), (*FR, "1 sec", "1 s")],
        codes=BOTH,
    )
    c.table(
        "increment zero",
        [(*HEAD, "Billing increment"), (*UK, "0/6"), (*FR, "1.5/1")],
        problems={"increment_invalid": (2, 3)},
    )
    c.table("increment zero, default", [(*HEAD, "Billing increment"), (*UK, "0/6")], codes={"44": "0.0123"},
            problems={"increment_invalid": (2,)}, options={"repairs": ["default_increments"], "defaults": {"initial_increment": 1}})  # fmt: skip
    c.table(
        "increments missing",
        [(*HEAD, "Billing increment"), (*UK, "60/1"), (*FR, "")],
        codes=BOTH,
        problems={"increment_missing": (3,)},
    )
    c.table(
        "free seconds",
        [(*HEAD, "Grace time"), (*UK, "3"), (*FR, "few")],
        problems={"free_seconds_invalid": (3,)},
    )


def _dates(c: Corpus) -> None:
    c.table("dates as dates", dated(DAY, dt.date(2031, 6, 21)), codes=codes("441", "442"))
    c.table("dates in words", dated("1 June 2031", "1. Juni 2031", "1er juin 2031", "1 de junio de 2031", "1 giugno 2031", "1 de junho de 2031", "01-Jun-31", "June 1, 2031"),
            codes=codes(*(f"44{n}" for n in range(1, 9))))  # fmt: skip
    c.table("dates day first", dated("21/06/2031", "03/04/2031"), codes=codes("441", "442"))
    c.table("dates with dots", dated("03.04.2031"), codes=codes("441"))
    c.table(
        "dates that read both ways",
        dated("03/04/2031", "05/06/2031"),
        asks=True,
        problems={"date_ambiguous": (0,)},
    )
    c.table(
        "dates that contradict",
        dated("21/06/2031", "06/21/2031"),
        asks=True,
        problems={"date_ambiguous": (0,)},
    )
    c.table("serial dates", dated(48000, "48000.5"), codes=codes("441", "442"))
    c.table("effective at once", dated("Immediately", "ab sofort", "immédiatement", "inmediato", "immediato", "imediatamente"),
            codes=codes(*(f"44{n}" for n in range(1, 7))))  # fmt: skip
    c.table("no such day", dated("2031-02-30", FUTURE), problems={"date_invalid": (2,)})
    c.table("no such day, left out", dated("2031-02-30", FUTURE), codes=codes("442"), problems={"date_invalid": (2,)},
            options={"repairs": ["skip_bad_dates"]})  # fmt: skip
    c.table(
        "date to be announced",
        dated("TBA", FUTURE),
        problems={"date_missing": (2,)},
        options={"defaults": {"effective_from": None}},
    )
    c.table(
        "date column missing",
        deck(UK),
        asks=True,
        problems={"date_missing": (0,)},
        options={"defaults": {"effective_from": None}},
    )
    c.table(
        "date before receipt",
        dated("2020-01-01", FUTURE),
        codes=codes("441", "442"),
        problems={"date_past": (2,)},
    )
    ends = (*HEAD, "Effective date", "End date")
    c.table(
        "ends before it begins",
        deck((*UK, FUTURE, "2031-05-01"), (*FR, FUTURE, ""), head=ends),
        problems={"date_order": (2,)},
    )
    c.table("ended before receipt", deck((*UK, "2019-01-01", "2020-01-01"), (*FR, FUTURE, ""), head=ends), codes={"33": "0.02"},
            problems={"expired": (2,)})  # fmt: skip
    c.table("validities overlap", deck((*UK, FUTURE, "2031-09-01"), ("44", "UK", "0.2", "2031-08-01", ""), head=ends),
            problems={"overlap": (2,)})  # fmt: skip


def _words(c: Corpus) -> None:
    c.table("status words", deck((*UK, "New"), (*FR, "No change"), ("34", "Spain", "", "Blocked"), ("39", "Italy", "", "Deleted"), head=(*HEAD, "Status")),
            codes={**BOTH, "34": "blocked", "39": "closed"})  # fmt: skip
    c.table(
        "status unknown",
        deck((*UK, "New"), (*FR, "Perhaps"), head=(*HEAD, "Status")),
        problems={"status_unknown": (3,)},
    )
    c.table(
        "change column that closes",
        deck((*UK, "Increase"), (*FR, "Closed"), head=(*HEAD, "Change")),
        codes={"44": "0.0123", "33": "closed"},
    )
    c.table("German", [("Vorwahl", "Ziel", "Preis pro Minute", "Gültig ab", "Taktung", "Status"),
                       ("49151", "Deutschland Mobil", "0,0123", "01.06.2031", "60/1", "Erhöhung"), ("4930", "Berlin", "", "01.06.2031", "1/1", "gesperrt")],
            codes={"49151": "0.0123", "4930": "blocked"})  # fmt: skip
    c.table("French", [("Indicatif", "Destination", "Prix minute", "Date d'application", "Statut"),
                       ("336", "France Mobile", "0,0123", "1er juin 2031", "Hausse"), ("33", "France", "0,01", "1er juin 2031", "Supprimé")],
            codes={"336": "0.0123", "33": "closed"})  # fmt: skip
    c.table("Spanish", [("Prefijo", "Destino", "Tarifa por minuto", "Fecha de entrada en vigor", "Estado"),
                        ("346", "España Móvil", "0,0123", "1 de junio de 2031", "Aumento"), ("34", "España", "0,01", "inmediato", "Sin cambios")],
            codes={"346": "0.0123", "34": "0.01"})  # fmt: skip
    c.table("Italian", [("Prefisso", "Destinazione", "Tariffa al minuto", "Decorrenza", "Stato"),
                        ("393", "Italia Mobile", "0,0123", "1 giugno 2031", "In aumento"), ("3906", "Roma", "", "1 giugno 2031", "Chiuso")],
            codes={"393": "0.0123", "3906": "closed"})  # fmt: skip
    c.table("Portuguese", [("Indicativo", "Destino", "Preço por minuto", "Válido a partir de", "Situação"),
                           ("3519", "Portugal Móvel", "0,0123", "1 de junho de 2031", "Novo"), ("351", "Portugal", "0,01", "imediato", "Sem alteração")],
            codes={"3519": "0.0123", "351": "0.01"})  # fmt: skip
