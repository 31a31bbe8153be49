//! Numbers from Python: normalisation, country codes, files of number blocks and of ported numbers.

use std::path::Path;

use arrow_array::RecordBatch;
use arrow_array::ffi_stream::ArrowArrayStreamReader;
use lcr_core::error::BuildError;
use lcr_core::index::columns::Text;
use lcr_core::layers::blocks::{self, Block, Pair};
use lcr_core::layers::lrn;
use lcr_core::number::DigitKey;
use lcr_core::number::{country, normalise as core};
use lcr_core::snapshot::write_file;
use pyo3::prelude::*;

use crate::{arrow, errors};

#[pyfunction]
pub fn normalise(py: Python<'_>, words_json: &str, text: &str) -> PyResult<String> {
    let words: core::Words = serde_json::from_str(words_json)
        .map_err(|e| errors::bad_query(py, &format!("words: {e}")))?;
    words.check().map_err(|why| errors::bad_query(py, &why))?;
    serde_json::to_string(&core::normalise(&words, text))
        .map_err(|e| errors::bad_query(py, &e.to_string()))
}

#[pyfunction]
pub fn country_codes() -> Vec<String> {
    country::country_codes()
}

#[pyfunction]
pub fn country_of(digits: &str) -> Option<&'static str> {
    country::region(DigitKey::from_digits(digits)?)
}

#[pyfunction]
#[pyo3(signature = (root, blocks, pairs=None))]
pub fn build_blocks(
    py: Python<'_>,
    root: &str,
    blocks: &Bound<'_, PyAny>,
    pairs: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let blocks = arrow::stream(blocks)?;
    let pairs = pairs.map(arrow::stream).transpose()?;
    py.detach(|| {
        let mut lines = Vec::new();
        each(blocks, "blocks", |texts| {
            let lata = texts.get("lata");
            lines.push(Block {
                code: texts.get("code").to_owned(),
                country: texts.get("country").to_owned(),
                state: texts.get("state").to_owned(),
                rate_centre: texts.get("rate_centre").to_owned(),
                ocn: texts.get("ocn").to_owned(),
                lata: if lata.is_empty() {
                    0
                } else {
                    lata.parse().map_err(|_| {
                        BuildError::Config(format!("block {}: lata is not a number", lines.len()))
                    })?
                },
            });
            Ok(())
        })?;
        let mut local = Vec::new();
        if let Some(pairs) = pairs {
            each(pairs, "pairs", |texts| {
                local.push(Pair {
                    state: texts.get("state").to_owned(),
                    a: texts.get("a").to_owned(),
                    b: texts.get("b").to_owned(),
                });
                Ok(())
            })?;
        }
        let built = blocks::build(&lines, &local)?;
        let file = write_file(Path::new(root), &built.sections)?;
        let (blocks, pairs) = (built.facts.blocks, built.facts.pairs);
        Ok(format!(
            r#"{{"file":"{file}","blocks":{blocks},"pairs":{pairs}}}"#
        ))
    })
    .map_err(|e: BuildError| errors::build(py, &e))
}

#[pyfunction]
pub fn build_lrn(py: Python<'_>, root: &str, numbers: &Bound<'_, PyAny>) -> PyResult<String> {
    let stream = arrow::stream(numbers)?;
    py.detach(|| {
        let mut pairs = Vec::new();
        each(stream, "numbers", |texts| {
            let key = |name: &str| {
                DigitKey::from_digits(texts.get(name)).ok_or_else(|| {
                    let line = pairs.len();
                    BuildError::Config(format!("line {line}: {name} is not 1 to 15 digits"))
                })
            };
            let pair = (key("number")?, key("lrn")?);
            pairs.push(pair);
            Ok(())
        })?;
        let count = pairs.len();
        let file = write_file(Path::new(root), &lrn::build(pairs)?)?;
        Ok(format!(r#"{{"file":"{file}","numbers":{count}}}"#))
    })
    .map_err(|e: BuildError| errors::build(py, &e))
}

/// The texts of one row; a column that is absent or null is empty.
struct Row<'a> {
    columns: &'a [(&'static str, Text<'a>)],
    at: usize,
}

impl Row<'_> {
    fn get(&self, name: &str) -> &str {
        let found = self.columns.iter().find(|c| c.0 == name).map(|c| &c.1);
        match found {
            Some(text) if !text.is_null(self.at) => text.value(self.at),
            _ => "",
        }
    }
}

const NAMES: [&str; 9] = [
    "code",
    "country",
    "state",
    "rate_centre",
    "ocn",
    "lata",
    "a",
    "b",
    "number",
];

fn each(
    stream: ArrowArrayStreamReader,
    what: &str,
    mut take: impl FnMut(&Row<'_>) -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    for batch in stream {
        let batch: RecordBatch = batch
            .map_err(|e| BuildError::Config(format!("{what}: the Arrow stream breaks off: {e}")))?;
        let mut columns = Vec::new();
        for name in NAMES.into_iter().chain(["lrn"]) {
            if let Some(array) = batch.column_by_name(name) {
                let text = Text::of(array.as_ref()).ok_or_else(|| {
                    BuildError::Config(format!("{what}: column {name} is not utf8"))
                })?;
                columns.push((name, text));
            }
        }
        for at in 0..batch.num_rows() {
            take(&Row {
                columns: &columns,
                at,
            })?;
        }
    }
    Ok(())
}
