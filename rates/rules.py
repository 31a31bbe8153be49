"""What the layers of a deck mean: origin groups with their A-prefixes, surcharges, how an indeterminate call is priced.

Kept as JSON in the schema metadata of the timeline (`origin_rules`, `jurisdiction_rules`), so that a stored deck, its rollback and
its compiled index always carry the rules its prices were given under."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec
import pyarrow as pa

Reading = Literal["origin_first", "code_first"]
IjFallback = Literal["max", "intrastate", "interstate"]


class OriginGroup(msgspec.Struct, frozen=True, kw_only=True):
    """prefixes: leading digits of A-numbers, country code first; empty = the group has rates but no list yet."""

    name: str
    prefixes: tuple[str, ...] = ()


class Surcharge(msgspec.Struct, frozen=True, kw_only=True):
    """Nanos a minute on top of the base rate for callers of the group."""

    group: str
    nanos: int


class OriginRules(msgspec.Struct, frozen=True, kw_only=True):
    """reading: `origin_first` = the caller's group decides the list, its longest match the price · `code_first` = the longest code among
    rows for everybody and for the caller's group. rest_group: for callers whose number no group lists; None = the prices for
    everybody. invalid_group: for callers without a valid number; None = the dearest. A prefix stands in one group only, and every
    group that prices something is listed (docs/decision.md 8)."""

    reading: Reading = "origin_first"
    groups: tuple[OriginGroup, ...] = ()
    rest_group: str | None = None
    invalid_group: str | None = None
    surcharges: tuple[Surcharge, ...] = ()


class JurisdictionRules(msgspec.Struct, frozen=True, kw_only=True):
    """ij_fallback: what an indeterminate call costs where the deck has no such rate."""

    ij_fallback: IjFallback = "max"


def origin_rules(table: pa.Table) -> OriginRules | None:
    found = (table.schema.metadata or {}).get(b"origin_rules")
    return None if found is None else msgspec.json.decode(found, type=OriginRules)


def jurisdiction_rules(table: pa.Table) -> JurisdictionRules | None:
    found = (table.schema.metadata or {}).get(b"jurisdiction_rules")
    return None if found is None else msgspec.json.decode(found, type=JurisdictionRules)


def with_rules(
    table: pa.Table, origin: OriginRules | None, jurisdiction: JurisdictionRules | None
) -> pa.Table:
    """The table with these rules in its metadata; None takes them out."""
    kept = {
        name: value
        for name, value in (table.schema.metadata or {}).items()
        if name not in (b"origin_rules", b"jurisdiction_rules")
    }
    if origin is not None:
        kept[b"origin_rules"] = msgspec.json.encode(origin)
    if jurisdiction is not None:
        kept[b"jurisdiction_rules"] = msgspec.json.encode(jurisdiction)
    return table.replace_schema_metadata(kept or None)


def rules_document(table: pa.Table) -> dict[str, Any] | None:
    """Both rules as the core takes them (docs/decision.md 8); None for a deck without layers."""
    origin, jurisdiction = origin_rules(table), jurisdiction_rules(table)
    found = {"origin": origin, "jurisdiction": jurisdiction}
    said = {name: msgspec.to_builtins(rules) for name, rules in found.items() if rules is not None}
    return said or None


def rules_json(table: pa.Table) -> tuple[str | None, str | None]:
    """(origin_rules, jurisdiction_rules) as JSON texts, for whoever compiles the deck."""
    found = table.schema.metadata or {}
    origin, jurisdiction = found.get(b"origin_rules"), found.get(b"jurisdiction_rules")
    return (origin.decode() if origin else None, jurisdiction.decode() if jurisdiction else None)


def merged_origin(
    current: OriginRules | None, new: OriginRules | None, priced: Iterable[str], *, whole: bool
) -> OriginRules | None:
    """Rules after a deck: its own; a partial deck (`whole` False) keeps groups and surcharges it does not name. Groups that still
    price something in the timeline (`priced`), be it history, stay listed; a prefix goes to the group that claimed it last."""
    before = current or OriginRules()
    after = new or (OriginRules() if whole else before)
    wanted = set(priced)
    kept = {g.name: g.prefixes for g in before.groups if g.name in wanted or not whole}
    lists = kept | {g.name: g.prefixes or kept.get(g.name, ()) for g in after.groups}
    lists |= dict.fromkeys(sorted(wanted - set(lists)), ())
    if not lists:
        return None
    claimed = {prefix for group in after.groups for prefix in group.prefixes}
    fresh = {group.name for group in after.groups if group.prefixes}
    groups = tuple(
        OriginGroup(
            name=name, prefixes=prefixes if name in fresh else tuple(p for p in prefixes if p not in claimed)
        )
        for name, prefixes in lists.items()
    )
    charges = {} if whole else {s.group: s for s in before.surcharges}
    charges |= {s.group: s for s in after.surcharges}
    return OriginRules(
        reading=after.reading,
        groups=groups,
        rest_group=after.rest_group or (None if whole else before.rest_group),
        invalid_group=after.invalid_group or (None if whole else before.invalid_group),
        surcharges=tuple(charges.values()),
    )
