"""The changes of a product as a partial deck in the layout its buyer reads: the buyer's own template, columns in its order."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.decks.models import DeckTemplate
from app.decks.outgoing import carrier_layout, changed_rows
from app.errors import Invalid
from rates.export import csv_lines


def layout_template(session: Session, company_id: int) -> DeckTemplate | None:
    """The template a person of the company kept or imported last; None when there is none with headings."""
    found = session.scalars(
        sa.select(DeckTemplate)
        .where(DeckTemplate.company_id == company_id)
        .order_by(DeckTemplate.kept_at.is_(None), DeckTemplate.kept_at.desc(), DeckTemplate.id.desc())
    )
    return next((one for one in found if one.columns), None)


def changes_in_layout(
    session: Session, company_id: int, before: pa.Table, after: pa.Table, changes: pa.Table
) -> str | None:
    """CSV of the changed codes, each from the instant its change applies, closed ones with that status; None without a template.

    before, after: rates.schema.TIMELINE; changes: app.decks.upcoming.changes_from."""
    template = layout_template(session, company_id)
    if template is None:
        return None
    try:
        layout, options = carrier_layout(template)
    except Invalid:
        return None
    parts = []
    for at in pc.unique(changes["effective_from"]).to_pylist():
        here = changes.filter(
            pc.equal(changes["effective_from"], pa.scalar(at, changes["effective_from"].type))
        )
        rows = changed_rows(before, after, at)
        parts.append(rows.filter(pc.is_in(rows["code"], value_set=pc.unique(here["code"]))))
    view = pa.concat_tables(parts).combine_chunks()
    return "".join(csv_lines(view, layout, options, end="\r\n"))
