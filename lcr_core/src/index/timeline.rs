//! One offer's timeline: Arrow columns (docs/decision.md 1) to checked rows. A bad cell names offer, row, column and value.

use arrow_array::types::{Int8Type, Int32Type, Int64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use rustc_hash::FxHashMap;

use super::columns::{Columns, Text};
use super::layout::{CLOSED, Scheme, Term, Window};
use crate::error::BuildError;
use crate::layers::Jurisdiction;
use crate::layers::rules::Rules;
use crate::money::MAX_RATE_NANOS;
use crate::number::DigitKey;
use crate::rating::MAX_SECONDS;
use crate::time;

/// A row before the merge; `term` and `window` count within the offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawRow {
    pub term: u32,
    pub window: u32,
    pub deck_row: i32,
    pub status: u8,
    /// Bits of `layers`.
    pub layer: u8,
}

/// For whom a row holds, as places in the rules: 0 = any, else the group or jurisdiction + 1.
pub type LayerKey = (u16, u8);

/// One offer's rows, sorted by (code, from), with what they share counted once.
#[derive(Debug, Default)]
pub struct Timeline {
    /// The code of each row.
    pub keys: Vec<u64>,
    pub rows: Vec<RawRow>,
    /// Of each row; empty for an offer without layers.
    pub layers: Vec<LayerKey>,
    /// A further layer of the timeline before, whose terms, windows, names and currencies it shares.
    pub continues: bool,
    pub terms: Vec<Term>,
    pub windows: Vec<Window>,
    pub names: Vec<String>,
    pub currencies: Vec<String>,
}

impl Timeline {
    fn begin_of(&self, row: usize) -> i64 {
        self.windows[self.rows[row].window as usize].from_us
    }

    fn layer_of(&self, row: usize) -> LayerKey {
        self.layers.get(row).copied().unwrap_or_default()
    }

    /// Brings the rows into the order of (code, layer, from) and refuses intervals of one code that overlap.
    fn sort(&mut self, offer: i64) -> Result<(), BuildError> {
        let place = |i: usize| (self.keys[i], self.layer_of(i), self.begin_of(i));
        let in_order = |w: usize| place(w) <= place(w + 1);
        let mut order: Option<Vec<u32>> = None;
        if !(0..self.rows.len().saturating_sub(1)).all(in_order) {
            let mut places: Vec<u32> = (0..self.rows.len() as u32).collect();
            places.sort_unstable_by_key(|&i| (place(i as usize), i));
            self.keys = places.iter().map(|&i| self.keys[i as usize]).collect();
            if !self.layers.is_empty() {
                self.layers = places.iter().map(|&i| self.layers[i as usize]).collect();
            }
            self.rows = places.iter().map(|&i| self.rows[i as usize]).collect();
            order = Some(places);
        }
        for second in 1..self.rows.len() {
            let first = second - 1;
            let same = |i: usize| (self.keys[i], self.layer_of(i));
            if same(first) != same(second) {
                continue;
            }
            let until = self.windows[self.rows[first].window as usize].until_us;
            if until > self.begin_of(second) {
                let source = |i: usize| order.as_ref().map_or(i, |o| o[i] as usize);
                return Err(BuildError::Overlap {
                    offer,
                    code: DigitKey::from_raw(self.keys[first])
                        .map(|k| k.to_string())
                        .unwrap_or_default(),
                    first: source(first),
                    second: source(second),
                });
            }
        }
        Ok(())
    }
}

/// Reads, checks and sorts all batches of one offer.
pub fn read(offer: i64, rules: &Rules, batches: &[RecordBatch]) -> Result<Timeline, BuildError> {
    rules.check().map_err(|(word, why)| {
        BuildError::Config(format!("offer {offer}: rules: {word}: {why}"))
    })?;
    let mut out = Timeline::default();
    let mut seen = Interner::default();
    let mut first = 0usize;
    for batch in batches {
        read_batch(offer, rules, batch, first, &mut out, &mut seen)?;
        first += batch.num_rows();
        if first > u32::MAX as usize {
            return Err(BuildError::Limit(format!(
                "offer {offer}: more than 2^32 rows"
            )));
        }
    }
    out.sort(offer)?;
    Ok(out)
}

#[derive(Default)]
struct Interner {
    terms: FxHashMap<Term, u32>,
    windows: FxHashMap<Window, u32>,
    names: FxHashMap<String, u32>,
    /// The last term of each name: rows of one destination mostly cost the same, though others stand between them.
    term_of_name: Vec<u32>,
    last_window: Option<(Window, u32)>,
}

impl Interner {
    fn term(&mut self, term: Term, all: &mut Vec<Term>) -> u32 {
        let name = term.destination as usize;
        if name >= self.term_of_name.len() {
            self.term_of_name.resize(name + 1, 0);
        }
        let last = self.term_of_name[name];
        if all.get(last as usize) == Some(&term) {
            return last;
        }
        let id = *self.terms.entry(term).or_insert_with(|| {
            all.push(term);
            all.len() as u32 - 1
        });
        self.term_of_name[name] = id;
        id
    }
}

/// Numbers `value` by first appearance; most rows repeat the one before.
fn intern<T: Copy + Eq + std::hash::Hash>(
    value: T,
    all: &mut Vec<T>,
    seen: &mut FxHashMap<T, u32>,
    last: &mut Option<(T, u32)>,
) -> u32 {
    if let Some((before, id)) = last
        && *before == value
    {
        return *id;
    }
    let id = *seen.entry(value).or_insert_with(|| {
        all.push(value);
        all.len() as u32 - 1
    });
    *last = Some((value, id));
    id
}

fn read_batch(
    offer: i64,
    rules: &Rules,
    batch: &RecordBatch,
    first: usize,
    out: &mut Timeline,
    seen: &mut Interner,
) -> Result<(), BuildError> {
    let columns = Columns {
        offer,
        batch,
        first,
    };
    let code = columns.text("code")?;
    let destination = columns.text("destination")?;
    let currency = columns.text("currency")?;
    let rate = columns.plain::<Int64Type>("rate_nanos", &DataType::Int64)?;
    let first_rate = columns.plain::<Int64Type>("first_rate_nanos", &DataType::Int64)?;
    let fee = columns.plain::<Int64Type>("connect_fee_nanos", &DataType::Int64)?;
    let initial = columns.plain::<Int32Type>("initial_increment", &DataType::Int32)?;
    let next = columns.plain::<Int32Type>("next_increment", &DataType::Int32)?;
    let free = columns.plain::<Int32Type>("free_seconds", &DataType::Int32)?;
    let status = columns.plain::<Int8Type>("status", &DataType::Int8)?;
    let from = columns.instants("effective_from")?;
    let until = columns.instants("effective_until")?;
    let received = columns.instants("received_at")?;
    let deck_id = columns.plain::<Int64Type>("deck_id", &DataType::Int64)?;
    let deck_row = columns.plain::<Int32Type>("deck_row", &DataType::Int32)?;
    let origin = columns.optional_text("origin")?;
    let jurisdiction = columns.optional_text("jurisdiction")?;
    let layered = origin.is_some() || jurisdiction.is_some() || !out.layers.is_empty();
    if layered {
        out.layers.resize(out.rows.len(), LayerKey::default());
    }
    out.keys.reserve(batch.num_rows());
    out.rows.reserve(batch.num_rows());
    let mut last_name: Option<u32> = None;
    let mut last_currency = 0u16;
    for i in 0..batch.num_rows() {
        let bad = |column, value: String, why| BuildError::Row {
            offer,
            row: first + i,
            column,
            value,
            why,
        };
        let money = |column, nanos: i64| {
            if (0..=MAX_RATE_NANOS).contains(&nanos) {
                Ok(nanos)
            } else {
                Err(bad(
                    column,
                    nanos.to_string(),
                    "is not within 0 and 10^15 nanos",
                ))
            }
        };
        let seconds = |column, value: i32, least: u32| match u32::try_from(value) {
            Ok(v) if (least..=MAX_SECONDS).contains(&v) => Ok(v),
            _ => Err(bad(
                column,
                value.to_string(),
                if least == 1 {
                    "is not 1 to 86400 seconds"
                } else {
                    "is not 0 to 86400 seconds"
                },
            )),
        };
        let code_text = code.value(i);
        let key = DigitKey::from_digits(code_text)
            .ok_or_else(|| bad("code", cut(code_text), "is not 1 to 15 digits"))?;
        let status_value = status.value(i);
        let status = u8::try_from(status_value)
            .ok()
            .filter(|s| *s <= CLOSED)
            .ok_or_else(|| {
                bad(
                    "status",
                    status_value.to_string(),
                    "is not 0 (open), 1 (blocked) or 2 (closed)",
                )
            })?;
        let (from_us, until_us) = (
            from.value(i),
            if until.is_null(i) {
                time::NEVER
            } else {
                until.value(i)
            },
        );
        if from_us >= until_us {
            return Err(bad(
                "effective_until",
                time::instant_to_string(until_us),
                "is not after effective_from",
            ));
        }
        let name = destination.value(i);
        let name = match last_name.filter(|&id| out.names[id as usize] == name) {
            Some(id) => id,
            None => name_id(name, &mut out.names, &mut seen.names),
        };
        last_name = Some(name);
        let currency_text = currency.value(i);
        if out
            .currencies
            .get(usize::from(last_currency))
            .map(String::as_str)
            != Some(currency_text)
        {
            if currency_text.len() != 3 || !currency_text.bytes().all(|b| b.is_ascii_uppercase()) {
                return Err(bad(
                    "currency",
                    cut(currency_text),
                    "is not an ISO 4217 code such as USD",
                ));
            }
            let found = out
                .currencies
                .iter()
                .position(|c| c == currency_text)
                .unwrap_or_else(|| {
                    out.currencies.push(currency_text.to_owned());
                    out.currencies.len() - 1
                });
            last_currency = found as u16; // at most 26³ codes
        }
        let term = Term {
            rate_nanos: money("rate_nanos", rate.value(i))?,
            destination: name,
            scheme: Scheme {
                first_rate_nanos: if first_rate.is_null(i) {
                    -1
                } else {
                    money("first_rate_nanos", first_rate.value(i))?
                },
                connect_fee_nanos: money("connect_fee_nanos", fee.value(i))?,
                initial_increment: seconds("initial_increment", initial.value(i), 1)?,
                next_increment: seconds("next_increment", next.value(i), 1)?,
                free_seconds: seconds("free_seconds", free.value(i), 0)?,
                currency: last_currency,
                spare: 0,
            },
        };
        let window = Window {
            from_us,
            until_us,
            received_us: received.value(i),
            deck_id: deck_id.value(i),
            row_from_us: from_us,
            row_until_us: until_us,
        };
        if layered {
            out.layers.push((
                group_of(rules, origin.as_ref(), i)
                    .map_err(|name| bad("origin", name, "is not a group of the offer's rules"))?,
                kind_of(jurisdiction.as_ref(), i).map_err(|name| {
                    let why = "is not interstate, intrastate, indeterminate or local";
                    bad("jurisdiction", name, why)
                })?,
            ));
        }
        out.keys.push(key.raw());
        out.rows.push(RawRow {
            status,
            term: seen.term(term, &mut out.terms),
            window: intern(
                window,
                &mut out.windows,
                &mut seen.windows,
                &mut seen.last_window,
            ),
            deck_row: deck_row.value(i),
            layer: 0,
        });
    }
    Ok(())
}

/// Place of a row's group + 1; the name when the rules do not know it.
fn group_of(rules: &Rules, names: Option<&Text<'_>>, row: usize) -> Result<u16, String> {
    let Some(name) = names.filter(|n| !n.is_null(row)).map(|n| n.value(row)) else {
        return Ok(0);
    };
    let group = rules.origin.as_ref().and_then(|o| o.group(name));
    group.map(|g| g as u16 + 1).ok_or_else(|| cut(name))
}

fn kind_of(names: Option<&Text<'_>>, row: usize) -> Result<u8, String> {
    let Some(name) = names.filter(|n| !n.is_null(row)).map(|n| n.value(row)) else {
        return Ok(0);
    };
    let kind = Jurisdiction::parse(name);
    kind.map(|j| j as u8 + 1).ok_or_else(|| cut(name))
}

fn name_id(name: &str, names: &mut Vec<String>, seen: &mut FxHashMap<String, u32>) -> u32 {
    if let Some(&id) = seen.get(name) {
        return id;
    }
    let id = names.len() as u32;
    names.push(name.to_owned());
    seen.insert(name.to_owned(), id);
    id
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}
