//! `Snapshot`: a published snapshot, shared between threads.

use std::path::Path;
use std::sync::Arc;

use lcr_core::answer;
use lcr_core::decide::decide;
use lcr_core::error::QueryError;
use lcr_core::query::{Query, number};
use lcr_core::state::{View, Words};
use pyo3::prelude::*;

use crate::{arrow, errors, many};

#[pyclass(frozen, module = "lcr_core._native")]
pub struct Snapshot {
    inner: Arc<lcr_core::snapshot::Snapshot>,
}

#[pymethods]
impl Snapshot {
    #[staticmethod]
    #[pyo3(signature = (root, snapshot_id=None, beside=None))]
    fn open(
        py: Python<'_>,
        root: &str,
        snapshot_id: Option<&str>,
        beside: Option<Py<Self>>,
    ) -> PyResult<Self> {
        let known = beside.map(|s| Arc::clone(&s.get().inner));
        let opened = py.detach(|| {
            lcr_core::snapshot::Snapshot::open_beside(
                Path::new(root),
                snapshot_id,
                known.as_deref(),
            )
        });
        opened
            .map(|s| Self { inner: Arc::new(s) })
            .map_err(|e| errors::snapshot(py, &e))
    }

    #[getter]
    fn id(&self) -> &str {
        self.inner.id()
    }

    #[getter]
    fn epoch_from_us(&self) -> i64 {
        self.inner.index.meta.epoch_from_us
    }

    #[getter]
    fn epoch_until_us(&self) -> Option<i64> {
        self.inner.index.meta.epoch_until_us
    }

    #[getter]
    fn offer_count(&self) -> usize {
        self.inner.access.offers.len()
    }

    #[getter]
    fn rate_count(&self) -> usize {
        self.inner.index.rate_count()
    }

    #[pyo3(signature = (query_json, state=None))]
    fn decide(&self, py: Python<'_>, query_json: &str, state: Option<&str>) -> PyResult<String> {
        let answered = py.detach(|| {
            let view = self.view(state)?;
            let query = Query::parse(&self.inner, query_json)?;
            decide(&self.inner, view.as_ref(), &query)
                .map(|decision| answer::native_json(&self.inner, &decision))
        });
        answered.map_err(|e| errors::query(py, &e))
    }

    #[pyo3(signature = (query_json, calls, state=None))]
    fn decide_many(
        &self,
        py: Python<'_>,
        query_json: &str,
        calls: &Bound<'_, PyAny>,
        state: Option<&str>,
    ) -> PyResult<many::DecisionColumns> {
        let stream = arrow::stream(calls)?;
        py.detach(|| {
            let view = self.view(state)?;
            many::decide_many(&self.inner, view.as_ref(), query_json, stream)
        })
        .map_err(|e| errors::query(py, &e))
    }

    fn match_path(&self, py: Python<'_>, number: &str, at_us: i64) -> PyResult<String> {
        let number = self::number("number", number).map_err(|e| errors::query(py, &e))?;
        Ok(py.detach(|| answer::match_path(&self.inner, number, at_us)))
    }
}

impl Snapshot {
    fn view(&self, state: Option<&str>) -> Result<Option<View>, QueryError> {
        let malformed = |why: String| QueryError::Malformed(format!("state: {why}"));
        let Some(json) = state else { return Ok(None) };
        let words = Words::parse(json).map_err(malformed)?;
        View::compile(&self.inner, &words)
            .map(Some)
            .map_err(malformed)
    }
}
