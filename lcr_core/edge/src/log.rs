//! Log lines on standard error: one JSON object (or one line of text) per event. Starts, swaps, drains
//! and faults only; never a request, never a number.
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use lcr_core::time::instant_to_string;
use serde_json::{Map, Value};

use crate::clock::now_us;

static JSON: AtomicBool = AtomicBool::new(true);

pub fn use_json(json: bool) {
    JSON.store(json, Ordering::Relaxed);
}

/// Write one event. A standard error that is closed or full loses the line, not the server.
pub fn event(level: &str, event: &str, fields: &[(&str, Value)]) {
    let at = instant_to_string(now_us());
    let line = if JSON.load(Ordering::Relaxed) {
        let mut object = Map::new();
        for (name, value) in [
            ("at", at),
            ("level", level.to_owned()),
            ("logger", "edge".to_owned()),
            ("event", event.to_owned()),
        ] {
            object.insert(name.to_owned(), Value::String(value));
        }
        for (name, value) in fields {
            object.insert((*name).to_owned(), value.clone());
        }
        Value::Object(object).to_string()
    } else {
        let mut text = format!("{at} {level} {event}");
        for (name, value) in fields {
            text.push_str(&format!(" {name}={value}"));
        }
        text
    };
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "{line}");
}

/// Report panics as events: the place, not the payload, which may quote a caller's number.
pub fn panics_as_events() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map_or_else(String::new, |l| format!("{}:{}", l.file(), l.line()));
        event("error", "panic", &[("place", Value::String(place))]);
    }));
}
