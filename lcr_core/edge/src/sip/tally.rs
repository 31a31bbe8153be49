//! What tickets and companies have used, counted from the lines of the record log as they reach the disk: kept with the number of
//! the last line that is in it, so that after a crash exactly the lines behind it are counted in.
use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    pub calls: u64,
    pub seconds: u64,
    pub spent_nanos: u64,
}

impl Used {
    fn add(&mut self, seconds: u64, nanos: u64) {
        self.calls += 1;
        self.seconds = self.seconds.saturating_add(seconds);
        self.spent_nanos = self.spent_nanos.saturating_add(nanos);
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The last line that is counted.
    pub seq: u64,
    /// Of forwarded calls: the tickets of ordered ones are the exchange's to count.
    pub tickets: HashMap<i64, Used>,
    /// Since what they have left was told.
    pub companies: HashMap<i64, Used>,
}

impl Tally {
    /// Counts a line in, once.
    pub fn add(&mut self, line: &Map<String, Value>) {
        let number = |name: &str| line.get(name).and_then(Value::as_i64);
        let whole = |name: &str| line.get(name).and_then(Value::as_u64).unwrap_or(0);
        let word = |name: &str| line.get(name).and_then(Value::as_str);
        let seq = whole("seq");
        if seq <= self.seq {
            return;
        }
        self.seq = seq;
        // Every call that began has one record: those are counted.
        if word("kind") != Some("record") {
            return;
        }
        let seconds = whole("talk_us").div_ceil(1_000_000);
        let nanos = whole("spent_nanos");
        if word("mode") == Some("forwarded")
            && let Some(ticket) = number("ticket_id")
        {
            self.tickets.entry(ticket).or_default().add(seconds, nanos);
        }
        if let Some(company) = number("company_id") {
            self.companies
                .entry(company)
                .or_default()
                .add(seconds, nanos);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_counts_once_and_only_records_do() {
        let line = |seq: u64, kind: &str, mode: &str| {
            let words = json!({"seq": seq, "kind": kind, "mode": mode, "ticket_id": 1, "company_id": 5, "talk_us": 1_500_000, "spent_nanos": 7});
            words.as_object().unwrap().clone()
        };
        let mut tally = Tally::default();
        for words in [
            line(1, "begin", "forwarded"),
            line(2, "record", "forwarded"),
            line(2, "record", "forwarded"),
            line(3, "record", "originated"),
        ] {
            tally.add(&words);
        }
        let used = |calls| Used {
            calls,
            seconds: 2 * calls,
            spent_nanos: 7 * calls,
        };
        assert_eq!(
            (tally.seq, tally.tickets[&1], tally.companies[&5]),
            (3, used(1), used(2))
        );
    }
}
