"""Bodies and answers of the API of requests, deals and agreements."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import AwareDateTime, Boolean, Dict, Integer, List, Nested, Raw, String
from apiflask.validators import Length, OneOf, Range

from app.deals.machine import STATES

ID_MAX = 2**31 - 1


class PageQuery(Schema):
    cursor = Integer(load_default=None, allow_none=True, validate=Range(1, ID_MAX),
                     metadata={"description": "`next` of the page before."})  # fmt: skip
    limit = Integer(load_default=50, validate=Range(1, 200))


class RfqQuery(PageQuery):
    view = String(load_default="", validate=OneOf(("", "mine", "open")))


class Destination(Schema):
    code = String(required=True, validate=Length(1, 15))
    destination = String(load_default="", validate=Length(max=120))


class RfqIn(Schema):
    destinations = List(Nested(Destination), required=True, validate=Length(1, 1000))
    minutes_month = Integer(required=True, validate=Range(1, 10**12))
    currency = String(required=True, validate=Length(3, 3))
    target_rate = String(load_default=None, allow_none=True, validate=Length(max=40))
    floors = Dict(load_default=dict, metadata={"description": "Quality of docs/deals.md."})
    route_class = String(load_default="", validate=Length(max=16))
    audience = String(load_default="public", validate=OneOf(("public", "invited")))
    invited = List(Integer(validate=Range(1, ID_MAX)), load_default=list, validate=Length(max=500))
    anonymous = Boolean(load_default=False)
    deadline = AwareDateTime(required=True)
    note = String(load_default="", validate=Length(max=2000))


class OfferIn(Schema):
    terms = Dict(required=True, metadata={"description": "Terms of docs/deals.md."})
    valid_until = AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "Empty: 14 days."}
    )
    note = String(load_default="", validate=Length(max=2000))


class FirstOfferIn(OfferIn):
    product_id = Integer(required=True, validate=Range(1, ID_MAX))


class CounterIn(OfferIn):
    round = Integer(
        required=True, validate=Range(1, ID_MAX), metadata={"description": "Of the offer that was read."}
    )


class AcceptIn(Schema):
    round = Integer(
        required=True, validate=Range(1, ID_MAX), metadata={"description": "Of the offer that was read."}
    )
    note = String(load_default="", validate=Length(max=2000))


class NoteIn(Schema):
    note = String(load_default="", validate=Length(max=2000))


class SignIn(Schema):
    sha256 = String(required=True, validate=Length(64, 64))
    typed_name = String(required=True, validate=Length(3, 120))
    secret = String(
        required=True,
        validate=Length(1, 200),
        metadata={"description": "Code of the authenticator, or the password."},
    )


class AmendIn(Schema):
    terms = Dict(required=True)
    effective_from = AwareDateTime(load_default=None, allow_none=True)
    reason = String(load_default="", validate=Length(max=2000))


class TerminateIn(Schema):
    at = AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "Empty: as early as agreed."}
    )
    reason = String(required=True, validate=Length(1, 2000))


class Listed(Schema):
    next = Integer(allow_none=True)
    items = List(Raw())


class RfqOut(Schema):
    id = Integer()
    state = String(validate=OneOf(sorted(STATES["rfq"])))
    rfq = Raw()
    quotes = List(Raw())


class DealOut(Schema):
    id = Integer()
    state = String(validate=OneOf(sorted(STATES["deal"])))
    deal = Raw()
    steps = List(Raw())


class AgreementOut(Schema):
    id = Integer()
    state = String(validate=OneOf(sorted(STATES["agreement"])))
    agreement = Raw()
    versions = List(Raw())
