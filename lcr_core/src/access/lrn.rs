//! Where the LRN of a trunk's calls may come from. docs/decision.md, section 8.

use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LrnSource {
    /// The question says it.
    Query,
    /// The snapshot's file of ported numbers.
    File,
    /// The edge asks over HTTP.
    Dip,
}

/// The sources of a trunk; the order in which they are asked is always the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LrnSources {
    pub query: bool,
    pub file: bool,
    pub dip: bool,
}

impl Default for LrnSources {
    fn default() -> Self {
        Self {
            query: true,
            file: true,
            dip: true,
        }
    }
}

impl LrnSources {
    /// `None` = all of them.
    pub fn of(words: Option<&[LrnSource]>) -> Self {
        let Some(words) = words else {
            return Self::default();
        };
        Self {
            query: words.contains(&LrnSource::Query),
            file: words.contains(&LrnSource::File),
            dip: words.contains(&LrnSource::Dip),
        }
    }
}
