//! Calls as JSON: an array, or one call a line. Each row is answered as a single question is; one that is no good gets its
//! problem in its place.
use std::fmt;
use std::sync::atomic::Ordering;

use lcr_core::answer::{self, Dial};
use lcr_core::decide::decide as decide_call;
use lcr_core::query::{Common, Query};
use serde::Deserialize;
use serde::de::{SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::pool::{Job, Kind, MOST_BYTES, SLICE, Stop, Work, bad_body};
use super::{LINES, row};
use crate::answer::JSON;
use crate::decision_id;
use crate::lcr::Refusal;

const TOO_MANY: &str = "The batch holds more calls than are taken at a time.";
const TOO_LONG: &str = "The answer to this batch would be longer than 48 MiB.";

pub fn decide(job: &Job, work: &mut Work<'_>, body: &mut Vec<u8>) -> Result<&'static str, Stop> {
    let rows = rows(job.said.kind, &job.body, job.most_rows)?;
    job.charge(rows.len());
    let mut out = String::with_capacity(rows.len().min(1024) * 512);
    let lines = job.said.lines;
    if !lines {
        out.push('[');
    }
    for (number, text) in rows.iter().enumerate() {
        if number % SLICE == 0 && (work.left)() {
            return Err(Stop::Left);
        }
        if out.len() > MOST_BYTES {
            return Err(Stop::TooLarge(TOO_LONG));
        }
        if number > 0 && !lines {
            out.push_str(",\n");
        }
        work.counters.rows.fetch_add(1, Ordering::Relaxed);
        if let Err(refusal) = one(job, work, text, &mut out) {
            work.counters.bad_rows.fetch_add(1, Ordering::Relaxed);
            let mut problem = Vec::new();
            refusal.answer(&mut problem);
            out.push_str("{\"error\":");
            out.push_str(std::str::from_utf8(&problem).unwrap_or("null"));
            out.push('}');
        }
        if lines {
            out.push('\n');
        }
    }
    if !lines {
        out.push_str("]\n");
    }
    *body = out.into_bytes();
    Ok(if lines { LINES } else { JSON })
}

/// Decide one row and append its answer.
fn one(job: &Job, work: &mut Work<'_>, text: &str, out: &mut String) -> Result<(), Refusal> {
    let parameters = row::from_json(text)?;
    let snapshot = job.serving.snapshot();
    let unknown = || Refusal::Core(lcr_core::error::QueryError::UnknownTrunk(job.trunk_id));
    let trunk = snapshot.access.trunk(job.trunk_id).ok_or_else(unknown)?;
    let read = row::read(&parameters, trunk, job.said.at_us.unwrap_or(job.now_us))?;
    let id = decision_id::hex(work.ids.next(job.now_us));
    let mut call = read.call;
    call.dip = job.known_dip(trunk, &call);
    call.decision_id = std::str::from_utf8(&id).ok().map(str::to_owned);
    let query = Query {
        common: Common {
            trunk: Some(job.trunk_id),
            max: read.max.or(job.said.max),
            ..Common::default()
        },
        call,
    };
    let view = job.serving.view.as_ref();
    let decision = decide_call(snapshot, view, &query).map_err(Refusal::Core)?;
    let from = out.len();
    answer::write(job.said.format, snapshot, &decision, &Dial::default(), out);
    // One row is one line: the form ends with a line's end of its own.
    while out.len() > from && out.ends_with('\n') {
        out.pop();
    }
    Ok(())
}

/// The rows as they stand in the body, not looked into yet.
pub fn rows(kind: Kind, body: &[u8], most: usize) -> Result<Vec<&str>, Stop> {
    let text = std::str::from_utf8(body)
        .map_err(|_| bad_body("The body is not UTF-8 text.".to_owned()))?;
    let found = if kind == Kind::Lines {
        text.lines()
            .filter(|line| !line.trim().is_empty())
            .take(most + 1)
            .collect()
    } else {
        let array: Array<'_> = serde_json::from_str(text)
            .map_err(|e| bad_body(format!("The body is not a JSON array of calls: {e}")))?;
        array
            .0
            .iter()
            .map(|raw| raw.get())
            .take(most + 1)
            .collect::<Vec<_>>()
    };
    if found.len() > most {
        return Err(Stop::TooLarge(TOO_MANY));
    }
    Ok(found)
}

struct Array<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Array<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Rows;

        impl<'de> Visitor<'de> for Rows {
            type Value = Array<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = seq.next_element::<&'de RawValue>()? {
                    rows.push(row);
                }
                Ok(Array(rows))
            }
        }

        reader.deserialize_seq(Rows)
    }
}
