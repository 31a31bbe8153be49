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
}

/// One timeline row: 16 bytes; what rows share lies in `Term` and `Window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Row {
    pub column: u16,
    pub status: u8,
    pub spare: u8,
    pub term: u32,
    pub window: u32,
    pub deck_row: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct Term {
    pub rate_nanos: i64,
    /// −1 = the same as `rate_nanos`.
    pub first_rate_nanos: i64,
    pub connect_fee_nanos: i64,
    pub initial_increment: u32,
    pub next_increment: u32,
    pub free_seconds: u32,
    pub destination: u32,
    pub currency: u16,
    pub spare: [u16; 3],
}

impl Term {
    pub fn terms(&self) -> Terms {
        Terms {
            rate_nanos: self.rate_nanos,
            first_rate_nanos: (self.first_rate_nanos >= 0).then_some(self.first_rate_nanos),
            connect_fee_nanos: self.connect_fee_nanos,
            initial_increment: self.initial_increment,
            next_increment: self.next_increment,
            free_seconds: self.free_seconds,
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
