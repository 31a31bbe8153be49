//! The exact way: every row of every prefix, every offer with its verdict. Explain is this, kept.

use super::{Asked, Decision, Many, Route, Status};
use crate::error::QueryError;
use crate::explain::{self, Explained};
use crate::index::layout::{BLOCKED, OPEN, Row};
use crate::layers::find::{self, Found};
use crate::number::DigitKey;
use crate::policy::order::{Hit, Member};
use crate::policy::verdict::Verdict;
use crate::policy::{enabled, number_length};
use crate::quality::Figures;
use crate::snapshot::NO_OFFER;
use crate::snapshot::eligible;
use crate::state::Level;

pub(super) fn answer(asked: &Asked<'_>, decision: &mut Decision) -> Result<(), QueryError> {
    let prepared = asked.prepared;
    let snapshot = prepared.snapshot;
    let number = |number| snapshot.index.chain(number).next().is_some();
    if asked.call.explain.is_none()
        && !number(asked.call.number)
        && !asked.facts.lrn.is_some_and(number)
    {
        decision.status = Status::NoCode;
        return Ok(());
    }
    let found = gather(asked, &mut decision.valid_until);
    let mut members = Many::<Member>::new();
    let mut outcome = Many::<(Verdict, Option<u128>)>::with_capacity(found.len());
    for (place, of_offer) in found.iter().enumerate() {
        let offer = place as u32;
        let (verdict, comparable) = judge(asked, offer, of_offer)
            .ok_or_else(|| QueryError::Inconsistent(asked.call.number.to_string()))?;
        if let (Verdict::Selected, Some(comparable), Some((code, row))) =
            (verdict, comparable, of_offer.matched)
        {
            let demotion = asked.demotion(offer);
            let demoted = demotion.is_some_and(|d| d.level == Level::Critical);
            members.push(asked.member(offer, comparable, Hit::Row { code, row }, demoted));
        }
        outcome.push((verdict, comparable));
    }
    let verdicts = asked.rank(&mut members);
    for (member, verdict) in members.iter().zip(&verdicts) {
        if let Some(slot) = outcome.get_mut(member.offer as usize) {
            slot.0 = *verdict;
        }
        if let (Verdict::Selected, Hit::Row { code, row }) = (*verdict, member.hit) {
            decision.routes.push(Route {
                offer: member.offer,
                code,
                row,
                comparable: member.comparable,
                score: member.score,
                demoted: member.demoted,
                trial: member.trial,
                choice: found.get(member.offer as usize).and_then(|f| f.choice),
            });
        }
    }
    decision.status = if !decision.routes.is_empty() {
        Status::Ok
    } else if outcome.iter().all(|(verdict, _)| verdict.is_no_match()) {
        Status::NoCode
    } else {
        Status::AllRefused
    };
    if let Some(scope) = asked.call.explain {
        let in_order = members.iter().map(|m| (m.offer, m.score));
        let mut order: Vec<(u32, Option<u64>)> = in_order.collect();
        order.sort_by_key(
            |(offer, _)| match outcome.get(*offer as usize).map(|o| o.0) {
                Some(Verdict::Selected) => 0,
                Some(Verdict::Outranked) => 1,
                _ => 2,
            },
        );
        let kept = order.len();
        let mut refused: Vec<(u32, Option<u64>)> =
            order.split_off(order.partition_point(|(offer, _)| {
                matches!(
                    outcome.get(*offer as usize).map(|o| o.0),
                    Some(Verdict::Selected | Verdict::Outranked)
                )
            }));
        let is_member = |offer: u32| members.iter().any(|m| m.offer == offer);
        refused.extend(
            (0..found.len() as u32)
                .filter(|&o| kept == 0 || !is_member(o))
                .map(|o| (o, None)),
        );
        refused.sort_by_key(|(offer, _)| {
            (
                outcome.get(*offer as usize).map_or(0, |o| o.0.number()),
                *offer,
            )
        });
        order.extend(refused);
        let mut rank = 0u32;
        let mut explained: Vec<Explained> = Vec::new();
        for (offer, score) in order {
            if !explain::is_visible(
                snapshot,
                prepared.trunk,
                prepared.offered(),
                scope,
                offer,
                asked.call.at_us,
            ) {
                continue;
            }
            let (Some(of_offer), Some(&(verdict, comparable))) =
                (found.get(offer as usize), outcome.get(offer as usize))
            else {
                continue;
            };
            let rank = (verdict == Verdict::Selected).then(|| {
                rank += 1;
                rank
            });
            let figures = asked.figures(offer);
            let context = explain::Context {
                snapshot,
                policy: &prepared.policy,
                number: matching_number(asked, offer),
                b: asked.call.number,
                basis: asked.basis,
                at: asked.call.at_us,
                most: prepared.most,
                sell: asked.sell,
                view: prepared.view,
            };
            let detail = context.detail(offer, verdict, of_offer, comparable, &figures, rank);
            explained.push(Explained {
                offer,
                verdict,
                rank,
                detail,
                matched: of_offer.matched,
                shadowed: of_offer.shadowed.clone(),
                comparable,
                score,
                figures,
                choice: of_offer.choice,
                demotion: asked
                    .demotion(offer)
                    .map(|d| (d, asked.is_trial(offer, Some(d)))),
            });
        }
        decision.explain = Some(explained);
    }
    Ok(())
}

/// The first of verdicts 1–21 that applies, `Selected` standing for "passed"; with the comparable where there is one.
fn judge(asked: &Asked<'_>, offer: u32, found: &Found) -> Option<(Verdict, Option<u128>)> {
    let prepared = asked.prepared;
    let snapshot = prepared.snapshot;
    let Some((_, row)) = found.matched else {
        let verdict = match (found.pending, found.ended) {
            (Some(_), _) => Verdict::NotYetEffective,
            (None, Some(_)) => Verdict::Expired,
            (None, None) => Verdict::NoMatch,
        };
        return Some((verdict, None));
    };
    let row = snapshot.index.row(row)?;
    let (terms, currency) = snapshot.index.terms_of(&row)?;
    let fx = snapshot.fx.get(usize::from(currency)).copied().flatten();
    let comparable = fx.map(|fx| prepared.comparable(asked.mix, &terms, fx));
    if row.status != OPEN {
        return Some((
            if row.status == BLOCKED {
                Verdict::Blocked
            } else {
                Verdict::Closed
            },
            comparable,
        ));
    }
    let (at, number) = (asked.call.at_us, asked.call.number);
    let words = snapshot.access.offers.get(offer as usize)?;
    let view = prepared.view;
    if enabled::refuses(words) || view.is_some_and(|v| v.is_disabled(offer)) {
        return Some((Verdict::Disabled, comparable));
    }
    if view.is_some_and(|v| v.blocked_by(offer, number).is_some()) {
        return Some((Verdict::DestinationBlocked, comparable));
    }
    if let Some(verdict) = eligible::refusal(
        snapshot,
        prepared.trunk,
        &prepared.policy,
        prepared.offered(),
        offer,
        at,
    ) {
        return Some((verdict, comparable));
    }
    if number_length::refuses(words, number) {
        return Some((Verdict::NumberLength, comparable));
    }
    let schedule = snapshot.access.schedules.get(offer as usize)?.as_ref();
    if schedule.is_some_and(|s| !s.is_open(at)) {
        return Some((Verdict::Schedule, comparable));
    }
    let Some(cost) = comparable else {
        return Some((Verdict::NoFx, None));
    };
    if let Some(verdict) = view.and_then(|v| v.capacity(offer)) {
        return Some((verdict, comparable));
    }
    let figures = if asked.needs_figures() {
        asked.figures(offer)
    } else {
        Figures::default()
    };
    Some((
        asked.refusal(cost, &figures).unwrap_or(Verdict::Selected),
        comparable,
    ))
}

/// What a row costs in this decision; `None` without an exchange rate.
fn cost_of(asked: &Asked<'_>, row: &Row) -> Option<u128> {
    let snapshot = asked.prepared.snapshot;
    let (terms, currency) = snapshot.index.terms_of(row)?;
    let fx = snapshot.fx.get(usize::from(currency)).copied().flatten()?;
    Some(asked.prepared.comparable(asked.mix, &terms, fx))
}

/// The number an offer is matched with.
fn matching_number(asked: &Asked<'_>, offer: u32) -> DigitKey {
    let lrn_rated = asked
        .prepared
        .snapshot
        .access
        .offers
        .get(offer as usize)
        .is_some_and(|o| o.lrn_rated);
    asked
        .facts
        .lrn
        .filter(|_| lrn_rated)
        .unwrap_or(asked.call.number)
}

/// The first instant after `at` at which a row of a number it is matched with begins or ends.
pub(super) fn next_change(asked: &Asked<'_>) -> i64 {
    let mut next = crate::time::NEVER;
    walk_both(asked, &mut [], &mut next);
    next
}

fn walk_both(asked: &Asked<'_>, found: &mut [Found], valid_until: &mut i64) {
    let lrn = asked.facts.lrn;
    let dialled = |lrn_rated: bool| lrn.is_none() || !lrn_rated;
    walk(asked, asked.call.number, dialled, found, valid_until);
    if let Some(lrn) = lrn {
        walk(asked, lrn, |lrn_rated| lrn_rated, found, valid_until);
    }
}

/// Reads all rows of the number's prefixes; lowers `valid_until` to the first change among them.
fn gather(asked: &Asked<'_>, valid_until: &mut i64) -> Many<Found> {
    let snapshot = asked.prepared.snapshot;
    let mut found = Many::from_elem(Found::default(), snapshot.access.offers.len());
    walk_both(asked, &mut found, valid_until);
    for offer in &snapshot.layers.offers {
        if let Some(slot) = found.get_mut(offer.place as usize) {
            let number = matching_number(asked, offer.place);
            let cost = |row: &Row| cost_of(asked, row).unwrap_or(0);
            *slot = find::find(
                &snapshot.index,
                offer,
                &asked.facts,
                number,
                asked.call.at_us,
                cost,
            );
        }
    }
    found
}

fn walk(
    asked: &Asked<'_>,
    number: DigitKey,
    takes: impl Fn(bool) -> bool,
    found: &mut [Found],
    valid_until: &mut i64,
) {
    let snapshot = asked.prepared.snapshot;
    let index = &snapshot.index;
    let at = asked.call.at_us;
    let explains = asked.call.explain.is_some();
    for code in index.chain(number) {
        for (row_number, row) in index.rows_at(code) {
            let Some(window) = index.window(&row) else {
                continue;
            };
            let place = snapshot
                .offer_of_column
                .get(usize::from(row.column))
                .copied()
                .unwrap_or(NO_OFFER);
            let lrn_rated = snapshot
                .access
                .offers
                .get(place as usize)
                .is_some_and(|o| o.lrn_rated);
            if !takes(lrn_rated) {
                continue;
            }
            *valid_until = (*valid_until).min(window.next_change(at));
            if snapshot.layers.is_layered(row.column) {
                continue;
            }
            let Some(of_offer) = found.get_mut(place as usize) else {
                continue;
            };
            if window.holds(at) {
                if of_offer.matched.is_none() {
                    of_offer.matched = Some((code, row_number));
                } else if explains {
                    of_offer.shadowed.push(code);
                }
            } else {
                of_offer.note(code, row_number, window.from_us, window.until_us, at);
            }
        }
    }
}
