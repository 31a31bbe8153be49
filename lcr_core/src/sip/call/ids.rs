//! Branches, tags and Call-IDs nobody can guess.
use sha2::{Digest, Sha256};

use crate::sip::digest::hex;

#[derive(Debug)]
pub(super) struct Ids {
    seed: [u8; 32],
    count: u64,
}

impl Ids {
    pub(super) const fn new(seed: [u8; 32]) -> Self {
        Self { seed, count: 0 }
    }

    /// 96 bits in hexadecimal.
    pub(super) fn next(&mut self) -> String {
        self.count += 1;
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.count.to_be_bytes());
        hex(&hash.finalize()[..12])
    }
}
