"""How strict the sanity checks are with one carrier: a level for each check, and the numbers from which it speaks."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final, Literal, NamedTuple, cast

Level = Literal["block", "warn", "off"]
"""block: the deck is refused until the file is mended, or the check's id stands in `DeckOptions.accept_warnings`, which
calls a second person · warn: shown, to be read · off: not looked for."""
LEVELS: Final[tuple[Level, ...]] = ("block", "warn", "off")


class SanityCheck(NamedTuple):
    """One check as a settings page lists it. `number`: the field of Thresholds that says from when it speaks ("" = none),
    between `lowest` and `highest`; `fixed` = it cannot be switched off (domain: a second person must agree)."""

    id: str
    title: str
    level: Level
    number: str = ""
    unit: str = ""
    lowest: int = 0
    highest: int = 0
    fixed: bool = False


SANITY_CHECKS: Final[tuple[SanityCheck, ...]] = (
    SanityCheck("truncated_rows", "Ends at the last row an old spreadsheet can hold", "block"),
    SanityCheck(
        "truncated_area", "Stops inside an area", "warn", "tail_codes", "codes of the area missing", 1, 100_000
    ),
    SanityCheck(
        "rate_like_code", "Rates look like dial codes", "block", "code_like_pct", "% of the rows", 1, 100
    ),
    SanityCheck("price_leap", "Prices leap", "warn", "leap_factor", "times the old price", 2, 1_000),
    SanityCheck("decimal_slip", "Decimal mark slipped", "warn", "slip_rows", "rows", 1, 1_000_000),
    SanityCheck("unknown_country", "Codes of no country", "warn", "unknown_rows", "rows", 1, 1_000_000),
    SanityCheck("closes_many", "Closes many codes", "warn", "closes_pct", "% of the active codes", 0, 100, True),
    SanityCheck("changes_many", "Changes many rates", "warn", "changes_pct", "% of the active codes", 0, 100, True),
    SanityCheck("rate_jump", "A rate changes many times over", "warn", "jump_factor", "times", 2, 1_000, True),
    SanityCheck("currency_mixed", "Several currencies in one deck", "block"),
    SanityCheck("duplicate_rows", "The same row many times", "warn", "duplicate_pct", "% of the rows", 0, 100),
    SanityCheck("overlap", "Validities of one code overlap", "block"),
    SanityCheck("code_conflict", "One code at two prices", "block"),
    SanityCheck("origin_conflict", "Both readings of the origin groups differ", "warn"),
    SanityCheck("steep_code", "A code far dearer than the one above it", "warn", "steep_pct", "% dearer", 1, 100_000),
    SanityCheck("margin_trap", "A sell code covers dearer cost codes", "warn", "trap_pct", "% dearer than what it is sold at", 0, 100_000),
)  # fmt: skip
"""All of them, in the order of a settings page."""

BY_ID: Final[Mapping[str, SanityCheck]] = {check.id: check for check in SANITY_CHECKS}


class InvalidThresholds(ValueError):
    """args[0] says which setting and why. `setting`: id of the check, or name of the number."""

    code = "threshold_invalid"

    def __init__(self, setting: str, why: str) -> None:
        super().__init__(f"{setting}: {why}")
        self.setting = setting


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """`levels` holds only what differs from the checks' own level. Raises InvalidThresholds."""

    levels: Mapping[str, Level] = field(default_factory=dict)
    tail_codes: int = 1
    code_like_pct: int = 5
    leap_factor: int = 5
    slip_rows: int = 1
    unknown_rows: int = 1
    closes_pct: int = 20
    """More than this share of the active codes closes: a second person must agree."""
    changes_pct: int = 30
    jump_factor: int = 10
    duplicate_pct: int = 5
    steep_pct: int = 100
    """A longer code this much dearer than the one above it in the deck."""
    trap_pct: int = 0
    """A code that costs this much more than a rate card in force earns on it."""

    def __post_init__(self) -> None:
        for id, level in self.levels.items():
            if id not in BY_ID:
                raise InvalidThresholds(id, "no such check")
            if level not in LEVELS:
                raise InvalidThresholds(id, f"{level!r} is none of block, warn, off")
            if level == "off" and BY_ID[id].fixed:
                raise InvalidThresholds(id, "this check cannot be switched off")
        for check in SANITY_CHECKS:
            if check.number:
                value = getattr(self, check.number)
                if isinstance(value, bool) or not isinstance(value, int):
                    raise InvalidThresholds(check.number, f"{value!r} is not a whole number")
                if not check.lowest <= value <= check.highest:
                    raise InvalidThresholds(
                        check.number, f"{value} is not between {check.lowest} and {check.highest}"
                    )

    def level(self, id: str) -> Level:
        """What happens when this check finds something."""
        return self.levels.get(id, BY_ID[id].level)

    def severity(self, id: str) -> Literal["error", "warning"] | None:
        """Of its problems; None = the check is off."""
        return {"block": "error", "warn": "warning", "off": None}[self.level(id)]

    def severity_for(self, id: str, accepted: Collection[str]) -> Literal["error", "warning"] | None:
        """The same after a person has accepted the findings of these checks."""
        found = self.severity(id)
        return "warning" if found == "error" and id in accepted else found

    def to_dict(self) -> dict[str, Any]:
        """For a JSON column; only what differs from the defaults."""
        mine, usual = asdict(self), asdict(Thresholds())
        levels = {id: level for id, level in self.levels.items() if level != BY_ID[id].level}
        found = {name: value for name, value in mine.items() if name != "levels" and value != usual[name]}
        return found | ({"levels": levels} if levels else {})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Thresholds:
        """Raises InvalidThresholds naming the setting; unknown names are an error."""
        known = {one.name for one in fields(cls)}
        for name in values:
            if name not in known:
                raise InvalidThresholds(name, "no such setting")
        levels = values.get("levels", {})
        if not isinstance(levels, Mapping):
            raise InvalidThresholds("levels", "not a table of check and level")
        return cls(**{**values, "levels": cast(Mapping[str, Level], dict(levels))})

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> Thresholds:
        values = json.loads(text)
        if not isinstance(values, dict):
            raise InvalidThresholds("thresholds", "not a JSON object")
        return cls.from_dict(values)
