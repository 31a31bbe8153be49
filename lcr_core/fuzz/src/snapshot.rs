//! A snapshot file of an enemy: raw bytes, and a good file with bytes changed and all checksums forged to fit. Refused, or
//! it answers; it never panics.
#![no_main]
use std::sync::LazyLock;

use lcr_core::decide::Prepared;
use lcr_core::index::Index;
use lcr_core::index::container::{section_sum, sha256};
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common, Scope};
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/support/mod.rs"]
#[allow(dead_code)]
mod support;

const HEADER: usize = 64;
const ENTRY: usize = 80;

static WORLDS: LazyLock<Vec<(Vec<u8>, String)>> = LazyLock::new(|| {
    (0..4)
        .map(support::world)
        .map(|(offers, access)| (support::index_bytes(&offers), access))
        .collect()
});

fn word(bytes: &[u8], at: usize) -> usize {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize
}

/// Start and length of every section of a good file.
fn sections(bytes: &[u8]) -> Vec<(usize, usize)> {
    let count = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let section = |i: usize| {
        let at = HEADER + i * ENTRY;
        (word(bytes, at + 24), word(bytes, at + 32))
    };
    (0..count).map(section).collect()
}

fn forge(bytes: &mut [u8], all: &[(usize, usize)]) {
    for (i, (start, len)) in all.iter().enumerate() {
        let sum = section_sum(&bytes[*start..start + len]);
        bytes[HEADER + i * ENTRY + 40..HEADER + i * ENTRY + 72].copy_from_slice(&sum);
    }
    let mut covered = bytes[..24].to_vec();
    covered.extend_from_slice(&bytes[HEADER..HEADER + all.len() * ENTRY]);
    let sum = sha256(&covered);
    bytes[24..56].copy_from_slice(&sum);
}

fuzz_target!(|data: &[u8]| {
    let _ = Index::from_bytes(data, "raw.lcx");
    let Some((which, edits)) = data.split_first() else {
        return;
    };
    let (whole, access) = &WORLDS[usize::from(*which) % WORLDS.len()];
    let mut bytes = whole.clone();
    let all = sections(&bytes);
    // Each edit: section, place in it (two bytes), what to write there.
    for edit in edits.chunks_exact(4).take(64) {
        let (start, len) = all[usize::from(edit[0]) % all.len()];
        if len > 0 {
            let place = usize::from(u16::from_le_bytes([edit[1], edit[2]])) % len;
            bytes[start + place] = edit[3];
        }
    }
    forge(&mut bytes, &all);
    let Ok(snapshot) = support::snapshot_of(&bytes, access) else {
        return;
    };
    let common = Common::default();
    let prepared = Prepared::new(&snapshot, None, &common).unwrap();
    let numbers = ["1", "12", "123123123", "321321", "222222222222222"];
    for number in numbers {
        let mut call = Call::new(DigitKey::from_digits(number).unwrap(), support::EPOCH);
        for explain in [None, Some(Scope::All)] {
            call.explain = explain;
            if let Ok(decision) = prepared.decide(&call) {
                assert!(!lcr_core::answer::native_json(&snapshot, &decision).is_empty());
            }
        }
    }
});
