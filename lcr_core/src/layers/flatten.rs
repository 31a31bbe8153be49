//! A timeline with origins and jurisdictions to plain columns: in each, at any instant, exactly the rows of one layer
//! (docs/decision.md 8, steps 1 and 2), so that the merge and the match know nothing of layers.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};

use super::rules::{IjFallback, Reading, Rules};
use super::segments::{Segment, outside, resolve};
use super::{HISTORY, Jurisdiction, OfferLayers, WITHOUT_ORIGIN};
use crate::error::BuildError;
use crate::index::layout::{CLOSED, Term, Window};
use crate::index::timeline::{RawRow, Timeline};
use crate::money::MAX_RATE_NANOS;
use crate::number::DigitKey;

/// Rows of one column, by (code, from).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Column {
    keys: Vec<u64>,
    rows: Vec<RawRow>,
}

/// A timeline (sorted by code and layer) to one for each of its layers; the first holds what all share. An offer without
/// layers comes back as it is.
pub fn flatten(
    offer: i64,
    rules: &Rules,
    timeline: Timeline,
) -> Result<(Vec<Timeline>, Option<OfferLayers>), BuildError> {
    let jurisdictions = timeline.layers.iter().any(|l| l.1 != 0);
    if rules.origin.is_none() && !jurisdictions {
        return Ok((vec![timeline], None));
    }
    let mut work = Work::new(offer, rules, timeline, jurisdictions);
    let choices = rules.choices();
    let tables: Vec<Vec<Column>> = (0..choices)
        .map(|choice| work.of_choice(choice))
        .collect::<Result<_, _>>()?;
    let kinds = if jurisdictions { 4 } else { 1 };
    // Classes are formed for each of the two choices on its own, so that a column is named by one bit set of each.
    let origin_class = classes(choices, |a, b| tables[a] == tables[b], |a| hash(&tables[a]));
    let kind_class = classes(
        kinds,
        |a, b| tables.iter().all(|of| of[a] == of[b]),
        |a| tables.iter().fold(0, |sum, of| sum ^ hash(&of[a..=a])),
    );
    let count = |classes: &[usize]| classes.iter().max().map_or(0, |m| m + 1);
    let width = count(&kind_class);
    let mut columns: Vec<Option<Column>> = vec![None; count(&origin_class) * width];
    let mut layers = vec![[0u16; 4]; choices];
    for (choice, of_choice) in tables.into_iter().enumerate() {
        for (kind, of_kind) in of_choice.into_iter().enumerate() {
            let layer = origin_class[choice] * width + kind_class[kind];
            layers[choice][kind] = limit(offer, layer)?;
            columns[layer].get_or_insert(of_kind);
        }
        if !jurisdictions {
            layers[choice] = [layers[choice][0]; 4];
        }
    }
    let mut columns: Vec<Column> = columns.into_iter().map(Option::unwrap_or_default).collect();
    let mut history = vec![None; choices];
    for (origin, slot) in history.iter_mut().enumerate() {
        let of_origin = work.history(origin as u16);
        if !of_origin.rows.is_empty() {
            *slot = Some(limit(offer, columns.len())?);
            columns.push(of_origin);
        }
    }
    limit(offer, columns.len())?;
    let words = OfferLayers {
        offer_id: offer,
        first_column: 0,
        rules: rules.clone(),
        jurisdictions,
        layers,
        history,
    };
    let mut first = Some(work.timeline);
    let timelines = columns.into_iter().map(|column| Timeline {
        keys: column.keys,
        rows: column.rows,
        layers: Vec::new(),
        continues: first.is_none(),
        ..first.take().unwrap_or_default()
    });
    Ok((timelines.collect(), Some(words)))
}

fn limit(offer: i64, column: usize) -> Result<u16, BuildError> {
    u16::try_from(column).map_err(|_| {
        BuildError::Limit(format!(
            "offer {offer}: more layers than an index has columns"
        ))
    })
}

/// Numbers equal things alike, by first appearance.
fn classes(
    count: usize,
    same: impl Fn(usize, usize) -> bool,
    hash: impl Fn(usize) -> u64,
) -> Vec<usize> {
    let mut first: Vec<(u64, usize)> = Vec::new();
    (0..count)
        .map(|i| {
            let sum = hash(i);
            let known = first
                .iter()
                .position(|&(h, other)| h == sum && same(other, i));
            known.unwrap_or_else(|| {
                first.push((sum, i));
                first.len() - 1
            })
        })
        .collect()
}

fn hash(columns: &[Column]) -> u64 {
    let mut hasher = FxHasher::default();
    for (key, row) in columns.iter().flat_map(|c| c.keys.iter().zip(&c.rows)) {
        hasher.write_u64(*key);
        hasher.write_u32(row.term);
        hasher.write_u32(row.window);
    }
    hasher.finish()
}

struct Work<'a> {
    offer: i64,
    rules: &'a Rules,
    timeline: Timeline,
    /// Where the rows of each code begin, and their end.
    code_starts: Vec<usize>,
    jurisdictions: bool,
    windows: FxHashMap<Window, u32>,
    terms: FxHashMap<Term, u32>,
    /// The columns of "no group", for groups that have neither rows nor a surcharge.
    plain: Option<Vec<Column>>,
}

impl<'a> Work<'a> {
    fn new(offer: i64, rules: &'a Rules, mut timeline: Timeline, jurisdictions: bool) -> Self {
        timeline.layers.resize(timeline.rows.len(), (0, 0));
        let keys = &timeline.keys;
        let mut code_starts: Vec<usize> = (0..keys.len())
            .filter(|&i| i == 0 || keys[i] != keys[i - 1])
            .collect();
        code_starts.push(keys.len());
        Self {
            offer,
            rules,
            code_starts,
            jurisdictions,
            windows: (0u32..)
                .zip(&timeline.windows)
                .map(|(i, w)| (*w, i))
                .collect(),
            terms: (0u32..)
                .zip(&timeline.terms)
                .map(|(i, t)| (*t, i))
                .collect(),
            plain: None,
            timeline,
        }
    }

    /// The rows of one origin choice, for each jurisdiction.
    fn of_choice(&mut self, choice: usize) -> Result<Vec<Column>, BuildError> {
        let origin = choice as u16 + 1; // as rows carry it; 0 = none
        let surcharge = self
            .rules
            .origin
            .as_ref()
            .and_then(|o| o.surcharge(choice))
            .unwrap_or(0);
        let is_plain = surcharge == 0 && !self.timeline.layers.iter().any(|l| l.0 == origin);
        if let Some(plain) = self.plain.as_ref().filter(|_| is_plain) {
            return Ok(plain.clone());
        }
        let kinds = if self.jurisdictions {
            &Jurisdiction::ALL[..]
        } else {
            &Jurisdiction::ALL[..1]
        };
        let tables = kinds
            .iter()
            .map(|&kind| self.layer(origin, kind, surcharge))
            .collect::<Result<Vec<_>, _>>()?;
        if is_plain {
            self.plain = Some(tables.clone());
        }
        Ok(tables)
    }

    fn layer(
        &mut self,
        origin: u16,
        kind: Jurisdiction,
        surcharge: i64,
    ) -> Result<Column, BuildError> {
        let reading = self
            .rules
            .origin
            .as_ref()
            .map_or(Reading::OriginFirst, |o| o.reading);
        let mut out = Column::default();
        // Codes on the way down to the one in hand, with the time the group covers them.
        let mut above: Vec<(DigitKey, Vec<Segment>)> = Vec::new();
        for place in 0..self.code_starts.len() - 1 {
            let range = self.code_starts[place]..self.code_starts[place + 1];
            let own = self.resolved(range.clone(), origin, kind);
            let base = self.resolved(range.clone(), 0, kind);
            let raw = self.timeline.keys[range.start];
            let Some(key) = DigitKey::from_raw(raw) else {
                continue;
            };
            while above.last().is_some_and(|(top, _)| !key.starts_with(*top)) {
                above.pop();
            }
            let base = match reading {
                Reading::CodeFirst => outside(&base, own.iter()),
                Reading::OriginFirst => {
                    let inherited = above.iter().flat_map(|(_, covered)| covered);
                    outside(&base, own.iter().chain(inherited))
                }
            };
            let own_rows = own.iter().map(|s| (*s, 0, 0));
            let base_rows = base.iter().map(|s| (*s, surcharge, WITHOUT_ORIGIN));
            let mut rows: Vec<(Segment, i64, u8)> = own_rows.chain(base_rows).collect();
            rows.sort_unstable_by_key(|(segment, ..)| segment.from);
            for (segment, surcharge, layer) in rows {
                out.keys.push(raw);
                out.rows.push(self.row(&segment, surcharge, layer)?);
            }
            if !own.is_empty() {
                above.push((key, own));
            }
        }
        Ok(out)
    }

    /// Step 1: at every instant the one row of (code, origin) that prices this jurisdiction.
    fn resolved(
        &self,
        range: std::ops::Range<usize>,
        origin: u16,
        kind: Jurisdiction,
    ) -> Vec<Segment> {
        let timeline = &self.timeline;
        let of: Vec<(u32, u8, &Window)> = range
            .filter(|&i| timeline.layers[i].0 == origin)
            .map(|i| {
                let window = &timeline.windows[timeline.rows[i].window as usize];
                (i as u32, timeline.layers[i].1, window)
            })
            .collect();
        if of.is_empty() {
            return Vec::new();
        }
        let ends = of.iter().flat_map(|(_, _, w)| [w.from_us, w.until_us]);
        resolve(ends.collect(), |at| {
            let valid = |jurisdiction: u8| {
                of.iter()
                    .find(|(_, of, window)| *of == jurisdiction && window.holds(at))
                    .map(|found| found.0)
            };
            let of_kind = |kind: Jurisdiction| valid(kind as u8 + 1);
            let found = of_kind(kind).or_else(|| match kind {
                Jurisdiction::Local => of_kind(Jurisdiction::Intrastate),
                Jurisdiction::Indeterminate => {
                    let inter = of_kind(Jurisdiction::Interstate);
                    let intra = of_kind(Jurisdiction::Intrastate);
                    match (self.rules.ij_fallback(), inter, intra) {
                        (IjFallback::Max, Some(a), Some(b)) => {
                            Some(if self.price(b) > self.price(a) { b } else { a })
                        }
                        (IjFallback::Intrastate, a, b) => b.or(a),
                        (_, a, b) => a.or(b),
                    }
                }
                Jurisdiction::Interstate | Jurisdiction::Intrastate => None,
            });
            found.or_else(|| valid(0))
        })
    }

    /// By what the dearer of two rows is found.
    fn price(&self, row: u32) -> (i64, i64, i64) {
        let term = &self.timeline.terms[self.timeline.rows[row as usize].term as usize];
        let first = term.terms().first_rate_nanos.unwrap_or(term.rate_nanos);
        (term.rate_nanos, first, term.scheme.connect_fee_nanos)
    }

    fn row(&mut self, segment: &Segment, surcharge: i64, layer: u8) -> Result<RawRow, BuildError> {
        let source = self.timeline.rows[segment.row as usize];
        let window = Window {
            from_us: segment.from,
            until_us: segment.until,
            ..self.timeline.windows[source.window as usize]
        };
        let windows = &mut self.timeline.windows;
        let window = *self.windows.entry(window).or_insert_with(|| {
            windows.push(window);
            windows.len() as u32 - 1
        });
        let mut term = source.term;
        if surcharge != 0 {
            let dearer = self.dearer(segment.row, surcharge)?;
            let terms = &mut self.timeline.terms;
            term = *self.terms.entry(dearer).or_insert_with(|| {
                terms.push(dearer);
                terms.len() as u32 - 1
            });
        }
        Ok(RawRow {
            window,
            term,
            layer,
            ..source
        })
    }

    fn dearer(&self, row: u32, surcharge: i64) -> Result<Term, BuildError> {
        let (key, source) = (
            self.timeline.keys[row as usize],
            self.timeline.rows[row as usize],
        );
        let mut term = self.timeline.terms[source.term as usize];
        let add = |nanos: i64| {
            let sum = nanos.checked_add(surcharge);
            sum.filter(|n| *n <= MAX_RATE_NANOS).ok_or_else(|| {
                let code = DigitKey::from_raw(key).map(|k| k.to_string());
                BuildError::Config(format!(
                    "offer {}: rules: surcharges: code {} costs more than 10^15 nanos with its surcharge of {surcharge}",
                    self.offer,
                    code.unwrap_or_default()
                ))
            })
        };
        term.rate_nanos = add(term.rate_nanos)?;
        if term.scheme.first_rate_nanos >= 0 {
            term.scheme.first_rate_nanos = add(term.scheme.first_rate_nanos)?;
        }
        Ok(term)
    }

    /// When rows of one origin begin and end, whatever their jurisdiction: what `pending` and `expired` count over.
    fn history(&self, origin: u16) -> Column {
        let timeline = &self.timeline;
        let mut out = Column::default();
        for pair in self.code_starts.windows(2) {
            let mut of_code: Vec<RawRow> = Vec::new();
            for at in (pair[0]..pair[1]).filter(|&at| timeline.layers[at].0 == origin) {
                let row = timeline.rows[at];
                if !of_code.iter().any(|r| r.window == row.window) {
                    of_code.push(RawRow {
                        status: CLOSED,
                        layer: HISTORY,
                        ..row
                    });
                }
            }
            of_code.sort_by_key(|r| timeline.windows[r.window as usize].from_us);
            out.keys
                .extend(of_code.iter().map(|_| timeline.keys[pair[0]]));
            out.rows.extend(of_code);
        }
        out
    }
}
