"""A carrier's template out as TOML, in from TOML, and away."""

from __future__ import annotations

import tomllib
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
import tomli_w
from sqlalchemy.orm import Session

from app.audit.record import record
from app.carriers.models import Company
from app.decks.models import Deck, DeckTemplate
from app.decks.service.choose_mapping import read_options
from app.decks.service.save_template import fingerprint
from app.errors import Invalid
from app.security.actor import Actor
from rates import fields
from rates.options import options_from_toml, to_toml

FORM = 1
COLUMNS = 256


def export_template(template: DeckTemplate) -> str:
    """Name, headings in the carrier's order, the layout's mark, and every reading option as one TOML document."""
    head: dict[str, Any] = {"tandem_template": FORM, "name": template.name, "columns": list(template.columns)}
    if fingerprint(template.columns) != template.fingerprint:
        head["shape"] = template.fingerprint  # known by the kinds of its columns: there are no headings
    options = tomllib.loads(to_toml(read_options(template.options)))
    return tomli_w.dumps({**head, "options": options})


def import_template(
    session: Session, who: Actor, company: Company, text: str, *, now: datetime
) -> DeckTemplate:
    """The template of the TOML, in place of the company's one for the same layout. Raises Invalid naming what is wrong."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise Invalid(f"This is not TOML: {fault}.", hint="Export a template to see the form.") from fault
    if said.get("tandem_template") != FORM:
        raise Invalid(
            "This is no template: `tandem_template = 1` is missing.", hint="Export one to see the form."
        )
    unknown = sorted(set(said) - {"tandem_template", "name", "columns", "shape", "options"})
    if unknown:
        raise Invalid(f"A template has no {unknown[0]}.", hint="It has name, columns, shape and options.")
    name, columns, mark = said.get("name"), said.get("columns", []), said.get("shape")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 120:
        raise Invalid("The template needs a name of at most 120 characters.", hint='name = "Monthly A-Z"')
    if (
        not isinstance(columns, list)
        or len(columns) > COLUMNS
        or not all(isinstance(one, str) for one in columns)
    ):
        raise Invalid(
            "`columns` is not a list of headings.", hint='columns = ["Destination", "Code", "Rate"]'
        )
    mark = mark or fingerprint(columns)
    if not isinstance(mark, str) or len(mark) != 64 or not set(mark) <= set("0123456789abcdef"):
        raise Invalid("The template says neither its headings nor its shape.", hint="Give `columns`.")
    try:
        options = options_from_toml(tomli_w.dumps(said.get("options", {})))
    except (msgspec.ValidationError, TypeError, AttributeError) as fault:
        raise Invalid(f"The options do not fit: {fault}.", hint="docs/deck-format.md lists them.") from fault
    for field in [*(options.headers or {}).values(), *(options.mapping or {}).values()]:
        if field not in fields.FIELDS:
            raise Invalid(f"There is no field {field[:40]}.", hint=f"Fields are: {', '.join(fields.FIELDS)}.")
    kept = options.template()
    template = session.scalar(
        sa.select(DeckTemplate).where(DeckTemplate.company_id == company.id, DeckTemplate.fingerprint == mark)
    )
    if template is None:
        template = DeckTemplate(company_id=company.id, fingerprint=mark, used=0, created_at=now)
        session.add(template)
    template.name, template.columns = name.strip(), columns
    template.options = msgspec.to_builtins(kept, str_keys=True)
    template.kept_by, template.kept_at = who.user_id, now
    session.flush()
    record(session, who, action="deck_template.import", obj=template, now=now, company_id=company.id,
           after={"name": template.name, "columns": columns})  # fmt: skip
    return template


def delete_template(session: Session, who: Actor, template: DeckTemplate, *, now: datetime) -> None:
    """Forget it; decks keep the options they were read with."""
    record(session, who, action="deck_template.delete", obj=template, now=now, company_id=template.company_id,
           before={"name": template.name, "columns": template.columns})  # fmt: skip
    session.execute(sa.update(Deck).where(Deck.template_id == template.id).values(template_id=None))
    session.delete(template)
    session.flush()
