//! Tones made: call progress for tests and the parts of our marker.

use std::f64::consts::TAU;

use super::RATE_HZ;
use super::g711::encode;
use crate::rtp::payload::Law;

/// Peak of a sine of 0 dBm0.
const ZERO_DBM0_PEAK: f64 = 32_256.0 / 1.435_489_4;

/// One or two sines that together have a level. Stateless: sample `n` is the same whenever it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Tones {
    low_hz: f64,
    high_hz: f64,
    peak: f64,
}

impl Tones {
    pub fn single(hz: f64, tenths_dbm0: i16) -> Self {
        Self {
            low_hz: hz,
            high_hz: 0.0,
            peak: peak(tenths_dbm0),
        }
    }

    /// Both equally loud.
    pub fn pair(low_hz: f64, high_hz: f64, tenths_dbm0: i16) -> Self {
        Self {
            low_hz,
            high_hz,
            peak: peak(tenths_dbm0) / std::f64::consts::SQRT_2,
        }
    }

    /// Sample `n` at 8 kHz.
    pub fn sample(&self, n: u64) -> f64 {
        let at = n as f64 / f64::from(RATE_HZ);
        let sine = |hz: f64| (TAU * hz * at).sin();
        self.peak * (sine(self.low_hz) + sine(self.high_hz))
    }

    pub fn code(&self, law: Law, n: u64) -> u8 {
        encode(law, clip(self.sample(n)))
    }
}

fn peak(tenths_dbm0: i16) -> f64 {
    ZERO_DBM0_PEAK * 10f64.powf(f64::from(tenths_dbm0) / 200.0)
}

pub fn clip(sample: f64) -> i16 {
    sample.round().clamp(-32_768.0, 32_767.0) as i16
}
