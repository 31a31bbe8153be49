"""What a person or a carrier's template has decided about a file. `None` = not decided: guess it and show the guess."""

import tomllib
from datetime import datetime
from typing import Any, Literal

import msgspec
import tomli_w

from rates.thresholds import Thresholds

Mode = Literal["full", "full_per_country", "partial"]
RateUnit = Literal["per_minute", "per_second", "per_increment"]
MoneyUnit = Literal["unit", "cent"]
DateSystem = Literal["1900", "1904"]
UnlistedRule = Literal["parent", "block", "highest_in_country"]
Repair = Literal[
    "skip_rows_without_rate",  # rate_missing
    "keep_zero_rates",  # rate_suspicious: the number is free
    "skip_zero_rates",  # rate_suspicious: leave the row out
    "accept_suspicious_rates",  # rate_suspicious: the high rates are meant
    "skip_bad_codes",  # bad_code, code_too_long, range_invalid
    "skip_unknown_destinations",  # destination_unknown: a destination no code sheet knows
    "strip_area_zero",  # area_zero: 44 + 020 is 4420
    "keep_area_zero",  # area_zero: 39 + 06 is 3906
    "restore_zeros",  # zero_lost: 396 is 3906
    "keep_codes_as_written",  # zero_lost: 396 is meant
    "join_split_cells",  # cells_split: an unquoted delimiter stands inside a cell
    "skip_negative_rates",  # rate_negative
    "round_rates",  # rate_precision: half-up to 8 places
    "keep_first_duplicate",  # duplicate_code
    "keep_last_duplicate",  # duplicate_code
    "use_highest_rate",  # peak and off-peak differ: the highest is used
    "default_increments",  # increment_invalid: use the default of the options
    "skip_bad_dates",  # date_invalid
    "skip_expired_rows",  # effective_until in the past
    "join_spaced_codes",  # bad_code: "44 207" is one code
    "split_spaced_codes",  # bad_code: "4420 4421" is a list
    "join_dashed_codes",  # range_invalid: "44-207" is 44207
    "take_remarks_as_notes",  # remark_unclear: the row is taken at its price
]
"""One-click repairs. A problem names those that mend it in `Problem.repairs`."""


class Defaults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values for fields that no column holds, or whose cell is empty."""

    currency: str | None = None
    initial_increment: int | None = None
    next_increment: int | None = None
    effective_from: str | None = None
    """ISO date or instant in the deck's time zone, or `"receipt"`. Also the instant at which absent codes close."""
    connect_fee: str | None = None
    """Decimal string, per call."""


TableKind = Literal["rates", "codes", "closures", "origins", "surcharges", "blocks", "ignore"]
"""rates: prices · codes: dial codes of destinations that another sheet prices · closures: codes that close, no
prices · origins: A-prefixes of origin groups · surcharges:
an amount a minute for each origin group · blocks: NPA-NXX with their OCN and LATA · ignore: cover page, list of changes, notes."""


class TableOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one sheet of several holds, and how; `None` = guess. Fields as those of DeckOptions."""

    kind: TableKind = "rates"
    header_row: int | None = None
    last_row: int | None = None
    mapping: dict[int, str] | None = None
    headers: dict[str, str] | None = None
    origin: str | None = None
    """Origin group whose callers the prices of this sheet are for; "" = everybody."""


class DeckOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """JSON-serialisable with `to_json` / `from_json`; saved as the carrier's template with `template()`."""

    # where the table is
    sheets: tuple[str, ...] = ()
    """Sheet names as listed in `Guess.sheets`; empty = the guessed one. Inside a ZIP: `member.csv` or `member.xlsx/Sheet`."""
    header_row: int | None = None
    """1-based row of the header; 0 = the table has none."""
    last_row: int | None = None
    """1-based last row of the table (footers lie below it)."""
    tables: dict[str, TableOptions] = {}
    """Sheet name → what it holds. When given, these sheets and no others are read; then `sheets` is not used, and `header_row`,
    `last_row`, `mapping` and `headers` hold for those that do not say otherwise."""
    # how text is read
    delimiter: str | None = None
    encoding: str | None = None
    decimal_mark: Literal[".", ","] | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    date_system: DateSystem | None = None
    """Day from which serial dates count; a workbook says so itself, a text file does not."""
    time_zone: str = "UTC"
    # what columns mean: 0-based column index → field (rates.fields); unmentioned columns are left out
    mapping: dict[int, str] | None = None
    headers: dict[str, str] | None = None
    """Carrier's template: header text as it stood → field; used when `mapping` is None."""
    defaults: Defaults = Defaults()
    rate_unit: RateUnit | None = None
    """None = per minute, unless the header says otherwise; that is asked."""
    money_unit: MoneyUnit | None = None
    """Whether prices are written in units of the currency or in hundredths of it. None = units, unless the header says otherwise."""
    tier: str | None = None
    """Of a deck with a volume tier in each row: the tier that applies."""
    origin_reading: Literal["origin_first", "code_first"] = "origin_first"
    origin_groups: dict[str, tuple[str, ...]] = {}
    """Origin group → its A-prefixes, where the file has no such list."""
    invalid_group: str | None = None
    """Origin group of callers without a valid number; None = the one whose name says so, else the dearest."""
    ij_fallback: Literal["max", "intrastate", "interstate"] = "max"
    """What an indeterminate call costs where the deck has no such rate."""
    codes_from: Literal["deck_in_force", "code_deck"] | None = None
    """Where the dial codes of a deck without codes come from, when no sheet of the file has them."""
    # what the deck does to the one before
    mode: Mode | None = None
    """Must be stated by sender, template or operator; a check without it ends in `needs_mapping` with `mode_missing`."""
    unlisted_rule: UnlistedRule = "parent"
    notice_days: int = 7
    notice_unit: Literal["calendar", "business"] = "calendar"
    notice_at: Literal["instant", "next_midnight"] = "instant"
    late: Literal["postpone", "refuse", "accept", "reject"] = "postpone"
    """Increases with too short notice: applied at receipt + notice · the file refused · taken as asked · the row left out, so
    that the code keeps its price."""
    late_codes: dict[str, Literal["postpone", "accept", "reject"]] = {}
    """Dial code → what was decided for that code alone, before `late`."""
    backdated: Literal["from_receipt", "refuse", "accept"] = "from_receipt"
    """Dates before receipt: the row applies from receipt (warning) · refused · taken as asked (re-rates calls)."""
    # answers to problems
    repairs: tuple[Repair, ...] = ()
    accept_warnings: tuple[str, ...] = ()
    """Ids of warnings a person has read and accepted."""

    def template(self) -> "DeckOptions":
        """The part worth remembering for the carrier's next file: answers to problems and the stated date are dropped."""
        defaults = msgspec.structs.replace(self.defaults, effective_from=None)
        tables = {name: msgspec.structs.replace(table, last_row=None) for name, table in self.tables.items()}
        return msgspec.structs.replace(
            self,
            repairs=(),
            accept_warnings=(),
            late_codes={},
            last_row=None,
            defaults=defaults,
            tables=tables,
        )


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bounds of one check; every breach is a problem, never a crash."""

    file_bytes: int = 256 * 2**20
    unpacked_bytes: int = 1024 * 2**20
    unpack_ratio: int = 200
    line_chars: int = 1 << 20
    rows: int = 2_000_000
    columns: int = 256
    cells: int = 40_000_000
    codes: int = 3_000_000
    problems: int = 1_000_000
    memory_bytes: int = 3 * 2**30
    """Address space of the child (RLIMIT_AS)."""
    cpu_s: int = 300
    wall_s: int = 600
    output_bytes: int = 2 * 2**30
    nice: int = 5
    """How far the child stands back for other processes (0–19): routing queries come first."""


class SellCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """path: local Arrow file (schema.TIMELINE) of what is sold; name: as people know it."""

    name: str
    path: str


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file to be checked against the timeline in force.

    path: local file; name: what the sender called it. current: local Arrow file of the offer's timeline in force, or None.
    out_dir: existing directory for the Arrow outputs. fx: currency → base units for one unit, decimal string; needed only when
    a deck changes its currency, or a card is in another one. last_encoding: of the carrier's last accepted deck."""

    path: str
    name: str
    out_dir: str
    received_at: datetime
    deck_id: int
    options: DeckOptions = DeckOptions()
    current: str | None = None
    fx: dict[str, str] = {}
    currency: str | None = None
    """What the offer is sold in: taken where neither options nor file name a currency."""
    code_deck: str | None = None
    """Local Arrow file with columns `code` and `destination`: the exchange's own code deck."""
    blocks: str | None = None
    """Local Arrow file with columns `code` (no 1 in front), `ocn` and `lata` (rates.nanp): number blocks for decks priced by OCN or
    LATA whose file has no sheet of blocks."""
    last_encoding: str | None = None
    preview_rows: int = 20
    cards: tuple[SellCard, ...] = ()
    """Rate cards in force that sell what this offer buys, for the margin traps."""
    thresholds: Thresholds = Thresholds()
    """How strict the sanity checks are with this carrier."""
    limits: Limits = Limits()


def to_json(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def options_from_json(text: str | bytes) -> DeckOptions:
    """Raises msgspec.ValidationError naming the field."""
    return msgspec.json.decode(text, type=DeckOptions)


def to_toml(options: DeckOptions) -> str:
    """Only what differs from the defaults, as TOML; `options_from_toml` gives the same options back."""
    plain = msgspec.to_builtins(DeckOptions(), str_keys=True)
    said = {
        name: _stated(value)
        for name, value in msgspec.to_builtins(options, str_keys=True).items()
        if value != plain[name]
    }
    return tomli_w.dumps(said)


def _stated(value: Any) -> Any:
    """TOML has no null: what is not decided is left out."""
    if isinstance(value, dict):
        return {key: _stated(inner) for key, inner in value.items() if inner is not None}
    return value


def options_from_toml(text: str) -> DeckOptions:
    """Raises msgspec.ValidationError naming the field, tomllib.TOMLDecodeError naming the line."""
    return options_from_dict(tomllib.loads(text))


def options_from_dict(values: dict[str, Any]) -> DeckOptions:
    """From form or JSON values: keys of `mapping` may be strings."""
    return msgspec.convert(values, type=DeckOptions, strict=False)
