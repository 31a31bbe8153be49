//! The fast way: one longest match, then a walk down the sorted candidates until enough pass.

use super::{Asked, Decision, Route};
use crate::access::policy::{Guard, Kind};
use crate::error::QueryError;
use crate::index::{NONE, candidate};
use crate::number::MAX_DIGITS;
use crate::policy::order::{Hit, Member};
use crate::policy::verdict::Verdict;
use crate::quality::Figures;

/// Fills in the routes; `false` when there are none, so that the rows tell why.
pub(super) fn answer(asked: &Asked<'_>, decision: &mut Decision) -> Result<bool, QueryError> {
    let prepared = asked.prepared;
    let index = &prepared.snapshot.index;
    let Some(code) = index.longest(asked.call.number) else {
        return Ok(false);
    };
    let Some(masks) = asked.masks() else {
        return Ok(false);
    };
    let by_cost = matches!(prepared.policy.kind, Kind::Cost | Kind::Quality)
        && prepared.policy.guard != Guard::LossAllowed
        && prepared.first.is_empty();
    let none_demoted = masks.none_demoted();
    let mut healthy = 0usize;
    let wants_figures = asked.needs_figures();
    let inconsistent = || QueryError::Inconsistent(asked.call.number.to_string());
    let mut members: Vec<Member> =
        Vec::with_capacity(if by_cost { prepared.most.min(16) } else { 64 });
    for &entry in index.candidates(code) {
        let column = candidate::column(entry);
        if !masks.allows(column) {
            continue;
        }
        let offer = *prepared
            .snapshot
            .offer_of_column
            .get(usize::from(column))
            .ok_or_else(inconsistent)?;
        let comparable = index
            .cost(candidate::rank(entry))
            .ok_or_else(inconsistent)?;
        let figures = if wants_figures {
            asked.figures(offer)
        } else {
            Figures::default()
        };
        if asked.refusal(comparable, &figures).is_some() {
            continue;
        }
        let is_demoted = !none_demoted && masks.is_demoted(column);
        let member = asked.member(offer, comparable, Hit::Candidate(entry), is_demoted);
        // A demoted one is kept in case the others do not fill the places.
        healthy += usize::from(!member.demoted || member.trial);
        members.push(member);
        if by_cost && healthy == prepared.most {
            break;
        }
    }
    let verdicts = asked.rank(&mut members);
    let by_len = chain_by_len(asked, code);
    decision.routes.reserve(members.len().min(prepared.most));
    for (member, _) in members
        .iter()
        .zip(&verdicts)
        .filter(|(_, v)| **v == Verdict::Selected)
    {
        let Hit::Candidate(entry) = member.hit else {
            continue;
        };
        let (code, row) = row_of(asked, &by_len, entry).ok_or_else(inconsistent)?;
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
    let next = index
        .next_changes()
        .get(code as usize)
        .copied()
        .ok_or_else(inconsistent)?;
    if !decision.routes.is_empty() {
        decision.valid_until = decision.valid_until.min(next);
    }
    Ok(!decision.routes.is_empty())
}

/// The codes on the way up, by length, found once for all routes.
fn chain_by_len(asked: &Asked<'_>, deepest: u32) -> [u32; MAX_DIGITS + 1] {
    let index = &asked.prepared.snapshot.index;
    let mut by_len = [NONE; MAX_DIGITS + 1];
    for code in std::iter::successors(Some(deepest), |&code| index.parent(code)) {
        if let Some(slot) = index.code(code).and_then(|key| by_len.get_mut(key.len())) {
            *slot = code;
        }
    }
    by_len
}

fn row_of(asked: &Asked<'_>, by_len: &[u32; MAX_DIGITS + 1], entry: u64) -> Option<(u32, u32)> {
    let code = *by_len.get(candidate::matched_len(entry))?;
    Some((
        code,
        asked.prepared.snapshot.index.valid_row(
            code,
            candidate::column(entry),
            asked.call.at_us,
        )?,
    ))
}
