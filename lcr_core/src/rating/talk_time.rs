//! How long a balance lasts under one row's terms.

use super::Terms;

/// `0` if the balance is below `fee + rate1·n/60`, else `n + floor((balance − fee − rate1·n/60) / (rate2·m/60))·m`;
/// `None` when it lasts without end. `balance_nanos` in the currency of the terms; never less than `free_seconds`.
pub fn talk_time(terms: &Terms, balance_nanos: u64) -> Option<u64> {
    let unsigned = |nanos: i64| u128::from(nanos.max(0).unsigned_abs());
    let (first, next) = (
        u128::from(terms.initial_increment.max(1)),
        u128::from(terms.next_increment.max(1)),
    );
    let balance = u128::from(balance_nanos) * 60;
    let start = 60 * unsigned(terms.connect_fee_nanos)
        + unsigned(terms.first_rate_nanos.unwrap_or(terms.rate_nanos)) * first;
    let free = u64::from(terms.free_seconds);
    if balance < start {
        return Some(free);
    }
    let step = unsigned(terms.rate_nanos) * next;
    if step == 0 {
        return None;
    }
    u64::try_from(first + (balance - start) / step * next)
        .ok()
        .map(|seconds| seconds.max(free))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(
        rate_nanos: i64,
        initial_increment: u32,
        next_increment: u32,
        connect_fee_nanos: i64,
    ) -> Terms {
        let (first_rate_nanos, free_seconds) = (None, 0);
        Terms {
            rate_nanos,
            first_rate_nanos,
            connect_fee_nanos,
            initial_increment,
            next_increment,
            free_seconds,
        }
    }

    #[test]
    fn a_balance_buys_whole_increments() {
        assert_eq!(
            talk_time(&terms(120_000_000, 30, 6, 0), 10_000_000_000),
            Some(4998)
        );
        assert_eq!(
            talk_time(&terms(120_000_000, 30, 6, 0), 50_000_000),
            Some(0)
        );
        assert_eq!(
            talk_time(&terms(120_000_000, 60, 60, 10_000_000), 500_000_000),
            Some(240)
        );
    }

    #[test]
    fn a_free_route_lasts_without_end() {
        assert_eq!(talk_time(&terms(0, 1, 1, 0), 0), None);
    }
}
