//! What `POST /v1/control/sip` and `POST /v1/calls` say (docs/test-calls.md), word for word.
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    pub ticket_id: i64,
    pub code: String,
    #[serde(default)]
    pub company_id: Option<i64>,
    pub trunk_id: i64,
    pub offer_id: i64,
    #[serde(default)]
    pub codes: Vec<String>,
    #[serde(default)]
    pub from_us: Option<i64>,
    #[serde(default)]
    pub until_us: Option<i64>,
    #[serde(default)]
    pub max_calls: Option<u64>,
    #[serde(default)]
    pub max_concurrent: Option<u64>,
    #[serde(default)]
    pub max_seconds: Option<u64>,
    #[serde(default)]
    pub total_seconds: Option<u64>,
    #[serde(default)]
    pub max_rate_nanos: Option<u64>,
    #[serde(default)]
    pub spend_nanos: Option<u64>,
    #[serde(default)]
    pub record: bool,
    #[serde(default)]
    pub pcap: bool,
    /// Both or none: the buyer's switch must prove them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// What a company has left until an instant.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Company {
    pub company_id: i64,
    #[serde(default)]
    pub until_us: Option<i64>,
    #[serde(default)]
    pub calls: Option<u64>,
    #[serde(default)]
    pub seconds: Option<u64>,
    #[serde(default)]
    pub spend_nanos: Option<u64>,
}

fn ring_ms() -> u64 {
    2000
}
fn talk_seconds() -> u64 {
    30
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnNumber {
    pub number: String,
    pub country: String,
    #[serde(default)]
    pub national_prefix: String,
    #[serde(default)]
    pub international_prefix: String,
    #[serde(default = "ring_ms")]
    pub ring_ms: u64,
    #[serde(default = "talk_seconds")]
    pub talk_seconds: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    pub offer_id: i64,
    pub every_s: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    pub offer_id: i64,
    pub username: String,
    pub password: String,
}

/// Lists that are named replace those told before.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lists {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tickets: Option<Vec<Ticket>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub companies: Option<Vec<Company>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_numbers: Option<Vec<OwnNumber>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Vec<Health>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Vec<Credential>>,
}

const LISTED: usize = 10_000;

fn digits(text: &str, low: usize, high: usize) -> bool {
    (low..=high).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

impl Lists {
    /// What is wrong with them: which entry, which field.
    pub fn check(&self) -> Result<(), String> {
        let mut codes = std::collections::HashSet::new();
        let mut ids = std::collections::HashSet::new();
        for (at, t) in self.tickets.iter().flatten().enumerate() {
            let of = |why: &str| Err(format!("tickets[{at}]: {why}"));
            if !digits(&t.code, 4, 12) {
                return of("code is not 4 to 12 digits");
            }
            if !codes.insert(&t.code) || !ids.insert(t.ticket_id) {
                return of("code or ticket_id stands there twice");
            }
            if t.username.is_some() != t.password.is_some() {
                return of("username and password go together");
            }
            if !t.codes.iter().all(|c| digits(c, 1, 15)) {
                return of("codes are 1 to 15 digits each");
            }
        }
        for (at, n) in self.own_numbers.iter().flatten().enumerate() {
            if !digits(&n.number, 4, 15) || !n.number.starts_with(&n.country) {
                return Err(format!(
                    "own_numbers[{at}]: number is not 4 to 15 digits that begin with country"
                ));
            }
            if n.ring_ms > 60_000 || !(1..=3600).contains(&n.talk_seconds) {
                return Err(format!(
                    "own_numbers[{at}]: ring_ms is at most 60000, talk_seconds 1 to 3600"
                ));
            }
        }
        for (at, h) in self.health.iter().flatten().enumerate() {
            if !(5..=3600).contains(&h.every_s) {
                return Err(format!("health[{at}]: every_s is 5 to 3600"));
            }
        }
        let lengths = [
            self.tickets.as_ref().map_or(0, Vec::len),
            self.companies.as_ref().map_or(0, Vec::len),
            self.own_numbers.as_ref().map_or(0, Vec::len),
            self.health.as_ref().map_or(0, Vec::len),
            self.credentials.as_ref().map_or(0, Vec::len),
        ];
        if lengths.iter().any(|l| *l > LISTED) {
            return Err(format!("a list holds at most {LISTED} entries"));
        }
        Ok(())
    }
}

fn max_seconds() -> u64 {
    15
}
fn ring_seconds() -> u64 {
    60
}
fn yes() -> bool {
    true
}

/// An order of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub call: String,
    pub number: String,
    pub offer_id: i64,
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub withhold: bool,
    #[serde(default)]
    pub ticket_id: Option<i64>,
    #[serde(default)]
    pub company_id: Option<i64>,
    #[serde(default = "max_seconds")]
    pub max_seconds: u64,
    #[serde(default = "ring_seconds")]
    pub ring_seconds: u64,
    #[serde(default = "yes")]
    pub marker: bool,
    #[serde(default)]
    pub keys: Option<String>,
    #[serde(default = "yes")]
    pub record: bool,
    #[serde(default = "yes")]
    pub pcap: bool,
    #[serde(default = "yes")]
    pub sign: bool,
}

impl Order {
    pub fn check(&self) -> Result<(), &'static str> {
        let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if !(1..=64).contains(&self.call.len()) || !self.call.bytes().all(name) {
            return Err("call is not 1 to 64 letters, digits, dashes and underscores");
        }
        if !digits(&self.number, 1, 15) {
            return Err("number is not 1 to 15 digits");
        }
        if self.from.as_deref().is_some_and(|f| !digits(f, 1, 15)) {
            return Err("from is not 1 to 15 digits");
        }
        if self.withhold && self.from.is_none() {
            return Err("withhold needs a number in from");
        }
        if !(1..=3600).contains(&self.max_seconds) {
            return Err("max_seconds is not 1 to 3600");
        }
        if !(1..=180).contains(&self.ring_seconds) {
            return Err("ring_seconds is not 1 to 180");
        }
        let key = |b: u8| b.is_ascii_digit() || matches!(b, b'*' | b'#' | b'A'..=b'D');
        if self
            .keys
            .as_deref()
            .is_some_and(|k| k.len() > 32 || !k.bytes().all(key))
        {
            return Err("keys are at most 32 of 0-9, *, #, A-D");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_checked_field_by_field() {
        let order = |json: &str| serde_json::from_str::<Order>(json).unwrap();
        let good = order(r#"{"call":"a-1","number":"442079460123","offer_id":7}"#);
        assert_eq!(
            (good.check(), good.max_seconds, good.marker),
            (Ok(()), 15, true)
        );
        for (json, word) in [
            (r#"{"call":"a/1","number":"44","offer_id":7}"#, "call"),
            (r#"{"call":"a","number":"+44","offer_id":7}"#, "number"),
            (
                r#"{"call":"a","number":"44","offer_id":7,"withhold":true}"#,
                "withhold",
            ),
            (
                r#"{"call":"a","number":"44","offer_id":7,"max_seconds":0}"#,
                "max_seconds",
            ),
            (
                r#"{"call":"a","number":"44","offer_id":7,"keys":"x"}"#,
                "keys",
            ),
        ] {
            assert!(order(json).check().unwrap_err().contains(word), "{json}");
        }
        assert!(
            serde_json::from_str::<Order>(r#"{"call":"a","number":"1","offer_id":1,"host":"x"}"#)
                .is_err()
        );
    }

    #[test]
    fn lists_say_which_entry_is_wrong() {
        let lists = |json: &str| serde_json::from_str::<Lists>(json).unwrap().check();
        let ticket = r#"{"ticket_id":1,"code":"8312","trunk_id":1,"offer_id":1}"#;
        assert_eq!(lists(&format!(r#"{{"tickets":[{ticket}]}}"#)), Ok(()));
        let twice = lists(&format!(r#"{{"tickets":[{ticket},{ticket}]}}"#)).unwrap_err();
        assert!(twice.contains("tickets[1]"), "{twice}");
        let half = ticket.replace('}', r#","username":"buyer"}"#);
        let half = lists(&format!(r#"{{"tickets":[{half}]}}"#)).unwrap_err();
        assert!(half.contains("password"), "{half}");
        let own = r#"{"own_numbers":[{"number":"442079","country":"33"}]}"#;
        assert!(lists(own).unwrap_err().contains("own_numbers[0]"));
    }
}
