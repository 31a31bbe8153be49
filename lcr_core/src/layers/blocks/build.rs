//! Number blocks from a user's lines, checked and packed.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::{BlocksMeta, EMPTY, KIND, NO_CENTRE, Place, SLOTS, THOUSANDS, pack_pair, slot_of};
use crate::error::BuildError;
use crate::index::container::Section;
use crate::layers::jurisdiction::country_of_state;

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
