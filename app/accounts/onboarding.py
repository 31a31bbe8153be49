"""/onboarding: the checklist and its forms."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.accounts import queries, terms
from app.accounts.checklist import steps_of
from app.accounts.forms import FactsForm, NothingForm, PaperForm, TermsForm
from app.accounts.papers import KINDS, LARGEST, PaperStore
from app.accounts.service.accept_terms import accept_terms
from app.accounts.service.keep_paper import drop_paper, keep_paper, paper_of
from app.accounts.service.review_company import submit_company
from app.carriers import directory
from app.carriers.service.save_company import edit_company
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError
from app.security.access import actor, require

pages = Blueprint("onboarding", __name__, template_folder="templates")

Answer = str | Response | tuple[str, int]


def _settings() -> Settings:
    settings: Settings = current_app.config["TANDEM"]
    return settings


def paper_store() -> PaperStore:
    return PaperStore(_settings().web.papers_url, _settings().papers_dir)


@pages.get("/onboarding")
@require()
def index() -> Answer:
    company = directory.company_of(db.session, actor())
    steps = steps_of(db.session, company)
    return render_template(
        "accounts/onboarding.html", company=company, steps=steps, done=sum(step.done for step in steps),
        ready=all(step.done for step in steps if step.needed), reviews=queries.reviews(db.session, company.id),
        nothing=NothingForm(),
    )  # fmt: skip


@pages.route("/onboarding/facts", methods=["GET", "POST"])
@require("company:manage")
def facts() -> Answer:
    company = directory.company_of(db.session, actor())
    form = FactsForm() if request.method == "POST" else FactsForm(data=company.facts)
    if not form.validate_on_submit():
        return render_template("accounts/facts.html", form=form), 422 if form.errors else 200
    told = {
        name: (value.strip() if isinstance(value, str) else value)
        for name, value in form.data.items()
        if name not in ("csrf_token", "submit")
    }
    values = {
        "name": company.name, "country": company.country, "currency": company.currency,
        "facts": {**company.facts, **{name: value or ("" if isinstance(value, str) else []) for name, value in told.items()}},
    }  # fmt: skip
    edit_company(db.session, actor(), values, now=utc_now())
    db.session.commit()
    flash("The company's facts are saved.", "success")
    return redirect(url_for("onboarding.index"))


@pages.route("/onboarding/papers", methods=["GET", "POST"])
@require("company:manage")
def papers() -> Answer:
    form, status = PaperForm(), 200
    if form.validate_on_submit():
        sent = form.file.data
        with sent.stream:
            content = sent.stream.read(LARGEST + 1)
        try:
            keep_paper(
                db.session, actor(), paper_store(), kind=form.kind.data, filename=sent.filename or "",
                content=content, now=utc_now(), clamd=_settings().web.clamd,
            )  # fmt: skip
        except DomainError as fault:
            db.session.rollback()
            form.form_errors.append(" ".join(filter(None, [fault.message, fault.hint])))
            status = fault.status
        else:
            db.session.commit()
            flash("The paper is kept; you and the operator can read it.", "success")
            return redirect(url_for("onboarding.papers"))
    rows = queries.papers(db.session, actor().company_id)
    company = directory.company_of(db.session, actor())
    return render_template(
        "accounts/papers.html", form=form, rows=rows, kinds=KINDS, nothing=NothingForm(),
        open=company.status in ("sandbox", "refused"),
    ), 422 if form.errors and status == 200 else status  # fmt: skip


@pages.get("/onboarding/papers/<int:paper_id>")
@require("company:manage")
def paper(paper_id: int) -> Answer:
    """Always a download, never shown inside our pages."""
    found = paper_of(db.session, actor(), paper_id)
    response = Response(paper_store().get(found.sha256), mimetype=found.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=found.filename)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@pages.post("/onboarding/papers/<int:paper_id>/remove")
@require("company:manage")
def remove_paper(paper_id: int) -> Answer:
    drop_paper(db.session, actor(), paper_store(), paper_id, now=utc_now())
    db.session.commit()
    flash("The paper is gone.", "success")
    return redirect(url_for("onboarding.papers"))


@pages.route("/onboarding/terms", methods=["GET", "POST"])
@require("company:manage")
def agreement() -> Answer:
    form, status = TermsForm(), 200
    if form.validate_on_submit():
        try:
            accept_terms(
                db.session, actor(), typed_name=form.typed_name.data or "", text_sha256=form.text_sha256.data or "",
                now=utc_now(),
            )  # fmt: skip
        except DomainError as fault:
            db.session.rollback()
            form.form_errors.append(" ".join(filter(None, [fault.message, fault.hint])))
            status = fault.status
        else:
            db.session.commit()
            flash("The terms are accepted.", "success")
            return redirect(url_for("onboarding.index"))
    form.text_sha256.data = terms.text_sha256()
    return render_template(
        "accounts/terms.html", form=form, text=terms.text(), version=terms.VERSION, sha256=terms.text_sha256()
    ), 422 if form.errors and status == 200 else status


@pages.post("/onboarding/submit")
@require("company:manage")
def submit() -> Answer:
    submit_company(db.session, actor(), now=utc_now())
    db.session.commit()
    flash("The operator has your papers now and will answer by mail.", "success")
    return redirect(url_for("onboarding.index"))
