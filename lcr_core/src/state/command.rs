//! What may be told to a `Tracker`, as strict JSON (docs/state.md).

use serde::Deserialize;

use super::words::{BlockWords, CountWords, key};

/// Channels of an offer that may be told at once.
const MAX_CHANNELS: i64 = 1_000_000;
/// Calls of one `cps` command.
const MAX_CALLS: u32 = 100_000;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    EnableOffer {
        offer_id: i64,
    },
    DisableOffer {
        offer_id: i64,
    },
    Block {
        offer_id: i64,
        code: String,
    },
    Unblock {
        offer_id: i64,
        code: String,
    },
    /// Channels in use: `set` them, or `add` (negative: give back).
    Channels {
        offer_id: i64,
        #[serde(default)]
        set: Option<i64>,
        #[serde(default)]
        add: Option<i64>,
    },
    /// Calls that were sent just now.
    Cps {
        offer_id: i64,
        #[serde(default = "one")]
        calls: u32,
    },
    /// Counts to add; `code` is the longest code that matched, shorter ones are summed up here.
    Quality {
        offer_id: i64,
        code: String,
        #[serde(default)]
        attempts: u64,
        #[serde(default)]
        answered: u64,
        #[serde(default)]
        effective: u64,
        #[serde(default)]
        talk_ms: u64,
        #[serde(default)]
        pdd_ms_sum: u64,
        #[serde(default)]
        pdd_samples: u64,
        #[serde(default)]
        mos_milli_sum: u64,
        #[serde(default)]
        mos_samples: u64,
    },
    /// Forget counters and demotions of an offer, of `code` and what lies below it, or all.
    ForgetQuality {
        offer_id: i64,
        #[serde(default)]
        code: Option<String>,
    },
    /// The carrier gives us no more credit, or gives it again.
    VendorCredit {
        carrier_id: i64,
        out: bool,
    },
    CompanyCredit {
        company_id: i64,
        out: bool,
    },
    TrunkCredit {
        trunk_id: i64,
        out: bool,
    },
    Cap {
        offer_id: i64,
        reached: bool,
    },
    /// Replaces whole lists; those left out stay. What the worker sends: the same again changes nothing.
    Set {
        #[serde(default)]
        disabled_offers: Option<Vec<i64>>,
        #[serde(default)]
        blocks: Option<Vec<BlockWords>>,
        #[serde(default)]
        cap_reached: Option<Vec<i64>>,
        #[serde(default)]
        vendor_credit_out: Option<Vec<i64>>,
        #[serde(default)]
        company_credit_out: Option<Vec<i64>>,
        #[serde(default)]
        trunk_credit_out: Option<Vec<i64>>,
    },
}

fn one() -> u32 {
    1
}

/// Why a command was not carried out; nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("{0}")]
    Malformed(String),
    #[error("offer {0} is unknown in the snapshot that is served")]
    UnknownOffer(i64),
    #[error("the state holds at most {limit} {what}")]
    Full { what: &'static str, limit: usize },
}

impl CommandError {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "bad_command",
            Self::UnknownOffer(_) => "unknown_offer",
            Self::Full { .. } => "state_full",
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<serde_json::Value>),
    One(serde_json::Value),
}

impl Command {
    /// One command, or a list of them.
    pub fn parse(json: &str) -> Result<Vec<Self>, CommandError> {
        let bad = |why: String| CommandError::Malformed(why);
        let words: OneOrMany = serde_json::from_str(json).map_err(|e| bad(e.to_string()))?;
        let (values, many) = match words {
            OneOrMany::Many(values) => (values, true),
            OneOrMany::One(value) => (vec![value], false),
        };
        let mut commands = Vec::with_capacity(values.len());
        for (i, value) in values.into_iter().enumerate() {
            let command: Self = serde_json::from_value(value)
                .map_err(|e| e.to_string())
                .and_then(|c: Self| c.check().map(|()| c))
                .map_err(|why| {
                    bad(if many {
                        format!("command {i}: {why}")
                    } else {
                        why
                    })
                })?;
            commands.push(command);
        }
        Ok(commands)
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Self::Block { code, .. } | Self::Unblock { code, .. } => key(code).map(|_| ()),
            Self::ForgetQuality {
                code: Some(code), ..
            } => key(code).map(|_| ()),
            Self::Channels { set, add, .. } => match (set, add) {
                (Some(set), None) if (0..=MAX_CHANNELS).contains(set) => Ok(()),
                (None, Some(add)) if (-MAX_CHANNELS..=MAX_CHANNELS).contains(add) => Ok(()),
                (Some(_), Some(_)) | (None, None) => {
                    Err("channels: give set or add, one of them".to_owned())
                }
                _ => Err(format!("channels: not within {MAX_CHANNELS}")),
            },
            Self::Cps { calls, .. } if *calls > MAX_CALLS => {
                Err(format!("cps: calls is more than {MAX_CALLS}"))
            }
            Self::Quality { code, .. } => {
                key(code)?;
                let counts = self.counts().unwrap_or_default();
                counts.check().map_err(|why| format!("quality: {why}"))
            }
            Self::Set {
                blocks: Some(blocks),
                ..
            } => blocks.iter().try_for_each(|b| key(&b.code).map(|_| ())),
            _ => Ok(()),
        }
    }

    /// The counts of a `quality` command.
    pub fn counts(&self) -> Option<CountWords> {
        let Self::Quality {
            offer_id,
            code,
            attempts,
            answered,
            effective,
            talk_ms,
            pdd_ms_sum,
            pdd_samples,
            mos_milli_sum,
            mos_samples,
        } = self
        else {
            return None;
        };
        Some(CountWords {
            offer_id: *offer_id,
            code: code.clone(),
            attempts: *attempts,
            answered: *answered,
            effective: *effective,
            talk_ms: *talk_ms,
            pdd_ms_sum: *pdd_ms_sum,
            pdd_samples: *pdd_samples,
            mos_milli_sum: *mos_milli_sum,
            mos_samples: *mos_samples,
        })
    }

    /// The offer it speaks of; a list that is set whole may name offers that come later.
    pub fn offer_id(&self) -> Option<i64> {
        match self {
            Self::EnableOffer { offer_id }
            | Self::DisableOffer { offer_id }
            | Self::Block { offer_id, .. }
            | Self::Unblock { offer_id, .. }
            | Self::Channels { offer_id, .. }
            | Self::Cps { offer_id, .. }
            | Self::Quality { offer_id, .. }
            | Self::ForgetQuality { offer_id, .. }
            | Self::Cap { offer_id, .. } => Some(*offer_id),
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn one_command_or_a_list_is_read() {
        let one = Command::parse(r#"{"do":"block","offer_id":9,"code":"8816"}"#).unwrap();
        assert_eq!(one.len(), 1);
        let many = r#"[{"do":"disable_offer","offer_id":7},{"do":"channels","offer_id":3,"add":-1},{"do":"cps","offer_id":3},
            {"do":"set","blocks":[{"offer_id":1,"code":"44"}],"vendor_credit_out":[]}]"#;
        assert_eq!(Command::parse(many).unwrap().len(), 4);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, why) in [
            (r#"{"do":"blok","offer_id":9}"#, "unknown variant `blok`"),
            (r#"{"offer_id":9}"#, "missing field `do`"),
            (
                r#"{"do":"block","offer_id":9,"code":"4","until":1}"#,
                "unknown field `until`",
            ),
            (
                r#"{"do":"block","offer_id":9,"code":"+44"}"#,
                "code \"+44\"",
            ),
            (r#"{"do":"channels","offer_id":9}"#, "set or add"),
            (r#"{"do":"channels","offer_id":9,"set":-1}"#, "not within"),
            (
                r#"{"do":"quality","offer_id":9,"code":"44","answered":1}"#,
                "more than attempts",
            ),
            (
                r#"[{"do":"cap","offer_id":9}]"#,
                "command 0: missing field `reached`",
            ),
            ("nonsense", "expected"),
        ] {
            let got = Command::parse(json).unwrap_err();
            assert_eq!(got.code(), "bad_command");
            assert!(got.to_string().contains(why), "{got}");
        }
    }
}
