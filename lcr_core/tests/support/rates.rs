//! Rates as a deck has them, and their columns.
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Int8Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};

#[derive(Debug, Clone)]
pub struct Rate {
    pub code: String,
    pub destination: String,
    pub rate: i64,
    pub first_rate: Option<i64>,
    pub fee: i64,
    pub initial: i32,
    pub next: i32,
    pub currency: &'static str,
    pub status: i8,
    pub from: i64,
    pub until: Option<i64>,
    pub origin: Option<&'static str>,
    pub jurisdiction: Option<&'static str>,
}

impl Rate {
    pub fn new(code: &str, rate: i64) -> Self {
        let (initial, next) = (1, 1);
        let (first_rate, fee, currency, status, from, until) = (None, 0, "USD", 0, 0, None);
        Self {
            code: code.to_owned(),
            destination: format!("Zone {}", &code[..1]),
            rate,
            first_rate,
            fee,
            initial,
            next,
            currency,
            status,
            from,
            until,
            origin: None,
            jurisdiction: None,
        }
    }
}

pub fn batch(rates: &[Rate]) -> RecordBatch {
    let of = |f: fn(&Rate) -> i64| {
        Arc::new(rates.iter().map(|r| Some(f(r))).collect::<Int64Array>()) as ArrayRef
    };
    let small = |f: fn(&Rate) -> i32| {
        Arc::new(rates.iter().map(|r| Some(f(r))).collect::<Int32Array>()) as ArrayRef
    };
    let text = |f: fn(&Rate) -> String| {
        Arc::new(rates.iter().map(|r| Some(f(r))).collect::<StringArray>()) as ArrayRef
    };
    let instant = |f: fn(&Rate) -> Option<i64>| {
        Arc::new(
            rates
                .iter()
                .map(f)
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("UTC"),
        ) as ArrayRef
    };
    RecordBatch::try_from_iter_with_nullable([
        ("code", text(|r| r.code.clone()), false),
        ("destination", text(|r| r.destination.clone()), false),
        ("rate_nanos", of(|r| r.rate), false),
        (
            "first_rate_nanos",
            Arc::new(rates.iter().map(|r| r.first_rate).collect::<Int64Array>()) as ArrayRef,
            true,
        ),
        ("connect_fee_nanos", of(|r| r.fee), false),
        ("initial_increment", small(|r| r.initial), false),
        ("next_increment", small(|r| r.next), false),
        ("free_seconds", small(|_| 0), false),
        ("currency", text(|r| r.currency.to_owned()), false),
        (
            "status",
            Arc::new(rates.iter().map(|r| Some(r.status)).collect::<Int8Array>()) as ArrayRef,
            false,
        ),
        ("effective_from", instant(|r| Some(r.from)), false),
        ("effective_until", instant(|r| r.until), true),
        ("received_at", instant(|r| Some(r.from)), false),
        ("deck_id", of(|_| 1), false),
        ("deck_row", small(|_| 1), false),
        (
            "origin",
            Arc::new(rates.iter().map(|r| r.origin).collect::<StringArray>()) as ArrayRef,
            true,
        ),
        (
            "jurisdiction",
            Arc::new(
                rates
                    .iter()
                    .map(|r| r.jurisdiction)
                    .collect::<StringArray>(),
            ) as ArrayRef,
            true,
        ),
    ])
    .unwrap()
}
