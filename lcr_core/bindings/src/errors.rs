//! Every Rust error becomes a Python exception here, with its stable `code`.

use lcr_core::error::{BuildError, QueryError, SnapshotError};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::{create_exception, intern};

create_exception!(lcr_core._native, PyCoreError, PyException);
create_exception!(lcr_core._native, PySnapshotError, PyCoreError);
create_exception!(lcr_core._native, PyBuildError, PyCoreError);
create_exception!(lcr_core._native, PyQueryError, PyCoreError);

pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    for (name, class) in [
        ("CoreError", py.get_type::<PyCoreError>()),
        ("SnapshotError", py.get_type::<PySnapshotError>()),
        ("BuildError", py.get_type::<PyBuildError>()),
        ("QueryError", py.get_type::<PyQueryError>()),
    ] {
        class.setattr(intern!(py, "__name__"), name)?;
        class.setattr(intern!(py, "__qualname__"), name)?;
        class.setattr(intern!(py, "code"), "core")?;
        m.add(name, class)?;
    }
    Ok(())
}

fn with_code(py: Python<'_>, error: PyErr, code: &str) -> PyErr {
    match error.value(py).setattr(intern!(py, "code"), code) {
        Ok(()) => error,
        Err(other) => other,
    }
}

pub fn snapshot(py: Python<'_>, error: &SnapshotError) -> PyErr {
    with_code(
        py,
        PySnapshotError::new_err(error.to_string()),
        error.code(),
    )
}

pub fn build(py: Python<'_>, error: &BuildError) -> PyErr {
    with_code(py, PyBuildError::new_err(error.to_string()), error.code())
}

pub fn query(py: Python<'_>, error: &QueryError) -> PyErr {
    with_code(py, PyQueryError::new_err(error.to_string()), error.code())
}

pub fn bad_query(py: Python<'_>, why: &str) -> PyErr {
    with_code(py, PyQueryError::new_err(why.to_owned()), "bad_query")
}

pub fn edge(py: Python<'_>, code: &str, why: &str) -> PyErr {
    with_code(py, PyCoreError::new_err(why.to_owned()), code)
}
