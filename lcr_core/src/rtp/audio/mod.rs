//! What can be heard in a call: G.711, levels, tones of call progress, our marker, silence.
//!
//! `Ear` takes packets and yields `Sound`s with their times; the rest are its parts. Times are ms from an origin the caller keeps.
// Signal analysis is real arithmetic; nothing of it touches money.
#![allow(clippy::float_arithmetic)]

mod block;
mod cadence;
mod classify;
mod ear;
pub mod g711;
mod goertzel;
mod level;
mod marker;
mod silence;
mod sit;
pub mod synth;

pub use classify::{Class, Tone};
pub use ear::{Ear, Heard, MAX_SOUNDS, Sound, SoundKind};
pub use level::{SILENCE_TENTHS, level_tenths_dbm0, payload_level_tenths};
pub use marker::{MARKER_MS, MARKER_PERIOD_MS, MarkerDetector, marker_frame};

/// All audio the core reads is narrowband.
pub const RATE_HZ: u32 = 8000;
pub(crate) const SAMPLES_PER_MS: i64 = 8;
