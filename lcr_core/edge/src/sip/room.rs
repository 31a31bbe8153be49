//! What calls may take: used, reserved by those that run, left to a company.
use std::collections::HashMap;

use super::price::Price;
use super::tally::Used;
use super::words::{Company, Lists};

/// The most a call of no limit may last.
const LONGEST_S: u64 = 3600;

#[derive(Debug, Clone, Copy)]
pub struct Reserved {
    pub ticket_id: Option<i64>,
    pub company_id: Option<i64>,
    pub seconds: u64,
    pub nanos: u64,
}

#[derive(Debug, Default)]
pub struct Inner {
    pub lists: Lists,
    pub running: HashMap<String, Reserved>,
    /// The lists changed since they were written.
    pub dirty: bool,
    /// The last line that is counted in what was written.
    pub written: u64,
}

/// Why a call may not be made. The words go into the SIP Reason and into problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// 403.
    No(&'static str),
    /// 486: too many at once.
    Busy,
}

/// What a call may take.
#[derive(Debug, Clone)]
pub struct Room {
    pub seconds: u64,
    pub price: Option<Price>,
}

/// Two limits, the lower.
pub fn lower(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (some, None) | (None, some) => some,
    }
}

impl Inner {
    pub fn reserved(&self, of: impl Fn(&Reserved) -> bool) -> Used {
        let mut sum = Used::default();
        for one in self.running.values().filter(|r| of(r)) {
            sum.calls += 1;
            sum.seconds += one.seconds;
            sum.spent_nanos = sum.spent_nanos.saturating_add(one.nanos);
        }
        sum
    }

    pub fn company(&self, id: Option<i64>, now_us: i64) -> Option<&Company> {
        let list = self.lists.companies.as_deref().unwrap_or_default();
        let found = list.iter().find(|c| Some(c.company_id) == id)?;
        found
            .until_us
            .is_none_or(|until| now_us < until)
            .then_some(found)
    }

    /// Seconds and money the company has left beside what runs; `used` since it was told.
    pub fn company_room(
        &self,
        id: Option<i64>,
        used: Used,
        now_us: i64,
    ) -> Result<(Option<u64>, Option<u64>), Refused> {
        let Some(company) = self.company(id, now_us) else {
            return Ok((None, None));
        };
        let held = self.reserved(|r| r.company_id == id);
        let taken =
            |told: u64, used: u64, held: u64| told.saturating_sub(used.saturating_add(held));
        if company
            .calls
            .is_some_and(|told| taken(told, used.calls, held.calls) == 0)
        {
            return Err(Refused::No(
                "the company's test calls of this day are used up",
            ));
        }
        Ok((
            company
                .seconds
                .map(|told| taken(told, used.seconds, held.seconds)),
            company
                .spend_nanos
                .map(|told| taken(told, used.spent_nanos, held.spent_nanos)),
        ))
    }

    /// Reserves the most the call may take within these limits.
    pub fn reserve(
        &mut self,
        name: &str,
        (ticket_id, company_id): (Option<i64>, Option<i64>),
        (seconds, nanos): (Option<u64>, Option<u64>),
        price: Option<Price>,
    ) -> Result<Room, Refused> {
        const SPENT: Refused = Refused::No("what may be spent is used up");
        let paid = match (&price, nanos) {
            (_, None) => None,
            (Some(price), Some(nanos)) => Some(price.seconds_for(nanos).unwrap_or(LONGEST_S)),
            (None, Some(_)) => {
                return Err(Refused::No(
                    "no rate for this number, so its cost cannot be limited",
                ));
            }
        };
        if paid == Some(0) {
            return Err(SPENT);
        }
        let seconds = lower(seconds, paid).unwrap_or(LONGEST_S).min(LONGEST_S);
        if seconds == 0 {
            return Err(Refused::No("the seconds are used up"));
        }
        let nanos = price
            .as_ref()
            .map_or(0, |price| price.base_cost_nanos(seconds * 1000));
        let reserved = Reserved {
            ticket_id,
            company_id,
            seconds,
            nanos,
        };
        self.running.insert(name.to_owned(), reserved);
        Ok(Room { seconds, price })
    }
}
