//! The score of one measured direction.
// Counts become percentages and milliseconds for the E-model here; what leaves is whole thousandths.
#![allow(clippy::float_arithmetic)]

use super::codec::Codec;
use super::emodel::{Band, burst_ratio, equipment_impairment, mos, rating};
use crate::rtp::stats::StreamFigures;

/// R in tenths, MOS in thousandths. LQ = listening (without delay), CQ = conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    pub r_tenths: i32,
    pub mos_lq_milli: u32,
    pub mos_cq_milli: u32,
    pub band: Band,
    /// The codec has no published values.
    pub estimated: bool,
    /// Mouth to ear, one way: half the round trip, a packet, the codec's look-ahead, the buffer.
    pub one_way_micros: u64,
    /// Lost or discarded of expected, in millionths.
    pub loss_ppm: u32,
}

/// None when nothing was expected. Without a round trip the network's delay counts as 0.
pub fn score(
    stream: &StreamFigures,
    codec: &Codec,
    round_trip_nanos: Option<i64>,
) -> Option<Score> {
    if stream.expected == 0 {
        return None;
    }
    let missing = (stream.lost + stream.discarded).min(stream.expected);
    let loss_percent = 100.0 * missing as f64 / stream.expected as f64;
    let runs = stream.bursts.runs.max(1);
    let ratio = burst_ratio(stream.bursts.missing as f64 / runs as f64, loss_percent);
    let one_way_nanos = round_trip_nanos.unwrap_or(0).max(0) / 2
        + stream.packet_nanos.max(0)
        + i64::from(codec.look_ahead_micros) * 1000
        + stream.mean_buffer_nanos.max(0);
    let impairment = impairment(codec, loss_percent, ratio);
    let r = rating(one_way_nanos as f64 / 1e6, impairment);
    Some(Score {
        r_tenths: (r * 10.0).round() as i32,
        mos_lq_milli: (mos(rating(0.0, impairment)) * 1000.0).round() as u32,
        mos_cq_milli: (mos(r) * 1000.0).round() as u32,
        band: Band::of(r),
        estimated: codec.estimated,
        one_way_micros: (one_way_nanos / 1000) as u64,
        loss_ppm: (missing as u128 * 1_000_000 / u128::from(stream.expected)) as u32,
    })
}

fn impairment(codec: &Codec, loss_percent: f64, burst_ratio: f64) -> f64 {
    let tenths = |value: u32| f64::from(value) / 10.0;
    let (ie, bpl) = (tenths(codec.ie_tenths), tenths(codec.bpl_tenths));
    equipment_impairment(ie, bpl, loss_percent, burst_ratio)
}

/// MOS in thousandths of a short while, from its random loss alone: `gone` of `expected` packets lost or discarded, mouth to
/// ear in microseconds. None when nothing was expected.
pub fn moment(codec: &Codec, gone: u64, expected: u64, one_way_micros: u64) -> Option<u32> {
    if expected == 0 {
        return None;
    }
    let loss_percent = 100.0 * gone.min(expected) as f64 / expected as f64;
    let r = rating(
        one_way_micros as f64 / 1000.0,
        impairment(codec, loss_percent, 1.0),
    );
    Some((mos(r) * 1000.0).round() as u32)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::rtp::stats::BurstFigures;

    fn stream(expected: u64, lost: u64, discarded: u64, runs: u64) -> StreamFigures {
        StreamFigures {
            expected,
            lost,
            discarded,
            packet_nanos: 20_000_000,
            mean_buffer_nanos: 60_000_000,
            bursts: BurstFigures {
                missing: lost + discarded,
                runs,
                ..BurstFigures::default()
            },
            ..StreamFigures::default()
        }
    }

    #[test]
    fn a_clean_call_scores_4_41() {
        let codec = Codec::of_encoding("pcma").unwrap();
        let score = score(&stream(1000, 0, 0, 0), codec, Some(20_000_000)).unwrap();
        assert_eq!((score.mos_cq_milli, score.mos_lq_milli), (4409, 4409));
        assert_eq!((score.r_tenths, score.band), (932, Band::VerySatisfied));
        assert_eq!((score.one_way_micros, score.loss_ppm), (90_000, 0));
    }

    #[test]
    fn lost_and_discarded_count_alike_and_delay_only_in_conversation() {
        let codec = Codec::named("g711-plc").unwrap();
        let far = score(&stream(1000, 20, 10, 30), codec, Some(240_000_000)).unwrap();
        assert_eq!(far.loss_ppm, 30_000);
        assert!((4125..=4135).contains(&far.mos_lq_milli), "{far:?}");
        assert!((4025..=4035).contains(&far.mos_cq_milli), "200 ms: {far:?}");
    }

    #[test]
    fn a_moment_scores_as_the_recommendation_has_it() {
        for (name, wanted) in [
            ("g711-plc", [4410, 4330, 4130, 3920, 3410]),
            ("g711", [4410, 3830, 2790, 2170, 1480]),
            ("g729a-vad", [4100, 3950, 3630, 3340, 2750]),
        ] {
            let codec = Codec::named(name).unwrap();
            for (gone, wanted) in [0, 10, 30, 50, 100].into_iter().zip(wanted) {
                let found = moment(codec, gone, 1000, 50_000).unwrap();
                assert!(found.abs_diff(wanted) <= 6, "{name} {gone}: {found}");
            }
            assert_eq!(moment(codec, 0, 0, 0), None);
            assert_eq!(moment(codec, 51, 50, 0), moment(codec, 50, 50, 0));
        }
    }

    #[test]
    fn opus_is_marked_as_estimated_and_the_unknown_has_no_codec() {
        assert!(Codec::of_encoding("OPUS").unwrap().estimated);
        assert_eq!(Codec::of_encoding("telephone-event"), None);
        assert_eq!(
            score(&StreamFigures::default(), &super::super::CODECS[0], None),
            None
        );
    }
}
