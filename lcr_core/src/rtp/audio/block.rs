//! Samples of packets cut anew into blocks of one length.

use super::g711::decode;
use crate::rtp::payload::Law;

/// Samples gathered to a block.
#[derive(Debug, Clone)]
pub(super) struct Block<const N: usize> {
    /// Those that never came are zero.
    pub samples: [i16; N],
    filled: usize,
    /// How many came.
    pub valid: usize,
}

impl<const N: usize> Block<N> {
    pub fn new() -> Self {
        Self {
            samples: [0; N],
            filled: 0,
            valid: 0,
        }
    }

    /// Room that is left; [`Block::take`] at most so many.
    pub fn room(&self) -> usize {
        N - self.filled
    }

    /// Samples of these codes; true when the block is full: read it, then call [`Block::clear`].
    pub fn take(&mut self, law: Law, codes: &[u8]) -> bool {
        let places = &mut self.samples[self.filled..][..codes.len()];
        for (place, code) in places.iter_mut().zip(codes) {
            *place = decode(law, *code);
        }
        self.valid += codes.len();
        self.filled += codes.len();
        self.filled == N
    }

    /// As many that never came.
    pub fn miss(&mut self, count: usize) -> bool {
        self.samples[self.filled..][..count].fill(0);
        self.filled += count;
        self.filled == N
    }

    pub fn clear(&mut self) {
        self.filled = 0;
        self.valid = 0;
    }
}
