//! Commands to the routing state: whatever is taken leaves a state that can be written, read back and compiled.
#![no_main]
use std::sync::LazyLock;

use lcr_core::snapshot::Snapshot;
use lcr_core::state::{Command, Rules, Tracker, View, Words};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/support/mod.rs"]
#[allow(dead_code)]
mod support;

static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(|| {
    let (offers, access) = support::world(7);
    support::snapshot_of(&support::index_bytes(&offers), &access).unwrap()
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(words) = Words::parse(text) {
        View::compile(&SNAPSHOT, &words).unwrap();
        Tracker::restore(Rules::default(), &words, 1).unwrap();
    }
    let Ok(commands) = Command::parse(text) else {
        return;
    };
    let mut tracker = Tracker::new(Rules::default()).unwrap();
    tracker.adopt(&SNAPSHOT.access, 1);
    if tracker.apply_all(&commands, 2).is_ok() {
        tracker.tick(2_000_000);
        let words = tracker.words();
        let json = serde_json::to_string(&words).unwrap();
        assert_eq!(Words::parse(&json).unwrap(), words);
        View::compile(&SNAPSHOT, &words).unwrap();
    }
});
