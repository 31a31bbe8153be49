//! What the exchange told: tickets, companies, own numbers, health checks, credentials; and how much of it is used. Whoever
//! calls reserves the most the call may take, so that calls at once cannot pass a limit together.
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::price::Price;
pub use super::room::Refused;
use super::room::{Inner, Room, lower};
use super::tally::{Tally, Used};
use super::words::{Lists, Order, OwnNumber, Ticket};

/// As it lies on disk.
#[derive(Debug, Default, Serialize, Deserialize)]
struct File {
    lists: Lists,
    tally: Tally,
}

pub struct Told {
    inner: Mutex<Inner>,
    /// Counted in by the record log's own thread. Locked after `inner`.
    tally: Arc<Mutex<Tally>>,
    path: PathBuf,
}

impl Told {
    /// `lines` of the record log: those behind what the file has are counted in.
    pub fn open(directory: &Path, lines: &[Value], tally: Arc<Mutex<Tally>>) -> Self {
        let path = directory.join("told.json");
        let file: File = std::fs::read(&path)
            .ok()
            .and_then(|bytes| {
                let read = serde_json::from_slice(&bytes);
                if let Err(error) = &read {
                    crate::log::event(
                        "error",
                        "told_not_read",
                        &[("error", json!(error.to_string()))],
                    );
                }
                read.ok()
            })
            .unwrap_or_default();
        {
            let mut counted = locked(&tally);
            *counted = file.tally;
            lines
                .iter()
                .filter_map(Value::as_object)
                .for_each(|line| counted.add(line));
        }
        let inner = Inner {
            lists: file.lists,
            ..Inner::default()
        };
        Self {
            inner: Mutex::new(inner),
            tally,
            path,
        }
    }

    fn used(&self, ticket_id: i64) -> Used {
        let tally = locked(&self.tally);
        tally.tickets.get(&ticket_id).copied().unwrap_or_default()
    }

    fn used_by(&self, company: Option<i64>) -> Used {
        let tally = locked(&self.tally);
        let found = company.and_then(|id| tally.companies.get(&id));
        found.copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lists that are named replace those before; on disk when this returns.
    pub fn tell(&self, lists: Lists) -> Result<(), String> {
        lists.check()?;
        {
            let mut inner = self.lock();
            if lists.companies.is_some() {
                // What they have left is said anew: it counts from here on.
                locked(&self.tally).companies.clear();
            }
            macro_rules! replace {
                ($($field:ident)*) => {$(
                    if lists.$field.is_some() {
                        inner.lists.$field = lists.$field;
                    }
                )*};
            }
            replace!(tickets companies own_numbers health credentials);
            inner.dirty = true;
        }
        self.save().map_err(|e| format!("cannot be written: {e}"))
    }

    /// Writes it down when it changed: another file, then the rename.
    pub fn save(&self) -> std::io::Result<()> {
        let (bytes, seq) = {
            let mut inner = self.lock();
            let tally = locked(&self.tally).clone();
            if !std::mem::take(&mut inner.dirty) && inner.written == tally.seq {
                return Ok(());
            }
            let seq = tally.seq;
            let file = File {
                lists: inner.lists.clone(),
                tally,
            };
            (serde_json::to_vec(&file)?, seq)
        };
        let fresh = self.path.with_extension("json.new");
        let written =
            write_private(&fresh, &bytes).and_then(|()| std::fs::rename(&fresh, &self.path));
        let mut inner = self.lock();
        match &written {
            Ok(()) => inner.written = seq,
            Err(_) => inner.dirty = true,
        }
        written
    }

    pub fn ticket_by_code(&self, code: &str) -> Option<Ticket> {
        let inner = self.lock();
        let list = inner.lists.tickets.as_deref().unwrap_or_default();
        list.iter().find(|t| t.code == code).cloned()
    }

    /// The ticket whose code begins what was dialled, and what is left of it.
    pub fn ticket_dialled<'d>(&self, dialled: &'d str) -> Option<(Ticket, &'d str)> {
        let inner = self.lock();
        let list = inner.lists.tickets.as_deref().unwrap_or_default();
        list.iter()
            .filter_map(|t| Some((t, dialled.strip_prefix(t.code.as_str())?)))
            .max_by_key(|(t, _)| t.code.len())
            .map(|(t, rest)| (t.clone(), rest))
    }

    pub fn own_numbers(&self) -> Vec<OwnNumber> {
        self.lock().lists.own_numbers.clone().unwrap_or_default()
    }

    pub fn health(&self) -> Vec<(i64, u64)> {
        let inner = self.lock();
        let list = inner.lists.health.as_deref().unwrap_or_default();
        list.iter().map(|h| (h.offer_id, h.every_s)).collect()
    }

    pub fn credentials(&self, offer_id: i64) -> Option<(String, String)> {
        let inner = self.lock();
        let list = inner.lists.credentials.as_deref().unwrap_or_default();
        list.iter()
            .find(|c| c.offer_id == offer_id)
            .map(|c| (c.username.clone(), c.password.clone()))
    }

    /// May this ticket make this call now? Reserves what it may take at most.
    pub fn admit(
        &self,
        name: &str,
        ticket: &Ticket,
        number: &str,
        price: Option<Price>,
        now_us: i64,
    ) -> Result<Room, Refused> {
        let mut inner = self.lock();
        if ticket.from_us.is_some_and(|f| now_us < f)
            || ticket.until_us.is_some_and(|u| now_us >= u)
        {
            return Err(Refused::No("the ticket is not valid now"));
        }
        if !ticket.codes.is_empty() && !ticket.codes.iter().any(|c| number.starts_with(c.as_str()))
        {
            return Err(Refused::No("the ticket is not for this number"));
        }
        let dearest = price.as_ref().map(Price::base_rate_nanos);
        match (ticket.max_rate_nanos, dearest) {
            (Some(_), None) => return Err(Refused::No("no rate for this number")),
            (Some(most), Some(rate)) if rate > most => {
                return Err(Refused::No(
                    "this destination is dearer than the ticket allows",
                ));
            }
            _ => {}
        }
        let used = self.used(ticket.ticket_id);
        let held = inner.reserved(|r| r.ticket_id == Some(ticket.ticket_id));
        if ticket
            .max_calls
            .is_some_and(|most| used.calls + held.calls >= most)
        {
            return Err(Refused::No("the calls of the ticket are used up"));
        }
        if ticket.max_concurrent.is_some_and(|most| held.calls >= most) {
            return Err(Refused::Busy);
        }
        let (company_s, company_n) =
            inner.company_room(ticket.company_id, self.used_by(ticket.company_id), now_us)?;
        let total = ticket
            .total_seconds
            .map(|most| most.saturating_sub(used.seconds + held.seconds));
        let spend = ticket
            .spend_nanos
            .map(|most| most.saturating_sub(used.spent_nanos.saturating_add(held.spent_nanos)));
        let seconds = lower(lower(ticket.max_seconds, total), company_s);
        let ids = (Some(ticket.ticket_id), ticket.company_id);
        inner.reserve(name, ids, (seconds, lower(spend, company_n)), price)
    }

    /// The same of an order. Its ticket is the exchange's to count.
    pub fn admit_order(
        &self,
        order: &Order,
        price: Option<Price>,
        now_us: i64,
    ) -> Result<Room, Refused> {
        let mut inner = self.lock();
        let (seconds, nanos) =
            inner.company_room(order.company_id, self.used_by(order.company_id), now_us)?;
        let seconds = lower(Some(order.max_seconds), seconds);
        inner.reserve(
            &order.call,
            (None, order.company_id),
            (seconds, nanos),
            price,
        )
    }

    /// The call is over and its record written, or it never began: what it held is free.
    pub fn release(&self, name: &str) {
        self.lock().running.remove(name);
    }

    /// All of it, passwords left out.
    pub fn words(&self) -> Value {
        let inner = self.lock();
        let tickets: Vec<Value> = inner
            .lists
            .tickets
            .iter()
            .flatten()
            .map(|t| {
                let used = self.used(t.ticket_id);
                let running = inner.reserved(|r| r.ticket_id == Some(t.ticket_id)).calls;
                let mut words = json!(t);
                if let Some(words) = words.as_object_mut() {
                    words.remove("password");
                }
                words["used"] = json!({"calls": used.calls + running, "running": running, "seconds": used.seconds, "spent_nanos": used.spent_nanos});
                words
            })
            .collect();
        let credentials: Vec<Value> = inner
            .lists
            .credentials
            .iter()
            .flatten()
            .map(|c| json!({"offer_id": c.offer_id, "username": c.username}))
            .collect();
        json!({"tickets": tickets, "companies": inner.lists.companies.as_deref().unwrap_or_default(),
            "own_numbers": inner.lists.own_numbers.as_deref().unwrap_or_default(),
            "health": inner.lists.health.as_deref().unwrap_or_default(), "credentials": credentials})
    }
}

fn locked(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Readable by us alone: passwords stand in it.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lists: &str) -> Told {
        let inner = Inner {
            lists: serde_json::from_str(lists).unwrap(),
            ..Inner::default()
        };
        Told {
            inner: Mutex::new(inner),
            tally: Arc::default(),
            path: PathBuf::from("/nonexistent/told.json"),
        }
    }

    /// The record of a call reached the disk.
    fn record(told: &Told, name: &str, seconds: u64) {
        let mut tally = locked(&told.tally);
        let words = json!({"seq": tally.seq + 1, "kind": "record", "mode": "forwarded", "ticket_id": 1, "company_id": 5,
            "talk_us": seconds * 1_000_000, "spent_nanos": 7});
        tally.add(words.as_object().unwrap());
        drop(tally);
        told.release(name);
    }

    const TICKETS: &str = r#"{"tickets":[{"ticket_id":1,"code":"8312","trunk_id":9,"offer_id":7,"company_id":5,"codes":["4420"],
        "max_calls":3,"max_concurrent":2,"max_seconds":60,"total_seconds":100,"until_us":1000}],"companies":[{"company_id":5,"seconds":70}]}"#;

    #[test]
    fn a_ticket_is_found_by_what_is_dialled_and_limits_hold_for_calls_at_once() {
        let told = told(TICKETS);
        let (ticket, rest) = told.ticket_dialled("8312442079").unwrap();
        assert_eq!((ticket.ticket_id, rest), (1, "442079"));
        let admit = |name: &str, number: &str, now| told.admit(name, &ticket, number, None, now);
        let no = |result| matches!(result, Err(Refused::No(_)));
        assert!(no(admit("x", "4433", 5)), "another code");
        assert!(no(admit("x", "4420", 1000)), "too late");
        assert_eq!(admit("a", "442079", 5).unwrap().seconds, 60);
        let second = admit("b", "442079", 5).unwrap();
        assert_eq!(second.seconds, 10, "the company has 70 in all");
        assert_eq!(admit("c", "442079", 5).unwrap_err(), Refused::Busy);
        record(&told, "a", 20);
        record(&told, "b", 0);
        assert_eq!(admit("c", "442079", 5).unwrap().seconds, 50);
        record(&told, "c", 50);
        assert!(no(admit("d", "442079", 5)), "three calls");
        let used = told.words()["tickets"][0]["used"].clone();
        let expected = json!({"calls": 3, "running": 0, "seconds": 70, "spent_nanos": 21});
        assert_eq!(used, expected);
    }

    #[test]
    fn money_cannot_be_limited_without_a_rate() {
        let words = r#"{"tickets":[{"ticket_id":1,"code":"8312","trunk_id":9,"offer_id":7,"spend_nanos":5}]}"#;
        let told = told(words);
        let ticket = told.ticket_by_code("8312").unwrap();
        let refused = told.admit("a", &ticket, "44", None, 5).unwrap_err();
        assert!(matches!(refused, Refused::No(why) if why.contains("no rate")));
        assert_eq!(told.words()["tickets"][0]["used"]["calls"], 0);
    }

    #[test]
    fn counts_go_on_where_the_log_stopped_and_no_line_counts_twice() {
        let directory = std::env::temp_dir().join(format!("edge-told-{}", std::process::id()));
        let _ = std::fs::create_dir_all(&directory);
        let line = |seq: u64| json!({"seq": seq, "kind": "record", "mode": "forwarded", "ticket_id": 1, "company_id": 5, "talk_us": 1_500_000, "spent_nanos": 7});
        let first = Told::open(&directory, &[line(1)], Arc::default());
        first.tell(serde_json::from_str(TICKETS).unwrap()).unwrap();
        let again = Told::open(&directory, &[line(1), line(2)], Arc::default());
        let used = again.words()["tickets"][0]["used"].clone();
        let expected = json!({"calls": 2, "running": 0, "seconds": 4, "spent_nanos": 14});
        assert_eq!(used, expected);
        assert_eq!(again.used_by(Some(5)).calls, 1, "since it was told");
        let _ = std::fs::remove_dir_all(&directory);
    }
}
