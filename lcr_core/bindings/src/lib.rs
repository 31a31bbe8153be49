//! `lcr_core._native`: the Python face of the core. Thin: parse, release the GIL, call, map errors.
//! docs/decision.md says what every field means; `_native.pyi` is the typed face.

mod arrow;
mod build;
mod errors;
mod many;
mod numbers;
mod processor;
mod snapshot;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    use super::*;

    #[pymodule_export]
    use super::build::{build_index, in_force, patch_index, promote, publish, publish_next};
    #[pymodule_export]
    use super::many::DecisionColumns;
    #[pymodule_export]
    use super::numbers::{build_blocks, build_lrn, country_codes, country_of, normalise};
    #[pymodule_export]
    use super::snapshot::Snapshot;
    #[pymodule_export]
    use super::{edge_breaths, expand_range, hunt, mos_of_moments, rate_call, run_edge, talk_time};

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        processor::check()?;
        m.add("__version__", env!("CARGO_PKG_VERSION"))?;
        errors::register(m)
    }
}

#[pyfunction]
#[pyo3(signature = (terms_json, duration_ms, rounding_json=None))]
fn rate_call(
    py: Python<'_>,
    terms_json: &str,
    duration_ms: i64,
    rounding_json: Option<&str>,
) -> PyResult<String> {
    let malformed =
        |word: &str, e: serde_json::Error| errors::bad_query(py, &format!("{word}: {e}"));
    let words: lcr_core::query::TermsWords =
        serde_json::from_str(terms_json).map_err(|e| malformed("terms", e))?;
    let rounding: lcr_core::rating::Rounding = match rounding_json {
        Some(json) => serde_json::from_str(json).map_err(|e| malformed("rounding", e))?,
        None => lcr_core::rating::Rounding::default(),
    };
    if rounding.places > 9 {
        return Err(errors::bad_query(py, "rounding: places is not 0 to 9"));
    }
    let terms = words.terms().map_err(|e| errors::query(py, &e))?;
    let duration_ms =
        u64::try_from(duration_ms).map_err(|_| errors::bad_query(py, "duration_ms is negative"))?;
    let rated = lcr_core::rating::rate_call(&terms, duration_ms, &rounding);
    Ok(format!(
        r#"{{"billed_seconds": {}, "amount_nanos": {}}}"#,
        rated.billed_seconds, rated.amount_nanos
    ))
}

#[pyfunction]
fn talk_time(py: Python<'_>, terms_json: &str, balance_nanos: i64) -> PyResult<Option<u64>> {
    let words: lcr_core::query::TermsWords = serde_json::from_str(terms_json)
        .map_err(|e| errors::bad_query(py, &format!("terms: {e}")))?;
    let terms = words.terms().map_err(|e| errors::query(py, &e))?;
    Ok(lcr_core::rating::talk_time(
        &terms,
        u64::try_from(balance_nanos).unwrap_or(0),
    ))
}

#[pyfunction]
fn hunt(py: Python<'_>, attempts_json: &str) -> PyResult<String> {
    let malformed = |e: serde_json::Error| errors::bad_query(py, &format!("attempts: {e}"));
    let attempts: Vec<lcr_core::hunt::Attempt> =
        serde_json::from_str(attempts_json).map_err(malformed)?;
    serde_json::to_string(&lcr_core::hunt::summarize(&attempts)).map_err(malformed)
}

#[pyfunction]
fn expand_range(py: Python<'_>, first: &str, last: &str) -> PyResult<Vec<String>> {
    lcr_core::number::expand_range(first, last).map_err(|why| errors::bad_query(py, &why))
}

#[pyfunction]
fn mos_of_moments(
    encoding: &str,
    one_way_us: u64,
    moments: Vec<(u64, u64)>,
) -> Option<Vec<Option<u32>>> {
    let codec = lcr_core::rtp::mos::Codec::of_encoding(encoding)?;
    let score = |(expected, gone)| lcr_core::rtp::mos::moment(codec, gone, expected, one_way_us);
    Some(moments.into_iter().map(score).collect())
}

#[pyfunction]
fn run_edge(py: Python<'_>, config_json: String) -> PyResult<i32> {
    py.detach(|| lcr_edge::run(&config_json))
        .map_err(|e| errors::edge(py, e.code, &e.message))
}

#[pyfunction]
fn edge_breaths() -> std::collections::HashMap<i32, u64> {
    lcr_edge::breaths().into_iter().collect()
}
