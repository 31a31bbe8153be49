//! Many calls at once: columns in, columns out, on all cores.

use std::sync::{Arc, Mutex};

use arrow_array::RecordBatch;
use arrow_array::ffi_stream::ArrowArrayStreamReader;
use arrow_schema::SchemaRef;
use lcr_core::decide::Prepared;
use lcr_core::error::QueryError;
use lcr_core::many::{self, Cells, Columns};
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
    let schema = many::schema();
    let mut batches = Vec::new();
    let mut first = 0usize;
    for batch in calls {
        let batch = batch.map_err(|e| {
            QueryError::Malformed(format!("the Arrow stream of calls breaks off: {e}"))
        })?;
        let calls = Columns::of(&batch)?;
        if at_us.is_none() && !calls.all_at() && batch.num_rows() > 0 {
            return Err(QueryError::Malformed(
                "a call has no at_us and the query names none".to_owned(),
            ));
        }
        let call = |i: usize| call_of(&calls.get(i), at_us);
        let pieces: Vec<(usize, usize)> = (0..batch.num_rows())
            .step_by(PIECE)
            .map(|a| (a, (a + PIECE).min(batch.num_rows())))
            .collect();
        let answered = pieces
            .into_par_iter()
            .map(|(a, b)| many::answer(&prepared, call, first, a..b, &schema))
            .collect::<Result<Vec<_>, _>>()?;
        batches.extend(answered);
        first += batch.num_rows();
    }
    Ok(DecisionColumns {
        schema,
        batches: Mutex::new(batches),
    })
}

/// `None`: the number is malformed.
fn call_of(cells: &Cells<'_>, default_at_us: Option<i64>) -> Option<Call> {
    let at_us = cells.at_us.or(default_at_us)?;
    // A cell that is no number counts as not known.
    Some(Call {
        ani: cells.ani.map(str::to_owned),
        call_id: cells.call_id.map(str::to_owned),
        lrn: cells.lrn.and_then(DigitKey::normalise),
        a_lrn: cells.a_lrn.and_then(DigitKey::normalise),
        ..Call::new(DigitKey::normalise(cells.dnis?)?, at_us)
    })
}
