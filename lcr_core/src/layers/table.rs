//! Which columns of an index each choice means: for one offer as numbers, for all together as bits.

use rustc_hash::FxHashMap;

use super::origin::{Groups, Origin};
use super::pick::{Facts, Picks};
use super::{Jurisdiction, OfferLayers};
use crate::index::layout::ColumnId;
use crate::number::DigitKey;

/// No layered offer behind this column.
pub const PLAIN: u32 = u32::MAX;

/// Do the layers of a meta point at columns of their offers?
pub fn fits(layers: &[OfferLayers], columns: &[ColumnId]) -> bool {
    layers.iter().all(|of| {
        let choices = of.rules.choices();
        let column_fits = |layer: u16| {
            let at = usize::from(of.first_column) + usize::from(layer);
            columns
                .get(at)
                .is_some_and(|c| c.offer_id == of.offer_id && c.layer == u32::from(layer))
        };
        of.rules.check().is_ok()
            && of.layers.len() == choices
            && of.history.len() == choices
            && of.layers.iter().flatten().all(|&l| column_fits(l))
            && of.history.iter().flatten().all(|&l| column_fits(l))
    })
}

/// One offer (or rate card) with layers, as decisions use it.
pub struct LayeredOffer {
    /// Place in access.
    pub place: u32,
    pub lrn_rated: bool,
    pub words: OfferLayers,
    groups: Option<Groups>,
}

impl LayeredOffer {
    pub fn new(words: &OfferLayers, place: u32, lrn_rated: bool) -> Self {
        Self {
            place,
            lrn_rated,
            groups: words.rules.origin.as_ref().map(Groups::new),
            words: words.clone(),
        }
    }

    /// `None` = the dearest choice.
    pub fn origin(&self, caller: Option<DigitKey>) -> Option<Origin> {
        match &self.groups {
            Some(groups) => groups.origin(caller),
            None => Some(Origin {
                choice: 0,
                prefix: None,
            }),
        }
    }

    pub fn choices(&self) -> usize {
        self.words.layers.len()
    }

    pub fn has_groups(&self) -> bool {
        self.groups.is_some()
    }

    pub fn jurisdiction(&self, facts: &Facts) -> Jurisdiction {
        facts.sides(self.lrn_rated).is
    }

    /// The column of the index that holds this layer.
    pub fn column(&self, choice: usize, jurisdiction: Jurisdiction) -> u16 {
        let of = self.words.layers.get(choice).or(self.words.layers.last());
        self.words.first_column + of.map_or(0, |l| l[jurisdiction.place()])
    }

    /// Columns that say when rows of this choice begin and end; of all choices without one.
    pub fn history(&self, choice: Option<usize>) -> impl Iterator<Item = u16> + '_ {
        let of = self.words.history.iter().enumerate();
        of.filter(move |(origin, _)| {
            choice.is_none_or(|choice| *origin == 0 || *origin == choice + 1)
        })
        .filter_map(|(_, layer)| Some(self.words.first_column + (*layer)?))
    }
}

/// All layered offers of an index.
#[derive(Default)]
pub struct Table {
    pub offers: Vec<LayeredOffer>,
    /// Place in `offers` for each column; `PLAIN` for all others.
    offer_of_column: Vec<u32>,
    /// Class of callers by A-prefix of any offer.
    class_of_prefix: FxHashMap<DigitKey, u32>,
    /// Bit n: some prefix has n digits.
    prefix_lens: u16,
    classes: Vec<Class>,
    /// Class of callers with none of the prefixes, and of those who are not known.
    other_class: u32,
    unknown_class: u32,
    /// Columns by rating basis (dialled, LRN) and jurisdiction; empty when no deck has jurisdictions.
    by_jurisdiction: [[Vec<u64>; 4]; 2],
    /// Columns of offers that are rated by the LRN.
    lrn_columns: Vec<u64>,
    any_lrn: bool,
    any_jurisdiction: bool,
}

struct Class {
    bits: Vec<u64>,
    /// An offer takes its dearest group: only the rows can tell which.
    needs_rows: bool,
}

impl Table {
    /// `place` and `lrn_rated` by offer id.
    pub fn new(
        layers: &[OfferLayers],
        columns: &[ColumnId],
        offer: impl Fn(i64) -> (u32, bool),
    ) -> Self {
        let words = columns.len().div_ceil(64);
        let mut table = Self {
            offer_of_column: vec![PLAIN; columns.len()],
            lrn_columns: vec![0; words],
            ..Self::default()
        };
        for (column, id) in columns.iter().enumerate() {
            if offer(id.offer_id).1 {
                table.any_lrn = true;
                table.lrn_columns[column / 64] |= 1 << (column % 64);
            }
        }
        for of in layers {
            let (place, lrn_rated) = offer(of.offer_id);
            let at = table.offers.len() as u32;
            table.offers.push(LayeredOffer::new(of, place, lrn_rated));
            for (slot, id) in table.offer_of_column.iter_mut().zip(columns) {
                if id.offer_id == of.offer_id {
                    *slot = at;
                }
            }
        }
        table.classes(words);
        table.jurisdictions(words);
        table
    }

    /// By place in access.
    pub fn of_offer(&self, place: u32) -> Option<&LayeredOffer> {
        self.offers.iter().find(|o| o.place == place)
    }

    pub fn is_layered(&self, column: u16) -> bool {
        self.offer_of_column
            .get(usize::from(column))
            .is_some_and(|&o| o != PLAIN)
    }

    /// Some offer prices by more than the number itself.
    pub fn any(&self) -> bool {
        !self.offers.is_empty() || self.any_lrn
    }

    /// Some offer is rated by the LRN.
    pub fn any_lrn(&self) -> bool {
        self.any_lrn
    }

    /// Some deck prices by jurisdiction.
    pub fn any_jurisdiction(&self) -> bool {
        self.any_jurisdiction
    }

    pub fn lrn_columns(&self) -> &[u64] {
        &self.lrn_columns
    }

    fn keeps(&self, words: usize, which: impl Fn(&LayeredOffer) -> Option<Vec<u16>>) -> Vec<u64> {
        let mut bits = vec![u64::MAX; words];
        for (column, &at) in self.offer_of_column.iter().enumerate() {
            if let Some(kept) = self.offers.get(at as usize).and_then(&which)
                && !kept.contains(&(column as u16))
            {
                bits[column / 64] &= !(1 << (column % 64));
            }
        }
        bits
    }

    fn classes(&mut self, words: usize) {
        if !self.offers.iter().any(LayeredOffer::has_groups) {
            return;
        }
        let prefixes = self.offers.iter().filter_map(|o| o.groups.as_ref());
        let mut prefixes: Vec<DigitKey> = prefixes.flat_map(|g| g.prefixes().to_vec()).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        let mut known: FxHashMap<Vec<Option<usize>>, u32> = FxHashMap::default();
        let mut class = |table: &mut Self, of: &dyn Fn(&Groups) -> Option<usize>| -> u32 {
            let choices: Vec<Option<usize>> = table
                .offers
                .iter()
                .map(|o| o.groups.as_ref().map_or(Some(0), of))
                .collect();
            if let Some(&at) = known.get(&choices) {
                return at;
            }
            let by_place: FxHashMap<i64, Option<usize>> = table
                .offers
                .iter()
                .zip(&choices)
                .map(|(o, c)| (o.words.offer_id, *c))
                .collect();
            let bits = table.keeps(words, |o| {
                o.groups.as_ref()?;
                let choice = by_place.get(&o.words.offer_id).copied().flatten();
                Some(choice.map_or_else(Vec::new, |c| {
                    let kinds = Jurisdiction::ALL.iter();
                    kinds.map(|&j| o.column(c, j)).collect()
                }))
            });
            let needs_rows = choices.contains(&None);
            table.classes.push(Class { bits, needs_rows });
            let at = table.classes.len() as u32 - 1;
            known.insert(choices, at);
            at
        };
        for prefix in prefixes {
            let at = class(self, &|groups| {
                groups.origin(Some(prefix)).map(|o| o.choice)
            });
            self.class_of_prefix.insert(prefix, at);
            self.prefix_lens |= 1 << prefix.len();
        }
        self.unknown_class = class(self, &|groups| groups.origin(None).map(|o| o.choice));
        self.other_class = class(self, &|groups| Some(groups.rest()));
    }

    fn jurisdictions(&mut self, words: usize) {
        self.any_jurisdiction = self.offers.iter().any(|o| o.words.jurisdictions);
        if !self.any_jurisdiction {
            return;
        }
        for lrn_rated in [false, true] {
            for kind in Jurisdiction::ALL {
                let bits = self.keeps(words, |o| {
                    (o.words.jurisdictions && o.lrn_rated == lrn_rated)
                        .then(|| (0..o.choices()).map(|c| o.column(c, kind)).collect())
                });
                self.by_jurisdiction[usize::from(lrn_rated)][kind.place()] = bits;
            }
        }
    }

    /// The columns of one call.
    pub fn picks(&self, facts: &Facts) -> Picks<'_> {
        let class = self
            .class(facts.caller)
            .and_then(|at| self.classes.get(at as usize));
        let of = |lrn_rated: bool| {
            let bits =
                &self.by_jurisdiction[usize::from(lrn_rated)][facts.sides(lrn_rated).is.place()];
            self.any_jurisdiction.then_some(bits.as_slice())
        };
        Picks {
            origin: class.map(|c| c.bits.as_slice()),
            dialled: of(false),
            by_lrn: of(true),
            needs_rows: class.is_some_and(|c| c.needs_rows),
        }
    }

    fn class(&self, caller: Option<DigitKey>) -> Option<u32> {
        if self.classes.is_empty() {
            return None;
        }
        let Some(caller) = caller else {
            return Some(self.unknown_class);
        };
        let found = (1..=caller.len())
            .rev()
            .filter(|len| self.prefix_lens >> len & 1 != 0)
            .find_map(|len| self.class_of_prefix.get(&caller.prefix(len)));
        Some(found.copied().unwrap_or(self.other_class))
    }
}
