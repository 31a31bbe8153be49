//! Instants and the timers of RFC 3261 table 4. Time is handed in; nothing here reads a clock.

/// Microseconds of a monotonic clock. Only differences count.
pub type Micros = u64;

pub const SECOND: Micros = 1_000_000;
/// Estimated round trip.
pub const T1: Micros = SECOND / 2;
/// Longest interval between copies of a request that is no INVITE, and of responses to INVITE.
pub const T2: Micros = 4 * SECOND;
/// Longest time a message stays in the network.
pub const T4: Micros = 5 * SECOND;
/// Timers B, F, H, J, L, M.
pub const T1_64: Micros = 64 * T1;
/// Timer D: at least 32 s.
pub const TIMER_D: Micros = 32 * SECOND;
/// Timer C: an INVITE that rings; more than 180 s.
pub const TIMER_C: Micros = 185 * SECOND;
