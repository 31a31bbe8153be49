//! Which columns one call may use. Every source of bits is a slice made beforehand; a walk asks column by column, so a
//! call that ends after five candidates has tested five. An empty "not" slice refuses nothing.

use crate::index::mask::Mask;
use crate::layers::pick::Picks;

/// The columns of one call. Whoever adds a source of bits adds it here, and the walks need not know.
#[derive(Debug, Clone, Copy, Default)]
pub struct Masks<'a> {
    /// May be used: granted, enabled, no loop, class, identity (per trunk and policy).
    pub granted: &'a [u64],
    /// May not: switched off, out of credit, capped, full (state).
    pub down: &'a [u64],
    /// May not: blocked to this number (state).
    pub blocked: &'a [u64],
    /// May not: too few or too many digits.
    pub length: &'a [u64],
    /// May not: outside the offer's schedule.
    pub shut: &'a [u64],
    /// The layers (origin, jurisdiction) of this call.
    pub layers: Picks<'a>,
    /// Demoted for this number (state); allowed, but a last resort.
    pub demoted: &'a [u64],
}

fn word(bits: &[u64], i: usize) -> u64 {
    bits.get(i).copied().unwrap_or(0)
}

impl Masks<'_> {
    /// 64 columns at once.
    #[inline]
    pub fn allowed_word(&self, i: usize) -> u64 {
        let refused =
            word(self.down, i) | word(self.blocked, i) | word(self.length, i) | word(self.shut, i);
        word(self.granted, i) & self.layers.word(i) & !refused
    }

    #[inline]
    pub fn allows(&self, column: u16) -> bool {
        let (i, bit) = (usize::from(column) / 64, usize::from(column) % 64);
        self.allowed_word(i) >> bit & 1 != 0
    }

    #[inline]
    pub fn is_demoted(&self, column: u16) -> bool {
        let (i, bit) = (usize::from(column) / 64, usize::from(column) % 64);
        word(self.demoted, i) >> bit & 1 != 0
    }

    /// Nothing is demoted for this number: walks may stop at the first K.
    #[inline]
    pub fn none_demoted(&self) -> bool {
        self.demoted.iter().all(|w| *w == 0)
    }
}

impl Mask for &Masks<'_> {
    #[inline]
    fn word(&self, at: usize) -> u64 {
        self.allowed_word(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_needs_a_grant_and_no_objection() {
        let masks = Masks {
            granted: &[0b1_1111, 0b1],
            down: &[0b1],
            blocked: &[0b10],
            length: &[0b100],
            shut: &[0b1_0000],
            demoted: &[0b1000],
            layers: Picks::default(),
        };
        let allowed: Vec<u16> = (0..128).filter(|c| masks.allows(*c)).collect();
        assert_eq!(allowed, [3, 64]);
        assert!(masks.is_demoted(3) && !masks.is_demoted(64) && !masks.none_demoted());
        assert!(Masks::default().none_demoted() && !Masks::default().allows(0));
    }
}
