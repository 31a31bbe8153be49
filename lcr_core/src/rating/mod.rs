//! Seconds to billed seconds to money (docs/decision.md 3 and 7): one formula quotes and bills.

mod call;
mod talk_time;

pub use call::{Rated, Rounding, RoundingMode, SecondsRounding, rate_call};
pub use talk_time::talk_time;

/// Longest reference duration and increment, seconds.
pub const MAX_SECONDS: u32 = 86_400;

/// What one row charges; nanos per minute, seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub rate_nanos: i64,
    /// Rate of the initial increment; `None` = same as `rate_nanos`.
    pub first_rate_nanos: Option<i64>,
    pub connect_fee_nanos: i64,
    pub initial_increment: u32,
    pub next_increment: u32,
    pub free_seconds: u32,
}

impl Terms {
    /// Billed seconds of `seconds`: `n` if `d ≤ n`, else `n + ceil((d−n)/m)·m`; 0 when free.
    pub fn billed_seconds(&self, seconds: u64) -> u64 {
        let (first, next) = (
            u64::from(self.initial_increment.max(1)),
            u64::from(self.next_increment.max(1)),
        );
        if seconds == 0 || seconds <= u64::from(self.free_seconds) {
            0
        } else if seconds <= first {
            first
        } else {
            first.saturating_add((seconds - first).div_ceil(next).saturating_mul(next))
        }
    }

    /// `A60 = 60·fee + rate1·n + rate2·(b−n)`: the amount in nanos × 60, exact; 0 when nothing is billed.
    pub fn amount_times_60(&self, seconds: u64) -> u128 {
        let billed = self.billed_seconds(seconds);
        if billed == 0 {
            return 0;
        }
        let first = u64::from(self.initial_increment.max(1)).min(billed);
        let unsigned = |nanos: i64| u128::from(nanos.max(0).unsigned_abs());
        // 63 bits of money by 64 of seconds: each product fits, only their sum could leave 128 bits.
        let later = unsigned(self.rate_nanos) * u128::from(billed - first);
        (60 * unsigned(self.connect_fee_nanos))
            .saturating_add(
                unsigned(self.first_rate_nanos.unwrap_or(self.rate_nanos)) * u128::from(first),
            )
            .saturating_add(later)
    }

    /// `A60 · fx`, the figure by which routes are compared; `fx` in nanos of the base currency for one unit. Exact within the
    /// limits of docs/decision.md 1; beyond them (no row and no query gets there) it stays at the largest number.
    pub fn comparable(&self, seconds: u32, fx: u64) -> u128 {
        self.amount_times_60(u64::from(seconds))
            .saturating_mul(u128::from(fx))
    }

    /// The limits of docs/decision.md 1; names the word that is out of them.
    pub fn check(&self) -> Result<(), &'static str> {
        let money = |nanos: i64| (0..=crate::money::MAX_RATE_NANOS).contains(&nanos);
        let increment = |seconds: u32| (1..=MAX_SECONDS).contains(&seconds);
        if !money(self.rate_nanos) {
            Err("rate_nanos")
        } else if !self.first_rate_nanos.is_none_or(money) {
            Err("first_rate_nanos")
        } else if !money(self.connect_fee_nanos) {
            Err("connect_fee_nanos")
        } else if !increment(self.initial_increment) {
            Err("initial_increment")
        } else if !increment(self.next_increment) {
            Err("next_increment")
        } else if self.free_seconds > MAX_SECONDS {
            Err("free_seconds")
        } else {
            Ok(())
        }
    }
}

/// Effective cost in nanos of the base currency per minute at `seconds`, half-up: `comparable / (d · 10⁹)`.
pub fn effective_nanos(comparable: u128, seconds: u32) -> u128 {
    crate::money::div_half_up(
        comparable,
        u128::from(seconds.max(1)) * u128::from(crate::money::NANOS),
    )
}

/// The amount of a comparable, in nanos of the base currency, half-up.
pub fn amount_nanos(comparable: u128) -> u128 {
    crate::money::div_half_up(comparable, 60 * u128::from(crate::money::NANOS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{MAX_FX_NANOS, MAX_RATE_NANOS};

    fn dearest(money: i64, increment: u32) -> Terms {
        Terms {
            rate_nanos: money,
            first_rate_nanos: Some(money),
            connect_fee_nanos: money,
            initial_increment: increment,
            next_increment: increment,
            free_seconds: 0,
        }
    }

    #[test]
    fn the_dearest_row_a_deck_may_hold_is_compared_exactly() {
        let terms = dearest(MAX_RATE_NANOS, MAX_SECONDS);
        assert_eq!(terms.check(), Ok(()));
        let billed = u128::from(MAX_SECONDS);
        let exact = (60 + billed) * MAX_RATE_NANOS as u128 * u128::from(MAX_FX_NANOS);
        assert_eq!(terms.comparable(MAX_SECONDS, MAX_FX_NANOS), exact);
    }

    #[test]
    fn what_no_deck_may_hold_stays_at_the_largest_number_and_never_wraps() {
        let terms = dearest(i64::MAX, u32::MAX);
        assert!(terms.check().is_err());
        assert_eq!(terms.comparable(u32::MAX, u64::MAX), u128::MAX);
        assert!(terms.amount_times_60(u64::MAX) > terms.amount_times_60(1));
    }
}
