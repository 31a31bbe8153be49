//! Decisions timed by every way, each way's answers held against the exact one.

use std::hint::black_box;

use lcr_core::decide::Prepared;
use lcr_core::index::candidate;
use lcr_core::index::walk::{BATCH, Hits};
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common};
use lcr_core::snapshot::Snapshot;
use serde_json::{Value, json};

use crate::market::{Dice, EPOCH, Market};
use crate::{RUNS, SEES, median, median_on_core};

const CALLS: usize = 1 << 18;
/// Calls whose answers are compared.
const SAMPLE: usize = 2_000;
pub const MOST: usize = 5;
const AT: i64 = EPOCH + 1;

pub struct Numbers {
    pub zipf: Vec<DigitKey>,
    pub uniform: Vec<DigitKey>,
}

impl Numbers {
    pub fn new(market: &Market) -> Self {
        let mut dice = Dice(5);
        let codes = market.codes.len();
        let mut of = |place: &dyn Fn(&mut Dice) -> usize| {
            let number = |dice: &mut Dice| {
                let code = &market.codes[place(dice)];
                number_for(code, dice)
            };
            (0..CALLS).map(|_| number(&mut dice)).collect()
        };
        Self {
            zipf: of(&|dice| skewed(dice, codes)),
            uniform: of(&|dice| dice.below(codes as u64) as usize),
        }
    }
}

/// A subscriber's number behind a code.
fn number_for(code: &str, dice: &mut Dice) -> DigitKey {
    let mut number = code.to_owned();
    while number.len() < 11 {
        number.push(char::from(b'0' + dice.below(10) as u8));
    }
    DigitKey::from_digits(&number).unwrap()
}

/// Ranks with density ~ 1/rank, spread over the codes.
fn skewed(dice: &mut Dice, n: usize) -> usize {
    let u = dice.below(1 << 30) as f64 / (1u64 << 30) as f64;
    ((n as f64).powf(u) as usize).wrapping_mul(2_654_435_761) % n
}

/// Figures in nanoseconds a decision, one object a distribution, and how many answers differed.
pub fn all(
    snapshot: &Snapshot,
    prepared: &Prepared<'_>,
    numbers: &Numbers,
    sees: u64,
) -> (Vec<Value>, usize) {
    let mut out = Vec::new();
    let mut wrong = 0;
    for (name, calls) in [("zipf", &numbers.zipf), ("uniform", &numbers.uniform)] {
        let ns = |seconds: f64, calls: usize| seconds * 1e9 / calls as f64;
        let some = &calls[..CALLS / 8];
        out.push(json!({
            "sees": sees, "calls": name,
            "single": ns(median_on_core(RUNS, || single(prepared, calls)), CALLS),
            "batch": ns(median_on_core(RUNS, || batch(prepared, calls)), CALLS),
            "two_threads_per_second": CALLS as f64 / median(RUNS, || two_threads(prepared, calls)),
            "whole": ns(median_on_core(3, || whole(prepared, some)), some.len()),
            "whole_batch": ns(median_on_core(3, || whole_batch(prepared, some)), some.len()),
        }));
        wrong += differences(snapshot, prepared, &calls[..SAMPLE]);
    }
    (out, wrong)
}

/// Callers of every share by both ways: through the top lists, and straight through the codes' own entries.
pub fn ways(snapshot: &Snapshot, numbers: &Numbers) -> Vec<Value> {
    let some = &numbers.zipf[..CALLS / 4];
    let mut shares: Vec<(u64, i64)> = SEES.iter().copied().zip(1i64..).collect();
    shares.sort_unstable();
    let mut out = Vec::new();
    for (sees, trunk) in shares {
        let common = Common {
            trunk: Some(trunk),
            max: Some(MOST as u32),
            ..Common::default()
        };
        let mut prepared = Prepared::new(snapshot, None, &common).unwrap();
        let chosen = prepared.goes_direct();
        let mut ns = |direct: bool, way: fn(&Prepared<'_>, &[DigitKey])| {
            prepared.go_direct(direct);
            median_on_core(3, || way(&prepared, some)) * 1e9 / some.len() as f64
        };
        out.push(json!({
            "sees": sees, "direct": chosen,
            "top_single": ns(false, single), "own_single": ns(true, single),
            "top_batch": ns(false, batch), "own_batch": ns(true, batch),
        }));
    }
    out
}

fn single(prepared: &Prepared<'_>, calls: &[DigitKey]) {
    let mut hits = Hits::default();
    for number in calls {
        prepared.route_into(*number, AT, MOST, &mut hits);
        black_box(&hits);
    }
}

fn batch(prepared: &Prepared<'_>, calls: &[DigitKey]) {
    let mut hits = [Hits::default(); BATCH];
    for group in calls.chunks(BATCH) {
        prepared.route_many(group, AT, MOST, &mut hits);
        black_box(&hits);
    }
}

fn two_threads(prepared: &Prepared<'_>, calls: &[DigitKey]) {
    let (first, second) = calls.split_at(calls.len() / 2);
    std::thread::scope(|scope| {
        scope.spawn(|| batch(prepared, first));
        batch(prepared, second);
    });
}

fn whole(prepared: &Prepared<'_>, calls: &[DigitKey]) {
    for number in calls {
        drop(black_box(prepared.decide(&Call::new(*number, AT)).unwrap()));
    }
}

fn whole_batch(prepared: &Prepared<'_>, calls: &[DigitKey]) {
    let mut group: Vec<Call> = Vec::with_capacity(BATCH);
    for numbers in calls.chunks(BATCH) {
        group.clear();
        group.extend(numbers.iter().map(|number| Call::new(*number, AT)));
        prepared.decide_group(&group, |_, decision| drop(black_box(decision)));
    }
}

/// Every way against all timeline rows of the number's prefixes.
fn differences(snapshot: &Snapshot, prepared: &Prepared<'_>, calls: &[DigitKey]) -> usize {
    let mut hits = Hits::default();
    let mut many = [Hits::default(); BATCH];
    let mut wrong = 0;
    for group in calls.chunks(BATCH) {
        prepared.route_many(group, AT, MOST, &mut many);
        for (number, of_batch) in group.iter().zip(&many) {
            let exact = prepared.decide_by_rows(&Call::new(*number, AT)).unwrap();
            prepared.route_into(*number, AT, MOST, &mut hits);
            let same = |hits: &Hits| {
                hits.as_slice().len() == exact.routes.len()
                    && hits
                        .as_slice()
                        .iter()
                        .zip(&exact.routes)
                        .all(|(&hit, route)| {
                            let column = usize::from(candidate::column(hit));
                            snapshot.offer_of_column[column] == route.offer
                                && snapshot.index.cost(hit) == Some(route.comparable)
                                && snapshot.index.code(route.code).map(DigitKey::len)
                                    == Some(candidate::matched_len(hit))
                        })
            };
            let decided = prepared.decide(&Call::new(*number, AT)).unwrap();
            wrong += usize::from(!same(&hits) || !same(of_batch) || decided != exact);
        }
    }
    wrong
}

/// Nanoseconds of a load that had to wait for the one before, over 256 MB in random order.
pub fn memory_latency() -> f64 {
    let mut next: Vec<u32> = (0..1 << 26).collect();
    let mut dice = Dice(9);
    // Sattolo: one cycle through everything.
    for i in (1..next.len()).rev() {
        next.swap(i, dice.below(i as u64) as usize);
    }
    let hops = 1 << 21;
    let mut at = 0u32;
    let mut chase = || {
        for _ in 0..hops {
            at = next[at as usize];
        }
        black_box(at);
    };
    median_on_core(3, &mut chase) * 1e9 / f64::from(hops)
}
