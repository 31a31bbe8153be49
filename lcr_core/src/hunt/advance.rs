//! The table of route advance: final answer, Q.850 cause and whether it rang -> stop or go on.
use serde::{Deserialize, Serialize};

/// One attempt at one vendor, all instants in milliseconds after its INVITE.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Who was asked.
    pub vendor: String,
    /// Final SIP status of the vendor: 200–699.
    pub code: u16,
    /// Q.850 cause of the Reason header, where there was one.
    #[serde(default)]
    pub q850: Option<u16>,
    /// First 180 or 183.
    #[serde(default)]
    pub ringing_ms: Option<u64>,
    /// When the final answer came.
    pub ended_ms: u64,
}

/// What to do after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The caller gets this answer.
    Stop,
    /// Try the next route.
    Next,
    /// Try the next route, but only once in this call: vendors misuse 404 for "no route".
    NextOnce,
}

/// Default table; a vendor or a customer may override it before asking here.
#[must_use]
pub fn advance(attempt: &Attempt) -> Step {
    let rang = attempt.ringing_ms.is_some();
    match (attempt.code, attempt.q850) {
        // Answered, busy, declined, given up by the caller.
        (200..=299 | 486 | 487 | 600 | 603 | 607 | 608, _) => Step::Stop,
        (480 | 408, _) if rang => Step::Stop,
        (480 | 408, Some(18..=20)) => Step::Stop,
        // The far end itself says that the number does not exist.
        (404 | 484 | 604 | 410, Some(1 | 28)) => Step::Stop,
        (404 | 484 | 604 | 410, _) => Step::NextOnce,
        (408 | 500 | 502 | 503 | 504 | 402 | 403 | 488, _) => Step::Next,
        (480, Some(34 | 38 | 41 | 42 | 47)) => Step::Next,
        // Not ringing, no cause: nobody was reached.
        (480, _) => Step::Next,
        // Early media or ringing was heard: a second vendor must not start over.
        _ if rang => Step::Stop,
        _ => Step::Next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(code: u16, q850: Option<u16>, ringing_ms: Option<u64>) -> Step {
        advance(&Attempt {
            vendor: "V".to_owned(),
            code,
            q850,
            ringing_ms,
            ended_ms: 5_000,
        })
    }

    #[test]
    fn busy_and_declined_stop_and_congestion_goes_on() {
        for code in [200, 486, 487, 600, 603, 607, 608] {
            assert_eq!(after(code, None, None), Step::Stop, "{code}");
        }
        for code in [402, 403, 408, 488, 500, 502, 503, 504] {
            assert_eq!(after(code, None, None), Step::Next, "{code}");
        }
    }

    #[test]
    fn nobody_answered_stops_but_nobody_reached_goes_on() {
        assert_eq!(after(480, Some(19), Some(2_100)), Step::Stop);
        assert_eq!(after(480, Some(20), None), Step::Stop);
        assert_eq!(after(408, None, Some(900)), Step::Stop);
        assert_eq!(after(480, Some(34), None), Step::Next);
        assert_eq!(after(480, None, None), Step::Next);
    }

    #[test]
    fn an_unknown_number_is_tried_once_more_unless_the_far_end_says_so() {
        assert_eq!(after(404, None, None), Step::NextOnce);
        assert_eq!(after(404, Some(1), None), Step::Stop);
        assert_eq!(after(484, Some(28), None), Step::Stop);
    }
}
