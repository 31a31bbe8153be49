//! The arithmetic of one offer's cost, term by term, as `explain` shows it (docs/decision.md 3).

use super::json::Object;
use crate::decide::Decision;
use crate::index::layout::Term;
use crate::money::div_half_up;
use crate::snapshot::Snapshot;

/// For the reference seconds; with a mix also each of its durations.
pub(super) fn write(
    out: &mut String,
    term: &Term,
    snapshot: &Snapshot,
    decision: &Decision,
    fx: Option<u64>,
) {
    let terms = term.terms();
    let mut object = Object::begin(out);
    object.int("seconds", i64::from(decision.reference_seconds));
    object.int("initial_increment", i64::from(terms.initial_increment));
    object.int("next_increment", i64::from(terms.next_increment));
    object.int("free_seconds", i64::from(terms.free_seconds));
    object.nanos("connect_fee", terms.connect_fee_nanos);
    object.nanos(
        "first_rate",
        terms.first_rate_nanos.unwrap_or(terms.rate_nanos),
    );
    object.nanos("rate", terms.rate_nanos);
    object.text("currency", snapshot.index.currency(term.scheme.currency));
    object.decimal_or_null("fx", fx.map(u128::from), 9);
    duration(&mut object, &terms, decision.reference_seconds);
    let mix = decision
        .mix
        .and_then(|_| snapshot.access.durations.of(decision.number));
    let Some(mix) = mix else {
        object.null("mix");
        return object.end();
    };
    let parts = object.key("mix");
    parts.push('[');
    for (i, &(seconds, weight)) in mix.parts.iter().enumerate() {
        if i > 0 {
            parts.push(',');
        }
        let mut part = Object::begin(parts);
        part.int("seconds", i64::from(seconds));
        part.int("weight", i64::from(weight));
        duration(&mut part, &terms, seconds);
        part.end();
    }
    parts.push(']');
    object.end();
}

/// Billed seconds and the amount in the currency of the row.
fn duration(object: &mut Object<'_>, terms: &crate::rating::Terms, seconds: u32) {
    let seconds = u64::from(seconds);
    let billed = terms.billed_seconds(seconds);
    object.int("billed_seconds", i64::try_from(billed).unwrap_or(i64::MAX));
    object.decimal("amount", div_half_up(terms.amount_times_60(seconds), 60), 9);
}
