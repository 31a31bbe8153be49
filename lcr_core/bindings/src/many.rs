//! Many calls at once: columns in, columns out, on all cores.

use std::sync::{Arc, Mutex};

use arrow_array::builder::{Int32Builder, Int64Builder, StringBuilder, UInt32Builder};
use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::ArrowArrayStreamReader;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use lcr_core::decide::{Decision, Prepared, Status};
use lcr_core::error::QueryError;
use lcr_core::index::columns::Text;
use lcr_core::index::walk::BATCH;
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Query};
use lcr_core::snapshot::Snapshot;
use lcr_core::state::View;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use rayon::prelude::*;

use crate::arrow;

/// Calls a thread takes at a time.
const PIECE: usize = 4096;

/// The answer of `decide_many`: any Arrow library takes it (`pyarrow.table(result)`), as often as wanted.
#[pyclass(frozen, module = "lcr_core._native")]
pub struct DecisionColumns {
    schema: SchemaRef,
    batches: Mutex<Vec<RecordBatch>>,
}

#[pymethods]
impl DecisionColumns {
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema); // the interface lets a producer keep its own schema
        let batches = self.batches.lock().map(|b| b.clone()).unwrap_or_default();
        arrow::capsule(py, Arc::clone(&self.schema), batches)
    }
}

pub fn decide_many(
    snapshot: &Snapshot,
    view: Option<&View>,
    query_json: &str,
    calls: ArrowArrayStreamReader,
) -> Result<DecisionColumns, QueryError> {
    let (common, at_us) = Query::parse_common(snapshot, query_json)?;
    let prepared = Prepared::new(snapshot, view, &common)?;
    let schema = schema();
    let mut batches = Vec::new();
    let mut first = 0usize;
    for batch in calls {
        let batch = batch.map_err(|e| {
            QueryError::Malformed(format!("the Arrow stream of calls breaks off: {e}"))
        })?;
        let calls = Calls::of(&batch, at_us)?;
        let pieces: Vec<(usize, usize)> = (0..batch.num_rows())
            .step_by(PIECE)
            .map(|a| (a, (a + PIECE).min(batch.num_rows())))
            .collect();
        let answered = pieces
            .into_par_iter()
            .map(|(a, b)| piece(&prepared, &calls, first, a..b, &schema))
            .collect::<Result<Vec<_>, _>>()?;
        batches.extend(answered);
        first += batch.num_rows();
    }
    Ok(DecisionColumns {
        schema,
        batches: Mutex::new(batches),
    })
}

fn schema() -> SchemaRef {
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

struct Calls<'a> {
    dnis: Text<'a>,
    at_us: Option<&'a Int64Array>,
    ani: Option<Text<'a>>,
    lrn: Option<Text<'a>>,
    a_lrn: Option<Text<'a>>,
    call_id: Option<Text<'a>>,
    default_at_us: Option<i64>,
}

impl<'a> Calls<'a> {
    fn of(batch: &'a RecordBatch, default_at_us: Option<i64>) -> Result<Self, QueryError> {
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
        let calls = Self {
            dnis: text("dnis")?.ok_or_else(|| bad("dnis", "utf8"))?,
            at_us,
            ani: text("ani")?,
            lrn: text("lrn")?,
            a_lrn: text("a_lrn")?,
            call_id: text("call_id")?,
            default_at_us,
        };
        if default_at_us.is_none()
            && calls.at_us.is_none_or(|a| a.null_count() > 0)
            && batch.num_rows() > 0
        {
            return Err(QueryError::Malformed(
                "a call has no at_us and the query names none".to_owned(),
            ));
        }
        Ok(calls)
    }

    /// `None`: the number is malformed.
    fn get(&self, i: usize) -> Option<Call> {
        if self.dnis.is_null(i) {
            return None;
        }
        let at_us = self
            .at_us
            .filter(|a| !a.is_null(i))
            .map(|a| a.value(i))
            .or(self.default_at_us)?;
        let mut call = Call::new(DigitKey::normalise(self.dnis.value(i))?, at_us);
        let text = |column: &Option<Text<'_>>| {
            column
                .as_ref()
                .filter(|a| !a.is_null(i))
                .map(|a| a.value(i).to_owned())
        };
        call.ani = text(&self.ani);
        call.call_id = text(&self.call_id);
        // A cell that is no number counts as not known.
        call.lrn = text(&self.lrn).and_then(|t| DigitKey::normalise(&t));
        call.a_lrn = text(&self.a_lrn).and_then(|t| DigitKey::normalise(&t));
        Some(call)
    }
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

fn piece(
    prepared: &Prepared<'_>,
    calls: &Calls<'_>,
    first: usize,
    range: std::ops::Range<usize>,
    schema: &SchemaRef,
) -> Result<RecordBatch, QueryError> {
    let mut rows = Rows::default();
    let mut numbers: Vec<u32> = Vec::with_capacity(BATCH);
    let mut group: Vec<Call> = Vec::with_capacity(BATCH);
    for i in range.clone() {
        let number = u32::try_from(first + i)
            .map_err(|_| QueryError::Malformed("more than 2^32 calls".to_owned()))?;
        let call = calls.get(i);
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
