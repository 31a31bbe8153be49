"""What the layers of a deck mean: origin groups with their A-prefixes, surcharges, how an indeterminate call is priced.

Kept as JSON in the schema metadata of the timeline (`origin_rules`, `jurisdiction_rules`), so that a stored deck, its rollback and
its compiled index always carry the rules its prices were given under."""

from typing import Literal

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
    rows for everybody and for the caller's group. invalid_group: for callers without a valid number; None = the dearest group."""

    reading: Reading = "origin_first"
    groups: tuple[OriginGroup, ...] = ()
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


def rules_json(table: pa.Table) -> tuple[str | None, str | None]:
    """(origin_rules, jurisdiction_rules) as JSON texts, for whoever compiles the deck."""
    found = table.schema.metadata or {}
    origin, jurisdiction = found.get(b"origin_rules"), found.get(b"jurisdiction_rules")
    return (origin.decode() if origin else None, jurisdiction.decode() if jurisdiction else None)


def merged_origin(current: OriginRules | None, new: OriginRules | None, *, whole: bool) -> OriginRules | None:
    """Rules after a deck: its own; a partial deck (`whole` False) keeps the groups and surcharges it does not name."""
    if new is None or current is None or whole:
        return new if new is not None or whole else current
    groups = {group.name: group for group in current.groups}
    for group in new.groups:
        if group.prefixes or group.name not in groups:
            groups[group.name] = group
    surcharges = {s.group: s for s in current.surcharges} | {s.group: s for s in new.surcharges}
    return OriginRules(
        reading=new.reading,
        groups=tuple(groups.values()),
        invalid_group=new.invalid_group or current.invalid_group,
        surcharges=tuple(surcharges.values()),
    )
