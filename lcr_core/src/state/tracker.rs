//! The state as it grows: commands and counts in, words out. Owned by one writer (the edge's control thread).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::command::{Command, CommandError};
use super::counters::{Counts, Fading, PerSecond};
use super::judge::Rules;
use super::words::{BlockWords, CountWords, DemotedWords, LARGEST, Level, Words, key};
use crate::access::Access;
use crate::number::DigitKey;

/// Quality is judged at most this often.
const JUDGE_EVERY_US: i64 = 1_000_000;

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Capacity {
    max_channels: Option<u32>,
    max_cps: Option<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Measured {
    counts: Counts,
    /// Last judgement with enough samples, and when.
    level: Option<(Level, i64)>,
}

#[derive(Debug)]
pub struct Tracker {
    rules: Rules,
    fading: Fading,
    generation: u64,
    disabled: BTreeSet<i64>,
    pub(super) blocks: BTreeSet<BlockWords>,
    caps: BTreeSet<i64>,
    pub(super) vendors_out: BTreeSet<i64>,
    pub(super) companies_out: BTreeSet<i64>,
    pub(super) trunks_out: BTreeSet<i64>,
    channels: HashMap<i64, i64>,
    calls: HashMap<i64, PerSecond>,
    channels_full: BTreeSet<i64>,
    cps_full: BTreeSet<i64>,
    pub(super) measured: BTreeMap<(i64, DigitKey), Measured>,
    /// What decisions see of `measured`, as of the last judgement.
    demoted: Vec<DemotedWords>,
    quality: Vec<CountWords>,
    judged_us: i64,
    judged_step: i64,
    dirty: bool,
    /// Offers of the served snapshot and their limits; empty until `adopt`.
    pub(super) capacity: HashMap<i64, Capacity>,
}

impl Tracker {
    /// An empty state of generation 0.
    pub fn new(rules: Rules) -> Result<Self, String> {
        Self::restore(rules, &Words::default(), 0)
    }

    /// Goes on where `words` (the last ones written) stopped. Channels and calls a second start at zero.
    pub fn restore(rules: Rules, words: &Words, now_us: i64) -> Result<Self, String> {
        rules.check()?;
        words.check()?;
        let fading = Fading::new(rules.half_life_s);
        let mut measured: BTreeMap<(i64, DigitKey), Measured> = BTreeMap::new();
        for row in &words.quality {
            let of_row = measured.entry((row.offer_id, key(&row.code)?)).or_default();
            of_row.counts.add(row, &fading, now_us);
        }
        for row in &words.demoted {
            let of_row = measured.entry((row.offer_id, key(&row.code)?)).or_default();
            of_row.level = Some((row.level, now_us));
        }
        let mut tracker = Self {
            fading,
            rules,
            generation: words.generation,
            disabled: words.disabled_offers.iter().copied().collect(),
            blocks: words.blocks.iter().cloned().collect(),
            caps: words.cap_reached.iter().copied().collect(),
            vendors_out: words.vendor_credit_out.iter().copied().collect(),
            companies_out: words.company_credit_out.iter().copied().collect(),
            trunks_out: words.trunk_credit_out.iter().copied().collect(),
            channels: HashMap::new(),
            calls: HashMap::new(),
            channels_full: BTreeSet::new(),
            cps_full: BTreeSet::new(),
            measured,
            demoted: Vec::new(),
            quality: Vec::new(),
            judged_us: i64::MIN,
            judged_step: i64::MIN,
            dirty: true,
            capacity: HashMap::new(),
        };
        tracker.judge(now_us);
        Ok(tracker)
    }

    /// Takes over offers and limits of a snapshot that is served from now on; says whether decisions see a change.
    pub fn adopt(&mut self, access: &Access, now_us: i64) -> bool {
        self.capacity = access
            .offers
            .iter()
            .map(|o| {
                let capacity = Capacity {
                    max_channels: o.max_channels,
                    max_cps: o.max_cps,
                };
                (o.offer_id, capacity)
            })
            .collect();
        let known: HashSet<i64> = self.capacity.keys().copied().collect();
        self.channels.retain(|id, _| known.contains(id));
        self.calls.retain(|id, _| known.contains(id));
        let full: BTreeSet<i64> = self
            .channels
            .keys()
            .copied()
            .filter(|id| self.is_out_of_channels(*id))
            .collect();
        let mut changed = full != self.channels_full;
        self.channels_full = full;
        changed |= self.refresh_cps(now_us);
        self.bump(changed)
    }

    /// All commands or none; says whether decisions see a change (then the generation has grown).
    pub fn apply_all(&mut self, commands: &[Command], now_us: i64) -> Result<bool, CommandError> {
        for command in commands {
            self.admits(command)?;
        }
        let mut changed = false;
        for command in commands {
            changed |= self.carry_out(command, now_us);
        }
        Ok(self.bump(changed))
    }

    pub fn apply(&mut self, command: &Command, now_us: i64) -> Result<bool, CommandError> {
        self.apply_all(std::slice::from_ref(command), now_us)
    }

    /// To be called some times a second: lets calls a second fade and judges quality. Says whether decisions see a change.
    pub fn tick(&mut self, now_us: i64) -> bool {
        let mut changed = self.refresh_cps(now_us);
        let step = self.fading.step(now_us);
        if (self.dirty || step != self.judged_step)
            && now_us.saturating_sub(self.judged_us) >= JUDGE_EVERY_US
        {
            changed |= self.judge(now_us);
        }
        self.bump(changed)
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Channels of an offer in use, as told.
    pub fn channels(&self, offer_id: i64) -> i64 {
        self.channels.get(&offer_id).copied().unwrap_or(0)
    }

    /// What decisions see: to be compiled (`View::compile`), written down and shown.
    pub fn words(&self) -> Words {
        let ids = |set: &BTreeSet<i64>| set.iter().copied().collect();
        Words {
            generation: self.generation,
            disabled_offers: ids(&self.disabled),
            blocks: self.blocks.iter().cloned().collect(),
            channels_full: ids(&self.channels_full),
            cps_full: ids(&self.cps_full),
            cap_reached: ids(&self.caps),
            vendor_credit_out: ids(&self.vendors_out),
            company_credit_out: ids(&self.companies_out),
            trunk_credit_out: ids(&self.trunks_out),
            demoted: self.demoted.clone(),
            quality: self.quality.clone(),
        }
    }

    fn bump(&mut self, changed: bool) -> bool {
        if changed {
            self.generation = (self.generation + 1).min(LARGEST);
        }
        changed
    }

    fn carry_out(&mut self, command: &Command, now_us: i64) -> bool {
        match command {
            Command::EnableOffer { offer_id } => self.disabled.remove(offer_id),
            Command::DisableOffer { offer_id } => self.disabled.insert(*offer_id),
            Command::Block { offer_id, code } => self.blocks.insert(BlockWords {
                offer_id: *offer_id,
                code: code.clone(),
            }),
            Command::Unblock { offer_id, code } => self.blocks.remove(&BlockWords {
                offer_id: *offer_id,
                code: code.clone(),
            }),
            Command::Channels { offer_id, set, add } => {
                let now = set
                    .unwrap_or_else(|| self.channels(*offer_id).saturating_add(add.unwrap_or(0)));
                self.channels.insert(*offer_id, now.max(0));
                let is_full = self.is_out_of_channels(*offer_id);
                put(&mut self.channels_full, *offer_id, is_full)
            }
            Command::Cps { offer_id, calls } => {
                self.calls
                    .entry(*offer_id)
                    .or_default()
                    .note(*calls, now_us);
                self.refresh_cps_of(*offer_id, now_us)
            }
            Command::Quality { .. } => {
                if let Some(counts) = command.counts()
                    && let Ok(code) = key(&counts.code)
                {
                    for len in 1..=code.len() {
                        let of_code = self.measured.entry((counts.offer_id, code.prefix(len)));
                        of_code
                            .or_default()
                            .counts
                            .add(&counts, &self.fading, now_us);
                    }
                    self.dirty = true;
                }
                false
            }
            Command::ForgetQuality { offer_id, code } => {
                let below = code.as_ref().and_then(|c| key(c).ok());
                self.measured.retain(|(offer, code), _| {
                    offer != offer_id || below.is_some_and(|b| !code.starts_with(b))
                });
                self.judge(now_us)
            }
            Command::VendorCredit { carrier_id, out } => {
                put(&mut self.vendors_out, *carrier_id, *out)
            }
            Command::CompanyCredit { company_id, out } => {
                put(&mut self.companies_out, *company_id, *out)
            }
            Command::TrunkCredit { trunk_id, out } => put(&mut self.trunks_out, *trunk_id, *out),
            Command::Cap { offer_id, reached } => put(&mut self.caps, *offer_id, *reached),
            Command::Set {
                disabled_offers,
                blocks,
                cap_reached,
                vendor_credit_out,
                company_credit_out,
                trunk_credit_out,
            } => {
                let mut changed = replace(&mut self.disabled, disabled_offers.as_deref());
                changed |= replace(&mut self.blocks, blocks.as_deref());
                changed |= replace(&mut self.caps, cap_reached.as_deref());
                changed |= replace(&mut self.vendors_out, vendor_credit_out.as_deref());
                changed |= replace(&mut self.companies_out, company_credit_out.as_deref());
                changed | replace(&mut self.trunks_out, trunk_credit_out.as_deref())
            }
        }
    }

    fn is_out_of_channels(&self, offer_id: i64) -> bool {
        let most = self.capacity.get(&offer_id).and_then(|c| c.max_channels);
        most.is_some_and(|most| self.channels(offer_id) >= i64::from(most))
    }

    fn refresh_cps(&mut self, now_us: i64) -> bool {
        let ids: Vec<i64> = self.calls.keys().copied().collect();
        ids.into_iter().fold(false, |changed, id| {
            changed | self.refresh_cps_of(id, now_us)
        })
    }

    fn refresh_cps_of(&mut self, offer_id: i64, now_us: i64) -> bool {
        let most = self.capacity.get(&offer_id).and_then(|c| c.max_cps);
        let calls = self.calls.get_mut(&offer_id).map_or(0, |w| w.count(now_us));
        if calls == 0 {
            self.calls.remove(&offer_id);
        }
        put(
            &mut self.cps_full,
            offer_id,
            most.is_some_and(|most| calls >= most),
        )
    }

    /// Judges every code anew; says whether decisions see a change.
    fn judge(&mut self, now_us: i64) -> bool {
        self.dirty = false;
        self.judged_us = now_us;
        self.judged_step = self.fading.step(now_us);
        let hold_us = i64::from(self.rules.hold_s) * 1_000_000;
        let mut demoted: Vec<DemotedWords> = Vec::new();
        let mut quality: Vec<CountWords> = Vec::new();
        // Codes come after their prefixes: the levels on the way down, to compare with.
        let mut above: Vec<(i64, DigitKey, Level)> = Vec::new();
        for ((offer_id, code), of_code) in &mut self.measured {
            of_code.counts.fade(&self.fading, now_us);
            let was = of_code.level.map_or(Level::Healthy, |(level, _)| level);
            match self.rules.judge(*code, &of_code.counts, was) {
                Some(level) => of_code.level = Some((level, now_us)),
                None => {
                    let holds = |at: i64| now_us.saturating_sub(at) < hold_us;
                    of_code.level = of_code.level.filter(|(_, at)| holds(*at));
                }
            }
            while above
                .last()
                .is_some_and(|(offer, parent, _)| offer != offer_id || !code.starts_with(*parent))
            {
                above.pop();
            }
            let inherited = above.last().map_or(Level::Healthy, |(_, _, level)| *level);
            let level = of_code.level.map_or(inherited, |(level, _)| level);
            if level != inherited {
                demoted.push(DemotedWords {
                    offer_id: *offer_id,
                    code: code.to_string(),
                    level,
                    trial_ppm: if level == Level::Critical {
                        self.rules.trial_ppm
                    } else {
                        0
                    },
                });
            }
            above.push((*offer_id, *code, level));
            if !of_code.counts.is_empty() {
                quality.push(of_code.counts.words(*offer_id, code.to_string()));
            }
        }
        self.measured
            .retain(|_, m| !m.counts.is_empty() || m.level.is_some());
        let changed = demoted != self.demoted || quality != self.quality;
        self.demoted = demoted;
        self.quality = quality;
        changed
    }
}

/// Puts an id into a set or takes it out; says whether that changed it.
fn put(set: &mut BTreeSet<i64>, id: i64, is_in: bool) -> bool {
    if is_in {
        set.insert(id)
    } else {
        set.remove(&id)
    }
}

fn replace<T: Ord + Clone>(set: &mut BTreeSet<T>, with: Option<&[T]>) -> bool {
    let Some(with) = with else { return false };
    let with: BTreeSet<T> = with.iter().cloned().collect();
    let changed = *set != with;
    *set = with;
    changed
}
