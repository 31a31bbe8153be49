//! The parts of sender and receiver reports (RFC 3550 6.4.1).

use super::{half, word};

/// Bytes of one reception report block.
pub(super) const BLOCK_BYTES: usize = 24;
pub(super) const SENDER_INFO_BYTES: usize = 20;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// 64 bits of NTP time.
    pub ntp: u64,
    pub rtp_timestamp: u32,
    pub packets: u32,
    pub octets: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportBlock {
    pub ssrc: u32,
    /// 1/256.
    pub fraction_lost: u8,
    /// Signed 24 bits; duplicates make it negative.
    pub cumulative_lost: i32,
    pub extended_highest: u32,
    /// Timestamp units.
    pub jitter: u32,
    pub last_sr: u32,
    /// 1/65536 s.
    pub delay_since_last_sr: u32,
}

impl SenderInfo {
    pub(super) fn read(bytes: &[u8]) -> Self {
        Self {
            ntp: u64::from(word(bytes, 0)) << 32 | u64::from(word(bytes, 4)),
            rtp_timestamp: word(bytes, 8),
            packets: word(bytes, 12),
            octets: word(bytes, 16),
        }
    }

    pub(super) fn bytes(&self) -> [u8; SENDER_INFO_BYTES] {
        let mut out = [0; SENDER_INFO_BYTES];
        out[..8].copy_from_slice(&self.ntp.to_be_bytes());
        out[8..12].copy_from_slice(&self.rtp_timestamp.to_be_bytes());
        out[12..16].copy_from_slice(&self.packets.to_be_bytes());
        out[16..].copy_from_slice(&self.octets.to_be_bytes());
        out
    }
}

impl ReportBlock {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let lost = word(bytes, 4);
        Self {
            ssrc: word(bytes, 0),
            fraction_lost: (lost >> 24) as u8,
            cumulative_lost: (lost << 8) as i32 >> 8,
            extended_highest: u32::from(half(bytes, 8)) << 16 | u32::from(half(bytes, 10)),
            jitter: word(bytes, 12),
            last_sr: word(bytes, 16),
            delay_since_last_sr: word(bytes, 20),
        }
    }

    pub(super) fn bytes(&self) -> [u8; BLOCK_BYTES] {
        let mut out = [0; BLOCK_BYTES];
        let lost = self.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0xff_ffff;
        let parts = [
            self.ssrc,
            u32::from(self.fraction_lost) << 24 | lost,
            self.extended_highest,
            self.jitter,
            self.last_sr,
            self.delay_since_last_sr,
        ];
        for (place, part) in out.chunks_exact_mut(4).zip(parts) {
            place.copy_from_slice(&part.to_be_bytes());
        }
        out
    }
}
