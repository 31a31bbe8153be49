//! What a policy says (docs/decision.md 5); the rules themselves are in `crate::policy`.

use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Cost,
    Quality,
    Priority,
    CostDelta,
    Score,
    Percentage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    #[default]
    Off,
    NoLoss,
    MinMargin,
    LossAllowed,
}

/// The policy as written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyWords {
    pub kind: Kind,
    pub classes: Option<Vec<String>>,
    pub max_cost_nanos: Option<u64>,
    pub delta_nanos: Option<u64>,
    pub delta_ppm: Option<u64>,
    pub w_cost_ppm: u32,
    pub w_asr_ppm: u32,
    pub w_acd_ppm: u32,
    pub w_ner_ppm: u32,
    pub w_pdd_ppm: u32,
    pub asr_target_ppm: Option<u64>,
    pub acd_target_ms: Option<u64>,
    pub pdd_max_ms: Option<u64>,
    pub prior_ppm: u32,
    pub floor_asr_ppm: Option<u64>,
    pub floor_acd_ms: Option<u64>,
    pub floor_ner_ppm: Option<u64>,
    pub floor_mos_milli: Option<u64>,
    pub ceiling_pdd_ms: Option<u64>,
    pub min_attempts: u64,
    pub min_answered: u64,
    pub min_pdd: u64,
    pub min_mos: u64,
    pub guard: Guard,
    pub min_abs_nanos: u64,
    pub min_pct_ppm: u64,
    pub loss_nanos: u64,
    pub loss_first: u32,
    pub reference_seconds: Option<u32>,
    pub max_seconds: Option<u32>,
    /// Compare by the durations of the destination's own calls.
    pub use_mix: bool,
    /// Exclusive: only these offers; forced: these first, in this order.
    pub only_offers: Option<Vec<i64>>,
    pub first_offers: Option<Vec<i64>>,
    pub need_cli: bool,
    pub need_signature: bool,
}

impl Default for PolicyWords {
    fn default() -> Self {
        Self {
            kind: Kind::Cost,
            classes: None,
            max_cost_nanos: None,
            delta_nanos: None,
            delta_ppm: None,
            w_cost_ppm: 0,
            w_asr_ppm: 0,
            w_acd_ppm: 0,
            w_ner_ppm: 0,
            w_pdd_ppm: 0,
            asr_target_ppm: None,
            acd_target_ms: None,
            pdd_max_ms: None,
            prior_ppm: 500_000,
            floor_asr_ppm: None,
            floor_acd_ms: None,
            floor_ner_ppm: None,
            floor_mos_milli: None,
            ceiling_pdd_ms: None,
            min_attempts: 30,
            min_answered: 20,
            min_pdd: 10,
            min_mos: 10,
            guard: Guard::Off,
            min_abs_nanos: 0,
            min_pct_ppm: 0,
            loss_nanos: 0,
            loss_first: 0,
            reference_seconds: None,
            max_seconds: None,
            use_mix: false,
            only_offers: None,
            first_offers: None,
            need_cli: false,
            need_signature: false,
        }
    }
}

/// Largest per-minute amount a policy may name: a million units.
const MAX_NANOS: u64 = crate::money::MAX_RATE_NANOS.unsigned_abs();
const MILLION: u64 = 1_000_000;

impl PolicyWords {
    /// Says which word is out of range, or which is missing.
    pub fn check(&self) -> Result<(), String> {
        let at_most = |word: &str, value: u64, most: u64| {
            if value <= most {
                Ok(())
            } else {
                Err(format!("policy {word}: {value} is more than {most}"))
            }
        };
        for (word, value) in [
            ("max_cost_nanos", self.max_cost_nanos.unwrap_or(0)),
            ("delta_nanos", self.delta_nanos.unwrap_or(0)),
            ("min_abs_nanos", self.min_abs_nanos),
            ("loss_nanos", self.loss_nanos),
        ] {
            at_most(word, value, MAX_NANOS)?;
        }
        for (word, value) in [
            ("w_cost_ppm", self.w_cost_ppm),
            ("w_asr_ppm", self.w_asr_ppm),
            ("w_acd_ppm", self.w_acd_ppm),
            ("w_ner_ppm", self.w_ner_ppm),
            ("w_pdd_ppm", self.w_pdd_ppm),
            ("prior_ppm", self.prior_ppm),
        ] {
            at_most(word, u64::from(value), MILLION)?;
        }
        at_most("delta_ppm", self.delta_ppm.unwrap_or(0), 1000 * MILLION)?;
        at_most("min_pct_ppm", self.min_pct_ppm, 1000 * MILLION)?;
        if self.delta_nanos.is_some() && self.delta_ppm.is_some() {
            return Err("policy delta_nanos and delta_ppm: give one of them".to_owned());
        }
        let targets = [
            (
                "asr_target_ppm",
                "w_asr_ppm",
                self.w_asr_ppm,
                self.asr_target_ppm,
                MILLION,
            ),
            (
                "acd_target_ms",
                "w_acd_ppm",
                self.w_acd_ppm,
                self.acd_target_ms,
                86_400_000,
            ),
            (
                "pdd_max_ms",
                "w_pdd_ppm",
                self.w_pdd_ppm,
                self.pdd_max_ms,
                86_400_000,
            ),
        ];
        for (word, weight_word, weight, target, most) in targets {
            at_most(word, target.unwrap_or(1), most)?;
            if target == Some(0) || (self.kind == Kind::Score && weight > 0 && target.is_none()) {
                return Err(format!(
                    "policy {word}: at least 1 is needed when {weight_word} is not 0"
                ));
            }
        }
        for (word, value) in [
            ("min_attempts", self.min_attempts),
            ("min_answered", self.min_answered),
            ("min_pdd", self.min_pdd),
            ("min_mos", self.min_mos),
        ] {
            if value == 0 {
                return Err(format!("policy {word}: at least 1"));
            }
        }
        if let Some(seconds) = self.reference_seconds
            && !(1..=crate::rating::MAX_SECONDS).contains(&seconds)
        {
            return Err(format!(
                "policy reference_seconds: {seconds} is not 1 to {}",
                crate::rating::MAX_SECONDS
            ));
        }
        if self.max_seconds == Some(0) {
            return Err("policy max_seconds: at least 1".to_owned());
        }
        Ok(())
    }

    /// The offers the policy names.
    pub fn named_offers(&self) -> impl Iterator<Item = i64> + '_ {
        let lists = [&self.only_offers, &self.first_offers];
        lists.into_iter().flatten().flatten().copied()
    }

    pub fn has_floor(&self) -> bool {
        [
            self.floor_asr_ppm,
            self.floor_acd_ms,
            self.floor_ner_ppm,
            self.floor_mos_milli,
            self.ceiling_pdd_ms,
        ]
        .iter()
        .any(Option::is_some)
    }
}
