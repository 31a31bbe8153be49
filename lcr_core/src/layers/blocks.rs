//! Number blocks of North America in a mapped file: NPA, NPA-NXX or thousand-block to country, state, rate centre, company
//! and LATA; and which rate centres are local to each other.

mod build;

use std::path::Path;

pub use build::{Block, BlocksFacts, Built, Pair, build};

use bytemuck::{Pod, Zeroable};
use serde::{Deserialize, Serialize};

use super::files;
use super::jurisdiction::{country_of_state, npa_nxx};
use crate::error::SnapshotError;
use crate::index::container::{Container, Span};
use crate::number::DigitKey;

/// A slot without a block.
const EMPTY: u32 = 0;
/// Bit of a slot that names ten thousand-blocks.
const THOUSANDS: u32 = 0x8000_0000;
/// NPA and NXX begin with 2–9.
const SLOTS: usize = 800 * 800;
/// No rate centre.
const NO_CENTRE: u32 = 0;

/// Where a block is; what is not known is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(C)]
pub struct Place {
    pub country: [u8; 2],
    pub state: [u8; 2],
    /// Number of the rate centre's name + 1.
    pub centre: u32,
    /// Four characters.
    pub ocn: [u8; 4],
    pub lata: u32,
}

impl Place {
    /// In a US state, DC or a Canadian province: a side that counts as known.
    pub fn is_state(&self) -> bool {
        let country = std::str::from_utf8(&self.state)
            .ok()
            .and_then(country_of_state);
        country.is_some_and(|c| c.as_bytes() == self.country)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlocksMeta {
    pub kind: String,
    pub blocks: usize,
}

const KIND: &str = "number_blocks";

fn slot_of(npa: usize, nxx: usize) -> Option<usize> {
    Some(npa.checked_sub(200)? * 800 + nxx.checked_sub(200)?).filter(|s| *s < SLOTS)
}

fn pack_pair(a: u32, b: u32) -> u64 {
    u64::from(a.min(b)) << 32 | u64::from(a.max(b))
}

/// An opened file.
pub struct Blocks {
    container: Container,
    pub meta: BlocksMeta,
    slots: Span<u32>,
    thousands: Span<u32>,
    places: Span<Place>,
    name_starts: Span<u32>,
    names: Span<u8>,
    local: Span<u64>,
}

impl Blocks {
    pub fn open(path: &Path) -> Result<Self, SnapshotError> {
        Self::from_container(Container::open(path)?)
    }

    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self, SnapshotError> {
        Self::from_container(Container::from_bytes(bytes, file)?)
    }

    fn from_container(container: Container) -> Result<Self, SnapshotError> {
        let meta: BlocksMeta = files::meta(
            &container,
            |meta: &BlocksMeta| meta.kind == KIND,
            "not a file of number blocks",
        )?;
        let blocks = Self {
            slots: container.section("slots")?,
            thousands: container.section("thousands")?,
            places: container.section("places")?,
            name_starts: container.section("name_starts")?,
            names: container.section("names")?,
            local: container.section("local")?,
            meta,
            container,
        };
        match blocks.problem() {
            Some((section, why)) => Err(files::damaged(&blocks.container, section, why)),
            None => Ok(blocks),
        }
    }

    /// What would let a look-up leave its arrays.
    fn problem(&self) -> Option<(&'static str, &'static str)> {
        let (slots, thousands) = (self.slots(), self.thousands());
        let places = self.places().len();
        let place_fits = |&id: &u32| id as usize <= places;
        let slot_fits = |slot: &u32| {
            if slot & THOUSANDS == 0 {
                place_fits(slot)
            } else {
                ((slot & !THOUSANDS) as usize + 1) * 10 <= thousands.len()
            }
        };
        let starts: &[u32] = self.container.slice(&self.name_starts);
        let names: &[u8] = self.container.slice(&self.names);
        let texts = starts.windows(2).all(|w| {
            names
                .get(w[0] as usize..w[1] as usize)
                .is_some_and(|n| std::str::from_utf8(n).is_ok())
        });
        if slots.len() != SLOTS || !slots.iter().all(slot_fits) {
            Some(("slots", "a slot points outside"))
        } else if !thousands.iter().all(place_fits) {
            Some(("thousands", "a block points outside"))
        } else if starts.is_empty()
            || starts.last().map(|&s| s as usize) != Some(names.len())
            || !texts
        {
            Some(("name_starts", "does not span the names"))
        } else if self
            .places()
            .iter()
            .any(|p| p.centre as usize >= starts.len())
        {
            Some(("places", "a rate centre points outside"))
        } else {
            None
        }
    }

    fn slots(&self) -> &[u32] {
        self.container.slice(&self.slots)
    }
    fn thousands(&self) -> &[u32] {
        self.container.slice(&self.thousands)
    }
    fn places(&self) -> &[Place] {
        self.container.slice(&self.places)
    }

    /// The place of the longest block of a number of eleven digits.
    pub fn place(&self, number: DigitKey) -> Option<&Place> {
        let (npa, nxx) = npa_nxx(number)?;
        let slot = *self.slots().get(slot_of(npa, nxx)?)?;
        let id = if slot & THOUSANDS == 0 {
            slot
        } else {
            let ten = (slot & !THOUSANDS) as usize * 10;
            *self.thousands().get(ten + number.digit(7))?
        };
        self.places().get((id as usize).checked_sub(1)?)
    }

    /// Both rate centres known, and the same or a pair.
    pub fn is_local(&self, a: &Place, b: &Place) -> bool {
        if a.centre == NO_CENTRE || b.centre == NO_CENTRE {
            return false;
        }
        let pairs: &[u64] = self.container.slice(&self.local);
        a.centre == b.centre || pairs.binary_search(&pack_pair(a.centre, b.centre)).is_ok()
    }

    pub fn rate_centre(&self, place: &Place) -> &str {
        let starts: &[u32] = self.container.slice(&self.name_starts);
        let names: &[u8] = self.container.slice(&self.names);
        let at = (place.centre as usize).checked_sub(1);
        at.and_then(|at| Some(*starts.get(at)? as usize..*starts.get(at + 1)? as usize))
            .and_then(|range| names.get(range))
            .and_then(|name| std::str::from_utf8(name).ok())
            .unwrap_or("")
    }

    /// Every block as `1NPANXX` or `1NPANXXX` with its place, sorted by code.
    pub fn all(&self) -> impl Iterator<Item = (String, &Place)> + '_ {
        let of = |id: u32| self.places().get((id as usize).checked_sub(1)?);
        self.slots()
            .iter()
            .enumerate()
            .flat_map(move |(at, &slot)| {
                let code = format!("1{}{}", at / 800 + 200, at % 800 + 200);
                let whole = of(slot & !THOUSANDS).filter(|_| slot & THOUSANDS == 0);
                let ten = (slot & !THOUSANDS) as usize * 10;
                let count = if slot & THOUSANDS == 0 { 0 } else { 10 };
                let parts: Vec<(String, &Place)> = (0..count)
                    .filter_map(|i| {
                        Some((format!("{code}{i}"), of(*self.thousands().get(ten + i)?)?))
                    })
                    .collect();
                whole.map(|p| (code, p)).into_iter().chain(parts)
            })
    }
}
