//! A damaged file is refused by name; one whose checksums were forged too may be refused or answer, but never panics.
#![allow(clippy::unwrap_used)]

mod support;

use lcr_core::decide::Prepared;
use lcr_core::error::SnapshotError;
use lcr_core::index::Index;
use lcr_core::index::container::{section_sum, sha256};
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common, Scope};
use support::{Dice, EPOCH, index_bytes, snapshot_of, world};

const HEADER: usize = 64;
const ENTRY: usize = 80;

fn word(bytes: &[u8], at: usize) -> usize {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize
}

/// Name, start and length of every section.
fn sections(bytes: &[u8]) -> Vec<(String, usize, usize)> {
    let count = u32::from_le_bytes(bytes[12..16].try_into().unwrap()) as usize;
    let section = |i: usize| {
        let at = HEADER + i * ENTRY;
        let name = bytes[at..at + 16].split(|b| *b == 0).next().unwrap();
        (
            String::from_utf8(name.to_vec()).unwrap(),
            word(bytes, at + 24),
            word(bytes, at + 32),
        )
    };
    (0..count).map(section).collect()
}

/// Makes all checksums fit what the file holds.
fn forge(bytes: &mut [u8]) {
    let all = sections(bytes);
    for (i, (_, start, len)) in all.iter().enumerate() {
        let sum = section_sum(&bytes[*start..start + len]);
        bytes[HEADER + i * ENTRY + 40..HEADER + i * ENTRY + 72].copy_from_slice(&sum);
    }
    let mut covered = bytes[..24].to_vec();
    covered.extend_from_slice(&bytes[HEADER..HEADER + all.len() * ENTRY]);
    let sum = sha256(&covered);
    bytes[24..56].copy_from_slice(&sum);
}

#[test]
fn a_changed_byte_is_refused_and_its_section_named() {
    let bytes = index_bytes(&world(7).0);
    for (name, start, len) in sections(&bytes) {
        if len == 0 {
            continue;
        }
        let mut damaged = bytes.clone();
        damaged[start + len / 2] ^= 1;
        match Index::from_bytes(&damaged, "x.lcx").err() {
            Some(SnapshotError::Damaged { section, .. }) => assert_eq!(section, name),
            other => panic!("{name}: {other:?}"),
        }
    }
    for cut in [0, 10, HEADER, bytes.len() / 2, bytes.len() - 1] {
        assert!(Index::from_bytes(&bytes[..cut], "x.lcx").is_err());
    }
}

#[test]
fn a_forged_file_never_panics() {
    let mut dice = Dice(42);
    let (mut opened, mut refused) = (0, 0);
    let worlds: Vec<_> = (0..8)
        .map(world)
        .map(|(offers, access)| (index_bytes(&offers), access))
        .collect();
    for round in 0..400usize {
        let (whole, access) = &worlds[round % worlds.len()];
        let mut bytes = whole.clone();
        let all = sections(&bytes);
        for _ in 0..1 + dice.below(3) {
            let (_, start, len) = &all[dice.below(all.len() as u64) as usize];
            if *len > 0 {
                let at = start + dice.below(*len as u64) as usize;
                bytes[at] = if dice.chance(50) {
                    0xff
                } else {
                    dice.next() as u8
                };
            }
        }
        forge(&mut bytes);
        let Ok(snapshot) = snapshot_of(&bytes, access) else {
            refused += 1;
            continue;
        };
        opened += 1;
        let common = Common::default();
        let prepared = Prepared::new(&snapshot, None, &common).unwrap();
        for _ in 0..20 {
            let mut call = Call::new(
                DigitKey::from_digits(&dice.digits(1, 15)).unwrap(),
                EPOCH + dice.below(1000) as i64,
            );
            for explain in [None, Some(Scope::All)] {
                call.explain = explain;
                if let Ok(decision) = prepared.decide(&call) {
                    assert!(!lcr_core::answer::native_json(&snapshot, &decision).is_empty());
                }
            }
        }
    }
    assert!(
        opened > 50 && refused > 50,
        "{opened} opened, {refused} refused"
    );
}
