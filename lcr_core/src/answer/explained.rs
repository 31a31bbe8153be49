//! One offer's line of `explain`.

use super::json::Object;
use super::{cost, row_and_term};
use crate::decide::Decision;
use crate::explain::Explained;
use crate::policy::verdict::Verdict;
use crate::quality::Figures;
use crate::rating::amount_nanos;
use crate::snapshot::Snapshot;
use crate::time;

pub(super) fn write(snapshot: &Snapshot, decision: &Decision, line: &Explained, out: &mut String) {
    let mut object = Object::begin(out);
    if let Some(offer) = snapshot.access.offers.get(line.offer as usize) {
        object.int("offer", offer.offer_id);
        object.text("vendor", &offer.vendor);
        object.text("product", &offer.product);
        object.text("class", &offer.class);
    }
    object.text("verdict", line.verdict.as_str());
    object.int_or_null("rank", line.rank.map(i64::from));
    object.text("detail", &line.detail);
    let seconds = decision.reference_seconds;
    let matched = line
        .matched
        .and_then(|(code, row)| Some((snapshot.index.code(code)?, row_and_term(snapshot, row)?)));
    let window = matched.and_then(|(_, (row, _))| snapshot.index.window(&row));
    object.digits("code", matched.map(|(code, _)| code));
    let shadowed = object.key("shadowed");
    shadowed.push('[');
    for (i, &code) in line.shadowed.iter().enumerate() {
        if i > 0 {
            shadowed.push(',');
        }
        if let Some(code) = snapshot.index.code(code) {
            super::json::write_text(shadowed, &code.to_string());
        }
    }
    shadowed.push(']');
    let term = matched.map(|(_, (_, term))| term);
    object.text_or_null("destination", term.map(|t| snapshot.index.destination(&t)));
    object.decimal_or_null(
        "rate",
        term.map(|t| u128::from(t.rate_nanos.max(0).unsigned_abs())),
        9,
    );
    object.text_or_null(
        "currency",
        term.map(|t| snapshot.index.currency(t.scheme.currency)),
    );
    let comparable = line.comparable.filter(|_| line.verdict != Verdict::NoFx);
    object.decimal_or_null("eff", comparable.map(|c| decision.effective_nanos(c)), 9);
    object.int_or_null(
        "billed_seconds",
        term.and_then(|t| i64::try_from(t.terms().billed_seconds(u64::from(seconds))).ok()),
    );
    let fx = term.and_then(|t| {
        snapshot
            .fx
            .get(usize::from(t.scheme.currency))
            .copied()
            .flatten()
    });
    let amount = term
        .zip(fx)
        .map(|(t, fx)| amount_nanos(t.terms().comparable(seconds, fx)));
    object.decimal_or_null("amount", amount.filter(|_| comparable.is_some()), 9);
    object.score("score", line.score);
    match window {
        Some(window) => object.instant("effective_from", window.row_from_us),
        None => object.null("effective_from"),
    }
    match window.filter(|w| w.row_until_us != time::NEVER) {
        Some(window) => object.instant("effective_until", window.row_until_us),
        None => object.null("effective_until"),
    }
    object.int_or_null("deck_id", window.map(|w| w.deck_id));
    object.int_or_null(
        "deck_row",
        matched.map(|(_, (row, _))| i64::from(row.deck_row)),
    );
    match term {
        Some(term) => cost::write(object.key("cost"), &term, snapshot, decision, fx),
        None => object.null("cost"),
    }
    match &line.demotion {
        Some((demotion, trial)) => {
            let mut demoted = Object::begin(object.key("demoted"));
            demoted.digits("code", Some(demotion.code));
            demoted.text("level", demotion.level.as_str());
            demoted.int("trial_ppm", i64::from(demotion.trial_ppm));
            demoted.flag("trial", *trial);
            demoted.end();
        }
        None => object.null("demoted"),
    }
    super::layer::write(
        &mut object,
        snapshot,
        decision,
        line.offer,
        line.choice,
        matched.map(|(_, (row, _))| row).as_ref(),
    );
    write_quality(&mut object, &line.figures);
    object.end();
}

fn write_quality(object: &mut Object<'_>, figures: &Figures) {
    if *figures == Figures::default() {
        object.null("quality");
        return;
    }
    let wide = |figure: Option<u64>| figure.map(u128::from);
    let whole = |figure: Option<u64>| figure.and_then(|f| i64::try_from(f).ok());
    let mut quality = Object::begin(object.key("quality"));
    quality.decimal_or_null("asr", wide(figures.asr_ppm), 6);
    quality.digits("asr_code", figures.asr_code);
    quality.int_or_null("attempts", whole(figures.attempts));
    quality.decimal_or_null("acd_s", wide(figures.acd_ms), 3);
    quality.int_or_null("pdd_ms", whole(figures.pdd_ms));
    quality.decimal_or_null("ner", wide(figures.ner_ppm), 6);
    quality.decimal_or_null("mos", wide(figures.mos_milli), 3);
    quality.end();
}
