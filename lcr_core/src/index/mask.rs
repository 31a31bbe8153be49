//! Which columns a decision may use. Several masks are ANDed word by word, only where the walk looks.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bits over columns; a column beyond the mask is not in it.
pub trait Mask: Copy {
    /// Bits of columns `64·at` to `64·at + 63`.
    fn word(&self, at: usize) -> u64;

    fn has(&self, column: u16) -> bool {
        self.word(usize::from(column) / 64) >> (column % 64) & 1 != 0
    }
}

impl Mask for &[u64] {
    #[inline]
    fn word(&self, at: usize) -> u64 {
        self.get(at).copied().unwrap_or(0)
    }
}

/// A mask others may change meanwhile; each word is read once where it is needed.
impl Mask for &[AtomicU64] {
    #[inline]
    fn word(&self, at: usize) -> u64 {
        self.get(at).map_or(0, |w| w.load(Ordering::Relaxed))
    }
}

/// The columns that are not in the bits.
#[derive(Debug, Clone, Copy)]
pub struct Without<'a>(pub &'a [u64]);

impl Mask for Without<'_> {
    #[inline]
    fn word(&self, at: usize) -> u64 {
        !self.0.word(at)
    }
}

/// Every column.
#[derive(Debug, Clone, Copy)]
pub struct All;

impl Mask for All {
    #[inline]
    fn word(&self, _: usize) -> u64 {
        u64::MAX
    }
}

impl<A: Mask, B: Mask> Mask for (A, B) {
    #[inline]
    fn word(&self, at: usize) -> u64 {
        self.0.word(at) & self.1.word(at)
    }
}

impl<A: Mask> Mask for Option<A> {
    #[inline]
    fn word(&self, at: usize) -> u64 {
        self.map_or(u64::MAX, |mask| mask.word(at))
    }
}

/// The mask from word `by` on: what an overlay's columns, which count from 0, see of it.
#[derive(Debug, Clone, Copy)]
pub struct From<A>(pub A, pub usize);

impl<A: Mask> Mask for From<A> {
    #[inline]
    fn word(&self, at: usize) -> u64 {
        self.0.word(at + self.1)
    }
}
