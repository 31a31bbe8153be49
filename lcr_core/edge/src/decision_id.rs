//! Decision ids: 128 bits in the layout of UUID version 7, printed as 32 hex digits. Wall clock in
//! milliseconds, then a counter, then 50 random bits of the worker that made it.
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

use lcr_core::digits::nibbles;

pub struct DecisionIds {
    node: u64,
    counter: u32,
}

impl DecisionIds {
    /// A new source with a random node id (the hasher's keys come from the operating system).
    pub fn new(worker: usize) -> Self {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_usize(worker);
        hasher.write_u32(std::process::id());
        Self {
            node: hasher.finish() & ((1 << 50) - 1),
            counter: 0,
        }
    }

    /// The next id; `now_us` is the wall clock. The counter runs on between milliseconds, so a clock
    /// set back does not repeat an id before 16.7 million more were given.
    pub fn next(&mut self, now_us: i64) -> u128 {
        self.counter = (self.counter + 1) & 0xff_ffff;
        let millis = u128::from((now_us.max(0) / 1000) as u64) & ((1 << 48) - 1);
        let counter = u128::from(self.counter);
        millis << 80
            | 7 << 76
            | (counter >> 12) << 64
            | 2 << 62
            | (counter & 0xfff) << 50
            | u128::from(self.node)
    }
}

/// 32 lower-case hex digits.
pub fn hex(id: u128) -> [u8; 32] {
    // Eight digits at a time in a register.
    let spread = |bytes: u32| {
        let digits = nibbles(bytes.swap_bytes());
        let letters = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
        digits + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'0' - 10)
    };
    let eight = |at: u32| u128::from(spread((id >> at) as u32));
    let (first, last) = (eight(96) | eight(64) << 64, eight(32) | eight(0) << 64);
    let mut out = [0u8; 32];
    out[..16].copy_from_slice(&first.to_le_bytes());
    out[16..].copy_from_slice(&last.to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_of_one_instant_and_two_workers_all_differ() {
        let (mut one, mut two) = (DecisionIds::new(0), DecisionIds::new(1));
        let ids: HashSet<u128> = (0..10_000)
            .flat_map(|_| [one.next(5), two.next(5)])
            .collect();
        assert_eq!(ids.len(), 20_000);
    }

    #[test]
    fn an_id_is_printed_as_fmt_prints_it() {
        let mut id = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210_u128;
        for _ in 0..1000 {
            assert_eq!(hex(id), format!("{id:032x}").as_bytes());
            id = id
                .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
                .rotate_left(7);
        }
    }

    #[test]
    fn an_id_sorts_by_time_and_reads_as_uuid_7() {
        let mut ids = DecisionIds::new(0);
        let (early, late) = (ids.next(1_000_000), ids.next(2_000_000));
        assert!(early < late);
        let text = String::from_utf8(hex(early).to_vec()).unwrap();
        assert_eq!(&text[..13], "0000000003e87");
        assert!("89ab".contains(&text[16..17]));
    }
}
