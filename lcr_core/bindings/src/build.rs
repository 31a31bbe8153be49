//! Building an index and publishing a snapshot from Python.

use std::collections::BTreeMap;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_array::ffi_stream::ArrowArrayStreamReader;
use lcr_core::build_words;
use lcr_core::error::{BuildError, SnapshotError};
use lcr_core::index::build::{Compiled, Config, Source, compile};
use lcr_core::index::patch::{Base, patch};
use lcr_core::snapshot::{self, write_index};
use pyo3::prelude::*;

use crate::{arrow, errors};

#[pyfunction]
#[pyo3(signature = (root, offers_json, timelines, epoch_us, progress=None))]
pub fn build_index(
    py: Python<'_>,
    root: &str,
    offers_json: &str,
    timelines: Vec<(i64, Bound<'_, PyAny>)>,
    epoch_us: i64,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    let mut streams = Vec::with_capacity(timelines.len());
    for (offer_id, source) in timelines {
        streams.push((offer_id, arrow::stream(&source)?));
    }
    telling(py, progress, |tell| {
        let (config, sources) = sources(offers_json, streams, epoch_us)?;
        let compiled = compile(&config, sources, tell)?;
        written(root, &compiled, epoch_us)
    })
}

#[pyfunction]
#[pyo3(signature = (root, base, offers_json, timelines, epoch_us, progress=None))]
pub fn patch_index(
    py: Python<'_>,
    root: &str,
    base: &str,
    offers_json: &str,
    timelines: Vec<(i64, Bound<'_, PyAny>)>,
    epoch_us: i64,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    if !lcr_core::access::is_index_name(base) {
        return Err(errors::build(
            py,
            &BuildError::Config(format!("base {base:?} is not the name of an index file")),
        ));
    }
    let mut streams = Vec::with_capacity(timelines.len());
    for (offer_id, source) in timelines {
        streams.push((offer_id, arrow::stream(&source)?));
    }
    let path = Path::new(root).join("indexes").join(base);
    telling(py, progress, |tell| {
        let unusable =
            |e: SnapshotError| BuildError::Stale(format!("the base cannot be used ({e})"));
        let base = Base::open(&path).map_err(unusable)?;
        let (config, sources) = sources(offers_json, streams, epoch_us)?;
        let compiled = patch(&base, &config, sources, tell)?;
        written(root, &compiled, epoch_us)
    })
}

fn written(root: &str, compiled: &Compiled, epoch_us: i64) -> Result<String, BuildError> {
    let facts = write_index(Path::new(root), compiled, epoch_us)?;
    serde_json::to_string(&facts).map_err(|e| BuildError::Config(e.to_string()))
}

/// Calls `progress(done, total)` from the threads of a build; an exception raised there ends it and comes out here.
fn telling<T>(
    py: Python<'_>,
    progress: Option<Py<PyAny>>,
    work: impl FnOnce(&(dyn Fn(u64, u64) -> bool + Sync)) -> Result<T, BuildError> + Send,
) -> PyResult<T>
where
    T: Send,
{
    let raised: std::sync::Mutex<Option<PyErr>> = std::sync::Mutex::new(None);
    let tell = |done: u64, total: u64| {
        let Some(progress) = &progress else {
            return true;
        };
        Python::attach(|py| {
            let answer = progress.call1(py, (done, total)).and_then(|a| {
                if a.is_none(py) {
                    Ok(true)
                } else {
                    a.is_truthy(py)
                }
            });
            match answer {
                Ok(goes_on) => goes_on,
                Err(error) => {
                    if let Ok(mut slot) = raised.lock() {
                        slot.get_or_insert(error);
                    }
                    false
                }
            }
        })
    };
    let built = py.detach(|| work(&tell));
    if let Some(error) = raised.lock().ok().and_then(|mut slot| slot.take()) {
        return Err(error);
    }
    built.map_err(|e| errors::build(py, &e))
}

/// The configuration, and every offer the JSON names with its rates.
fn sources(
    offers_json: &str,
    streams: Vec<(i64, ArrowArrayStreamReader)>,
    epoch_us: i64,
) -> Result<(Config, Vec<Source>), BuildError> {
    let (config, carriers) = build_words::parse(offers_json, epoch_us)?;
    let mut batches: BTreeMap<i64, Vec<RecordBatch>> =
        carriers.keys().map(|&id| (id, Vec::new())).collect();
    for (offer_id, stream) in streams {
        let of_offer = batches.get_mut(&offer_id).ok_or_else(|| {
            BuildError::Config(format!(
                "a timeline is given for offer {offer_id}, which offers_json does not name"
            ))
        })?;
        for batch in stream {
            of_offer.push(batch.map_err(|e| {
                BuildError::Config(format!(
                    "offer {offer_id}: its Arrow stream breaks off: {e}"
                ))
            })?);
        }
    }
    let sources = batches.into_iter().map(|(offer_id, batches)| Source {
        offer_id,
        carrier_id: carriers.get(&offer_id).map_or(0, |c| c.0),
        rules: carriers
            .get(&offer_id)
            .map(|c| c.1.clone())
            .unwrap_or_default(),
        batches,
    });
    let sources = sources.collect();
    Ok((config, sources))
}

#[pyfunction]
pub fn publish_next(
    py: Python<'_>,
    root: &str,
    index: &str,
    access_json: &str,
    created_at_us: i64,
    at_us: i64,
) -> PyResult<String> {
    let root = Path::new(root);
    py.detach(|| snapshot::publish_next(root, index, access_json, created_at_us, at_us))
        .map_err(|e| errors::snapshot(py, &e))
}

#[pyfunction]
pub fn in_force(py: Python<'_>, root: &str, now_us: i64) -> PyResult<String> {
    snapshot::in_force(Path::new(root), now_us).map_err(|e| errors::snapshot(py, &e))
}

#[pyfunction]
pub fn promote(py: Python<'_>, root: &str, now_us: i64) -> PyResult<Option<String>> {
    snapshot::promote(Path::new(root), now_us).map_err(|e| errors::snapshot(py, &e))
}

#[pyfunction]
pub fn publish(
    py: Python<'_>,
    root: &str,
    index: &str,
    access_json: &str,
    created_at_us: i64,
) -> PyResult<String> {
    py.detach(|| snapshot::publish(Path::new(root), index, access_json, created_at_us))
        .map_err(|e| errors::snapshot(py, &e))
}
