//! Calls as they run, for whoever watches: events, state, the record at the end. Bounded in calls, events, bytes and time. What
//! has ended is kept as text: a tenth of the memory, and it is seldom asked for.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

/// Events kept of one call.
const EVENTS: usize = 2000;
/// Calls that ended are shown for so long, and at most so many.
const KEPT_US: i64 = 15 * 60 * 1_000_000;
const KEPT: usize = 10_000;
/// Text of ended calls; the oldest are known by name only then, their records stand in the log.
const KEPT_BYTES: usize = 4 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Originated,
    Forwarded,
}

impl Mode {
    pub fn word(self) -> &'static str {
        match self {
            Self::Originated => "originated",
            Self::Forwarded => "forwarded",
        }
    }
}

/// One call on the board.
#[derive(Debug)]
pub struct Live {
    pub name: String,
    pub mode: Mode,
    pub number: String,
    pub offer_id: i64,
    pub begun_us: i64,
    /// What was ordered, to know the same order again.
    pub words: String,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: &'static str,
    events: Vec<Value>,
    left_out: u64,
    /// Of a call that has ended: how many events, and those with the record as JSON while there is room.
    count: usize,
    text: Option<Box<str>>,
    ended_us: Option<i64>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live {
    pub fn new(
        name: String,
        mode: Mode,
        number: String,
        offer_id: i64,
        begun_us: i64,
        words: String,
    ) -> Self {
        Self {
            name,
            mode,
            number,
            offer_id,
            begun_us,
            words,
            inner: Mutex::new(Inner {
                state: "accepted",
                events: Vec::new(),
                left_out: 0,
                count: 0,
                text: None,
                ended_us: None,
            }),
        }
    }

    /// `fields` must be an object.
    pub fn push(&self, at_us: i64, event: &str, fields: Value) {
        let mut inner = locked(&self.inner);
        if inner.events.len() >= EVENTS {
            inner.left_out += 1;
            return;
        }
        let mut words = Map::new();
        words.insert("n".to_owned(), json!(inner.events.len() + 1));
        words.insert("at_us".to_owned(), json!(at_us));
        words.insert("event".to_owned(), json!(event));
        if let Value::Object(fields) = fields {
            words.extend(fields);
        }
        inner.events.push(Value::Object(words));
    }

    pub fn state(&self, state: &'static str) {
        locked(&self.inner).state = state;
    }

    /// The events of the ladder, and how many there was no room for.
    pub fn ladder(&self) -> (Vec<Value>, u64) {
        let inner = locked(&self.inner);
        let kept = inner.events.iter();
        let kept = kept.filter(|e| e.get("event") != Some(&json!("second")));
        (kept.cloned().collect(), inner.left_out)
    }

    pub fn end(&self, record: Value, at_us: i64) {
        self.push(at_us, "ended", json!({}));
        let mut inner = locked(&self.inner);
        inner.state = "ended";
        let events = std::mem::take(&mut inner.events);
        inner.count = events.len();
        let text = json!({"events": events, "record": record}).to_string();
        inner.text = Some(text.into_boxed_str());
        inner.ended_us = Some(at_us);
    }

    /// When it ended and how many bytes of it are kept.
    fn weight(&self) -> Option<(i64, usize)> {
        let inner = locked(&self.inner);
        Some((inner.ended_us?, inner.text.as_ref()?.len()))
    }

    fn forget(&self) {
        locked(&self.inner).text = None;
    }

    pub fn has_ended(&self) -> bool {
        locked(&self.inner).ended_us.is_some()
    }

    fn ended_before(&self, at_us: i64) -> bool {
        locked(&self.inner).ended_us.is_some_and(|e| e < at_us)
    }

    pub fn short(&self) -> Value {
        json!({"call": self.name, "mode": self.mode.word(), "state": locked(&self.inner).state, "number": self.number,
            "offer_id": self.offer_id, "begun_us": self.begun_us})
    }

    pub fn view(&self, after: usize) -> Value {
        let inner = locked(&self.inner);
        let mut kept: Value = inner
            .text
            .as_ref()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let record = kept["record"].take();
        let events = match inner.ended_us {
            None => inner.events.get(after..).unwrap_or_default(),
            Some(_) => kept["events"]
                .as_array()
                .and_then(|events| events.get(after..))
                .unwrap_or_default(),
        };
        json!({"call": self.name, "mode": self.mode.word(), "state": inner.state, "number": self.number, "offer_id": self.offer_id,
            "begun_us": self.begun_us, "last": inner.count.max(inner.events.len()), "events": events, "record": record})
    }
}

#[derive(Debug, Default)]
pub struct Board {
    calls: Mutex<HashMap<String, Arc<Live>>>,
}

impl Board {
    pub fn put(&self, live: Arc<Live>) {
        locked(&self.calls).insert(live.name.clone(), live);
    }

    pub fn get(&self, name: &str) -> Option<Arc<Live>> {
        locked(&self.calls).get(name).cloned()
    }

    pub fn remove(&self, name: &str) {
        locked(&self.calls).remove(name);
    }

    pub fn list(&self) -> Vec<Value> {
        let mut calls: Vec<Arc<Live>> = locked(&self.calls).values().cloned().collect();
        calls.sort_by(|a, b| (a.begun_us, &a.name).cmp(&(b.begun_us, &b.name)));
        calls.iter().map(|live| live.short()).collect()
    }

    /// Ordered calls that have not ended.
    pub fn ordered(&self) -> usize {
        let calls = locked(&self.calls);
        let ordered = |live: &&Arc<Live>| live.mode == Mode::Originated && !live.has_ended();
        calls.values().filter(ordered).count()
    }

    /// Calls that have not ended.
    pub fn running(&self) -> usize {
        let calls = locked(&self.calls);
        calls.values().filter(|live| !live.has_ended()).count()
    }

    /// Takes old ones off; called now and then.
    pub fn tidy(&self, now_us: i64) {
        let mut calls = locked(&self.calls);
        calls.retain(|_, live| !live.ended_before(now_us - KEPT_US));
        if calls.len() > KEPT {
            let mut ended: Vec<(i64, String)> = calls
                .values()
                .filter(|l| l.has_ended())
                .map(|l| (l.begun_us, l.name.clone()))
                .collect();
            ended.sort_unstable();
            let surplus = calls.len() - KEPT;
            for (_, name) in ended.into_iter().take(surplus) {
                calls.remove(&name);
            }
        }
        let mut all: usize = calls
            .values()
            .filter_map(|live| live.weight())
            .map(|(_, size)| size)
            .sum();
        if all <= KEPT_BYTES {
            return;
        }
        let mut heavy: Vec<(i64, usize, Arc<Live>)> = calls
            .values()
            .filter_map(|live| live.weight().map(|(at, size)| (at, size, Arc::clone(live))))
            .collect();
        drop(calls);
        heavy.sort_unstable_by_key(|(at, ..)| *at);
        for (_, size, live) in heavy {
            if all <= KEPT_BYTES {
                break;
            }
            live.forget();
            all -= size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watcher_gets_what_is_new_and_the_record_at_the_end() {
        let board = Board::default();
        let live = Live::new(
            "c1".into(),
            Mode::Originated,
            "4420".into(),
            7,
            5,
            String::new(),
        );
        board.put(Arc::new(live));
        let live = board.get("c1").unwrap();
        live.push(6, "accepted", json!({}));
        live.push(7, "second", json!({"side": "b", "second": 0}));
        assert_eq!(live.view(1)["events"][0]["n"], 2);
        assert_eq!(live.view(2)["events"], json!([]));
        assert_eq!(live.ladder().0.len(), 1, "seconds are no rows of a ladder");
        assert_eq!(board.running(), 1);
        live.end(json!({"code": 200}), 9);
        assert_eq!(
            (board.running(), live.view(2)["record"]["code"].clone()),
            (0, json!(200))
        );
        board.tidy(9 + KEPT_US);
        assert!(board.get("c1").is_some());
        board.tidy(10 + KEPT_US);
        assert!(board.get("c1").is_none());
    }

    #[test]
    fn ended_calls_beyond_the_room_are_known_by_name_only() {
        let board = Board::default();
        let long = "x".repeat(KEPT_BYTES / 4);
        for n in 0..6 {
            let name = format!("c{n}");
            let live = Live::new(name, Mode::Forwarded, "4".into(), 1, n, String::new());
            live.push(n, "message", json!({"text": long}));
            live.end(json!({"code": 200}), n);
            board.put(Arc::new(live));
        }
        board.tidy(10);
        let views: Vec<Value> = (0..6)
            .map(|n| board.get(&format!("c{n}")).unwrap().view(0))
            .collect();
        let records: Vec<bool> = views.iter().map(|v| v["record"].is_object()).collect();
        assert_eq!(records, [false, false, false, true, true, true]);
        assert!(
            views
                .iter()
                .all(|v| v["state"] == "ended" && v["last"] == 2)
        );
        assert_eq!(views[0]["events"], json!([]));
        assert_eq!(views[5]["events"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn events_beyond_the_room_are_counted() {
        let live = Live::new("c".into(), Mode::Forwarded, "4".into(), 1, 0, String::new());
        for n in 0..2010 {
            live.push(n, "message", json!({}));
        }
        assert_eq!((live.ladder().0.len(), live.ladder().1), (2000, 10));
    }
}
