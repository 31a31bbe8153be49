//! RTCP (RFC 3550 6, RFC 3611): compound packets read without a copy and written into the caller's bytes; round-trip time.

mod build;
mod clock;
mod parse;
mod report;
mod rtt;
mod xr;

pub use build::Builder;
pub use clock::{NtpTime, round_trip_nanos};
pub use parse::{Compound, Packet, compound};
pub use report::{ReportBlock, SenderInfo};
pub use rtt::{LastSenderReport, PassingReports};
pub use xr::{NOT_MEASURED, VoipMetrics};

pub const SENDER_REPORT: u8 = 200;
pub const RECEIVER_REPORT: u8 = 201;
pub const SOURCE_DESCRIPTION: u8 = 202;
pub const BYE: u8 = 203;
pub const EXTENDED_REPORT: u8 = 207;

/// Why bytes are not RTCP, or why a packet could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RtcpError {
    #[error("shorter than an RTCP header: {0} bytes of at least 4")]
    Short(usize),
    #[error("RTCP version {0}, not 2")]
    Version(u8),
    #[error("packet type {packet_type} says {says} bytes, {left} are left")]
    Length {
        packet_type: u8,
        says: usize,
        left: usize,
    },
    #[error("packet type {0} is shorter than its fields")]
    Truncated(u8),
    #[error("padding of {0} bytes is impossible, or stands before the last packet")]
    Padding(u8),
    #[error("the buffer is too small, or more than 31 items were asked for")]
    Buffer,
}

/// The big-endian word at a place; 0 beyond the end (callers check lengths first).
fn word(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<4>())
        .map_or(0, |four| u32::from_be_bytes(*four))
}

fn half(bytes: &[u8], at: usize) -> u16 {
    bytes
        .get(at..)
        .and_then(|rest| rest.first_chunk::<2>())
        .map_or(0, |two| u16::from_be_bytes(*two))
}

#[cfg(test)]
mod tests;
