//! NTP time as RTCP carries it, and the round trip made of it (RFC 3550 6.4.1): A - LSR - DLSR in 1/65536 s.

const NANOS: i128 = 1_000_000_000;
/// Seconds from 1900 to 1970.
const ERA: i128 = 2_208_988_800;

/// 64 bits: seconds since 1900 and their fraction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NtpTime(pub u64);

impl NtpTime {
    pub fn from_utc_nanos(nanos: i64) -> Self {
        let since = i128::from(nanos) + ERA * NANOS;
        Self(((since << 32) / NANOS) as u64)
    }

    /// The middle 32 bits: 16 of seconds, 16 of their fraction.
    pub fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// A duration in 1/65536 s, at most what 32 bits hold.
pub fn short_duration(nanos: i64) -> u32 {
    let units = i128::from(nanos.max(0)) * 65_536 / NANOS;
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// None when the peer has not heard a sender report yet (LSR 0), or when clocks contradict (below 0 or above 60 s).
pub fn round_trip_nanos(
    received_middle: u32,
    last_sr: u32,
    delay_since_last_sr: u32,
) -> Option<i64> {
    if last_sr == 0 {
        return None;
    }
    let units = received_middle
        .wrapping_sub(last_sr)
        .wrapping_sub(delay_since_last_sr);
    (units <= 60 << 16).then(|| (i128::from(units) * NANOS / 65_536) as i64)
}
