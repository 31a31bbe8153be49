//! The field's figures from raw attempts: PDD and SRD, ASR, ACD, NER (E.425), SER, SEER, ISA, SCR (RFC 6076). Counts are kept, ratios
//! made when asked, averages never averaged.

/// One INVITE and what became of it. Times in ms of one monotonic clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attempt {
    pub invited_ms: i64,
    /// First 180 or 183.
    pub ringing_ms: Option<i64>,
    /// 200.
    pub answered_ms: Option<i64>,
    pub final_code: u16,
    /// Q.850 cause of the Reason header: counts before the code.
    pub cause: Option<u8>,
    /// Answered to 401 or 407 with another INVITE, which is the attempt that counts.
    pub retried: bool,
    pub ended_ms: Option<i64>,
    /// BYE sent and its final response.
    pub bye_ms: Option<i64>,
    pub bye_answered_ms: Option<i64>,
}

/// What an attempt says about the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    /// Not answered for a reason of the user: the network did its part.
    UserSide,
    /// The number is wrong: left out of a route's NER, shown apart.
    BadNumber,
    /// 3xx: another attempt follows.
    Redirected,
    NetworkFailure,
}

impl Attempt {
    /// Post-dial delay: to the first 180 or 183, or to the 200 when nothing came before; 100, 181, 182 do not count.
    pub fn pdd_ms(&self) -> Option<i64> {
        let first = self.ringing_ms.or(self.answered_ms)?;
        Some(first - self.invited_ms)
    }

    /// Session disconnect delay.
    pub fn sdd_ms(&self) -> Option<i64> {
        Some(self.bye_answered_ms? - self.bye_ms?)
    }

    pub fn talk_ms(&self) -> Option<i64> {
        Some((self.ended_ms? - self.answered_ms?).max(0))
    }

    pub fn outcome(&self) -> Outcome {
        let rang = self.ringing_ms.is_some();
        match (self.final_code, self.cause) {
            (200..=299, _) => Outcome::Answered,
            (300..=399, _) => Outcome::Redirected,
            (_, Some(17..=21)) => Outcome::UserSide,
            (_, Some(1 | 22 | 28)) => Outcome::BadNumber,
            (_, Some(2 | 3 | 34 | 38 | 41 | 42 | 47 | 127)) => Outcome::NetworkFailure,
            (486 | 600 | 480 | 603 | 607 | 608, _) => Outcome::UserSide,
            (408 | 487, _) if rang => Outcome::UserSide,
            (404 | 410 | 484 | 604, _) => Outcome::BadNumber,
            _ => Outcome::NetworkFailure,
        }
    }
}

/// Sums of a route, a product, a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub invites: u64,
    pub redirected: u64,
    pub answered: u64,
    pub user_side: u64,
    pub bad_number: u64,
    pub failed: u64,
    pub seer_effective: u64,
    pub ineffective: u64,
    pub completed: u64,
    pub talk_ms: u64,
    pub pdd_ms_sum: u64,
    pub pdd_samples: u64,
}

impl Counts {
    pub fn add(&mut self, attempt: &Attempt) {
        if attempt.retried && matches!(attempt.final_code, 401 | 407) {
            return;
        }
        self.invites += 1;
        match attempt.outcome() {
            Outcome::Answered => self.answered += 1,
            Outcome::UserSide => self.user_side += 1,
            Outcome::BadNumber => self.bad_number += 1,
            Outcome::Redirected => self.redirected += 1,
            Outcome::NetworkFailure => self.failed += 1,
        }
        let code = attempt.final_code;
        let effective = matches!(code, 200..=299 | 480 | 486 | 600 | 603);
        self.seer_effective += u64::from(effective);
        self.ineffective += u64::from(matches!(code, 408 | 500 | 503 | 504));
        let completed = attempt.answered_ms.is_some() && attempt.ended_ms.is_some();
        self.completed += u64::from(completed);
        let whole = |ms: i64| u64::try_from(ms).unwrap_or(0);
        self.talk_ms += attempt.talk_ms().map_or(0, whole);
        if let Some(pdd) = attempt.pdd_ms() {
            self.pdd_ms_sum += whole(pdd);
            self.pdd_samples += 1;
        }
    }

    /// Answered of all that were no redirection; a redirected call is one seizure, that of its last INVITE.
    pub fn asr_ppm(&self) -> Option<u64> {
        ppm(self.answered, self.invites - self.redirected)
    }

    /// Bad numbers are left out of both parts.
    pub fn ner_ppm(&self) -> Option<u64> {
        let seizures = self.invites - self.redirected - self.bad_number;
        ppm(self.answered + self.user_side, seizures)
    }

    pub fn acd_ms(&self) -> Option<u64> {
        self.talk_ms.checked_div(self.answered)
    }

    pub fn pdd_ms(&self) -> Option<u64> {
        self.pdd_ms_sum.checked_div(self.pdd_samples)
    }

    pub fn ser_ppm(&self) -> Option<u64> {
        ppm(self.answered, self.invites - self.redirected)
    }

    pub fn seer_ppm(&self) -> Option<u64> {
        ppm(self.seer_effective, self.invites - self.redirected)
    }

    pub fn isa_ppm(&self) -> Option<u64> {
        ppm(self.ineffective, self.invites)
    }

    pub fn scr_ppm(&self) -> Option<u64> {
        ppm(self.completed, self.invites)
    }
}

fn ppm(part: u64, whole: u64) -> Option<u64> {
    (part * 1_000_000).checked_div(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(final_code: u16, ringing: bool, cause: Option<u8>) -> Attempt {
        Attempt {
            final_code,
            ringing_ms: ringing.then_some(1500),
            cause,
            ..Attempt::default()
        }
    }

    fn outcome(final_code: u16, ringing: bool, cause: Option<u8>) -> Outcome {
        ended(final_code, ringing, cause).outcome()
    }

    #[test]
    fn post_dial_delay_ends_at_the_first_ringing_or_at_the_answer() {
        let answered = Attempt {
            invited_ms: 100,
            answered_ms: Some(4100),
            final_code: 200,
            ..Attempt::default()
        };
        assert_eq!(answered.pdd_ms(), Some(4000));
        let rang = Attempt {
            ringing_ms: Some(2100),
            ..answered
        };
        assert_eq!(rang.pdd_ms(), Some(2000));
        assert_eq!(ended(503, false, None).pdd_ms(), None);
    }

    #[test]
    fn what_the_user_did_counts_for_the_network() {
        for code in [486, 600, 480, 603, 607, 608] {
            assert_eq!(outcome(code, false, None), Outcome::UserSide, "{code}");
        }
        assert_eq!(
            (outcome(487, true, None), outcome(408, true, None)),
            (Outcome::UserSide, Outcome::UserSide)
        );
        assert_eq!(outcome(403, false, Some(21)), Outcome::UserSide);
    }

    #[test]
    fn what_the_network_did_not_reach_counts_against_it() {
        for code in [500, 502, 503, 504, 408, 487, 403, 488] {
            assert_eq!(
                outcome(code, false, None),
                Outcome::NetworkFailure,
                "{code}"
            );
        }
        for cause in [34, 38, 41, 42, 47, 127, 2, 3] {
            assert_eq!(
                outcome(404, true, Some(cause)),
                Outcome::NetworkFailure,
                "{cause}"
            );
        }
    }

    #[test]
    fn the_cause_comes_before_the_code() {
        assert_eq!(outcome(503, false, Some(17)), Outcome::UserSide);
        assert_eq!(outcome(486, false, Some(34)), Outcome::NetworkFailure);
        assert_eq!(outcome(503, false, Some(1)), Outcome::BadNumber);
    }

    #[test]
    fn bad_numbers_are_left_out_of_ner_but_not_of_asr() {
        let mut counts = Counts::default();
        for (code, times) in [(200u16, 5), (486, 2), (404, 2), (503, 1)] {
            (0..times).for_each(|_| counts.add(&ended(code, false, None)));
        }
        assert_eq!(counts.asr_ppm(), Some(500_000));
        assert_eq!(counts.ner_ppm(), Some(875_000));
    }

    #[test]
    fn the_ratios_of_rfc_6076() {
        let mut counts = Counts::default();
        for code in [200, 200, 302, 480, 486, 600, 603, 408, 500, 503, 504, 404] {
            counts.add(&ended(code, false, None));
        }
        assert_eq!(counts.ser_ppm(), Some(2_000_000 / 11));
        assert_eq!(counts.seer_ppm(), Some(6_000_000 / 11));
        assert_eq!(counts.isa_ppm(), Some(4_000_000 / 12));
    }

    #[test]
    fn a_challenged_invite_and_its_retry_are_one() {
        let mut counts = Counts::default();
        counts.add(&Attempt {
            retried: true,
            ..ended(407, false, None)
        });
        counts.add(&ended(200, false, None));
        assert_eq!((counts.invites, counts.asr_ppm()), (1, Some(1_000_000)));
        counts.add(&ended(407, false, None));
        assert_eq!(
            (counts.invites, counts.failed),
            (2, 1),
            "a challenge nobody answered is a failure"
        );
    }

    #[test]
    fn talk_time_and_disconnect_delay_come_from_the_raw_times() {
        let call = Attempt {
            invited_ms: 0,
            answered_ms: Some(5000),
            ended_ms: Some(65_000),
            final_code: 200,
            bye_ms: Some(65_000),
            bye_answered_ms: Some(65_040),
            ..Attempt::default()
        };
        assert_eq!((call.talk_ms(), call.sdd_ms()), (Some(60_000), Some(40)));
        let mut counts = Counts::default();
        counts.add(&call);
        counts.add(&ended(486, true, None));
        assert_eq!(
            (counts.acd_ms(), counts.pdd_ms()),
            (Some(60_000), Some(3250))
        );
        assert_eq!(counts.scr_ppm(), Some(500_000));
    }

    #[test]
    fn nothing_counted_has_no_ratio() {
        let none = Counts::default();
        assert_eq!(
            (none.asr_ppm(), none.ner_ppm(), none.acd_ms(), none.pdd_ms()),
            (None, None, None, None)
        );
    }
}
