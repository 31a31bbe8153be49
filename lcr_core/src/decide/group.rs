//! Many calls of one question: their codes are found in step, sixteen at a time, so that their memory accesses overlap.
//! And the bare core of a decision by cost, for whoever wants columns and no answer: nothing allocated, nothing locked.

use super::{Asked, Decision, Masks, Prepared};
use crate::error::QueryError;
use crate::index::lookup::Found;
use crate::index::walk::{BATCH, Hits};
use crate::layers::pick::Picks;
use crate::number::DigitKey;
use crate::query::Call;

impl Prepared<'_> {
    /// The cheapest `most` (≤ 32) candidates for a number at an instant: column, length of the matched code, cost rank
    /// each (`index::candidate`). Who may be used is looked at (grants, state, digits, schedules); costs are not judged.
    /// False when the lists do not tell: outside the epoch, with layers or demotions; then ask `decide`.
    #[inline]
    pub fn route_into(&self, number: DigitKey, at_us: i64, most: usize, hits: &mut Hits) -> bool {
        self.route_found(number, self.lookup.find(number), at_us, most, hits)
    }

    /// The same for up to 16 numbers in step; true when the lists told of every one.
    pub fn route_many(
        &self,
        numbers: &[DigitKey],
        at_us: i64,
        most: usize,
        hits: &mut [Hits; BATCH],
    ) -> bool {
        let found = self.lookup.find_many(numbers, self.direct);
        let mut all = true;
        for ((number, found), hits) in numbers.iter().zip(found).zip(hits) {
            all &= self.route_found(*number, found, at_us, most, hits);
        }
        all
    }

    /// Do this caller's decisions begin with the codes' own entries (`Lookup::prefers_direct`)?
    pub fn goes_direct(&self) -> bool {
        self.direct
    }

    /// Takes the other way, for measuring; the answers are the same.
    pub fn go_direct(&mut self, direct: bool) {
        self.direct = direct;
    }

    #[inline]
    fn route_found(
        &self,
        number: DigitKey,
        found: Found,
        at_us: i64,
        most: usize,
        hits: &mut Hits,
    ) -> bool {
        hits.clear();
        let Some(masks) = self.masks(number, at_us, Picks::default()) else {
            return false;
        };
        if !self.lists_tell(at_us) || self.snapshot.layers.any() || !masks.none_demoted() {
            return false;
        }
        self.lookup
            .route(found, &masks, self.direct, most, |_| true, hits);
        true
    }

    /// Every call's decision, in order, to `sink`.
    pub fn decide_group(
        &self,
        calls: &[Call],
        mut sink: impl FnMut(usize, Result<Decision, QueryError>),
    ) {
        for (first, group) in (0..).step_by(BATCH).zip(calls.chunks(BATCH)) {
            let mut numbers = [DigitKey::ONE; BATCH];
            for (slot, call) in numbers.iter_mut().zip(group) {
                *slot = call.number;
            }
            let found = self
                .lookup
                .find_many(numbers.get(..group.len()).unwrap_or(&[]), self.direct);
            for (i, (call, found)) in group.iter().zip(found).enumerate() {
                sink(first + i, self.decide_by(call, Some(found), true));
            }
        }
    }

    /// Do the lists hold for plain questions at this instant?
    #[inline]
    pub(super) fn lists_tell(&self, at_us: i64) -> bool {
        let index = &self.snapshot.index;
        self.snapshot.lists_hold
            && self.seconds == index.meta.reference_seconds
            && index.meta.in_epoch(at_us)
    }

    /// The columns a call may use, for walks over lists; `None` = ask the rows.
    #[inline]
    pub(super) fn masks<'a>(
        &'a self,
        number: DigitKey,
        at_us: i64,
        picks: Picks<'a>,
    ) -> Option<Masks<'a>> {
        let (blocked, demoted) = self.view.map_or((&[][..], &[][..]), |v| v.at(number));
        Some(Masks {
            granted: self.eligibility.at(at_us),
            down: self.view.map_or(&[], |v| v.down()),
            blocked,
            length: self.snapshot.lengths.refused(number),
            shut: self.snapshot.timetable.shut(at_us)?,
            demoted,
            layers: picks,
        })
    }
}

impl Asked<'_> {
    pub(super) fn masks(&self) -> Option<Masks<'_>> {
        self.prepared
            .masks(self.call.number, self.call.at_us, self.picks)
    }
}
