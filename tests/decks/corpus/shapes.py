"""Whole decks as carriers make them: headings, dialects and habits together, where single defects would not show."""

# ruff: noqa: E501 - the rows of a deck stand side by side with what must come of them
from __future__ import annotations

from tests.decks.corpus.case import Corpus

TEXT = ("csv", "xlsx", "ods")


def add(c: Corpus) -> None:
    c.table("patterns of a switch", [("Destination", "Pattern", "Rate"), ("Afghanistan", "^93.*", "0.22"), ("UK", "^44(20|121).*", "0.004"), ("UK Premium", "^449[0-2].*", "0.3")], TEXT,
            codes={"93": "0.22", "4420": "0.004", "44121": "0.004", "4490": "0.3", "4491": "0.3", "4492": "0.3"})  # fmt: skip
    c.table("from - to", [("Name", "From - To", "Rate"), ("UK", "441-444", "0.004"), ("UK Mobile", "4470-4479", "0.014"), ("France", "33", "0.005")], TEXT,
            codes={"441": "0.004", "442": "0.004", "443": "0.004", "444": "0.004", "447": "0.014", "33": "0.005"})  # fmt: skip
    c.table("area codes in brackets", [("Name", "Code", "Rate"), ("UK", "+44", "0.004"), ("New York", "+1 (212)", "0.002"), ("Rome", "39 (06)", "0.003"), ("France", "0033", "0.005")], TEXT,
            codes={"44": "0.004", "1212": "0.002", "3906": "0.003", "33": "0.005"})  # fmt: skip
    c.table("a zero dialled only at home", [("Name", "Code", "Rate"), ("London", "+44 (0)", "0.004"), ("France", "33", "0.005")], TEXT,
            problems={"bad_code": (2,)})  # fmt: skip
    c.table("spanish with both increments in one column", [("Destino", "Código", "Tarifa", "Incrementos", "Estado"), ("España Móvil", "346; 347", "0,0215", "1+1", "Aumento"), ("México", "52", "0,0100", "60/60", "Sin cambio")], TEXT,
            codes={"346": "0.0215", "347": "0.0215", "52": "0.01"})  # fmt: skip
    c.table("german with country and area code", [("Zielname", "Landesvorwahl", "Ortsvorwahl", "Preis je Minute (EUR)", "Taktung", "Änderung"), ("Österreich Mobil A1", "43", "664;681", "0,0512", "60/1", "Erhöhung"), ("Schweiz", "41", "", "0,0321", "1/1", "unverändert")], TEXT,
            codes={"43664": "0.0512", "43681": "0.0512", "41": "0.0321"})  # fmt: skip
    c.table("prix en euros par minute", [("Destination", "Indicatif", "Prix en euros par minute", "Statut"), ("France Mobile", "336", "0,0123", "Hausse"), ("Maroc", "212", "0,15", "Nouveau")], TEXT,
            codes={"336": "0.0123", "212": "0.15"})  # fmt: skip
    c.table("us dollars are no callers of the US", [("Destination", "Code", "Rate US$"), ("UK", "44", "0.004"), ("France", "33", "0.005")], TEXT,
            codes={"44": "0.004", "33": "0.005"})  # fmt: skip
    c.table("old and new price", [("Destination", "Code", "Current Rate", "New Rate", "Change"), ("UK", "44", "0.0040", "0.0050", "+25%"), ("France", "33", "0.0050", "0.0045", "-10%")], TEXT,
            asks=True, problems={"column_unsure": (0,)})  # fmt: skip
    c.table("tiers with their volumes", [("Destination", "Code", "Tier 1 (0-1M min)", "Tier 2 (>1M min)"), ("UK", "44", "0.004", "0.0035"), ("France", "33", "0.005", "0.0045")], TEXT,
            asks=True, problems={"tier_unsure": (0,)})  # fmt: skip
    c.table("dates under a heading nobody knows", [("Destination", "Code", "Rate", "Ab wann"), ("UK", "44", "0.0040", "05.12.2030"), ("France", "33", "0.0050", "13.12.2030")], ("csv", "tsv", "txt"),
            asks=True, problems={"column_unsure": (0,)})  # fmt: skip
    c.table("effective in words", [("Dest", "Code", "Rate", "Effective"), ("UK", "44", "0.004", "Immediately"), ("France", "33", "0.005", "ASAP"), ("Italy", "39", "0.006", "with immediate effect")], TEXT,
            codes={"44": "0.004", "33": "0.005", "39": "0.006"})  # fmt: skip
    c.table("letterhead, dollar signs, footer", [("ACME TELECOM LTD", "", "", ""), ("Date:", "21/11/2026", "", ""), ("", "", "", ""), ("Country", "Breakout", "Dial Code", "USD / min"), ("United Kingdom", "Mobile Vodafone", "447700;447701", "$0.0150"), ("United Kingdom", "Fixed", "44", "$0.0040"), ("", "", "", ""), ("Rates exclude taxes", "", "", ""), ("Page 1 of 1", "", "", "")], TEXT,
            codes={"447700": "0.015", "447701": "0.015", "44": "0.004"}, problems={"text_row": (8, 9)})  # fmt: skip
    c.table("not offered, TBA and nothing", [("Destination", "Code", "Rate"), ("UK", "44", "0.004"), ("France", "33", "TBA"), ("Cuba", "53", "N/A"), ("Iran", "98", "Not offered"), ("Chad", "235", "0")], TEXT,
            problems={"rate_missing": (3, 4), "rate_invalid": (5,), "rate_suspicious": (6,)})  # fmt: skip
    c.table("price per second", [("Country", "Dialcode", "Price per second"), ("UK", "44", "0.0000667"), ("France", "33", "0.0000833")], TEXT,
            asks=True, problems={"unit_unsure": (0,)})  # fmt: skip
    c.table("price per second, said so", [("Country", "Dialcode", "Price per second"), ("UK", "44", "0.0001"), ("France", "33", "0.0002")], TEXT,
            options={"rate_unit": "per_second"}, codes={"44": "0.006", "33": "0.012"})  # fmt: skip
    c.table("setup charge and minimum", [("Destination", "Prefix", "Rate", "Min duration", "Increment", "Setup charge"), ("Mexico", "52", "0.02", "60", "60", "0.01"), ("UK", "44", "0.004", "1", "1", "0")], TEXT,
            codes={"52": "0.02", "44": "0.004"})  # fmt: skip
    book = {
        "Price List": [("ACME Wholesale",), ("",), ("Destination", "Price USD"), ("Albania Mobile AMC", "0.31"), ("Albania Fixed", "0.11")],
        "Dial Codes": [("Destination", "CC", "Area Codes"), ("Albania Mobile AMC", "355", "67, 68; 69"), ("Albania Fixed", "355", "4,5")],
    }  # fmt: skip
    told = {"Price List": {"kind": "rates"}, "Dial Codes": {"kind": "codes"}}
    found = {"35567": "0.31", "35568": "0.31", "35569": "0.31", "3554": "0.11", "3555": "0.11"}
    c.book("prices by destination beside country and area codes", book, options={"tables": told}, codes=found)
