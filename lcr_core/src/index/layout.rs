//! The flat records of an index file. Plain old data, little-endian, no padding left undefined.

use bytemuck::{Pod, Zeroable};
use serde::{Deserialize, Serialize};

use crate::rating::Terms;
use crate::time;

/// `status` of a row.
pub const OPEN: u8 = 0;
pub const BLOCKED: u8 = 1;
pub const CLOSED: u8 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct ColumnId {
    pub offer_id: i64,
    pub carrier_id: i64,
    /// Number of the layer within the offer (`Meta::layers`); 0 for an offer without layers.
    pub layer: u32,
    pub spare: u32,
}

/// One timeline row, unpacked (`rows`); what rows share lies in `Term` and `Window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub column: u16,
    pub status: u8,
    /// Bits of `layers`: `WITHOUT_ORIGIN`, `HISTORY`.
    pub layer: u8,
    pub term: u32,
    pub window: u32,
    pub deck_row: i32,
}

/// Price and destination of rows of one offer; in the file as `Price` and `Scheme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Term {
    pub rate_nanos: i64,
    pub destination: u32,
    pub scheme: Scheme,
}

/// How a price is charged; a deck has few of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct Scheme {
    /// −1 = the same as `rate_nanos`.
    pub first_rate_nanos: i64,
    pub connect_fee_nanos: i64,
    pub initial_increment: u32,
    pub next_increment: u32,
    pub free_seconds: u32,
    pub currency: u16,
    pub spare: u16,
}

/// A term in the file: 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Price {
    pub rate_nanos: i64,
    pub destination: u32,
    /// Counts within the file.
    pub scheme: u32,
}

impl Term {
    pub fn terms(&self) -> Terms {
        Terms {
            rate_nanos: self.rate_nanos,
            first_rate_nanos: (self.scheme.first_rate_nanos >= 0)
                .then_some(self.scheme.first_rate_nanos),
            connect_fee_nanos: self.scheme.connect_fee_nanos,
            initial_increment: self.scheme.initial_increment,
            next_increment: self.scheme.next_increment,
            free_seconds: self.scheme.free_seconds,
        }
    }
}

/// Validity of rows, with the deck that brought them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct Window {
    pub from_us: i64,
    /// `time::NEVER` = open end.
    pub until_us: i64,
    pub received_us: i64,
    pub deck_id: i64,
    /// The interval of the row as the deck has it; a layer may hold only a part of it.
    pub row_from_us: i64,
    pub row_until_us: i64,
}

impl Window {
    pub fn holds(&self, at: i64) -> bool {
        time::within(at, self.from_us, self.until_us)
    }

    /// The first of its two ends after `at`.
    pub fn next_change(&self, at: i64) -> i64 {
        if self.from_us > at {
            self.from_us
        } else if self.until_us > at {
            self.until_us
        } else {
            time::NEVER
        }
    }
}

/// A comparable, 128 bits in two words (low, high).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Cost {
    pub low: u64,
    pub high: u64,
}

impl Cost {
    pub fn new(value: u128) -> Self {
        Self {
            low: value as u64,
            high: (value >> 64) as u64,
        }
    }
    pub fn get(&self) -> u128 {
        u128::from(self.high) << 64 | u128::from(self.low)
    }
}

/// One code of the union, everything a look-up needs of it: 32 bytes, two to a cache line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Code {
    /// The digits, as `DigitKey` holds them.
    pub key: u64,
    /// The next shorter code of the union that is a prefix; `NONE` = none.
    pub parent: u32,
    /// First line of its top list.
    pub top: u32,
    /// First word of its own entries; `NONE` = no row of exactly this code is valid at the epoch.
    pub delta: u32,
    /// Number of the instant at which a row of this or a shorter code next begins or ends; `NONE` = never.
    pub change: u32,
    /// Its first row; they end where those of the next code begin.
    pub row_start: u32,
    /// The same as `change` of rows of exactly this code.
    pub own_change: u32,
}

/// A cache line of a top list: the first word of a list is its header (length, and `TRUNCATED`), the rest candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Line(pub [u64; 8]);

/// Candidates a top list holds at most: with its header four cache lines.
pub const TOP: usize = 31;
/// Bit of a top list's header: the complete list is longer.
pub const TRUNCATED: u64 = 1 << 8;

/// Ten digits and "the number ends here"; a slot is 0, code + 1, or a node with the high bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct LpmNode {
    pub slots: [u32; 11],
}

/// Figures of the whole index, stored as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    pub epoch_from_us: i64,
    /// `None` = no change ahead.
    pub epoch_until_us: Option<i64>,
    pub reference_seconds: u32,
    pub base_currency: String,
    /// Nanos of the base currency for one unit.
    pub fx: std::collections::BTreeMap<String, u64>,
    pub currencies: Vec<String>,
    /// How the rows are packed.
    pub rows: super::rows::Shape,
    /// Offers with origin groups or jurisdictions, by first column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<crate::layers::OfferLayers>,
    /// Set in a patch: what it is laid over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<Patch>,
}

/// A patch holds the new rates of a few offers and goes with the complete index it was made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Index file below the same directory.
    pub base: String,
    /// Offers whose columns in the base no longer count.
    pub replaced: Vec<i64>,
}

impl Meta {
    /// Do the pre-sorted lists hold at `at`?
    pub fn in_epoch(&self, at: i64) -> bool {
        time::within(
            at,
            self.epoch_from_us,
            self.epoch_until_us.unwrap_or(time::NEVER),
        )
    }
}
