//! The fast way: one longest match, then the cheapest candidates until enough pass.

use super::{Asked, Decision, Masks, Route};
use crate::access::policy::{Guard, Kind};
use crate::error::QueryError;
use crate::index::candidate;
use crate::index::lookup::Found;
use crate::index::walk::{Hits, MOST};
use crate::policy::order::{Hit, Member};
use crate::policy::verdict::Verdict;
use crate::quality::Figures;

/// Fills in the routes; `false` when there are none, so that the rows tell why.
pub(super) fn answer(
    asked: &Asked<'_>,
    found: Found,
    decision: &mut Decision,
) -> Result<bool, QueryError> {
    if found.is_none() {
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
    let mut members: Vec<Member>;
    if by_cost {
        members = Vec::with_capacity(prepared.most);
        let mut hits = Hits::default();
        let mut take = |wanted: &dyn Fn(u64) -> bool, most: usize, members: &mut Vec<Member>| {
            lookup.route(found, &masks, prepared.direct, most, wanted, &mut hits);
            let entries = hits.as_slice().iter();
            members.extend(entries.filter_map(|&entry| member_of(asked, &masks, entry)));
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
        members = Vec::with_capacity(64);
        lookup.each(found, &masks, |entry| {
            members.extend(member_of(asked, &masks, entry));
        });
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
        let (code, row) = lookup
            .row_of(found, entry, asked.call.at_us)
            .ok_or_else(|| QueryError::Inconsistent(asked.call.number.to_string()))?;
        decision.routes.push(Route {
            offer: member.offer,
            code,
            row,
            comparable: member.comparable,
            score: member.score,
            demoted: member.demoted,
            trial: member.trial,
        });
    }
    // Inside the epoch no row begins or ends, so the first change after its start is the first after `at`.
    if !decision.routes.is_empty() {
        decision.valid_until = decision.valid_until.min(lookup.next_change(found));
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
