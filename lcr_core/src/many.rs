//! Many calls at once, columns in and columns out: docs/decision.md 7. One piece at a time; who asks decides on which cores.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, Int64Builder, StringBuilder, UInt32Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::decide::{Decision, Prepared, Status};
use crate::error::QueryError;
use crate::index::columns::Text;
use crate::index::walk::BATCH;
use crate::query::Call;
use crate::snapshot::Snapshot;

/// The columns of the answer.
pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("call", DataType::UInt32, false),
        Field::new("status", DataType::Utf8, false),
        Field::new("rank", DataType::Int32, true),
        Field::new("offer_id", DataType::Int64, true),
        Field::new("code", DataType::Utf8, true),
        Field::new("eff_nanos", DataType::Int64, true),
        Field::new("deck_row", DataType::Int32, true),
        Field::new("sell_eff_nanos", DataType::Int64, true),
    ]))
}

/// The columns of the calls: `dnis` and, where given, `at_us`, `ani`, `lrn`, `a_lrn`, `call_id`.
pub struct Columns<'a> {
    dnis: Text<'a>,
    at_us: Option<&'a Int64Array>,
    ani: Option<Text<'a>>,
    lrn: Option<Text<'a>>,
    a_lrn: Option<Text<'a>>,
    call_id: Option<Text<'a>>,
}

/// One row of them; `None` = null, or no such column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cells<'a> {
    pub dnis: Option<&'a str>,
    pub at_us: Option<i64>,
    pub ani: Option<&'a str>,
    pub lrn: Option<&'a str>,
    pub a_lrn: Option<&'a str>,
    pub call_id: Option<&'a str>,
}

impl<'a> Columns<'a> {
    pub fn of(batch: &'a RecordBatch) -> Result<Self, QueryError> {
        let bad = |column: &str, want: &str| {
            QueryError::Malformed(format!("calls: column {column} is missing or not {want}"))
        };
        let text = |column: &str| {
            batch
                .column_by_name(column)
                .map(|a| Text::of(a.as_ref()).ok_or_else(|| bad(column, "utf8")))
                .transpose()
        };
        let at_us = match batch.column_by_name("at_us") {
            Some(array) => Some(
                array
                    .as_primitive_opt::<Int64Type>()
                    .ok_or_else(|| bad("at_us", "int64"))?,
            ),
            None => None,
        };
        Ok(Self {
            dnis: text("dnis")?.ok_or_else(|| bad("dnis", "utf8"))?,
            at_us,
            ani: text("ani")?,
            lrn: text("lrn")?,
            a_lrn: text("a_lrn")?,
            call_id: text("call_id")?,
        })
    }

    /// Does every row say its instant?
    pub fn all_at(&self) -> bool {
        self.at_us.is_some_and(|a| a.null_count() == 0)
    }

    pub fn get(&self, i: usize) -> Cells<'_> {
        Cells {
            dnis: cell(Some(&self.dnis), i),
            at_us: self.at_us.filter(|a| !a.is_null(i)).map(|a| a.value(i)),
            ani: cell(self.ani.as_ref(), i),
            lrn: cell(self.lrn.as_ref(), i),
            a_lrn: cell(self.a_lrn.as_ref(), i),
            call_id: cell(self.call_id.as_ref(), i),
        }
    }
}

fn cell<'c>(column: Option<&'c Text<'_>>, i: usize) -> Option<&'c str> {
    column.filter(|a| !a.is_null(i)).map(|a| a.value(i))
}

#[derive(Default)]
struct Rows {
    call: UInt32Builder,
    status: StringBuilder,
    rank: Int32Builder,
    offer_id: Int64Builder,
    code: StringBuilder,
    eff_nanos: Int64Builder,
    deck_row: Int32Builder,
    sell_eff_nanos: Int64Builder,
}

/// The decisions of the rows of `range`; `first` = the number of row 0. `call` reads one row, `None` = `bad_number`.
pub fn answer(
    prepared: &Prepared<'_>,
    call: impl Fn(usize) -> Option<Call>,
    first: usize,
    range: Range<usize>,
    schema: &SchemaRef,
) -> Result<RecordBatch, QueryError> {
    let mut rows = Rows::default();
    let mut numbers: Vec<u32> = Vec::with_capacity(BATCH);
    let mut group: Vec<Call> = Vec::with_capacity(BATCH);
    for i in range.clone() {
        let number = u32::try_from(first + i)
            .map_err(|_| QueryError::Malformed("more than 2^32 calls".to_owned()))?;
        let call = call(i);
        let is_bad = call.is_none();
        if let Some(call) = call {
            numbers.push(number);
            group.push(call);
        }
        if is_bad || group.len() == BATCH || i + 1 == range.end {
            rows.add_group(prepared, &numbers, &group)?;
            numbers.clear();
            group.clear();
        }
        if is_bad {
            rows.without_route(number, "bad_number", None);
        }
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.call.finish()),
        Arc::new(rows.status.finish()),
        Arc::new(rows.rank.finish()),
        Arc::new(rows.offer_id.finish()),
        Arc::new(rows.code.finish()),
        Arc::new(rows.eff_nanos.finish()),
        Arc::new(rows.deck_row.finish()),
        Arc::new(rows.sell_eff_nanos.finish()),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns)
        .map_err(|e| QueryError::Malformed(e.to_string()))
}

fn effective(decision: &Decision, comparable: u128) -> Option<i64> {
    i64::try_from(decision.effective_nanos(comparable)).ok()
}

impl Rows {
    fn add_group(
        &mut self,
        prepared: &Prepared<'_>,
        numbers: &[u32],
        group: &[Call],
    ) -> Result<(), QueryError> {
        let mut first_fault = Ok(());
        prepared.decide_group(group, |i, decision| match decision {
            Ok(decision) => self.add(
                prepared.snapshot(),
                numbers.get(i).copied().unwrap_or(0),
                &decision,
            ),
            Err(fault) if first_fault.is_ok() => first_fault = Err(fault),
            Err(_) => {}
        });
        first_fault
    }

    fn add(&mut self, snapshot: &Snapshot, call: u32, decision: &Decision) {
        let sell = decision
            .sell
            .as_ref()
            .and_then(|s| effective(decision, s.comparable?));
        let status = match decision.status {
            Status::Ok => "ok",
            Status::Blocked(_) => "blocked",
            Status::NoCredit(_) => "no_credit",
            Status::NoCode => "no_code",
            Status::AllRefused => "all_refused",
        };
        if decision.routes.is_empty() {
            self.without_route(call, status, sell);
        }
        for (rank, route) in (1i32..).zip(&decision.routes) {
            self.call.append_value(call);
            self.status.append_value(status);
            self.rank.append_value(rank);
            self.offer_id.append_option(
                snapshot
                    .access
                    .offers
                    .get(route.offer as usize)
                    .map(|o| o.offer_id),
            );
            self.code
                .append_option(snapshot.index.code(route.code).map(|c| c.to_string()));
            self.eff_nanos
                .append_option(effective(decision, route.comparable));
            self.deck_row
                .append_option(snapshot.index.row(route.row).map(|r| r.deck_row));
            self.sell_eff_nanos.append_option(sell);
        }
    }

    fn without_route(&mut self, call: u32, status: &str, sell: Option<i64>) {
        self.call.append_value(call);
        self.status.append_value(status);
        self.rank.append_null();
        self.offer_id.append_null();
        self.code.append_null();
        self.eff_nanos.append_null();
        self.deck_row.append_null();
        self.sell_eff_nanos.append_option(sell);
    }
}
