//! The rules of an offer as `build_index` is given them, checked once.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::money::MAX_RATE_NANOS;
use crate::number::DigitKey;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    #[serde(default)]
    pub origin: Option<OriginRules>,
    #[serde(default)]
    pub jurisdiction: Option<JurisdictionRules>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OriginRules {
    #[serde(default)]
    pub reading: Reading,
    #[serde(default)]
    pub groups: Vec<Group>,
    #[serde(default)]
    pub rest_group: Option<String>,
    #[serde(default)]
    pub invalid_group: Option<String>,
    #[serde(default)]
    pub surcharges: Vec<Surcharge>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The group's rows where they cover the number, else those without origin.
    #[default]
    OriginFirst,
    /// The longest code of both; at one code the group's.
    CodeFirst,
}

impl Reading {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OriginFirst => "origin_first",
            Self::CodeFirst => "code_first",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub name: String,
    #[serde(default)]
    pub prefixes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Surcharge {
    pub group: String,
    /// A minute, in the currency of the row it makes dearer.
    pub nanos: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JurisdictionRules {
    #[serde(default)]
    pub ij_fallback: IjFallback,
}

/// What an indeterminate call costs where the deck has no such row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IjFallback {
    #[default]
    Max,
    Intrastate,
    Interstate,
}

const MAX_GROUPS: usize = 1000;
const MAX_NAME: usize = 100;

impl Rules {
    /// The word and what is wrong with it.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        self.origin.as_ref().map_or(Ok(()), OriginRules::check)
    }

    pub fn ij_fallback(&self) -> IjFallback {
        self.jurisdiction.unwrap_or_default().ij_fallback
    }

    /// Origin choices: the groups and "no group".
    pub fn choices(&self) -> usize {
        self.origin.as_ref().map_or(1, |o| o.groups.len() + 1)
    }
}

impl OriginRules {
    /// Place of a group by its name.
    pub fn group(&self, name: &str) -> Option<usize> {
        self.groups.iter().position(|g| g.name == name)
    }

    /// Nanos a minute of a group (by place) on rows without origin.
    pub fn surcharge(&self, group: usize) -> Option<i64> {
        let name = &self.groups.get(group)?.name;
        let found = self.surcharges.iter().find(|s| s.group == *name)?;
        Some(found.nanos)
    }

    fn check(&self) -> Result<(), (&'static str, String)> {
        if self.groups.len() > MAX_GROUPS {
            let why = format!("{} groups, at most {MAX_GROUPS}", self.groups.len());
            return Err(("groups", why));
        }
        let (mut names, mut prefixes) = (HashSet::new(), HashSet::new());
        for group in &self.groups {
            if group.name.is_empty() || group.name.len() > MAX_NAME {
                let why = format!("{:?} is not a name of 1 to {MAX_NAME} bytes", group.name);
                return Err(("groups", why));
            }
            if !names.insert(group.name.as_str()) {
                return Err(("groups", format!("{:?} is named twice", group.name)));
            }
            for prefix in &group.prefixes {
                if DigitKey::from_digits(prefix).is_none() {
                    let shown: String = prefix.chars().take(40).collect();
                    let why = format!("{shown:?} of {:?} is not 1 to 15 digits", group.name);
                    return Err(("prefixes", why));
                }
                if !prefixes.insert(prefix.as_str()) {
                    return Err(("prefixes", format!("{prefix} stands in two places")));
                }
            }
        }
        let known = |word: &'static str, name: &Option<String>| match name {
            Some(name) if !names.contains(name.as_str()) => {
                Err((word, format!("{name:?} is not one of the groups")))
            }
            _ => Ok(()),
        };
        known("rest_group", &self.rest_group)?;
        known("invalid_group", &self.invalid_group)?;
        let mut surcharged = HashSet::new();
        for surcharge in &self.surcharges {
            known("surcharges", &Some(surcharge.group.clone()))?;
            if !surcharged.insert(surcharge.group.as_str()) {
                let why = format!("{:?} is named twice", surcharge.group);
                return Err(("surcharges", why));
            }
            if !(0..=MAX_RATE_NANOS).contains(&surcharge.nanos) {
                let why = format!("{} is not within 0 and 10^15 nanos", surcharge.nanos);
                return Err(("surcharges", why));
            }
        }
        Ok(())
    }
}
