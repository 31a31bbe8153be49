"""`tandem card build`: a rate card for a buyer out of the decks it bought, with its change list and margin traps."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pyarrow as pa

from app.clock import utc_now
from app.console import Run, emit_json, pass_run, say
from app.db import db
from app.errors import Invalid, NotFound
from app.factory import create_app
from app.reports.cli import company_actor
from app.reports.scope import rate_card_key, visible_offers
from app.reports.timelines import in_force, to_nanos
from app.routing.gather import fx_rates
from ratecards.build import CardOptions, CostDeck, build_card
from ratecards.changes import card_changes
from ratecards.export import card_csv, card_xlsx
from ratecards.rules import MarginRule, RuleError
from ratecards.traps import find_traps
from rates.store import Store


@click.group("card")
def card() -> None:
    """Rate cards: what a buyer sells at, out of what it buys."""


def _rule(text: str) -> MarginRule:
    """`44:12%` or `44:0.002` or `12%+0.0005` (the larger of the two counts); without a code it holds for all."""
    code, _, margin = text.rpartition(":")
    percent = fixed = 0
    try:
        for part in margin.split("+"):
            if part.endswith("%"):
                percent = to_nanos(part[:-1]) // 100_000
            else:
                fixed = to_nanos(part)
        return MarginRule(code=code, percent_ppm=percent, fixed_nanos=fixed, places=5)
    except (ValueError, ArithmeticError, RuleError) as fault:
        raise Invalid(
            f"The margin rule “{text[:40]}” cannot be read: {fault}",
            hint="Write 12%, 44:0.002 or 44:12%+0.0005.",
        ) from None


@card.command("build")
@click.option("--company", required=True, help="Slug of the buyer.")
@click.option(
    "--margin",
    "margins",
    multiple=True,
    default=("12%",),
    help="Rule [CODE:]PERCENT% or [CODE:]AMOUNT; may be repeated.",
)
@click.option(
    "--basis",
    type=click.Choice(["cheapest", "second", "dearest"]),
    default="second",
    help="Which vendor's cost is marked up.",
)
@click.option("--currency", help="Currency of the card; default the base currency.")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="FILE.csv or FILE.xlsx."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@pass_run
def build(
    run: Run,
    company: str,
    margins: tuple[str, ...],
    basis: str,
    currency: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Price everything the company bought; write the card; count changes against the card in force, and margin traps
    (sell codes below which some bought deck has a longer, dearer code)."""
    if out.suffix.lower() not in {".csv", ".xlsx"}:
        raise Invalid(
            f"{out.name}: a rate card is written as .csv or .xlsx.", hint="Choose a name that ends so."
        )
    rules = [_rule(text) for text in margins]
    now, settings = utc_now(), run.settings
    with create_app(settings).app_context():
        actor = company_actor(company)
        offers = [o for o in visible_offers(db.session, actor, market=False, now=now) if o.bought]
        if not offers:
            raise NotFound(
                f"{actor.company_name} has bought nothing yet.",
                hint="Accepted purchases are what a card is priced on.",
            )
        store = Store(str(settings.store_dir))
        old_key = rate_card_key(db.session, actor)
        money = currency or settings.lcr.base_currency
        to_card = _fx(
            fx_rates(db.session, settings.lcr.base_currency, now), settings.lcr.base_currency, money
        )
    decks = [CostDeck(f"{o.vendor}, {o.product}", in_force(store.open(o.timeline_key), now)) for o in offers]
    options = CardOptions(currency=money, fx_nanos=to_card, basis=basis)  # type: ignore[arg-type]
    built = build_card(decks, rules, options, effective_from=now, received_at=now)
    part = out.with_name(f".{out.name}.part")
    with part.open("wb") as stream:
        if out.suffix.lower() == ".xlsx":
            card_xlsx(built.card, stream)
        else:
            stream.writelines(chunk.encode() for chunk in card_csv(built.card))
    part.replace(out)
    old = in_force(store.open(old_key), now) if old_key else None
    compared = _compared(old, built.card, decks, to_card)
    summary = {"file": str(out), "codes": built.card.num_rows, "unpriced": len(built.unpriced), **compared}
    if as_json:
        emit_json(summary)
    else:
        say("  ".join(f"{name} {value}" for name, value in summary.items()))
        sys.stdout.flush()


def _compared(
    old: pa.Table | None, new: pa.Table, decks: list[CostDeck], fx: dict[str, int]
) -> dict[str, int]:
    changes = card_changes(old, new) if old is not None else []
    found = (trap for deck in decks for trap in find_traps(new, deck.view, fx))
    traps = len({trap.sell_code for trap in found if trap.cost_code != trap.sell_code})
    return {
        "changes": len(changes),
        "increases": sum(c.label == "INCREASE" for c in changes),
        "margin_traps": traps,
    }


def _fx(rates: dict[str, str], base: str, currency: str) -> dict[str, int]:
    """Nanos of `currency` for one unit of each currency, rounded up so that a cost is never understated."""
    one = 1_000_000_000
    in_base = {**{name: to_nanos(rate) for name, rate in rates.items()}, base: one}
    if currency not in in_base:
        raise Invalid(
            f"There is no exchange rate for {currency}.", hint=f"Known: {', '.join(sorted(in_base))}."
        )
    return {name: -(-rate * one // in_base[currency]) for name, rate in in_base.items()}
