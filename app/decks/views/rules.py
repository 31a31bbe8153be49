"""What a carrier's decks are held to: sanity checks, auto-accept, senders, remembered answers, templates."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for

from app.clock import utc_now
from app.db import db
from app.decks import queries
from app.decks.access import own_company, own_template
from app.decks.auto_accept import WAYS, AutoAccept
from app.decks.policy import QUESTIONS, policy_of
from app.decks.service.manage_template import delete_template, export_template, import_template
from app.decks.service.save_policy import forget_answer, save_policy
from app.errors import DomainError, Invalid
from app.security.access import actor, require
from rates.thresholds import SANITY_CHECKS

rules = Blueprint("deck_rules", __name__, template_folder="../templates")
TOML_BYTES = 256 * 1024


@rules.get("/deck-rules")
@require("deck:read")
def own() -> Any:
    """The asker's own company's page."""
    return redirect(url_for("deck_rules.show", company_id=actor().company_id))


@rules.get("/deck-rules/<int:company_id>")
@require("deck:read")
def show(company_id: int) -> str:
    """All rules of one carrier."""
    company = own_company(db.session, actor(), company_id)
    return render_template(
        "decks/rules.html", company=company, policy=policy_of(db.session, company.id), checks=SANITY_CHECKS, ways=WAYS,
        questions=QUESTIONS, templates=queries.templates(db.session, company.id),
    )  # fmt: skip


def _saved(company_id: int, **parts: Any) -> Any:
    company = own_company(db.session, actor(), company_id)
    try:
        save_policy(db.session, actor(), company, now=utc_now(), **parts)
        db.session.commit()
        flash("Saved. The next check uses it.", "success")
    except DomainError as fault:
        db.session.rollback()
        flash(f"{fault.message} {fault.hint or ''}", "danger")
    return redirect(url_for("deck_rules.show", company_id=company_id))


@rules.post("/deck-rules/<int:company_id>/checks")
@require("deck:approve")
def checks(company_id: int) -> Any:
    """Levels and numbers of the sanity checks."""
    own_company(db.session, actor(), company_id)
    values: dict[str, Any] = {"levels": {}}
    for check in SANITY_CHECKS:
        level = request.form.get(f"level-{check.id}", check.level)
        if level != check.level:
            values["levels"][check.id] = level
        if check.number and (typed := request.form.get(f"number-{check.number}", "").strip()):
            values[check.number] = _number(typed, check.title)
    return _saved(company_id, thresholds=values)


@rules.post("/deck-rules/<int:company_id>/auto")
@require("deck:approve")
def auto(company_id: int) -> Any:
    """The auto-accept rule."""
    own_company(db.session, actor(), company_id)
    limit = {
        name: _number(typed, name.replace("_", " "))
        if (typed := request.form.get(name, "").strip())
        else None
        for name in ("max_percent", "max_closed", "max_new")
    }
    rule = AutoAccept(
        enabled="enabled" in request.form, decreases_only="decreases_only" in request.form,
        warnings_ok="warnings_ok" in request.form, ways=tuple(request.form.getlist("ways")), **limit,
    )  # fmt: skip
    return _saved(company_id, auto=rule)


@rules.post("/deck-rules/<int:company_id>/senders")
@require("deck:approve")
def senders(company_id: int) -> Any:
    """Mail addresses that may send decks, one a line; and the length of a call for profiles."""
    own_company(db.session, actor(), company_id)
    lines = request.form.get("senders", "").replace(",", "\n").splitlines()
    parts: dict[str, Any] = {"senders": lines}
    if typed := request.form.get("acd_seconds", "").strip():
        parts["acd_seconds"] = _number(typed, "length of a call")
    return _saved(company_id, **parts)


@rules.post("/deck-rules/<int:company_id>/forget")
@require("deck:approve")
def forget(company_id: int) -> Any:
    """A remembered answer is asked again."""
    company = own_company(db.session, actor(), company_id)
    forget_answer(db.session, actor(), company, request.form.get("question", ""), now=utc_now())
    db.session.commit()
    return redirect(url_for("deck_rules.show", company_id=company_id))


@rules.post("/deck-rules/<int:company_id>/templates")
@require("deck:write")
def take_template(company_id: int) -> Any:
    """Import a template from TOML."""
    company = own_company(db.session, actor(), company_id)
    upload = request.files.get("file")
    text = request.form.get("toml", "")
    if upload is not None and upload.filename:
        text = upload.stream.read(TOML_BYTES + 1).decode("utf-8", "replace")
    try:
        kept = import_template(db.session, actor(), company, text, now=utc_now())
        db.session.commit()
        flash(f"Template {kept.name} is kept: the next file of that shape is read by it.", "success")
    except DomainError as fault:
        db.session.rollback()
        flash(f"{fault.message} {fault.hint or ''}", "danger")
    return redirect(url_for("deck_rules.show", company_id=company_id) + "#templates")


@rules.get("/deck-templates/<int:template_id>.toml")
@require("deck:read")
def template_toml(template_id: int) -> Response:
    """A template as TOML."""
    template = own_template(db.session, actor(), template_id)
    headers = {"Content-Disposition": f'attachment; filename="template-{template.id}.toml"'}
    return Response(export_template(template), mimetype="application/toml", headers=headers)


@rules.post("/deck-templates/<int:template_id>/delete")
@require("deck:write")
def remove_template(template_id: int) -> Any:
    """Forget a template; decks already read by it stay as they are."""
    template = own_template(db.session, actor(), template_id)
    company_id = template.company_id
    delete_template(db.session, actor(), template, now=utc_now())
    db.session.commit()
    flash("The template is forgotten.", "info")
    return redirect(url_for("deck_rules.show", company_id=company_id) + "#templates")


def _number(text: str, what: str) -> int:
    if not text.isdigit() or len(text) > 9:
        raise Invalid(f"{text[:20]} is not a whole number ({what}).", hint="Write digits only.")
    return int(text)
