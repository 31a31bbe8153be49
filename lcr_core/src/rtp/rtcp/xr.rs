//! The VoIP metrics block of an extended report (RFC 3611 4.7).

use super::{half, word};

/// Block type, and its length in words after the first.
pub(super) const VOIP_METRICS: u8 = 7;
pub(super) const VOIP_METRICS_WORDS: u16 = 8;
pub(super) const VOIP_METRICS_BYTES: usize = 36;

/// What levels, R factors and MOS carry when unknown.
pub const NOT_MEASURED: u8 = 127;

/// Rates and densities in 1/256; durations and delays in ms; MOS in tenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoipMetrics {
    pub ssrc: u32,
    pub loss_rate: u8,
    pub discard_rate: u8,
    pub burst_density: u8,
    pub gap_density: u8,
    pub burst_ms: u16,
    pub gap_ms: u16,
    pub round_trip_ms: u16,
    pub end_system_delay_ms: u16,
    /// dBm, signed.
    pub signal_level: u8,
    pub noise_level: u8,
    pub echo_return_loss: u8,
    pub gmin: u8,
    pub r_factor: u8,
    pub external_r_factor: u8,
    pub mos_lq_tenths: u8,
    pub mos_cq_tenths: u8,
    /// Packet loss concealment, adaptive buffer and its rate (4.7.6).
    pub receiver_config: u8,
    pub buffer_nominal_ms: u16,
    pub buffer_maximum_ms: u16,
    pub buffer_absolute_maximum_ms: u16,
}

impl Default for VoipMetrics {
    /// Nothing measured yet.
    fn default() -> Self {
        Self {
            ssrc: 0,
            loss_rate: 0,
            discard_rate: 0,
            burst_density: 0,
            gap_density: 0,
            burst_ms: 0,
            gap_ms: 0,
            round_trip_ms: 0,
            end_system_delay_ms: 0,
            signal_level: NOT_MEASURED,
            noise_level: NOT_MEASURED,
            echo_return_loss: NOT_MEASURED,
            gmin: 16,
            r_factor: NOT_MEASURED,
            external_r_factor: NOT_MEASURED,
            mos_lq_tenths: NOT_MEASURED,
            mos_cq_tenths: NOT_MEASURED,
            receiver_config: 0,
            buffer_nominal_ms: 0,
            buffer_maximum_ms: 0,
            buffer_absolute_maximum_ms: 0,
        }
    }
}

impl VoipMetrics {
    /// From the whole block, its header included.
    pub(super) fn read(block: &[u8]) -> Option<Self> {
        if block.len() != VOIP_METRICS_BYTES || block[0] != VOIP_METRICS {
            return None;
        }
        Some(Self {
            ssrc: word(block, 4),
            loss_rate: block[8],
            discard_rate: block[9],
            burst_density: block[10],
            gap_density: block[11],
            burst_ms: half(block, 12),
            gap_ms: half(block, 14),
            round_trip_ms: half(block, 16),
            end_system_delay_ms: half(block, 18),
            signal_level: block[20],
            noise_level: block[21],
            echo_return_loss: block[22],
            gmin: block[23],
            r_factor: block[24],
            external_r_factor: block[25],
            mos_lq_tenths: block[26],
            mos_cq_tenths: block[27],
            receiver_config: block[28],
            buffer_nominal_ms: half(block, 30),
            buffer_maximum_ms: half(block, 32),
            buffer_absolute_maximum_ms: half(block, 34),
        })
    }

    pub(super) fn bytes(&self) -> [u8; VOIP_METRICS_BYTES] {
        let mut out = [0; VOIP_METRICS_BYTES];
        let mut put = |at: usize, part: &[u8]| out[at..at + part.len()].copy_from_slice(part);
        put(0, &[VOIP_METRICS, 0]);
        put(2, &VOIP_METRICS_WORDS.to_be_bytes());
        put(4, &self.ssrc.to_be_bytes());
        let rates = [
            self.loss_rate,
            self.discard_rate,
            self.burst_density,
            self.gap_density,
        ];
        put(8, &rates);
        put(12, &self.burst_ms.to_be_bytes());
        put(14, &self.gap_ms.to_be_bytes());
        put(16, &self.round_trip_ms.to_be_bytes());
        put(18, &self.end_system_delay_ms.to_be_bytes());
        let levels = [
            self.signal_level,
            self.noise_level,
            self.echo_return_loss,
            self.gmin,
        ];
        put(20, &levels);
        let scores = [
            self.r_factor,
            self.external_r_factor,
            self.mos_lq_tenths,
            self.mos_cq_tenths,
        ];
        put(24, &scores);
        put(28, &[self.receiver_config, 0]);
        put(30, &self.buffer_nominal_ms.to_be_bytes());
        put(32, &self.buffer_maximum_ms.to_be_bytes());
        put(34, &self.buffer_absolute_maximum_ms.to_be_bytes());
        out
    }
}
