//! The state word for word (docs/decision.md 10). Unknown words are errors that name themselves.

use serde::{Deserialize, Serialize};

use crate::number::DigitKey;

/// Largest counter and generation: what a JSON number holds exactly everywhere.
pub const LARGEST: u64 = 1 << 53;
/// Largest share of trial calls: all of them.
pub const ALL_PPM: u32 = 1_000_000;

/// One generation of the state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    pub generation: u64,
    #[serde(default)]
    pub disabled_offers: Vec<i64>,
    #[serde(default)]
    pub blocks: Vec<BlockWords>,
    #[serde(default)]
    pub channels_full: Vec<i64>,
    #[serde(default)]
    pub cps_full: Vec<i64>,
    #[serde(default)]
    pub cap_reached: Vec<i64>,
    /// Carrier ids.
    #[serde(default)]
    pub vendor_credit_out: Vec<i64>,
    #[serde(default)]
    pub company_credit_out: Vec<i64>,
    #[serde(default)]
    pub trunk_credit_out: Vec<i64>,
    #[serde(default)]
    pub demoted: Vec<DemotedWords>,
    #[serde(default)]
    pub quality: Vec<CountWords>,
}

/// An offer takes no calls to numbers of this code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockWords {
    pub offer_id: i64,
    pub code: String,
}

/// How an offer's quality to a code is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    #[default]
    Healthy,
    /// Only shown.
    Warn,
    /// Demoted: behind all others.
    Critical,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Warn => "warn",
            Self::Critical => "critical",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemotedWords {
    pub offer_id: i64,
    pub code: String,
    pub level: Level,
    #[serde(default)]
    pub trial_ppm: u32,
}

/// Counters of one (offer, code), as in access, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountWords {
    pub offer_id: i64,
    pub code: String,
    #[serde(default)]
    pub attempts: u64,
    #[serde(default)]
    pub answered: u64,
    #[serde(default)]
    pub effective: u64,
    #[serde(default)]
    pub talk_ms: u64,
    #[serde(default)]
    pub pdd_ms_sum: u64,
    #[serde(default)]
    pub pdd_samples: u64,
    #[serde(default)]
    pub mos_milli_sum: u64,
    #[serde(default)]
    pub mos_samples: u64,
}

impl Words {
    /// Parses and checks; the message says where and what.
    pub fn parse(json: &str) -> Result<Self, String> {
        let words: Self = serde_json::from_str(json).map_err(|e| e.to_string())?;
        words.check()?;
        Ok(words)
    }

    /// Ranges and codes; whether the ids exist is not asked, a state outlives snapshots.
    pub fn check(&self) -> Result<(), String> {
        if self.generation > LARGEST {
            return Err("generation is more than 2^53".to_owned());
        }
        for (i, block) in self.blocks.iter().enumerate() {
            key(&block.code).map_err(|why| format!("blocks[{i}]: {why}"))?;
        }
        let mut seen = std::collections::HashSet::new();
        for (i, demoted) in self.demoted.iter().enumerate() {
            let of = |why: &str| format!("demoted[{i}]: {why}");
            let code = key(&demoted.code).map_err(|why| of(&why))?;
            if demoted.trial_ppm > ALL_PPM {
                return Err(of("trial_ppm is more than 1000000"));
            }
            if !seen.insert((demoted.offer_id, code)) {
                return Err(of("this code of the offer stands twice"));
            }
        }
        seen.clear();
        for (i, counts) in self.quality.iter().enumerate() {
            let of = |why: &str| format!("quality[{i}]: {why}");
            let code = key(&counts.code).map_err(|why| of(&why))?;
            counts.check().map_err(of)?;
            if !seen.insert((counts.offer_id, code)) {
                return Err(of("this code of the offer stands twice"));
            }
        }
        Ok(())
    }

    pub fn to_json(&self) -> String {
        // Plain words of plain types: writing them cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl CountWords {
    pub fn check(&self) -> Result<(), &'static str> {
        if self.answered > self.attempts || self.effective > self.attempts {
            return Err("answered or effective is more than attempts");
        }
        let counters = [
            self.attempts,
            self.talk_ms,
            self.pdd_ms_sum,
            self.pdd_samples,
            self.mos_milli_sum,
            self.mos_samples,
        ];
        if counters.iter().any(|n| *n > LARGEST) {
            return Err("a counter is more than 2^53");
        }
        Ok(())
    }
}

/// A dial code, or what is wrong with it.
pub(crate) fn key(code: &str) -> Result<DigitKey, String> {
    DigitKey::from_digits(code).ok_or_else(|| {
        format!(
            "code {:?} is not 1 to 15 digits",
            code.chars().take(80).collect::<String>()
        )
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_contract_are_read_and_written_again() {
        let json = r#"{"generation": 812, "disabled_offers": [7], "blocks": [{"offer_id": 9, "code": "8816"}],
            "channels_full": [3], "cps_full": [3], "vendor_credit_out": [12], "company_credit_out": [5],
            "demoted": [{"offer_id": 9, "code": "44", "level": "critical", "trial_ppm": 20000}],
            "quality": [{"offer_id": 9, "code": "44", "attempts": 812, "answered": 400}]}"#;
        let words = Words::parse(json).unwrap();
        assert_eq!(
            (words.generation, words.demoted[0].level),
            (812, Level::Critical)
        );
        assert_eq!(Words::parse(&words.to_json()).unwrap(), words);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, why) in [
            (
                r#"{"generation":1,"blocked":[]}"#,
                "unknown field `blocked`",
            ),
            ("{}", "generation"),
            (
                r#"{"generation":1,"blocks":[{"offer_id":1,"code":"4x"}]}"#,
                "blocks[0]: code \"4x\"",
            ),
            (
                r#"{"generation":1,"demoted":[{"offer_id":1,"code":"4","level":"bad"}]}"#,
                "unknown variant `bad`",
            ),
            (
                r#"{"generation":1,"demoted":[{"offer_id":1,"code":"4","level":"warn","trial_ppm":1000001}]}"#,
                "trial_ppm",
            ),
            (
                r#"{"generation":1,"quality":[{"offer_id":1,"code":"4"},{"offer_id":1,"code":"4"}]}"#,
                "quality[1]",
            ),
            (
                r#"{"generation":1,"quality":[{"offer_id":1,"code":"4","answered":1}]}"#,
                "more than attempts",
            ),
        ] {
            let got = Words::parse(json).unwrap_err();
            assert!(got.contains(why), "{got}");
        }
    }
}
