//! A request of a stranger: head, query string, bodies of switches; and the core's own query in JSON.
#![no_main]
use std::sync::LazyLock;

use lcr_core::decide::decide;
use lcr_core::query::Query;
use lcr_core::snapshot::Snapshot;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/support/mod.rs"]
#[allow(dead_code)]
mod support;

static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| {
    let (offers, access) = support::world(7);
    support::snapshot_of(&support::index_bytes(&offers), &access).unwrap()
});

fuzz_target!(|data: &[u8]| {
    lcr_edge::fuzzing::request(data);
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(query) = Query::parse(&SNAPSHOT, text)
        && let Ok(decision) = decide(&SNAPSHOT, None, &query)
    {
        let printed = lcr_core::answer::native_json(&SNAPSHOT, &decision);
        serde_json::from_str::<serde_json::Value>(&printed).unwrap();
    }
});
