//! Number blocks of North America in a mapped file: NPA, NPA-NXX or thousand-block to country, state, rate centre, company
//! and LATA; and which rate centres are local to each other.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use bytemuck::{Pod, Zeroable};
use serde::{Deserialize, Serialize};

use super::jurisdiction::{country_of_state, npa_nxx};
use crate::error::{BuildError, SnapshotError};
use crate::index::container::{Container, Section, Span};
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

/// One line of the source: digits of NPA, NPA-NXX or NPA-NXX-X, a leading 1 allowed.
#[derive(Debug, Clone, Default)]
pub struct Block {
    pub code: String,
    pub country: String,
    pub state: String,
    pub rate_centre: String,
    pub ocn: String,
    pub lata: u32,
}

/// Two rate centres of one state between which calls are local.
#[derive(Debug, Clone)]
pub struct Pair {
    pub state: String,
    pub a: String,
    pub b: String,
}

/// What went into a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlocksFacts {
    pub blocks: usize,
    pub pairs: usize,
}

pub struct Built {
    pub sections: Vec<Section>,
    pub facts: BlocksFacts,
}

/// Checks and packs blocks; the message names the line (from 0) and what is wrong with it.
pub fn build(blocks: &[Block], pairs: &[Pair]) -> Result<Built, BuildError> {
    let mut names: Vec<String> = Vec::new();
    let mut centres: BTreeMap<(String, String), u32> = BTreeMap::new();
    let mut places: Vec<Place> = Vec::new();
    let mut place_ids: HashMap<Place, u32> = HashMap::new();
    let mut by_code: BTreeMap<String, u32> = BTreeMap::new();
    for (line, block) in blocks.iter().enumerate() {
        let bad = |what: String| BuildError::Config(format!("block {line}: {what}"));
        let code = normal_code(&block.code).ok_or_else(|| {
            let shown: String = block.code.chars().take(40).collect();
            bad(format!("{shown:?} is not NPA, NPA-NXX or a thousand-block"))
        })?;
        let two = |word: &str, text: &str| match *text.as_bytes() {
            [] => Ok([0; 2]),
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok([a, b]),
            _ => Err(bad(format!("{word} {:?} is not two letters", cut(text)))),
        };
        let state = two("state", &block.state)?;
        let mut country = two("country", &block.country)?;
        if country == [0; 2] {
            country = country_of_state(&block.state)
                .map_or([0; 2], |c| [c.as_bytes()[0], c.as_bytes()[1]]);
        }
        let mut ocn = [0u8; 4];
        if !block.ocn.is_empty() {
            if block.ocn.len() > 4 || !block.ocn.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(bad(format!(
                    "ocn {:?} is not 1 to 4 characters",
                    cut(&block.ocn)
                )));
            }
            ocn[..block.ocn.len()].copy_from_slice(block.ocn.as_bytes());
        }
        let centre = centre_id(&mut centres, &mut names, &block.state, &block.rate_centre);
        let place = Place {
            country,
            state,
            centre,
            ocn,
            lata: block.lata,
        };
        let id = *place_ids.entry(place).or_insert_with(|| {
            places.push(place);
            places.len() as u32
        });
        if let Some(before) = by_code.insert(code.clone(), id)
            && before != id
        {
            return Err(bad(format!("{code} stands twice with different places")));
        }
    }
    let mut local: Vec<u64> = Vec::new();
    for (line, pair) in pairs.iter().enumerate() {
        let id = |name: &String| {
            let known = centres.get(&(pair.state.clone(), name.trim().to_uppercase()));
            known.copied().ok_or_else(|| {
                let why = format!(
                    "pair {line}: no block is in {:?} of {}",
                    cut(name),
                    pair.state
                );
                BuildError::Config(why)
            })
        };
        let (a, b) = (id(&pair.a)?, id(&pair.b)?);
        local.push(pack_pair(a, b));
    }
    local.sort_unstable();
    local.dedup();
    let facts = BlocksFacts {
        blocks: by_code.len(),
        pairs: local.len(),
    };
    let (slots, thousands) = slots(&by_code);
    let meta = BlocksMeta {
        kind: KIND.to_owned(),
        blocks: by_code.len(),
    };
    let meta = serde_json::to_vec(&meta).map_err(|e| BuildError::Config(e.to_string()))?;
    let (mut name_starts, mut text) = (vec![0u32], Vec::new());
    for name in &names {
        text.extend_from_slice(name.as_bytes());
        name_starts.push(text.len() as u32);
    }
    let sections = vec![
        Section::new("meta", &meta),
        Section::new("slots", &slots),
        Section::new("thousands", &thousands),
        Section::new("places", &places),
        Section::new("name_starts", &name_starts),
        Section::new("names", &text),
        Section::new("local", &local),
    ];
    Ok(Built { sections, facts })
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

fn centre_id(
    centres: &mut BTreeMap<(String, String), u32>,
    names: &mut Vec<String>,
    state: &str,
    name: &str,
) -> u32 {
    let name = name.trim().to_uppercase();
    if name.is_empty() {
        return NO_CENTRE;
    }
    *centres
        .entry((state.to_owned(), name.clone()))
        .or_insert_with(|| {
            names.push(name);
            names.len() as u32
        })
}

/// 3, 6 or 7 digits without the leading 1.
fn normal_code(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let digits = match digits.len() {
        4 | 8 => digits.strip_prefix('1')?.to_owned(),
        7 if digits.starts_with('1') => digits.get(1..)?.to_owned(),
        _ => digits,
    };
    let bytes = digits.as_bytes();
    let n = |at: usize| bytes.get(at).is_none_or(|b| (b'2'..=b'9').contains(b));
    let fits =
        matches!(bytes.len(), 3 | 6 | 7) && bytes.iter().all(u8::is_ascii_digit) && n(0) && n(3);
    fits.then_some(digits)
}

fn slot_of(npa: usize, nxx: usize) -> Option<usize> {
    Some(npa.checked_sub(200)? * 800 + nxx.checked_sub(200)?).filter(|s| *s < SLOTS)
}

fn slots(by_code: &BTreeMap<String, u32>) -> (Vec<u32>, Vec<u32>) {
    let (mut slots, mut thousands) = (vec![EMPTY; SLOTS], Vec::new());
    let number = |text: &str| text.parse::<usize>().unwrap_or(0);
    // Shorter codes first, so that longer ones stand over them.
    for len in [3, 6, 7] {
        for (code, &id) in by_code.iter().filter(|(c, _)| c.len() == len) {
            let npa = number(&code[..3]);
            let first = if len == 3 { 200 } else { number(&code[3..6]) };
            let last = if len == 3 { 999 } else { first };
            for slot in (first..=last).filter_map(|nxx| slot_of(npa, nxx)) {
                if len < 7 {
                    slots[slot] = id;
                    continue;
                }
                if slots[slot] & THOUSANDS == 0 {
                    let base = slots[slot];
                    slots[slot] = THOUSANDS | (thousands.len() / 10) as u32;
                    thousands.extend([base; 10]);
                }
                let ten = (slots[slot] & !THOUSANDS) as usize * 10;
                thousands[ten + number(&code[6..])] = id;
            }
        }
    }
    (slots, thousands)
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
        let damaged = |section: &str, why: &str| SnapshotError::Damaged {
            file: container.file().to_owned(),
            section: section.to_owned(),
            why: why.to_owned(),
        };
        let meta_span = container.section::<u8>("meta")?;
        let meta: BlocksMeta = serde_json::from_slice(container.slice(&meta_span))
            .map_err(|_| damaged("meta", "not a file of number blocks"))?;
        if meta.kind != KIND {
            return Err(damaged("meta", "not a file of number blocks"));
        }
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
            Some((section, why)) => Err(SnapshotError::Damaged {
                file: blocks.container.file().to_owned(),
                section: section.to_owned(),
                why: why.to_owned(),
            }),
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
