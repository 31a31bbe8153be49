"""The core: per-call least-cost routing and rating, compiled from Rust.

Map: `_native` is the compiled extension (typed by `_native.pyi`); `src/` is the pure Rust crate
(number, money, index, snapshot, policy, decide, rating); `edge/` the tokio server; `bindings/` the
thin layer between Rust and Python. docs/decision.md is the contract all of them follow.
"""

from lcr_core._native import (
    BuildError,
    CoreError,
    QueryError,
    Snapshot,
    SnapshotError,
    build_blocks,
    build_index,
    build_lrn,
    country_codes,
    country_of,
    edge_breaths,
    expand_range,
    hunt,
    in_force,
    mos_of_moments,
    normalise,
    patch_index,
    promote,
    publish,
    publish_next,
    rate_call,
    run_edge,
    talk_time,
)

__all__ = [
    "BuildError",
    "CoreError",
    "QueryError",
    "Snapshot",
    "SnapshotError",
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
