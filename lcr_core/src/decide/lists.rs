//! The fast way: one longest match, then the cheapest candidates until enough pass.

use super::{Asked, Decision, Many, Masks, Route, general};
use crate::access::policy::{Guard, Kind};
use crate::error::QueryError;
use crate::index::candidate;
use crate::index::lookup::Found;
use crate::index::mask::{Mask, Without};
use crate::index::walk::{Hits, MOST};
use crate::policy::order::{Hit, Member};
use crate::policy::verdict::Verdict;
use crate::quality::Figures;
use crate::time;

type Members = Many<Member>;

/// Fills in the routes; `false` when there are none, so that the rows tell why.
pub(super) fn answer(
    asked: &Asked<'_>,
    found: Found,
    decision: &mut Decision,
) -> Result<bool, QueryError> {
    let layers = &asked.prepared.snapshot.layers;
    let by_lrn = asked.facts.lrn.filter(|_| layers.any_lrn());
    let by_lrn = by_lrn.map(|lrn| asked.prepared.lookup.find(lrn));
    if found.is_none() && by_lrn.is_none_or(|f| f.is_none()) {
        return Ok(false);
    }
    let Some(masks) = asked.masks() else {
        return Ok(false);
    };
    let prepared = asked.prepared;
    let lookup = &prepared.lookup;
    let by_cost = matches!(prepared.policy.kind, Kind::Cost | Kind::Quality)
        && prepared.policy.guard != Guard::LossAllowed
        && prepared.first.is_empty()
        && prepared.most <= MOST;
    let mut members: Members;
    if by_cost {
        members = Members::with_capacity(prepared.most);
        let mut hits = Hits::default();
        let mut take = |wanted: &dyn Fn(u64) -> bool, most: usize, members: &mut Members| {
            let Some(by_lrn) = by_lrn else {
                lookup.route(found, &masks, prepared.direct, most, wanted, &mut hits);
                lookup.ahead(found, hits.as_slice());
                let entries = hits.as_slice().iter();
                members.extend(entries.filter_map(|&entry| member_of(asked, &masks, entry)));
                return;
            };
            // The offers rated by the LRN are a second walk; the cheapest of both are the cheapest.
            let mut entries = Many::<u64>::with_capacity(2 * most);
            lookup.route(
                found,
                (&masks, Without(layers.lrn_columns())),
                prepared.direct,
                most,
                wanted,
                &mut hits,
            );
            entries.extend_from_slice(hits.as_slice());
            lookup.route(
                by_lrn,
                (&masks, layers.lrn_columns()),
                prepared.direct,
                most,
                wanted,
                &mut hits,
            );
            entries.extend_from_slice(hits.as_slice());
            entries.sort_unstable_by_key(|&entry| lookup.order_of(entry));
            entries.truncate(most);
            let entries = entries.into_iter();
            members.extend(entries.filter_map(|entry| member_of(asked, &masks, entry)));
        };
        let judges = asked.judges_candidates();
        if masks.none_demoted() {
            let passes = |entry: u64| !judges || member_of(asked, &masks, entry).is_some();
            take(&passes, prepared.most, &mut members);
        } else {
            // The cheapest healthy ones; the demoted fill the places that are left.
            let passes = |entry: u64, last_resort: bool| {
                member_of(asked, &masks, entry)
                    .is_some_and(|m| (m.demoted && !m.trial) == last_resort)
            };
            take(&|entry| passes(entry, false), prepared.most, &mut members);
            let left = prepared.most - members.len();
            if left > 0 {
                take(&|entry| passes(entry, true), left, &mut members);
            }
        }
    } else {
        members = Members::with_capacity(64);
        let mut take = |entry: u64| members.extend(member_of(asked, &masks, entry));
        match by_lrn {
            None => lookup.each(found, &masks, take),
            Some(by_lrn) => {
                let lrn_columns = layers.lrn_columns();
                lookup.each(found, (&masks, Without(lrn_columns)), &mut take);
                lookup.each(by_lrn, (&masks, lrn_columns), take);
            }
        }
    }
    let verdicts = asked.rank(&mut members);
    decision.routes.reserve(members.len().min(prepared.most));
    for (member, _) in members
        .iter()
        .zip(&verdicts)
        .filter(|(_, v)| **v == Verdict::Selected)
    {
        let Hit::Candidate(entry) = member.hit else {
            continue;
        };
        let of_lrn = by_lrn.filter(|_| layers.lrn_columns().has(candidate::column(entry)));
        let (code, row) = lookup
            .row_of(of_lrn.unwrap_or(found), entry, asked.call.at_us)
            .ok_or_else(|| QueryError::Inconsistent(asked.call.number.to_string()))?;
        lookup.terms_ahead(row);
        decision.routes.push(Route {
            offer: member.offer,
            code,
            row,
            comparable: member.comparable,
            score: member.score,
            demoted: member.demoted,
            trial: member.trial,
            choice: asked.choice(member.offer),
        });
    }
    // Inside the epoch no row begins or ends, so the first change after its start is the first after `at`.
    if !decision.routes.is_empty() {
        let next = match by_lrn {
            None => lookup.next_change(found),
            Some(by_lrn) => {
                // Of each number's changes only those of the offers it is matched with count: asked of the rows.
                let any = lookup.next_change(found).min(lookup.next_change(by_lrn));
                if any == time::NEVER {
                    any
                } else {
                    general::next_change(asked)
                }
            }
        };
        decision.valid_until = decision.valid_until.min(next);
    }
    Ok(!decision.routes.is_empty())
}

/// The candidate as a member of *E*, unless a rule refuses it.
fn member_of(asked: &Asked<'_>, masks: &Masks<'_>, entry: u64) -> Option<Member> {
    let snapshot = asked.prepared.snapshot;
    let column = candidate::column(entry);
    let offer = *snapshot.offer_of_column.get(usize::from(column))?;
    let comparable = snapshot.index.cost(entry)?;
    let figures = if asked.needs_figures() {
        asked.figures(offer)
    } else {
        Figures::default()
    };
    if asked.judges_candidates() && asked.refusal(comparable, &figures).is_some() {
        return None;
    }
    Some(asked.member(
        offer,
        comparable,
        Hit::Candidate(entry),
        masks.is_demoted(column),
    ))
}
