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
    /// SIP codes that stop, and those that go on, at this vendor: what its route in the answer said. Others follow the table.
    #[serde(default)]
    pub hunt_stop: Option<Vec<u16>>,
    #[serde(default)]
    pub hunt_next: Option<Vec<u16>>,
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

/// The vendor's own lists, else the default table. Answered, given up by the caller, and not answered after ringing stop
/// whatever a list says: a second vendor must not start over on a phone that rang.
#[must_use]
pub fn advance(attempt: &Attempt) -> Step {
    let rang = attempt.ringing_ms.is_some();
    let lists =
        |codes: &Option<Vec<u16>>| codes.as_ref().is_some_and(|c| c.contains(&attempt.code));
    match attempt.code {
        200..=299 | 487 => return Step::Stop,
        480 | 408 if rang => return Step::Stop,
        _ if lists(&attempt.hunt_stop) => return Step::Stop,
        _ if lists(&attempt.hunt_next) => return Step::Next,
        _ => {}
    }
    match (attempt.code, attempt.q850) {
        // Busy, declined.
        (486 | 600 | 603 | 607 | 608, _) => Step::Stop,
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
            hunt_stop: None,
            hunt_next: None,
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
    fn a_vendors_own_lists_override_the_table_but_never_a_phone_that_rang() {
        let own = |code, ringing_ms| {
            advance(&Attempt {
                vendor: "V".to_owned(),
                code,
                q850: None,
                ringing_ms,
                ended_ms: 5_000,
                hunt_stop: Some(vec![503, 486]),
                hunt_next: Some(vec![486, 404, 603, 480, 487, 200]),
            })
        };
        assert_eq!(own(503, None), Step::Stop);
        assert_eq!(own(486, None), Step::Stop); // in both lists: stop
        assert_eq!((own(404, None), own(603, None)), (Step::Next, Step::Next));
        assert_eq!(
            (own(480, None), own(480, Some(900))),
            (Step::Next, Step::Stop)
        );
        assert_eq!((own(487, None), own(200, None)), (Step::Stop, Step::Stop));
        assert_eq!(own(502, None), Step::Next);
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
