"""What leaves as a file: the whole deck of an instant, or only what changed since a version, in a chosen layout."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.orm import Session

from app.config import Settings
from app.decks.access import own_product, own_template, own_version
from app.decks.exports import XLSX_ROWS
from app.decks.models import DeckTemplate
from app.decks.service.choose_mapping import read_options
from app.decks.timelines import at_instant, compare
from app.errors import Invalid, NotFound
from app.security.actor import Actor
from rates.export import csv_lines, write_xlsx
from rates.layout import SHORT, Layout, of_template
from rates.options import DeckOptions
from rates.schema import CLOSED, INSTANT
from rates.store import Store

BATCH = 5_000


@dataclass(frozen=True)
class Outgoing:
    """A file to be sent; `name` without its ending. `options`: of the carrier's template, whose marks and units it keeps."""

    name: str
    rows: int
    view: pa.Table
    layout: Layout
    options: DeckOptions | None

    def csv(self) -> Iterator[str]:
        """In pieces of many lines."""
        lines = csv_lines(self.view, self.layout, self.options, end="\r\n")
        while piece := "".join(islice(lines, BATCH)):
            yield piece

    def xlsx(self) -> bytes:
        """Codes and rates are text, so that no digit is lost. Raises Invalid where a sheet cannot hold the rows."""
        if self.rows > XLSX_ROWS:
            raise Invalid(
                f"A sheet holds {XLSX_ROWS} rows; these are {self.rows}.", hint="Download it as CSV."
            )
        out = io.BytesIO()
        write_xlsx(self.view, out, self.layout, self.options)
        return out.getvalue()


def carrier_layout(template: DeckTemplate) -> tuple[Layout, DeckOptions]:
    """The template's columns in the carrier's order. Raises Invalid where it does not know them."""
    options = read_options(template.options)
    layout = of_template(options, template.columns)
    if layout is None:
        raise Invalid(
            f"Template {template.name} does not know its column order.",
            hint="Approve one more deck of this layout.",
        )
    return layout, options


def outgoing(
    session: Session, settings: Settings, who: Actor, product_id: int, *, at: datetime, version: int | None = None,
    since: int | None = None, template_id: int | None = None,
) -> Outgoing:  # fmt: skip
    """A-Z of the deck as priced `at`, or, with `since`, only the codes that differ from that version's prices at the same
    instant; closed ones with the status closed. `template_id`: the carrier's own layout. Raises NotFound, Invalid."""
    product = own_product(session, who, product_id)
    number = version or product.version
    if number == 0:
        raise NotFound(f"{product.name} has no approved deck yet.", hint="Upload and approve one first.")
    store = Store(str(settings.store_dir))
    table = store.open(own_version(session, who, product_id, number).timeline_key)
    layout, options = SHORT, None
    if template_id is not None:
        template = own_template(session, who, template_id)
        if template.company_id != product.company_id:
            raise Invalid(
                "That layout belongs to another carrier.", hint="Choose one of the product's carrier."
            )
        layout, options = carrier_layout(template)
    view, what = at_instant(table, at), "a-z"
    if since is not None:
        older = store.open(own_version(session, who, product_id, since).timeline_key)
        view, what = changed_rows(older, table, at), f"changes-since-v{since}"
    return Outgoing(f"{product.name}-v{number}-{what}-{at:%Y%m%d}", view.num_rows, view, layout, options)


def changed_rows(older: pa.Table, newer: pa.Table, at: datetime) -> pa.Table:
    """Rows of `newer` that are priced otherwise than in `older`, and rows of `older` that closed, marked so from `at` on."""
    differ = compare(older, newer, at, at)
    differ = differ.filter(pc.not_equal(differ["label"], "UNCHANGED"))
    closed = differ.filter(pc.equal(differ["label"], "CLOSED"))["code"]
    now = at_instant(newer, at)
    kept = now.filter(pc.is_in(now["code"], value_set=differ["code"].combine_chunks()))
    gone = at_instant(older, at)
    gone = gone.filter(pc.is_in(gone["code"], value_set=closed.combine_chunks()))
    count = gone.num_rows
    gone = _put(gone, "status", pa.array([CLOSED] * count, pa.int8()))
    gone = _put(gone, "effective_from", pa.array([at] * count, INSTANT))
    gone = _put(gone, "effective_until", pa.nulls(count, INSTANT))
    return pa.concat_tables([kept, gone.cast(kept.schema)]).sort_by("code").combine_chunks()


def _put(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    place = table.schema.get_field_index(name)
    return table.set_column(place, table.schema.field(place), values)
