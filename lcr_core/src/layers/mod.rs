//! Prices that depend on where a call comes from (docs/decision.md 8): origin groups and jurisdictions.
//!
//! Build: `rules` (checked words of an offer) and `flatten` (one index column for each choice that differs, rows resolved
//! and split in time, so that a column is an ordinary timeline). Decision: `table` (which columns a choice means, as bits),
//! `origin` (A-number to group), `jurisdiction` (states of both sides), `pick` (the columns of one call).
//! Files of a user's own: `blocks` (number blocks of North America), `lrn` (ported numbers).

pub mod blocks;
mod files;
pub mod find;
pub mod flatten;
pub mod jurisdiction;
pub mod lrn;
pub mod origin;
pub mod pick;
pub mod rules;
mod segments;
pub mod table;

use serde::{Deserialize, Serialize};

use rules::Rules;

/// Bit of a row's `layer`: the offer's row has no origin (so the surcharge of the choice is in its rates).
pub const WITHOUT_ORIGIN: u8 = 1;
/// Bit of a row's `layer`: never a match; says only when a row of the offer begins and ends.
pub const HISTORY: u8 = 2;

/// Where a call of North America begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Jurisdiction {
    Interstate,
    Intrastate,
    Indeterminate,
    Local,
}

impl Jurisdiction {
    pub const ALL: [Self; 4] = [
        Self::Interstate,
        Self::Intrastate,
        Self::Indeterminate,
        Self::Local,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interstate => "interstate",
            Self::Intrastate => "intrastate",
            Self::Indeterminate => "indeterminate",
            Self::Local => "local",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|j| j.as_str() == text)
    }

    /// Place in tables of four.
    pub fn place(self) -> usize {
        self as usize
    }
}

/// What an index knows of one offer with layers; kept in its meta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfferLayers {
    pub offer_id: i64,
    /// The index's column that is layer 0 of this offer; the others follow it.
    pub first_column: u16,
    pub rules: Rules,
    /// The deck has prices for jurisdictions.
    pub jurisdictions: bool,
    /// Layer for each origin choice (groups in the order of the rules, "no group" last) and jurisdiction.
    pub layers: Vec<[u16; 4]>,
    /// Layers of history rows: without origin, then of each group.
    pub history: Vec<Option<u16>>,
}
