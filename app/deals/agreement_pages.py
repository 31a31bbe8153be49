"""Pages of agreements: the list, the reader with its audit page, signing, amending, notice, PDF and DOCX."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for

from app.clock import utc_now
from app.db import db
from app.deals import rows
from app.deals.document import PROOFS
from app.deals.forms import OfferForm, SignForm
from app.deals.models import Agreement, AgreementVersion
from app.deals.printed import docx_of, pdf
from app.deals.queries import agreement_of, open_version, version_at, versions_of
from app.deals.service.activate import notice_of, terminate
from app.deals.service.draft_agreement import amend
from app.deals.service.sign_agreement import revoke, sign
from app.deals.terms import read_terms
from app.errors import DomainError, Invalid, NotFound
from app.security.access import actor, require
from app.security.proof import prove
from app.web.acting import acted
from app.web.tables import csv_response

pages = Blueprint("agreements", __name__, template_folder="templates")
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pages.get("/agreements")
@require("market:read")
def index() -> Any:
    return render_template("deals/agreements.html", rows=rows.agreements(db.session, actor(), utc_now()))


@pages.get("/agreements.csv")
@require("market:read")
def index_csv() -> Any:
    header = (
        "id",
        "deal",
        "product",
        "seller",
        "buyer",
        "state",
        "phase",
        "version",
        "from_utc",
        "until_utc",
        "trial_until_utc",
        "trial",
    )
    return csv_response("agreements", header, [
        (r.id, r.deal_id, r.product, r.seller, r.buyer, r.state, r.phase, r.version, r.effective_from, r.effective_until,
         r.trial_until, r.trial_verdict) for r in rows.agreements(db.session, actor(), utc_now(), limit=20_000)
    ])  # fmt: skip


def _version(agreement: Agreement, number: int | None) -> AgreementVersion:
    """The one asked for; without a number the one that waits, else the one in force."""
    versions = versions_of(db.session, agreement.id)
    if number is None:
        found = open_version(db.session, agreement.id) or version_at(db.session, agreement.id, utc_now())
        return found or versions[-1]
    named = [v for v in versions if v.number == number]
    if not named:
        raise NotFound("There is no such version.")
    return named[0]


def _page(agreement_id: int, form: SignForm) -> str:
    agreement = agreement_of(db.session, agreement_id, actor())
    version = _version(agreement, request.args.get("version", None, int))
    form.sha256.data = version.sha256
    signatures = rows.signature_documents(db.session, version)
    row = rows.agreement_row(db.session, agreement, actor(), utc_now())
    mine = next((s for s in signatures if s["side"] == row.side), None)
    return render_template(
        "deals/agreement.html", row=row, version=version, document=version.document, signatures=signatures, form=form,
        versions=versions_of(db.session, agreement.id), steps=rows.agreement_steps(db.session, agreement), now=utc_now(),
        is_open=version.state in ("proposed", "half"), may_sign=version.state in ("proposed", "half") and not (mine and mine["complete"]),
        notice=notice_of(db.session, agreement, utc_now()), proofs=PROOFS,
    )  # fmt: skip


@pages.get("/agreements/<int:agreement_id>")
@require("market:read")
def show(agreement_id: int) -> Any:
    return _page(agreement_id, SignForm())


@pages.get("/agreements/<int:agreement_id>/steps.csv")
@require("market:read")
def steps_csv(agreement_id: int) -> Any:
    agreement = agreement_of(db.session, agreement_id, actor())
    header = ("at_utc", "side", "action", "from", "to", "note")
    return csv_response(f"agreement-{agreement_id}-steps", header, [
        (s.at, s.side, s.action, s.from_state, s.to_state, s.note) for s in rows.agreement_steps(db.session, agreement)
    ])  # fmt: skip


@pages.get("/agreements/<int:agreement_id>/terms.csv")
@require("market:read")
def terms_csv(agreement_id: int) -> Any:
    agreement = agreement_of(db.session, agreement_id, actor())
    version = _version(agreement, request.args.get("version", None, int))
    lines = [
        (s["title"], r["name"], r["value"], r["template"], "yes" if r["changed"] else "no")
        for s in version.document["schedules"]
        for r in s["rows"]
    ]
    lines += [
        (s["title"], r["code"], f"{r['rate']} {r['currency']}", "", "yes")
        for s in version.document["schedules"]
        for r in s["rates"]
    ]
    return csv_response(
        f"agreement-{agreement_id}-terms", ("schedule", "term", "agreed", "template", "changed"), lines
    )


@pages.get("/agreements/<int:agreement_id>/document.<any(pdf, docx):paper>")
@require("market:read")
def document(agreement_id: int, paper: str) -> Response:
    """PDF/A or Word, with the audit page."""
    agreement = agreement_of(db.session, agreement_id, actor())
    version = _version(agreement, request.args.get("version", None, int))
    signatures = [s for s in rows.signature_documents(db.session, version) if s["complete"]]
    if paper == "pdf":
        body = pdf(version.document, version.sha256, signatures, drawn=version.created_at)
    else:
        body = docx_of(version.document, version.sha256, signatures)
    name = f"agreement-{agreement_id}-v{version.number}.{paper}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, mimetype="application/pdf" if paper == "pdf" else WORD, headers=headers)


@pages.post("/agreements/<int:agreement_id>/sign")
@require("order:decide")
def put_signature(agreement_id: int) -> Any:
    form = SignForm()
    if form.validate_on_submit():
        read = form.sha256.data or ""
        try:
            agreement_of(db.session, agreement_id, actor())
            proof = prove(db.session, actor(), form.secret.data or "")
            sign(
                db.session, actor(), agreement_id, sha256=read, typed_name=form.typed_name.data or "", proof=proof,
                settings=current_app.config["TANDEM"], now=utc_now(),
            )  # fmt: skip
        except NotFound:
            raise
        except DomainError as fault:
            db.session.rollback()
            flash(f"{fault.message} {fault.hint or ''}", "danger")
        else:
            db.session.commit()
            flash("Signed.", "success")
            return redirect(url_for("agreements.show", agreement_id=agreement_id))
    return _page(agreement_id, form)


@pages.post("/agreements/<int:agreement_id>/revoke")
@require("order:decide")
def take_back(agreement_id: int) -> Any:
    revoke(db.session, actor(), agreement_id, note=request.form.get("note", ""), now=utc_now())
    db.session.commit()
    flash("Taken back. Nothing of it takes effect.", "success")
    return redirect(url_for("agreements.show", agreement_id=agreement_id))


@pages.route("/agreements/<int:agreement_id>/amend", methods=["GET", "POST"])
@require("order:decide")
def change(agreement_id: int) -> Any:
    agreement = agreement_of(db.session, agreement_id, actor())
    current = version_at(db.session, agreement.id, utc_now())
    if current is None:
        raise Invalid("Only a signed agreement is amended.", hint="Take it back and make another offer.")
    form, before = OfferForm(), read_terms(current.terms)
    if form.validate_on_submit():

        def act() -> str:
            terms = form.terms(before.currency, before)
            amend(
                db.session, actor(), agreement_id, terms=terms, effective_from=terms.starts, reason=form.note.data or "", now=utc_now()
            )  # fmt: skip
            return url_for("agreements.show", agreement_id=agreement_id)

        if (
            done := acted(act, "Both sides must sign the new version; until then the old one holds.")
        ) is not None:
            return done
    elif not form.is_submitted():
        form.show(before)
        form.starts.data = None
    return render_template("deals/offer.html", form=form, title=f"Amend agreement {agreement_id}", products=None,
                           currency=before.currency, back=url_for("agreements.show", agreement_id=agreement_id),
                           button="Propose the new version",
                           peering=before.peering is not None)  # fmt: skip


@pages.post("/agreements/<int:agreement_id>/terminate")
@require("order:decide")
def give_notice(agreement_id: int) -> Any:
    text = request.form.get("at", "").strip()
    try:
        at = datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        raise Invalid("This is no instant.", hint="Leave the field empty: as early as agreed.") from None
    ended = terminate(
        db.session, actor(), agreement_id, at=at, reason=request.form.get("reason", ""), now=utc_now()
    )
    db.session.commit()
    flash(f"Notice given. The agreement ends on {ended.effective_until:%Y-%m-%d %H:%M:%S} UTC.", "success")
    return redirect(url_for("agreements.show", agreement_id=agreement_id))
