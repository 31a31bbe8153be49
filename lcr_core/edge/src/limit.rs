//! A rate limit per caller in a table of fixed size, without a lock: GCRA, the token bucket in its
//! one-number form. A slot holds who owns it and the instant at which its bucket is full again; a slot
//! whose bucket is full says nothing any more and may be taken over.
use std::sync::atomic::{AtomicU64, Ordering};

const SLOTS: usize = 1 << 14;
const WAYS: usize = 8;

#[derive(Default)]
struct Slot {
    owner: AtomicU64,
    full_at_ns: AtomicU64,
}

pub struct Limiter {
    slots: Box<[Slot]>,
    /// Nanoseconds one request costs, and how far ahead of now a bucket may be drawn (one second's worth).
    step_ns: u64,
    burst_ns: u64,
}

impl Limiter {
    pub fn new(per_second: u32) -> Self {
        let step_ns = 1_000_000_000 / u64::from(per_second.max(1));
        let slots = std::iter::repeat_with(Slot::default).take(SLOTS).collect();
        Self {
            slots,
            step_ns,
            burst_ns: 1_000_000_000,
        }
    }

    /// Take one request of `caller` at `now_ns` (monotonic). `Err` holds the nanoseconds to wait.
    pub fn take(&self, caller: u64, now_ns: u64) -> Result<(), u64> {
        let slot = self.slot(mix(caller), now_ns);
        let mut full_at = slot.full_at_ns.load(Ordering::Relaxed);
        loop {
            let next = full_at.max(now_ns).saturating_add(self.step_ns);
            let ahead = next - now_ns;
            if ahead > self.burst_ns {
                return Err(ahead - self.burst_ns);
            }
            match slot.full_at_ns.compare_exchange_weak(
                full_at,
                next,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(seen) => full_at = seen,
            }
        }
    }

    /// Count `more` requests of `caller` that are answered whatever the limit: those after them wait the longer.
    pub fn charge(&self, caller: u64, more: u64, now_ns: u64) {
        let slot = self.slot(mix(caller), now_ns);
        let cost = self.step_ns.saturating_mul(more);
        let _ = slot
            .full_at_ns
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
                Some(full_at.max(now_ns).saturating_add(cost))
            });
    }

    /// The caller's own slot, else a slot at rest among its eight places, else (table crowded) a shared one:
    /// too strict rather than too lax.
    fn slot(&self, tag: u64, now_ns: u64) -> &Slot {
        let base = (tag as usize) & (SLOTS - 1) & !(WAYS - 1);
        let places = &self.slots[base..base + WAYS];
        if let Some(own) = places
            .iter()
            .find(|s| s.owner.load(Ordering::Relaxed) == tag)
        {
            return own;
        }
        for slot in places {
            let owner = slot.owner.load(Ordering::Relaxed);
            if slot.full_at_ns.load(Ordering::Relaxed) > now_ns {
                continue;
            }
            match slot
                .owner
                .compare_exchange(owner, tag, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return slot,
                Err(seen) if seen == tag => return slot,
                Err(_) => {}
            }
        }
        &places[(tag >> 60) as usize & (WAYS - 1)]
    }
}

/// Spread small ids over the table (the finaliser of SplitMix64); never 0, which marks an unused slot.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) | 1 << 63
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holds_exactly_the_limit_and_the_rest_is_told_to_wait() {
        let limiter = Limiter::new(10);
        let passed = (0..50).filter(|_| limiter.take(7, 1_000).is_ok()).count();
        assert_eq!(passed, 10);
        assert_eq!(limiter.take(7, 1_000), Err(100_000_000));
        assert!(
            limiter.take(7, 100_001_000).is_ok(),
            "a tenth of a second later one more fits"
        );
        assert!(
            limiter.take(8, 1_000).is_ok(),
            "another caller is not affected"
        );
    }

    #[test]
    fn many_callers_stay_within_the_table() {
        let limiter = Limiter::new(1);
        for caller in 0..200_000u64 {
            let _ = limiter.take(caller, caller);
        }
        let later = 10_000_000_000_000;
        assert!(
            limiter.take(1_000_000, later).is_ok(),
            "slots at rest are taken over"
        );
    }

    #[test]
    fn threads_together_get_no_more_than_the_limit() {
        let limiter = Limiter::new(1000);
        let passed = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        if limiter.take(3, 5).is_ok() {
                            passed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert_eq!(passed.load(Ordering::Relaxed), 1000);
    }
}
