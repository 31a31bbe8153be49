//! access.json word for word (docs/decision.md 4, 5, 8). Unknown fields are errors that name themselves.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::policy::PolicyWords;

fn yes() -> bool {
    true
}
fn one_digit() -> u8 {
    1
}
fn all_digits() -> u8 {
    15
}
fn default_priority() -> i32 {
    100
}
fn default_transport() -> String {
    "udp".to_owned()
}
fn default_timeout_ms() -> u32 {
    6000
}
fn default_reference_seconds() -> u32 {
    180
}
fn default_max_seconds() -> u32 {
    3600
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessWords {
    pub base_currency: String,
    pub fx: BTreeMap<String, String>,
    #[serde(default = "default_reference_seconds")]
    pub reference_seconds: u32,
    #[serde(default = "default_max_seconds")]
    pub max_seconds: u32,
    #[serde(default)]
    pub closed_codes: Vec<String>,
    #[serde(default)]
    pub offers: Vec<OfferWords>,
    #[serde(default)]
    pub trunks: Vec<TrunkWords>,
    #[serde(default)]
    pub keys: Vec<KeyWords>,
    #[serde(default)]
    pub cards: Vec<CardWords>,
    #[serde(default)]
    pub quality: Vec<QualityWords>,
    #[serde(default)]
    pub durations: Vec<DurationWords>,
    /// File of number blocks of North America.
    #[serde(default)]
    pub nanp: Option<String>,
    /// File of ported numbers.
    #[serde(default)]
    pub lrn: Option<String>,
}

/// How long calls to a code really last: seconds and weights in thousandths.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DurationWords {
    pub code: String,
    pub mix: Vec<(u32, u32)>,
}

/// offer_id, code, attempts, answered, effective, talk_ms, pdd_ms_sum, pdd_samples, mos_milli_sum, mos_samples
pub type QualityWords = (i64, String, u64, u64, u64, u64, u64, u64, u64, u64);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferWords {
    pub offer_id: i64,
    pub carrier_id: i64,
    pub vendor: String,
    pub product: String,
    #[serde(default)]
    pub class: String,
    #[serde(default = "default_priority")]
    pub priority: i32,
    #[serde(default = "yes")]
    pub enabled: bool,
    #[serde(default)]
    pub public: bool,
    #[serde(default)]
    pub uri_host: Option<String>,
    #[serde(default)]
    pub uri_port: Option<u16>,
    #[serde(default)]
    pub uri_user_prefix: String,
    #[serde(default = "default_transport")]
    pub transport: String,
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u32,
    #[serde(default)]
    pub lrn_rated: bool,
    /// Share of the calls under policy `percentage`.
    #[serde(default)]
    pub weight: u32,
    #[serde(default = "yes")]
    pub keeps_cli: bool,
    #[serde(default)]
    pub keeps_identity: bool,
    #[serde(default = "one_digit")]
    pub min_digits: u8,
    #[serde(default = "all_digits")]
    pub max_digits: u8,
    #[serde(default)]
    pub schedule: Option<ScheduleWords>,
    #[serde(default)]
    pub max_channels: Option<u32>,
    #[serde(default)]
    pub max_cps: Option<u32>,
    /// To the first reply of any kind, and to ringing.
    #[serde(default)]
    pub no_reply_ms: Option<u32>,
    #[serde(default)]
    pub ringing_ms: Option<u32>,
    /// SIP codes that stop the hunt, and those that go on; `None` = the default table.
    #[serde(default)]
    pub hunt_stop: Option<Vec<u16>>,
    #[serde(default)]
    pub hunt_next: Option<Vec<u16>>,
}

/// How a customer wants its calls hunted, in place of what a product says; the rest stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HuntWords {
    #[serde(default)]
    pub timeout_ms: Option<u32>,
    #[serde(default)]
    pub no_reply_ms: Option<u32>,
    #[serde(default)]
    pub ringing_ms: Option<u32>,
    #[serde(default)]
    pub hunt_stop: Option<Vec<u16>>,
    #[serde(default)]
    pub hunt_next: Option<Vec<u16>>,
}

/// Local wall-clock intervals of the week, `["mon 08:00", "mon 18:00"]`, half-open; they may wrap.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleWords {
    pub zone: String,
    pub open: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrunkWords {
    pub trunk_id: i64,
    pub company_id: i64,
    pub name: String,
    #[serde(default)]
    pub source_ips: Vec<String>,
    #[serde(default)]
    pub tech_prefix: Option<String>,
    #[serde(default)]
    pub policy: PolicyWords,
    #[serde(default)]
    pub normalise: Option<crate::number::normalise::Words>,
    #[serde(default)]
    pub lrn_sources: Option<Vec<super::lrn::LrnSource>>,
    #[serde(default)]
    pub rate_card_id: Option<i64>,
    #[serde(default)]
    pub blocked_codes: Vec<String>,
    #[serde(default)]
    pub opened_codes: Vec<String>,
    #[serde(default)]
    pub never_carriers: Vec<i64>,
    #[serde(default)]
    pub grants: Vec<GrantWords>,
    #[serde(default)]
    pub max_routes: Option<u32>,
    #[serde(default)]
    pub hunt: Option<HuntWords>,
    #[serde(default = "yes")]
    pub enabled: bool,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantWords {
    pub offer_id: i64,
    #[serde(default)]
    pub from_us: Option<i64>,
    #[serde(default)]
    pub until_us: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyWords {
    pub key_id: i64,
    pub sha256: String,
    #[serde(default)]
    pub trunk_id: Option<i64>,
    #[serde(default)]
    pub company_id: Option<i64>,
    #[serde(default)]
    pub scopes: Vec<String>,
    #[serde(default)]
    pub networks: Vec<String>,
    #[serde(default)]
    pub expires_at_us: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardWords {
    pub card_id: i64,
    pub index: String,
}
