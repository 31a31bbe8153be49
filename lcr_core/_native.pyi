"""Typed face of the Rust extension. See docs/decision.md for the meaning of every field.

All instants are microseconds since the epoch, UTC. Money is nanos (10**-9 of a unit).
Every long call releases the GIL. Arrow data crosses by the PyCapsule interface, so any
pyarrow Table or RecordBatchReader fits.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, final, type_check_only

__all__ = [
    "BuildError",
    "CoreError",
    "DecisionColumns",
    "QueryError",
    "Snapshot",
    "SnapshotError",
    "__version__",
    "build_blocks",
    "build_index",
    "build_lrn",
    "country_codes",
    "country_of",
    "edge_breaths",
    "expand_range",
    "hunt",
    "in_force",
    "mos_of_moments",
    "normalise",
    "patch_index",
    "promote",
    "publish",
    "publish_next",
    "rate_call",
    "run_edge",
    "talk_time",
]

@type_check_only
class ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class CoreError(Exception):
    """Base of all errors of the core; `code` is a stable identifier."""

    code: str

class SnapshotError(CoreError): ...
class BuildError(CoreError): ...
class QueryError(CoreError): ...

@final
class DecisionColumns:
    """Answers as Arrow columns; `pyarrow.table(columns)` takes them."""
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

@final
class Snapshot:
    """A published snapshot, mapped read-only. Immutable and safe to share between threads."""
    @staticmethod
    def open(root: str, snapshot_id: str | None = None, beside: Snapshot | None = None) -> Snapshot:
        """Open `snapshot_id` (default: the one named by CURRENT) below `root`; checksums are verified. Index files that
        `beside` has open already are shared with it instead of read again."""
    @property
    def id(self) -> str: ...
    @property
    def epoch_from_us(self) -> int: ...
    @property
    def epoch_until_us(self) -> int | None: ...
    @property
    def offer_count(self) -> int: ...
    @property
    def rate_count(self) -> int: ...
    def decide(self, query_json: str, state: str | None = None) -> str:
        """One query, one answer (docs/decision.md 7). `state`: JSON of docs/decision.md 10.

        Query: {"trunk": int|null, "dnis": str, "ani": str|null, "lrn": str|null, "a_lrn": str|null, "npdi": bool, "call_id": str|null, "at_us": int,
        "max": int|null, "explain": bool, "explain_scope": "caller"|"all", "decision_id": str|null,
        "reference_seconds": int|null, "policy": {..}|null, "offers": [int]|"all"|null, "sell": {..}|null}.
        `trunk` null is the operator's view (all offers granted, policy `cost`)."""
    def decide_many(self, query_json: str, calls: ArrowStream, state: str | None = None) -> DecisionColumns:
        """Arrow in (`dnis` utf8, `at_us` i64?, `ani` utf8?, `call_id` utf8?), Arrow out (columns in docs/decision.md 7; `pyarrow.table(result)`);
        `query_json` carries what is common to all calls (`dnis` left out, `at_us` for rows without one)."""
    def match_path(self, number: str, at_us: int) -> str:
        """JSON: for each prefix of the number, the offers having exactly this code at that instant."""

def build_index(
    root: str,
    offers_json: str,
    timelines: Sequence[tuple[int, ArrowStream]],
    epoch_us: int,
    progress: Callable[[int, int], bool] | None = None,
) -> str:
    """Compile the merged index below `root/indexes`; returns JSON {"index": file name, "rates": n, "codes": n,
    "epoch_from_us":, "epoch_until_us":}. offers_json: {"base_currency": "USD", "fx": {"EUR": "1.08"}, "reference_seconds": 180,
    "offers": [{"offer_id": 1, "carrier_id": 2, "rules": {"origin": {..}, "jurisdiction": {..}} or null}]} (rules: docs/decision.md 8;
    timelines may carry `origin` and `jurisdiction`). `progress(done, total)` may return False to cancel."""

def patch_index(
    root: str,
    base: str,
    offers_json: str,
    timelines: Sequence[tuple[int, ArrowStream]],
    epoch_us: int,
    progress: Callable[[int, int], bool] | None = None,
) -> str:
    """Compile new rates of a few offers over the complete index `base` (a file name `build_index` returned): the result is
    an index file like any other and answers as one built anew. `offers_json` names only the offers that differ from the base
    (an offer named without a timeline has no rates); they replace those of the base or are added. Returns the JSON of
    `build_index` and "base". BuildError with code `patch_stale`: only a complete build will do (other exchange rates, epoch
    over, too many offers)."""

def publish_next(root: str, index: str, access_json: str, created_at_us: int, at_us: int) -> str:
    """Like `publish`, but the snapshot takes over from the one in CURRENT at `at_us`, unless another is published before."""

def in_force(root: str, now_us: int) -> str:
    """Id of the snapshot in force at that instant: CURRENT, or the one announced behind it whose instant has come."""

def promote(root: str, now_us: int) -> str | None:
    """Write what is in force into CURRENT; the id when that changed it."""

def publish(root: str, index: str, access_json: str, created_at_us: int) -> str:
    """Write access.json + manifest for an existing index, then switch CURRENT by rename; returns the snapshot id.
    access_json: {"base_currency","fx","reference_seconds","max_seconds","closed_codes":[..],
    "offers":[{"offer_id","carrier_id","vendor","product","class","priority","enabled","public","uri_host","uri_port","uri_user_prefix","transport","timeout_ms","lrn_rated"}],
    "trunks":[{"trunk_id","company_id","name","source_ips":[..],"tech_prefix","policy":{..},"rate_card_id","blocked_codes","opened_codes","never_carriers","grants":[{"offer_id","from_us","until_us"}],"max_routes","enabled"}],
    "keys":[{"key_id","sha256","trunk_id","company_id","scopes":[..],"expires_at_us"}],
    "cards":[{"card_id","index": file name from build_index over an offer with offer_id = card_id}], "quality":[[offer_id, code, attempts, answered, effective, talk_ms, pdd_ms_sum, pdd_samples, mos_milli_sum, mos_samples], ..]}."""

def build_blocks(root: str, blocks: ArrowStream, pairs: ArrowStream | None = None) -> str:
    """Pack number blocks of North America into a file below `root/indexes`, to be named by access as `nanp`.
    blocks, all utf8: `code` (NPA, NPANXX or NPANXXX, a leading 1 allowed), `state`?, `country`?, `rate_centre`?, `ocn`?, `lata`?;
    pairs: `state`, `a`, `b` (rate centres local to each other). JSON {"file", "blocks", "pairs"}; BuildError names the line (from 0)."""

def build_lrn(root: str, numbers: ArrowStream) -> str:
    """Pack ported numbers (`number`, `lrn`, utf8 digits) into a file below `root/indexes`, to be named by access as `lrn`.
    JSON {"file", "numbers"}; BuildError names the line (from 0), or a number with two LRNs."""

def normalise(words_json: str, text: str) -> str:
    """A number as a trunk sends it (docs/decision.md 9): JSON {"e164", "tech_prefix", "rn", "npdi", "cic", "tgrp", "ok", "reason"}.
    QueryError for words that make no sense."""

def country_codes() -> list[str]:
    """All assigned country codes, sorted."""

def country_of(digits: str) -> str | None:
    """ISO region of a number or code; None for an unassigned beginning and for world-wide services."""

def rate_call(terms_json: str, duration_ms: int, rounding_json: str | None = None) -> str:
    """Rate one call (docs/decision.md 7, last paragraph). `terms_json`: {"rate_nanos": n, "first_rate_nanos": null, "connect_fee_nanos": 0,
    "initial_increment": 1, "next_increment": 1, "free_seconds": 0}; `rounding_json`: {"seconds": "up", "places": 6, "mode": "half_up"}. JSON {"billed_seconds": n, "amount_nanos": n}."""

def talk_time(terms_json: str, balance_nanos: int) -> int | None:
    """Seconds a balance in the currency of the terms lasts; None = without end. A negative balance lasts 0."""

def hunt(attempts_json: str) -> str:
    """What a hunted call adds up to. Attempts in order: [{"vendor": str, "code": SIP status, "q850": int|null, "ringing_ms": int|null,
    "ended_ms": int, "hunt_stop": [int]|null, "hunt_next": [int]|null}], times after each attempt's INVITE. JSON {"customer": {"calls", "answered", "pdd_ms", "final_code", "billable"},
    "vendors": [{"vendor", "seizures", "answered", "effective" (NER), "step": "stop"|"next"|"next_once"}]}; ends at the first stop."""

def expand_range(first: str, last: str) -> list[str]:
    """Smallest set of prefixes that covers exactly the inclusive range; both ends of one length."""

def mos_of_moments(
    encoding: str, one_way_us: int, moments: Sequence[tuple[int, int]]
) -> list[int | None] | None:
    """MOS in thousandths (ITU-T G.107) of short whiles, each (packets expected, lost or discarded of them); None where nothing was
    expected. `encoding` as SDP names it; no list at all for one that has no published values. Loss counts as random."""

def run_edge(config_json: str) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code. See docs/lcr-http.md for the configuration."""

def edge_breaths() -> dict[int, int]:
    """Thread ids of this process's event loops and a count that grows while each does its work; one that computes without
    growing hangs."""

__version__: str
