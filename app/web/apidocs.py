"""/api/docs: the OpenAPI document as a page, with assets of our own; /api/v1/me: who a key is."""

from __future__ import annotations

from apiflask import APIBlueprint, Schema
from apiflask.fields import Boolean, List, String
from flask import Blueprint, render_template

from app.security.access import actor, require

pages = Blueprint("apidocs", __name__)
api = APIBlueprint("me", __name__, url_prefix="/api/v1", tag="Account")


class Me(Schema):
    company = String(metadata={"description": "Name of the company the credential belongs to."})
    name = String()
    permissions = List(String(), metadata={"description": "What the credential may do."})
    operator = Boolean()


@pages.get("/api/docs")
@require()
def page() -> str:
    return render_template("web/apidocs.html")


@api.get("/me")
@require()
@api.output(Me)
@api.doc(summary="Who this key or session is")
def show() -> dict[str, object]:
    me = actor()
    return {
        "company": me.company_name,
        "name": me.name,
        "permissions": sorted(me.permissions),
        "operator": me.is_operator,
    }
