"""The agreement on paper: PDF/A through typst, DOCX through python-docx. Data reaches typst as JSON, never as its code."""

from __future__ import annotations

import io
import json
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

import docx
import typst
from docx.enum.text import WD_COLOR_INDEX

from app.deals.document import PROOFS


def pdf(document: dict[str, Any], sha256: str, signatures: list[dict[str, Any]], *, drawn: datetime) -> bytes:
    """PDF/A-2b. The same data gives the same bytes."""
    data = json.dumps(
        {
            "document": document,
            "sha256": sha256,
            "signatures": [_said(s) for s in signatures],
            "drawn": [drawn.year, drawn.month, drawn.day],
        }
    )
    made = typst.compile(
        _source(), sys_inputs={"data": data}, pdf_standards=["a-2b"], format="pdf", ignore_system_fonts=True
    )
    return (
        bytes(made) if isinstance(made, bytes | bytearray) else b"".join(part or b"" for part in made or [])
    )


@cache
def _source() -> bytes:
    return resources.files("app.deals").joinpath("agreement.typ").read_bytes()


def docx_of(document: dict[str, Any], sha256: str, signatures: list[dict[str, Any]]) -> bytes:
    """The same content as a Word document; changed terms marked and in bold, the template's beside them."""
    made = docx.Document()
    made.core_properties.title = f"Agreement {document['agreement']}, version {document['version']}"
    made.add_heading(f"Wholesale voice agreement {document['agreement']}", 0)
    template = document["template"]
    made.add_paragraph(
        f"Version {document['version']} · template {template['name']} {template['number']} · product {document['product']}"
    )
    for side in ("seller", "buyer"):
        party = document["parties"][side]
        made.add_paragraph(f"{side.capitalize()}: {party['name']} ({party['country']})")
    for number, clause in enumerate(document["clauses"], 1):
        made.add_heading(f"{number}. {clause['title']}", 1)
        made.add_paragraph(clause["text"])
    for schedule in document["schedules"]:
        made.add_heading(f"Schedule {schedule['title']}", 1)
        if schedule["rates"]:
            names = ("code", "destination", "rate", "currency", "increments", "connect_fee", "reach")
            _table(made, names, [[rate[name] for name in names] for rate in schedule["rates"]])
        if schedule["rows"]:
            lines = [
                [r["name"], r["value"] + (" (changed)" if r["changed"] else ""), r["template"]]
                for r in schedule["rows"]
            ]
            _table(made, ("Term", "Agreed", "Template"), lines, bold=[r["changed"] for r in schedule["rows"]])
    made.add_page_break()  # type: ignore[no-untyped-call]
    made.add_heading("Audit page", 1)
    made.add_paragraph(f"Document SHA-256: {sha256}")
    for signature in map(_said, signatures):
        made.add_paragraph(
            f"{signature['side'].capitalize()}, {signature['company']}: {signature['name']} ({signature['email']}), "
            f"{signature['signed_at']} UTC, proved by {signature['proof']}, of the document {signature['sha256']}"
        )
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _table(made: Any, header: tuple[str, ...], rows: list[list[str]], bold: list[bool] | None = None) -> None:
    table = made.add_table(rows=1, cols=len(header), style="Table Grid")
    for cell, name in zip(table.rows[0].cells, header, strict=True):
        cell.text = name.replace("_", " ").capitalize()
    for number, row in enumerate(rows):
        for cell, value in zip(table.add_row().cells, row, strict=True):
            run = cell.paragraphs[0].add_run(value)
            if bold and bold[number]:
                run.bold, run.font.highlight_color = True, WD_COLOR_INDEX.YELLOW


def _said(signature: dict[str, Any]) -> dict[str, str]:
    signature = signature | {"proof": PROOFS.get(signature["proof"], signature["proof"])}
    return {
        name: f"{value:%Y-%m-%d %H:%M:%S}"
        if hasattr(value, "strftime")
        else str(value if value is not None else "")
        for name, value in signature.items()
    }
