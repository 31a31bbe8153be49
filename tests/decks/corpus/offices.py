"""Decks as carriers' back offices really send them: several code columns, ranges in two columns, codes in names, remarks that close,
sheets of closures, headings in other languages, tiers, units, cells left empty below merged ones."""

# ruff: noqa: E501 - the rows of a deck stand side by side with what must come of them
from __future__ import annotations

from tests.decks.corpus.case import Corpus
from tests.decks.corpus.writers import Rows, text_bytes, xlsx_bytes, zip_bytes

FEW = ("csv", "xlsb", "ods")
UK_FR = {"4477": "0.02", "4478": "0.02", "33": "0.01"}
NAMED = {0: "named_code", 1: "rate"}
REMARKED = {0: "code", 1: "destination", 2: "rate", 3: "remark"}
WHOLE: Rows = [
    ("Destination", "Code", "Rate"), ("United Kingdom", "44", "0.01"), ("UK Mobile", "447", "0.02"),
    ("France", "33", "0.02"), ("Spain", "34", "0.02"),
]  # fmt: skip
WHOLE_CODES = {"44": "0.01", "447": "0.02", "33": "0.02", "34": "0.02"}


def add(corpus: Corpus) -> None:
    _columns_of_codes(corpus)
    _names(corpus)
    _remarks(corpus)
    _sheets(corpus)
    _headings(corpus)


def _columns_of_codes(c: Corpus) -> None:
    c.table("office: Code 1, Code 2, Code 3", [("Destination", "Code 1", "Code 2", "Code 3", "Rate"), ("UK Mobile", "4477", "4478", "", "0.02"), ("France", "33", "", "", "0.01")],
            FEW, codes=UK_FR)  # fmt: skip
    c.table(
        "office: Code and Code 2",
        [
            ("Destination", "Code", "Code 2", "Rate"),
            ("UK Mobile", "4477", "4478", "0.02"),
            ("France", "33", "", "0.01"),
        ],
        FEW,
        codes=UK_FR,
    )
    c.table("office: second code of another kind is asked", [("Destination", "Code 1", "Code 2", "Rate"), ("UK Mobile", "4477", "1001", "0.02"), ("France", "33", "2002", "0.01")],
            FEW, asks=True, problems={"column_unsure": (0, 0)})  # fmt: skip
    c.table("office: one heading thrice is asked", [("Destination", "Code", "Code", "Code", "Rate"), ("UK Mobile", "4477", "4478", "4479", "0.02")],
            FEW, asks=True, problems={"column_ambiguous": (0,), "column_unsure": (0,)})  # fmt: skip
    c.table("office: one heading twice, both said to be codes", [("Destination", "Code", "Code", "Rate"), ("UK Mobile", "4477", "4478", "0.02"), ("France", "33", "", "0.01")],
            FEW, options={"mapping": {0: "destination", 1: "code", 2: "code", 3: "rate"}}, codes=UK_FR)  # fmt: skip
    for heads in (("Code From", "Code To"), ("Range start", "Range end"), ("Vorwahl von", "Vorwahl bis")):
        c.table(f"office: {heads[0]}, {heads[1]}", [("Destination", *heads, "Rate"), ("UK Mobile", "44770", "44772", "0.02"), ("France", "33", "33", "0.01"), ("Spain", "34", "", "0.03")],
                FEW, codes={"44770": "0.02", "44771": "0.02", "44772": "0.02", "33": "0.01", "34": "0.03"})  # fmt: skip
    c.table(
        "office: range in two columns reversed",
        [("Destination", "Code From", "Code To", "Rate"), ("UK Mobile", "44779", "44770", "0.02")],
        FEW,
        problems={"range_invalid": (2,)},
    )
    dashed = [
        ("Code", "Destination", "Rate"),
        ("44-7", "UK Mobile", "0.02"),
        ("1-212", "New York", "0.01"),
        ("447-449", "UK", "0.03"),
    ]
    c.table("office: 44-7 refused", dashed, FEW, problems={"range_invalid": (2, 3)})
    c.table("office: 44-7 joined", [*dashed[:3], ("336-338", "France Mobile", "0.03")], FEW, options={"repairs": ["join_dashed_codes"]},
            codes={"447": "0.02", "1212": "0.01", "336": "0.03", "337": "0.03", "338": "0.03"})  # fmt: skip


def _names(c: Corpus) -> None:
    behind = [("Destination", "Rate"), ("UK Mobile (4477, 4478)", "0.02"), ("France [33]", "0.01")]
    c.table("office: codes behind names are asked", behind, FEW, asks=True, problems={"column_unsure": (0,)})
    c.table("office: codes behind names", behind, FEW, options={"mapping": NAMED}, codes=UK_FR)
    c.table(
        "office: codes before names",
        [("Destination", "Rate"), ("4477;4478 UK Mobile", "0.02"), ("33 - France", "0.01")],
        FEW,
        options={"mapping": NAMED},
        codes=UK_FR,
    )
    c.table("office: 44-7 before names", [("Destination", "Rate"), ("44-7 UK Mobile", "0.02"), ("33-6 France Mobile", "0.01")], FEW,
            options={"mapping": NAMED, "repairs": ["join_dashed_codes"]}, codes={"447": "0.02", "336": "0.01"})  # fmt: skip
    c.table(
        "office: a name without its code",
        [*behind, ("Nowhere", "0.5")],
        FEW,
        options={"mapping": NAMED},
        problems={"code_missing": (4,)},
    )


def _remarks(c: Corpus) -> None:
    words = {"en": ("Remarks", "blocked", "deleted"), "de": ("Bemerkung", "gesperrt", "gelöscht"), "fr": ("Remarques", "bloqué", "supprimé"),
             "es": ("Observaciones", "bloqueado", "eliminado"), "it": ("Osservazioni", "bloccato", "cessato")}  # fmt: skip
    for language, (head, blocked, closed) in words.items():
        rows = [
            ("Code", "Destination", "Rate", head),
            ("44", "UK", "0.02", blocked),
            ("33", "France", "0.01", "call us for volume"),
            ("34", "Spain", "0.03", closed.upper()),
            ("39", "Italy", "0.04", ""),
        ]
        if language == "en":
            c.table(
                "office: remarks that close are asked", rows, FEW, asks=True, problems={"column_unsure": (0,)}
            )
        c.table(f"office: remarks that close ({language})", rows, ("csv", "xlsx"), options={"mapping": REMARKED},
                codes={"44": "blocked", "33": "0.01", "34": "closed", "39": "0.04"})  # fmt: skip
    unclear = [
        ("Code", "Destination", "Rate", "Comment"),
        ("44", "UK", "0.02", "Closed from 01.12.2031"),
        ("33", "France", "0.01", ""),
    ]
    c.table(
        "office: a remark speaks of closing",
        unclear,
        FEW,
        options={"mapping": REMARKED},
        problems={"remark_unclear": (2,)},
    )
    c.table("office: a remark speaks of closing, taken as a note", unclear, FEW, options={"mapping": REMARKED, "repairs": ["take_remarks_as_notes"]},
            codes={"44": "0.02", "33": "0.01"}, problems={"remark_unclear": (2,)})  # fmt: skip
    c.table(
        "office: remarks that say nothing",
        [("Code", "Destination", "Rate", "Remarks"), ("44", "UK", "0.02", "good quality")],
        FEW,
        codes={"44": "0.02"},
    )


def _sheets(c: Corpus) -> None:
    closing: Rows = [("Destination", "Code", "Closed on"), ("UK Pager", "4476", "2031-06-01")]
    books = {"Price list": WHOLE, "Closures": closing}
    c.book("office: sheet of closures is asked", books, asks=True, problems={"sheets_unsure": (0,)})
    c.book(
        "office: sheet of closures",
        books,
        options={"tables": {"Price list": {}, "Closures": {"kind": "closures"}}},
        codes=WHOLE_CODES | {"4476": "closed"},
    )
    c.book("office: a code both priced and closed", {"Price list": WHOLE, "Deleted": [("Destination", "Code"), ("United Kingdom", "44")]}, ("xlsx", "ods"),
           options={"tables": {"Price list": {}, "Deleted": {"kind": "closures"}}}, problems={"duplicate_code": (2, 2)})  # fmt: skip
    changes: Rows = [("Destination", "Code", "Rate", "Change"), ("UK Mobile", "447", "0.025", "Increase")]
    c.book(
        "office: cover, A-Z and changes",
        {"Cover": [("Acme rates",)], "A-Z": WHOLE, "Changes": changes},
        codes=WHOLE_CODES,
    )
    c.book("office: changes only", {"Cover": [("Acme rates",)], "Notice": changes}, codes={"447": "0.025"})
    c.file(
        "office: workbook and readme in a folder of a zip",
        "zip",
        lambda: zip_bytes(
            {
                "Acme/readme.txt": b"Please find attached our rates",
                "Acme/rates.xlsx": xlsx_bytes({"A-Z": WHOLE}),
            }
        ),
        codes=WHOLE_CODES,
    )
    c.file(
        "office: zip with what a Mac adds",
        "zip",
        lambda: zip_bytes(
            {"rates.csv": text_bytes(WHOLE), "__MACOSX/._rates.csv": b"\0\5\x16\7junk", ".DS_Store": b"xx"}
        ),
        codes=WHOLE_CODES,
    )
    c.file(
        "office: header by commas, rows by tabs",
        "txt",
        lambda: b"Destination,Code,Rate\nUK\t44\t0.01\nFrance\t33\t0.02\n",
        codes={"44": "0.01", "33": "0.02"},
    )
    c.file("office: a page saved as xls", "xls", lambda: b"<html><body><table><tr><td>Code</td><td>Rate</td></tr><tr><td>44</td><td>0.01</td></tr></table></body></html>",
           problems={"file_type_unknown": (0,)})  # fmt: skip


def _headings(c: Corpus) -> None:
    c.table("office: Italian", [("Listino prezzi Rossi S.p.A.", "", "", "", ""), ("PAESE", "PREFISSO", "PREZZO €/MIN", "SCATTO ALLA RISPOSTA", "SCATTI"), ("Italia", "3906", "0,0045", "0", "60/60"), ("Francia", "336, 337", "0,0210", "0", "1/1")],
            FEW, options={"defaults": {"currency": None}}, codes={"3906": "0.0045", "336": "0.021", "337": "0.021"})  # fmt: skip
    c.table("office: French, country merged", [("Pays", "Indicatif", "Tarif HT (€/min)", "Palier initial", "Palier suivant"), ("Sénégal", "221", "0,1100", "30", "6"), ("", "22177", "0,1500", "30", "6")],
            FEW, options={"defaults": {"currency": None}}, codes={"221": "0.11", "22177": "0.15"})  # fmt: skip
    c.table("office: Spanish, baja is a word of two meanings", [("DESTINO", "PREFIJO", "TARIFA EN USD", "ESTADO"), ("Cuba", "53", "0.6500", "Aumento"), ("Perú Móvil", "519", "0.0180", "Baja")],
            FEW, problems={"status_unknown": (3,)})  # fmt: skip
    c.table(
        "office: Portuguese",
        [
            ("Destino", "Indicativo", "Preço por minuto (USD)", "Mínimo", "Incremento"),
            ("Angola", "244", "0.12", "60", "1"),
        ],
        FEW,
        codes={"244": "0.12"},
    )
    c.table(
        "office: Russian",
        [("Направление", "Код", "Цена, USD"), ("Россия", "7", "0.0200"), ("Казахстан", "76", "0.0300")],
        FEW,
        codes={"7": "0.02", "76": "0.03"},
    )
    c.table(
        "office: headings without spaces",
        [("DESTINATIONNAME", "DIALCODE", "RATEUSD", "BILLINGINCREMENT"), ("ALBANIA", "355", "0.1", "1/1")],
        FEW,
        codes={"355": "0.1"},
    )
    c.table(
        "office: cents per minute in German are asked",
        [("Netz", "Vorwahl", "Preis ct/min"), ("Deutschland", "49", "0.45")],
        FEW,
        asks=True,
        problems={"unit_unsure": (0,)},
    )
    c.table(
        "office: volumes as headings",
        [("Destination", "Code", "0-100k", "100k-500k", "500k+"), ("UK", "44", "0.02", "0.019", "0.018")],
        FEW,
        asks=True,
        problems={"tier_unsure": (0,)},
    )
    c.table(
        "office: increments under a short heading are asked",
        [
            ("Destination", "Code", "Rate", "Inc"),
            ("UK", "44", "0.01", "1/1"),
            ("France", "33", "0.02", "60/1"),
        ],
        FEW,
        asks=True,
        problems={"column_unsure": (0,)},
    )
    c.table(
        "office: increments in minutes",
        [
            ("Destination", "Code", "Rate", "Billing"),
            ("UK", "44", "0.01", "per second"),
            ("Mexico", "52", "0.02", "1 min"),
        ],
        FEW,
        codes={"44": "0.01", "52": "0.02"},
    )
