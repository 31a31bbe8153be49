"""Pages of products and vendor trunks: what a carrier sells and where the calls go."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for

from app.carriers import queries
from app.carriers.claims import claim_values, claims_of_form
from app.carriers.forms import ProductForm, VendorTrunkForm, fill_choice
from app.carriers.models import Product, VendorTrunk
from app.carriers.route_words import route_values, routing_of_form
from app.carriers.service.save_product import ProductFacts, save_product
from app.carriers.service.save_vendor_trunk import VendorTrunkFacts, save_vendor_trunk
from app.carriers.sight import companies_named, invited_names
from app.clock import utc_now
from app.db import db
from app.errors import DomainError
from app.security.access import actor, require
from app.web.tables import csv_response

pages = Blueprint("products", __name__, template_folder="templates")


def _scope() -> int | None:
    """The company whose objects are seen; None (all) for the operator."""
    who = actor()
    return None if who.is_operator else who.company_id


@pages.get("/products")
@require("deck:read")
def index() -> Any:
    rows = queries.products(db.session, _scope())
    trunks = queries.vendor_trunks(db.session, _scope())
    return render_template("carriers/products.html", products=rows, trunks=trunks)


@pages.get("/products.csv")
@require("deck:read")
def index_csv() -> Any:
    rows = queries.products(db.session, _scope())
    header = (
        "id",
        "company",
        "product",
        "class",
        "currency",
        "deck_version",
        "enabled",
        "listed",
        "visibility",
        "notice_days",
        "trunk",
    )
    return csv_response(
        "products",
        header,
        [
            (
                r.id,
                r.company,
                r.name,
                r.route_class,
                r.currency,
                r.version,
                r.enabled,
                r.listed,
                r.visibility,
                r.notice_days,
                r.trunk,
            )
            for r in rows
        ],
    )


@pages.route("/products/new", methods=["GET", "POST"])
@require("product:manage")
def create() -> Any:
    return _edit_product(None)


@pages.route("/products/<int:product_id>/edit", methods=["GET", "POST"])
@require("product:manage")
def edit(product_id: int) -> Any:
    return _edit_product(queries.product_of(db.session, product_id, _scope()))


def _edit_product(product: Product | None) -> Any:
    words = route_values(product.routing) | claim_values(product.claims) if product else route_values({})
    if product is not None:
        words["invited"] = "\n".join(invited_names(db.session, product.id))
    form = ProductForm(obj=product, data=words)
    owner = product.company_id if product else actor().company_id
    trunks = [(t.id, f"{t.name} ({t.host})") for t in queries.vendor_trunks(db.session, owner)]
    fill_choice(form.vendor_trunk_id, trunks, "not yet known")
    if form.validate_on_submit():
        try:
            facts = _product_facts(form, owner)
            saved = save_product(db.session, actor(), facts, product=product, now=utc_now())
        except DomainError as fault:
            db.session.rollback()
            form.form_errors.append(f"{fault.message} {fault.hint or ''}")
        else:
            db.session.commit()
            flash(f"{saved.name} is saved.", "success")
            return redirect(url_for("products.index"))
    status = 422 if form.is_submitted() else 200
    return render_template("carriers/product_form.html", form=form, product=product), status


def _product_facts(form: ProductForm, owner: int) -> ProductFacts:
    """Raises NotFound for an invited company that is none."""
    shy = form.visibility.data == "invited"
    return ProductFacts(
        name=(form.name.data or "").strip(),
        route_class=form.route_class.data,
        currency=form.currency.data,
        vendor_trunk_id=form.vendor_trunk_id.data or None,
        tech_prefix=form.tech_prefix.data or "",
        unlisted_rule=form.unlisted_rule.data,
        notice_days=form.notice_days.data or 0,
        timeout_ms=form.timeout_ms.data or 0,
        enabled=form.enabled.data,
        listed=form.listed.data,
        description=form.description.data or "",
        lrn_rated=form.lrn_rated.data,
        routing=routing_of_form(form),
        claims=claims_of_form(form),
        visibility=form.visibility.data,
        invited=tuple(companies_named(db.session, form.invited_names(), owner)) if shy else (),
    )


@pages.route("/vendor-trunks/new", methods=["GET", "POST"])
@require("trunk:manage")
def create_trunk() -> Any:
    return _edit_trunk(None)


@pages.route("/vendor-trunks/<int:vendor_trunk_id>/edit", methods=["GET", "POST"])
@require("trunk:manage")
def edit_trunk(vendor_trunk_id: int) -> Any:
    return _edit_trunk(queries.vendor_trunk_of(db.session, vendor_trunk_id, _scope()))


def _edit_trunk(trunk: VendorTrunk | None) -> Any:
    form = VendorTrunkForm(obj=trunk)
    if form.validate_on_submit():
        facts = VendorTrunkFacts(
            name=(form.name.data or "").strip(),
            host=(form.host.data or "").strip(),
            port=form.port.data or 0,
            transport=form.transport.data,
            channels=form.channels.data,
            cps=form.cps.data,
            enabled=form.enabled.data,
        )
        saved = save_vendor_trunk(db.session, actor(), facts, trunk=trunk, now=utc_now())
        db.session.commit()
        flash(f"Vendor trunk {saved.name} is saved.", "success")
        return redirect(url_for("products.index"))
    status = 422 if form.is_submitted() else 200
    return render_template("carriers/vendor_trunk_form.html", form=form, trunk=trunk), status
