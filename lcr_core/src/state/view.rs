//! A state compiled against one snapshot: bits over columns, read by decisions without a lock and without allocation.

use std::collections::HashMap;

use super::overlay::{Overlay, Own};
use super::words::{Level, Words, key};
use crate::number::DigitKey;
use crate::policy::verdict::Verdict;
use crate::quality::Quality;
use crate::snapshot::Snapshot;

const DISABLED: u8 = 1;
const VENDOR_CREDIT: u8 = 2;
const CAP: u8 = 4;
const CHANNELS: u8 = 8;
const CPS: u8 = 16;

/// What holds for the quality of an offer to a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demotion {
    pub code: DigitKey,
    pub level: Level,
    pub trial_ppm: u32,
}

/// Immutable; publish it together with its snapshot as one pair.
#[derive(Debug)]
pub struct View {
    pub generation: u64,
    snapshot: String,
    /// Flags of each offer of access.
    flags: Vec<u8>,
    /// Columns that take no call at all.
    down: Vec<u64>,
    overlay: Overlay,
    /// Sorted (offer, code).
    blocks: Vec<(u32, DigitKey)>,
    /// Sorted by (offer, code).
    demotions: Vec<(u32, Demotion)>,
    companies_out: Vec<i64>,
    trunks_out: Vec<i64>,
    pub(crate) quality: Quality,
}

impl View {
    /// Ids the snapshot does not know are passed over: a state outlives snapshots. The words must be checked (`Words::parse`).
    pub fn compile(snapshot: &Snapshot, words: &Words) -> Result<Self, String> {
        let access = &snapshot.access;
        let mut flags = vec![0u8; access.offers.len()];
        for (ids, flag) in [
            (&words.disabled_offers, DISABLED),
            (&words.cap_reached, CAP),
            (&words.channels_full, CHANNELS),
            (&words.cps_full, CPS),
        ] {
            for place in ids.iter().filter_map(|&id| access.offer_place(id)) {
                flags[place as usize] |= flag;
            }
        }
        let carriers = sorted(&words.vendor_credit_out);
        if !carriers.is_empty() {
            for (flag, offer) in flags.iter_mut().zip(&access.offers) {
                if carriers.binary_search(&offer.carrier_id).is_ok() {
                    *flag |= VENDOR_CREDIT;
                }
            }
        }
        let width = snapshot.offer_of_column.len().div_ceil(64);
        let mut down = Vec::new();
        if flags.iter().any(|f| *f != 0) {
            down.resize(width, 0u64);
            for (column, &offer) in snapshot.offer_of_column.iter().enumerate() {
                if flags.get(offer as usize).is_some_and(|f| *f != 0) {
                    down[column / 64] |= 1 << (column % 64);
                }
            }
        }
        let place_of = |offer_id: i64| access.offer_place(offer_id);
        let mut blocks = Vec::with_capacity(words.blocks.len());
        for block in &words.blocks {
            if let Some(place) = place_of(block.offer_id) {
                blocks.push((place, key(&block.code)?));
            }
        }
        blocks.sort_unstable();
        blocks.dedup();
        let mut demotions = Vec::with_capacity(words.demoted.len());
        for demoted in &words.demoted {
            if let Some(place) = place_of(demoted.offer_id) {
                let demotion = Demotion {
                    code: key(&demoted.code)?,
                    level: demoted.level,
                    trial_ppm: demoted.trial_ppm,
                };
                demotions.push((place, demotion));
            }
        }
        demotions.sort_unstable_by_key(|(offer, d)| (*offer, d.code));
        Ok(Self {
            generation: words.generation,
            snapshot: snapshot.id().to_owned(),
            overlay: overlay(snapshot, &blocks, &demotions, width),
            flags,
            down,
            blocks,
            demotions,
            companies_out: sorted(&words.company_credit_out),
            trunks_out: sorted(&words.trunk_credit_out),
            quality: Quality::of_state(&words.quality, place_of, access.offers.len())?,
        })
    }

    /// Was this view compiled against that snapshot?
    pub fn is_of(&self, snapshot: &Snapshot) -> bool {
        self.snapshot == snapshot.id() && self.flags.len() == snapshot.access.offers.len()
    }

    /// The reason why a customer gets no routes at all.
    pub fn no_credit(&self, company_id: i64, trunk_id: i64) -> Option<&'static str> {
        if self.companies_out.binary_search(&company_id).is_ok() {
            Some("company")
        } else if self.trunks_out.binary_search(&trunk_id).is_ok() {
            Some("trunk")
        } else {
            None
        }
    }

    /// Columns that are switched off, out of credit, capped or full; empty = none.
    #[inline]
    pub fn down(&self) -> &[u64] {
        &self.down
    }

    /// Blocked and demoted columns for a number; empty = none.
    #[inline]
    pub fn at(&self, number: DigitKey) -> (&[u64], &[u64]) {
        self.overlay.at(number)
    }

    /// Verdict 5 (its dynamic half) of an offer.
    pub fn is_disabled(&self, offer: u32) -> bool {
        self.has(offer, DISABLED)
    }

    /// Verdicts 16–18, the first that applies.
    pub fn capacity(&self, offer: u32) -> Option<Verdict> {
        [
            (VENDOR_CREDIT, Verdict::VendorCredit),
            (CAP, Verdict::CapReached),
            (CHANNELS, Verdict::ChannelsFull),
            (CPS, Verdict::CpsFull),
        ]
        .into_iter()
        .find_map(|(flag, verdict)| self.has(offer, flag).then_some(verdict))
    }

    /// The longest code of the offer's blocks that is a prefix of the number.
    pub fn blocked_by(&self, offer: u32, number: DigitKey) -> Option<DigitKey> {
        let from = self.blocks.partition_point(|(o, _)| *o < offer);
        let own = &self.blocks[from..];
        own.iter()
            .take_while(|(o, code)| *o == offer && *code <= number)
            .filter(|(_, code)| number.starts_with(*code))
            .map(|(_, code)| *code)
            .last()
    }

    /// What the longest judged code of the offer says about the number, be it that it is healthy again.
    pub fn demotion(&self, offer: u32, number: DigitKey) -> Option<Demotion> {
        let from = self.demotions.partition_point(|(o, _)| *o < offer);
        self.demotions[from..]
            .iter()
            .take_while(|(o, d)| *o == offer && d.code <= number)
            .filter(|(_, d)| number.starts_with(d.code))
            .map(|(_, d)| *d)
            .last()
    }

    fn has(&self, offer: u32, flag: u8) -> bool {
        self.flags
            .get(offer as usize)
            .is_some_and(|f| f & flag != 0)
    }
}

fn sorted(ids: &[i64]) -> Vec<i64> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn overlay(
    snapshot: &Snapshot,
    blocks: &[(u32, DigitKey)],
    demotions: &[(u32, Demotion)],
    width: usize,
) -> Overlay {
    if blocks.is_empty() && demotions.is_empty() {
        return Overlay::default();
    }
    let mut columns_of: HashMap<u32, Vec<u32>> = HashMap::new();
    for (column, &offer) in (0u32..).zip(&snapshot.offer_of_column) {
        columns_of.entry(offer).or_default().push(column);
    }
    let mut by_code: std::collections::BTreeMap<DigitKey, Own> = std::collections::BTreeMap::new();
    let mut node = |code: DigitKey, fill: &mut dyn FnMut(&mut Own)| {
        fill(by_code.entry(code).or_insert_with(|| Own {
            code,
            blocked: Vec::new(),
            judged: Vec::new(),
        }));
    };
    for (offer, code) in blocks {
        let columns = columns_of.get(offer).map_or(&[][..], Vec::as_slice);
        node(*code, &mut |own| own.blocked.extend_from_slice(columns));
    }
    for (offer, demotion) in demotions {
        let columns = columns_of.get(offer).map_or(&[][..], Vec::as_slice);
        let critical = demotion.level == Level::Critical;
        node(demotion.code, &mut |own| {
            own.judged.extend(columns.iter().map(|&c| (c, critical)));
        });
    }
    let own: Vec<Own> = by_code.into_values().collect();
    Overlay::build(&own, width)
}
