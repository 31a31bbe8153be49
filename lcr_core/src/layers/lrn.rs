//! Ported numbers: number to LRN in a sorted, mapped file; and a bounded cache for answers from elsewhere.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::files;
use crate::error::{BuildError, SnapshotError};
use crate::index::container::{Container, Section, Span};
use crate::number::DigitKey;

const KIND: &str = "lrn";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LrnMeta {
    pub kind: String,
    pub numbers: usize,
}

/// Sorts and packs (number, LRN) pairs; a number with two LRNs is refused by name.
pub fn build(mut pairs: Vec<(DigitKey, DigitKey)>) -> Result<Vec<Section>, BuildError> {
    pairs.sort_unstable();
    pairs.dedup();
    if let Some(twice) = pairs.windows(2).find(|w| w[0].0 == w[1].0) {
        return Err(BuildError::Config(format!(
            "{} has two LRNs, {} and {}",
            twice[0].0, twice[0].1, twice[1].1
        )));
    }
    let mut lrns: Vec<u64> = pairs.iter().map(|p| p.1.raw()).collect();
    lrns.sort_unstable();
    lrns.dedup();
    let place = |key: DigitKey| lrns.binary_search(&key.raw()).unwrap_or(0) as u32;
    let values: Vec<u32> = pairs.iter().map(|p| place(p.1)).collect();
    let numbers: Vec<u64> = pairs.iter().map(|p| p.0.raw()).collect();
    let meta = LrnMeta {
        kind: KIND.to_owned(),
        numbers: numbers.len(),
    };
    let meta = serde_json::to_vec(&meta).map_err(|e| BuildError::Config(e.to_string()))?;
    Ok(vec![
        Section::new("meta", &meta),
        Section::new("numbers", &numbers),
        Section::new("values", &values),
        Section::new("lrns", &lrns),
    ])
}

/// An opened file.
pub struct LrnFile {
    container: Container,
    pub meta: LrnMeta,
    numbers: Span<u64>,
    values: Span<u32>,
    lrns: Span<u64>,
}

impl LrnFile {
    pub fn open(path: &Path) -> Result<Self, SnapshotError> {
        Self::from_container(Container::open(path)?)
    }

    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self, SnapshotError> {
        Self::from_container(Container::from_bytes(bytes, file)?)
    }

    fn from_container(container: Container) -> Result<Self, SnapshotError> {
        let damaged = |section: &str, why: &str| files::damaged(&container, section, why);
        let meta: LrnMeta = files::meta(
            &container,
            |meta: &LrnMeta| meta.kind == KIND,
            "not an LRN file",
        )?;
        let numbers: Span<u64> = container.section("numbers")?;
        let values: Span<u32> = container.section("values")?;
        let lrns: Span<u64> = container.section("lrns")?;
        let (all, of, to) = (
            container.slice(&numbers),
            container.slice(&values),
            container.slice(&lrns),
        );
        if all.windows(2).any(|w| w[0] >= w[1])
            || all.iter().any(|&k| DigitKey::from_raw(k).is_none())
        {
            return Err(damaged("numbers", "are not sorted digits"));
        }
        if of.len() != all.len() || of.iter().any(|&v| v as usize >= to.len()) {
            return Err(damaged("values", "point outside the LRNs"));
        }
        if to.iter().any(|&k| DigitKey::from_raw(k).is_none()) {
            return Err(damaged("lrns", "are not digits"));
        }
        Ok(Self {
            numbers,
            values,
            lrns,
            meta,
            container,
        })
    }

    /// The LRN of a ported number; `None` = the file does not know the number.
    pub fn get(&self, number: DigitKey) -> Option<DigitKey> {
        let at = self
            .container
            .slice(&self.numbers)
            .binary_search(&number.raw())
            .ok()?;
        let value = *self.container.slice(&self.values).get(at)?;
        let raw = *self.container.slice(&self.lrns).get(value as usize)?;
        Some(DigitKey::from_checked(raw))
    }
}

/// Longest time an answer from elsewhere may be used, microseconds.
pub const MAX_AGE_US: i64 = 24 * 3600 * 1_000_000;

/// What a dip said: the LRN, or that the number is not ported.
pub type Answer = Option<DigitKey>;

/// How asking for the LRN of a number ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dip {
    Told(Answer),
    /// It failed, or took too long.
    Unavailable,
}

/// Who said what the LRN is (docs/decision.md, section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LrnBy {
    Query,
    File,
    Dip,
    /// Nobody could: the dip failed.
    Unavailable,
}

impl LrnBy {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::File => "file",
            Self::Dip => "dip",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What is known of a number's LRN, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub lrn: Option<DigitKey>,
    /// `None` = nobody was asked, or nobody knew.
    pub by: Option<LrnBy>,
}

impl Known {
    pub const NOTHING: Self = Self {
        lrn: None,
        by: None,
    };

    /// Somebody said it, be it that the number is not ported.
    pub fn is_known(&self) -> bool {
        !matches!(self.by, None | Some(LrnBy::Unavailable))
    }
}

/// Answers of a dip by number: bounded (the oldest leave first), none older than 24 hours; the clock is passed in.
pub struct Cache {
    answers: HashMap<DigitKey, (Answer, i64)>,
    order: VecDeque<(DigitKey, i64)>,
    most: usize,
    age_us: i64,
}

impl Cache {
    pub fn new(most: usize, age_us: i64) -> Self {
        Self {
            answers: HashMap::new(),
            order: VecDeque::new(),
            most: most.max(1),
            age_us: age_us.clamp(0, MAX_AGE_US),
        }
    }

    /// `None` = not known, or too old.
    pub fn get(&self, number: DigitKey, now_us: i64) -> Option<Answer> {
        let (answer, from) = self.answers.get(&number)?;
        let age = now_us.saturating_sub(*from);
        (0..self.age_us).contains(&age).then_some(*answer)
    }

    pub fn put(&mut self, number: DigitKey, answer: Answer, now_us: i64) {
        self.answers.insert(number, (answer, now_us));
        self.order.push_back((number, now_us));
        while self.answers.len() > self.most || self.order.len() > 2 * self.most {
            let Some((oldest, from)) = self.order.pop_front() else {
                break;
            };
            if self.answers.get(&oldest).is_some_and(|a| a.1 == from) {
                self.answers.remove(&oldest);
            }
        }
    }

    pub fn len(&self) -> usize {
        self.answers.len()
    }

    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::index::container;

    fn key(text: &str) -> DigitKey {
        DigitKey::from_digits(text).unwrap()
    }

    #[test]
    fn a_ported_number_is_found_and_others_are_not_known() {
        let sections = build(vec![
            (key("17185550123"), key("19735550000")),
            (key("12125550100"), key("19735550000")),
        ])
        .unwrap();
        let mut bytes = Vec::new();
        container::write(&sections, &mut bytes).unwrap();
        let file = LrnFile::from_bytes(&bytes, "test").unwrap();
        assert_eq!(file.get(key("17185550123")), Some(key("19735550000")));
        assert_eq!(file.get(key("17185550124")), None);
        let two = build(vec![(key("1"), key("2")), (key("1"), key("3"))]);
        assert!(two.is_err());
    }

    #[test]
    fn cached_answers_are_bounded_and_age() {
        let mut cache = Cache::new(2, MAX_AGE_US * 9);
        cache.put(key("1"), Some(key("2")), 0);
        cache.put(key("3"), None, 1);
        assert_eq!(cache.get(key("1"), 5), Some(Some(key("2"))));
        assert_eq!(cache.get(key("3"), 5), Some(None));
        assert_eq!(cache.get(key("1"), MAX_AGE_US), None);
        cache.put(key("4"), None, 2);
        assert_eq!((cache.get(key("1"), 5), cache.len()), (None, 2));
    }
}
