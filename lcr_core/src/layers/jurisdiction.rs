//! Is a call inter- or intrastate? Decided by the number blocks of both sides (docs/decision.md 8).

use super::Jurisdiction;
use super::blocks::{Blocks, Place};
use crate::number::DigitKey;

const TOLL_FREE: [&str; 7] = ["800", "822", "833", "844", "855", "866", "877"];
const STATES: [&str; 51] = [
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS",
    "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY",
    "NC", "ND", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV",
    "WI", "WY", "DC",
];
const PROVINCES: [&str; 13] = [
    "AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT",
];

/// The country whose state or province this is; `None` for territories and everything else.
pub fn country_of_state(state: &str) -> Option<&'static str> {
    if STATES.contains(&state) {
        Some("US")
    } else if PROVINCES.contains(&state) {
        Some("CA")
    } else {
        None
    }
}

/// A number's block key: NPA and NXX as digits; `None` unless it is 1 + NPA + NXX + 4 digits (N 2–9).
pub fn npa_nxx(number: DigitKey) -> Option<(usize, usize)> {
    let three = |at: usize| (0..3).fold(0, |sum, i| sum * 10 + number.digit(at + i));
    let fits =
        number.len() == 11 && number.digit(0) == 1 && number.digit(1) >= 2 && number.digit(4) >= 2;
    fits.then(|| (three(1), three(4)))
}

fn is_toll_free(npa: usize) -> bool {
    TOLL_FREE.iter().any(|t| t.parse() == Ok(npa)) || npa == 888
}

/// What decided: the choice, and where both sides are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sides {
    pub is: Jurisdiction,
    pub a_state: Option<[u8; 2]>,
    pub b_state: Option<[u8; 2]>,
}

impl Sides {
    pub const UNKNOWN: Self = Self {
        is: Jurisdiction::Indeterminate,
        a_state: None,
        b_state: None,
    };
}

/// Where one side is, when it is known.
fn side(blocks: Option<&Blocks>, number: Option<DigitKey>) -> Option<&Place> {
    let number = number?;
    let (npa, _) = npa_nxx(number).filter(|(npa, _)| !is_toll_free(*npa))?;
    debug_assert!(npa >= 200);
    blocks?.place(number).filter(|p| p.is_state())
}

pub fn sides(blocks: Option<&Blocks>, a: Option<DigitKey>, b: DigitKey) -> Sides {
    let (from, to) = (side(blocks, a), side(blocks, Some(b)));
    let is = match (blocks, from, to) {
        (Some(blocks), Some(from), Some(to)) => {
            if (from.country, from.state) != (to.country, to.state) {
                Jurisdiction::Interstate
            } else if blocks.is_local(from, to) {
                Jurisdiction::Local
            } else {
                Jurisdiction::Intrastate
            }
        }
        _ => Jurisdiction::Indeterminate,
    };
    Sides {
        is,
        a_state: from.map(|p| p.state),
        b_state: to.map(|p| p.state),
    }
}
