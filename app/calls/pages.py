"""Pages of test calls: list, order, one call with its evidence, several side by side, history of a product."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from flask import (
    Blueprint,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)

from app.calls import charts, queries
from app.calls.evidence import fingerprint, public_bytes, sign, signing_key
from app.calls.files import path_of
from app.calls.forms import OrderForm, note_fault
from app.calls.limits import cap_of, left_of
from app.calls.live import look
from app.calls.models import TestCall
from app.calls.products import Named, choices, names_of, sees_addresses
from app.calls.queries import PAGE, CallRow, Filter, call_of, call_row, file_of, history
from app.calls.result import file_name, packets_without, result_of
from app.calls.service.cancel_call import cancel_call
from app.calls.service.keep_schedule import keep_schedule
from app.calls.service.order_calls import order_calls
from app.clock import utc_now
from app.config import Settings
from app.db import db
from app.errors import DomainError, NotFound
from app.security.access import actor, require
from app.web.converters import row_number
from app.web.tables import csv_of, csv_response

pages = Blueprint("tests", __name__, template_folder="templates")
CSV_ROWS = 100_000
SIDE_BY_SIDE = 16


def settings() -> Settings:
    found: Settings = current_app.config["TANDEM"]
    return found


def exchange_name() -> str:
    web = settings().web
    return web.public_url or f"http://{web.host}:{web.port}"


def _filter() -> Filter:
    args = request.args
    return Filter(
        words="".join(sign for sign in args.get("q", "")[:40] if sign.isdigit()), product_id=args.get("product", None, row_number),
        verdict=args.get("verdict", "")[:12], state=args.get("state", "")[:10], batch=args.get("batch", "")[:32],
        schedule_id=args.get("schedule", None, row_number), ticket_id=args.get("ticket", None, row_number),
    )  # fmt: skip


@pages.get("/test-calls")
@require("test:read")
def index() -> Any:
    chosen, after = _filter(), request.args.get("after", None, row_number)
    rows = queries.calls(db.session, actor(), chosen, after=after, limit=PAGE + 1)
    shown = rows[:PAGE]
    return render_template(
        "calls/index.html", rows=shown, f=chosen, more=shown[-1].id if len(rows) > PAGE else None, base=settings().lcr.base_currency,
        words={name: value for name, value in request.args.items() if name != "after"},
    )  # fmt: skip


@pages.get("/test-calls.csv")
@require("test:read")
def index_csv() -> Any:
    return csv_of("test-calls", queries.calls(db.session, actor(), _filter(), limit=CSV_ROWS), CallRow)


@pages.route("/test-calls/new", methods=["GET", "POST"])
@require("test:order")
def order() -> Any:
    """Once and now, or with an interval as a schedule."""
    who, form, now = actor(), OrderForm(), utc_now()
    form.offer(choices(db.session, who))
    if request.method == "GET":
        form.products.data = request.args.getlist("product", row_number)
        form.number.data = request.args.get("number", "")[:40]
        form.caller.data = request.args.get("caller", "")[:40]
    elif form.validate_on_submit():
        try:
            if form.plan is not None:
                keep_schedule(db.session, settings(), who, form.plan, now=now)
                db.session.commit()
                flash("The schedule is kept; its first test call follows.", "success")
                return redirect(url_for("test_schedules.index"))
            ordered = order_calls(db.session, settings(), who, form.wanted, now=now)
            db.session.commit()
        except DomainError as fault:
            db.session.rollback()
            note_fault(form, fault.message, fault.hint, fault.facts.get("field"))
        else:
            if len(ordered) == 1:
                return redirect(url_for("tests.show", test_call_id=ordered[0].id))
            return redirect(url_for("tests.side_by_side", batch=ordered[0].batch))
    page = render_template(
        "calls/order.html", form=form, numbers=queries.own_numbers(db.session), left=left_of(db.session, settings(), who.company_id, now),
        cap=cap_of(db.session, settings(), who.company_id), base=settings().lcr.base_currency,
    )  # fmt: skip
    return page, 200 if request.method == "GET" else 422


def _shown(call: TestCall) -> dict[str, Any]:
    """What the page and its live part are drawn from."""
    found = queries.media(db.session, call.id)
    return {
        "call": call, "row": call_row(db.session, actor(), call), "now": look(db.session, settings(), call), "media": found,
        "files": [(one, file_name(call, one)) for one in queries.files(db.session, call.id)], "record": call.record,
        "charts": charts.media_charts(found), "base": settings().lcr.base_currency,
        "addresses": sees_addresses(db.session, actor(), call.product_id),
    }  # fmt: skip


@pages.get("/test-calls/<int:test_call_id>")
@require("test:read")
def show(test_call_id: int) -> Any:
    return render_template("calls/call.html", **_shown(call_of(db.session, actor(), test_call_id)))


@pages.get("/test-calls/<int:test_call_id>/live")
@require("test:read")
def live(test_call_id: int) -> Any:
    """The part of the page that changes while the call runs; it asks again by itself until the record is there."""
    return render_template("calls/_call.html", **_shown(call_of(db.session, actor(), test_call_id)))


@pages.post("/test-calls/<int:test_call_id>/cancel")
@require("test:order")
def cancel(test_call_id: int) -> Any:
    cancel_call(db.session, actor(), test_call_id, now=utc_now())
    db.session.commit()
    return redirect(url_for("tests.show", test_call_id=test_call_id))


@pages.get("/test-calls/<int:test_call_id>/result.json")
@require("test:read")
def result(test_call_id: int) -> Any:
    """The signed result as a download."""
    call = call_of(db.session, actor(), test_call_id)
    if call.live:
        raise NotFound("The call has not ended yet.")
    signed = sign(settings(), signable(call))
    text = json.dumps(signed, indent=1, ensure_ascii=False).encode()
    return send_file(
        io.BytesIO(text),
        mimetype="application/json",
        as_attachment=True,
        download_name=f"test-call-{call.id}.json",
    )


def signable(call: TestCall) -> dict[str, Any]:
    return result_of(
        db.session, actor(), call, exchange=exchange_name(), addresses=sees_addresses(db.session, actor(), call.product_id),
        evidence=settings().evidence_dir,
    )  # fmt: skip


@pages.get("/test-calls/<int:test_call_id>/files/<int:test_file_id>")
@require("test:read")
def download(test_call_id: int, test_file_id: int) -> Any:
    """Audio (in parts, so that a player can jump) or packets."""
    who = actor()
    call = call_of(db.session, who, test_call_id)
    one = file_of(db.session, who, test_call_id, test_file_id)
    name = file_name(call, one)
    if one.kind == "pcap" and not sees_addresses(db.session, who, call.product_id):
        shown = packets_without(settings().evidence_dir, one)
        return send_file(
            io.BytesIO(shown), mimetype="application/vnd.tcpdump.pcap", as_attachment=True, download_name=name
        )
    path = path_of(settings().evidence_dir, one.sha256)
    if not path.is_file():
        raise NotFound("The file was let go: its time is over.")
    kind = "audio/wav" if one.kind == "wav" else "application/vnd.tcpdump.pcap"
    return send_file(
        path,
        mimetype=kind,
        as_attachment="save" in request.args or one.kind == "pcap",
        download_name=name,
        conditional=True,
    )


@pages.get("/test-calls/<int:test_call_id>/events.csv")
@require("test:read")
def events_csv(test_call_id: int) -> Any:
    call = call_of(db.session, actor(), test_call_id)
    ladder = look(db.session, settings(), call).ladder
    header = ("n", "at_us", "after_s", "from", "to", "what", "detail", "copy")
    rows = [(r.n, r.at_us, r.after, r.sender, r.receiver, r.label, r.detail, r.again) for r in ladder.rungs]
    return csv_response(f"test-call-{call.id}-events", header, rows)


@pages.get("/test-calls/<int:test_call_id>/media.csv")
@require("test:read")
def media_csv(test_call_id: int) -> Any:
    call = call_of(db.session, actor(), test_call_id)
    header = ("side", "second", "packets", "expected", "lost", "discarded", "jitter_us", "level_tenths_dbm0")
    rows = [
        (side, *row[:7]) for side, one in queries.media(db.session, call.id).items() for row in one.seconds
    ]
    return csv_response(f"test-call-{call.id}-media", header, rows)


@pages.get("/test-calls/side-by-side")
@require("test:read")
def side_by_side() -> Any:
    """Calls that were ordered together."""
    batch = request.args.get("batch", "")[:32]
    rows = queries.calls(db.session, actor(), Filter(batch=batch), limit=SIDE_BY_SIDE) if batch else []
    if not rows:
        raise NotFound("There are no such test calls.")
    template = (
        "calls/_side_by_side.html"
        if request.headers.get("HX-Request") == "true"
        else "calls/side_by_side.html"
    )
    return render_template(template, rows=rows[::-1], batch=batch, base=settings().lcr.base_currency)


def _tested(product_id: int, limit: int) -> tuple[Named, list[CallRow], bool]:
    """The product by its name, one's own tests of it, and whether it may be tested now. Raises NotFound where neither."""
    who = actor()
    name = names_of(db.session, who, [product_id]).get(product_id)
    rows = queries.calls(db.session, who, Filter(product_id=product_id), limit=limit)
    may_order = any(one.id == product_id for one in choices(db.session, who))
    if name is None or not (rows or may_order):
        raise NotFound("There is no such offer.")
    return name, rows, may_order and who.may("test:order")


@pages.get("/test-calls/products/<int:product_id>")
@require("test:read")
def product(product_id: int) -> Any:
    """One's own tests of one product over time."""
    name, rows, may_order = _tested(product_id, 200)
    return render_template(
        "calls/product.html", name=name, rows=rows, sums=history(rows), chart=charts.history_chart(rows), may_order=may_order,
        base=settings().lcr.base_currency,
    )  # fmt: skip


@pages.get("/test-calls/products/<int:product_id>.csv")
@require("test:read")
def product_csv(product_id: int) -> Any:
    _, rows, _ = _tested(product_id, CSV_ROWS)
    return csv_of(f"test-calls-product-{product_id}", rows, CallRow)


@pages.get("/.well-known/tandem-evidence-key.json")
def evidence_key() -> Any:
    """Open: whoever holds a signed result may check it."""
    shown = public_bytes(signing_key(settings()))
    return jsonify(
        algorithm="Ed25519", public=base64.b64encode(shown).decode(), fingerprint=fingerprint(shown)
    )
