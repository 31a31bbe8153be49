//! Arrow over the PyCapsule interface: any object with `__arrow_c_stream__` comes in, ours go out the same way.

use std::ffi::CStr;

use arrow_array::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::{RecordBatch, RecordBatchIterator};
use arrow_schema::SchemaRef;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

const STREAM: &CStr = c"arrow_array_stream";

/// Takes the stream out of its capsule; reading it may run Python code, so it is read by whoever holds it.
pub fn stream(source: &Bound<'_, PyAny>) -> PyResult<ArrowArrayStreamReader> {
    let wrong = || {
        PyTypeError::new_err(
            "expected an Arrow stream: a pyarrow Table, RecordBatchReader or any object with __arrow_c_stream__",
        )
    };
    let capsule = source
        .getattr("__arrow_c_stream__")
        .map_err(|_| wrong())?
        .call0()?;
    let capsule = capsule.cast::<PyCapsule>().map_err(|_| wrong())?;
    let pointer = capsule
        .pointer_checked(Some(STREAM))
        .map_err(|_| wrong())?
        .cast::<FFI_ArrowArrayStream>();
    // SAFETY: the name of the capsule says it holds an ArrowArrayStream; `from_raw` moves it out and marks it released.
    #[allow(unsafe_code)]
    let reader = unsafe { ArrowArrayStreamReader::from_raw(pointer.as_ptr()) };
    reader.map_err(|e| PyTypeError::new_err(format!("the Arrow stream cannot be read: {e}")))
}

/// Hands batches to Python.
pub fn capsule<'py>(
    py: Python<'py>,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let reader = RecordBatchIterator::new(batches.into_iter().map(Ok), schema);
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), STREAM)
}
