//! What only many calls show.

use super::evidence::EndedBy;

/// A call that should have lasted longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutCall {
    pub talk_ms: i64,
    pub planned_ms: i64,
    pub ended_by: EndedBy,
}

const LEAST_CALLS: usize = 5;
const SPREAD_MS: i64 = 300;

/// The duration at which calls are cut: the vendor ended at least three fifths of them, 5 or more, within 0.6 s of one another. The
/// middle of that cluster and its size.
pub fn short_stop(calls: &[CutCall]) -> Option<(i64, usize)> {
    let mut cut: Vec<i64> = calls
        .iter()
        .filter(|call| call.ended_by == EndedBy::Peer && call.talk_ms + SPREAD_MS < call.planned_ms)
        .map(|call| call.talk_ms)
        .collect();
    cut.sort_unstable();
    let mut best: (usize, usize) = (0, 0);
    let mut first = 0;
    for last in 0..cut.len() {
        while cut[last] - cut[first] > 2 * SPREAD_MS {
            first += 1;
        }
        if last + 1 - first > best.1 - best.0 {
            best = (first, last + 1);
        }
    }
    let size = best.1 - best.0;
    let enough = size >= LEAST_CALLS && size * 5 >= calls.len() * 3;
    enough.then(|| ((cut[best.0] + cut[best.1 - 1]) / 2, size))
}

/// Statistics of answered calls without a far end of ours: which routes deserve a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefilter {
    pub answered: usize,
    /// Shorter than 6 s, in millionths.
    pub short_ppm: u64,
    /// Spread of the time from 180 to 200: the middle half, ms. Honest people take their time.
    pub answer_spread_ms: i64,
    /// Many short calls, or answers that come like clockwork.
    pub suspect: bool,
}

const SHORT_MS: i64 = 6000;
const SHORT_SHARE_PPM: u64 = 400_000;
const NARROW_MS: i64 = 500;
const LEAST_ANSWERED: usize = 20;

/// Each call: talk time and, where it rang first, the time from 180 to 200. None below 20 calls.
pub fn prefilter(calls: &[(i64, Option<i64>)]) -> Option<Prefilter> {
    if calls.len() < LEAST_ANSWERED {
        return None;
    }
    let short = calls.iter().filter(|(talk, _)| *talk < SHORT_MS).count() as u64;
    let short_ppm = short * 1_000_000 / calls.len() as u64;
    let mut rang: Vec<i64> = calls.iter().filter_map(|(_, rang)| *rang).collect();
    rang.sort_unstable();
    let known = rang.len() >= LEAST_ANSWERED;
    let answer_spread_ms = if known {
        rang[rang.len() * 3 / 4] - rang[rang.len() / 4]
    } else {
        i64::MAX
    };
    Some(Prefilter {
        answered: calls.len(),
        short_ppm,
        answer_spread_ms,
        suspect: short_ppm >= SHORT_SHARE_PPM || answer_spread_ms < NARROW_MS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(talk_ms: i64) -> CutCall {
        CutCall {
            talk_ms,
            planned_ms: 60_000,
            ended_by: EndedBy::Peer,
        }
    }

    #[test]
    fn calls_cut_at_one_duration_are_found() {
        let mut calls: Vec<_> = [31_000, 30_100, 30_000, 29_950, 30_200, 30_050]
            .map(cut)
            .to_vec();
        assert_eq!(short_stop(&calls), Some((30_075, 5)));
        calls.extend([60_000, 60_000, 60_000, 60_000].map(cut));
        assert_eq!(
            short_stop(&calls),
            None,
            "half of the calls last as planned"
        );
    }

    #[test]
    fn calls_that_end_anywhere_or_as_planned_are_not() {
        assert_eq!(
            short_stop(&[5_000, 9_000, 14_000, 30_000, 41_000, 55_000].map(cut)),
            None
        );
        assert_eq!(short_stop(&[cut(60_000); 20]), None);
        let ours = CutCall {
            ended_by: EndedBy::Us,
            ..cut(10_000)
        };
        assert_eq!(short_stop(&[ours; 20]), None);
    }

    #[test]
    fn many_short_calls_or_answers_like_clockwork_are_suspect() {
        let honest: Vec<_> = (0..40)
            .map(|n| (n * 3_000, Some(2_000 + n * 350)))
            .collect();
        assert_eq!(prefilter(&honest).map(|one| one.suspect), Some(false));
        let short: Vec<_> = (0..40)
            .map(|n| (if n % 2 == 0 { 3_000 } else { 60_000 }, None))
            .collect();
        assert_eq!(
            prefilter(&short).map(|one| (one.short_ppm, one.suspect)),
            Some((500_000, true))
        );
        let narrow: Vec<_> = (0..40).map(|n| (60_000, Some(3_000 + n))).collect();
        assert_eq!(prefilter(&narrow).map(|one| one.suspect), Some(true));
        assert_eq!(prefilter(&honest[..19]), None);
    }
}
