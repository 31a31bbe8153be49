//! The columns of one call: what is known of it, and the bits that follow.

use super::blocks::Blocks;
use super::jurisdiction::{Sides, sides};
use super::lrn::{Known, LrnBy};
use super::origin::valid_caller;
use crate::number::DigitKey;

/// What of a call decides its layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The caller's number when it is valid.
    pub caller: Option<DigitKey>,
    pub lrn: Option<DigitKey>,
    /// The LRN is known, also when the number is not ported.
    pub lrn_known: bool,
    pub lrn_by: Option<LrnBy>,
    dialled: Sides,
    by_lrn: Sides,
}

impl Facts {
    /// `a_lrn`: LRN or JIP of the caller; `known`: the LRN of the number.
    pub fn new(
        ani: Option<&str>,
        a_lrn: Option<DigitKey>,
        number: DigitKey,
        known: Known,
        blocks: Option<&Blocks>,
    ) -> Self {
        let a_side = a_lrn.or_else(|| DigitKey::normalise(ani?));
        let dialled = match blocks {
            Some(_) => sides(blocks, a_side, number),
            None => Sides::UNKNOWN,
        };
        let lrn = known.lrn;
        let by_lrn = match lrn.filter(|_| blocks.is_some()) {
            Some(lrn) => sides(blocks, a_side, lrn),
            None => dialled,
        };
        Self {
            caller: valid_caller(ani),
            lrn,
            lrn_known: known.is_known(),
            lrn_by: known.by,
            dialled,
            by_lrn,
        }
    }

    /// Where both sides are, for an offer rated by the LRN or by the dialled number.
    pub fn sides(&self, lrn_rated: bool) -> Sides {
        if lrn_rated { self.by_lrn } else { self.dialled }
    }
}

/// Bits over columns, to be ANDed; `None` = all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Picks<'a> {
    pub origin: Option<&'a [u64]>,
    pub dialled: Option<&'a [u64]>,
    pub by_lrn: Option<&'a [u64]>,
    /// Only the rows can tell a layer (a dearest group): the lists must not be used.
    pub needs_rows: bool,
}

impl Picks<'_> {
    /// Bits of columns `64·at` to `64·at + 63`.
    #[inline]
    pub fn word(&self, at: usize) -> u64 {
        let of = |bits: Option<&[u64]>| match bits {
            Some(bits) => bits.get(at).copied().unwrap_or(0),
            None => u64::MAX,
        };
        of(self.origin) & of(self.dialled) & of(self.by_lrn)
    }
}
