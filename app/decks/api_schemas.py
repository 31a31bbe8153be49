"""What the deck API takes and gives, for validation and for the OpenAPI document."""

from __future__ import annotations

from apiflask import Schema
from apiflask.fields import Boolean, Dict, File, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

from app.decks.models import DECK_STATES

MODES = ("full", "full_per_country", "partial")
# What a column of ids holds on every database; and pages nobody turns to.
ID_MAX, PAGE_MAX = 2**31 - 1, 100_000


class UploadBody(Schema):
    """Form fields of an upload."""

    file = File(  # type: ignore[no-untyped-call]
        required=True, metadata={"description": "CSV, TSV, XLSX, XLS, XLSB, ODS or a ZIP of these"}
    )
    product_id = Integer(required=True, validate=Range(1, ID_MAX))
    mode = String(
        validate=OneOf(MODES), metadata={"description": "Never inferred: the check asks when it is missing"}
    )
    effective_from = String(
        metadata={"description": "ISO date or instant, or `receipt`, for rows without a date"}
    )
    options = String(metadata={"description": "DeckOptions as JSON: mapping, repairs, defaults …"})


class DeckPageQuery(Schema):
    state = String(load_default="", validate=OneOf(("", "open", *DECK_STATES)))
    q = String(load_default="")
    page = Integer(load_default=1, validate=Range(1, PAGE_MAX))


class ProblemsQuery(Schema):
    id = String(load_default="")
    severity = String(load_default="", validate=OneOf(("", "error", "warning")))
    page = Integer(load_default=1, validate=Range(1, PAGE_MAX))
    page_size = Integer(load_default=100, validate=Range(1, 500))
    format = String(load_default="json", validate=OneOf(("json", "csv")))


class DiffQuery(ProblemsQuery):
    label = String(load_default="")
    q = String(load_default="")
    sort = String(
        load_default="code", validate=OneOf(("code", "change", "-change", "destination", "effective"))
    )

    class Meta:
        exclude = ("id", "severity")


class PricesQuery(Schema):
    at = String(load_default="")
    version = Integer(load_default=None, allow_none=True, validate=Range(1, ID_MAX))
    q = String(load_default="")
    page = Integer(load_default=1, validate=Range(1, PAGE_MAX))
    page_size = Integer(load_default=100, validate=Range(1, 500))
    format = String(load_default="json", validate=OneOf(("json", "csv", "xlsx")))


class OptionsBody(Schema):
    """Any part of DeckOptions."""

    class Meta:
        unknown = "include"

    mapping = Dict(metadata={"description": "0-based column index -> field"})
    mode = String(validate=OneOf(MODES))
    defaults = Dict()
    repairs = List(String())
    sheets = List(String())
    header_row = Integer(allow_none=True)
    delimiter = String(allow_none=True)
    encoding = String(allow_none=True)
    decimal_mark = String(allow_none=True, validate=OneOf((".", ",")))
    date_order = String(allow_none=True, validate=OneOf(("dmy", "mdy", "ymd")))


class ApproveBody(Schema):
    note = String(load_default="", validate=Length(max=500))


class DeckOut(Schema):
    """A deck and how far it got."""

    id = Integer()
    product_id = Integer()
    filename = String()
    size_bytes = Integer()
    sha256 = String()
    source = String(metadata={"description": "web, api, mail, folder or cli"})
    received_at = String()
    approved_at = String(allow_none=True)
    seconded_by = String(allow_none=True)
    base_version = Integer(allow_none=True, metadata={"description": "Version it was compared with"})
    options = Dict()
    error = String(allow_none=True)
    rows_read = Integer()
    rows_skipped = Integer()
    codes = Integer()
    closing = Integer()
    closes_at = String(allow_none=True)
    currency = String(allow_none=True)
    effective_first = String(allow_none=True)
    effective_last = String(allow_none=True)
    second_person_reasons = List(String())
    asks_at = Dict(metadata={"description": "Step of the page -> number of open questions"})
    state = String(
        metadata={
            "description": "received, checking, needs_mapping, rejected, review, approved, discarded, failed"
        }
    )
    next = String(metadata={"description": "What to do next, in words"})
    progress = Dict(allow_none=True)
    guess = Dict(allow_none=True)
    problems = List(Dict())
    error_count = Integer()
    warning_count = Integer()
    labels = Dict(metadata={"description": "Change -> number of codes"})
    needs_second_person = Boolean()
    version = Integer(allow_none=True)
    outcome = String(metadata={"description": "Only when approving: approved, seconding, rechecking"})


class DecksOut(Schema):
    decks = List(Dict())
    page = Integer()
    pages = Integer()
    total = Integer()
    counts = Dict()


class PageOut(Schema):
    rows = List(Dict())
    page = Integer()
    pages = Integer()
    total = Integer()


class VersionOut(Schema):
    number = Integer()
    current = Boolean()
    created_at = String()
    by = String(allow_none=True)
    note = String()
    codes = Integer()
    counts = Dict()
    effective_from = String(allow_none=True)
    deck_id = Integer(allow_none=True)
    filename = String(allow_none=True)
    rollback_to = Integer(allow_none=True)


class VersionsOut(Schema):
    versions = List(Nested(VersionOut))
