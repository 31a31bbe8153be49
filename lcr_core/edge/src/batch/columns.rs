//! Calls as an Arrow stream: columns in, the columns of docs/decision.md 7 out. The frames of the stream are held against the
//! bytes that are there before anything is read by them.
use std::borrow::Cow;
use std::io::Cursor;
use std::sync::atomic::Ordering;

use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_ipc::{MessageHeader, Type};
use lcr_core::decide::Prepared;
use lcr_core::error::QueryError;
use lcr_core::many::{self, Cells, Columns};
use lcr_core::query::{Call, Common};

use super::pool::{Job, SLICE, Stop, Work, bad_body};
use super::{ARROW, row};
use crate::query::Parameters;

const TOO_MANY: &str = "The batch holds more calls than are taken at a time.";

pub fn decide(job: &Job, work: &mut Work<'_>, body: &mut Vec<u8>) -> Result<&'static str, Stop> {
    let rows = check(&job.body)?;
    if rows > job.most_rows {
        return Err(Stop::TooLarge(TOO_MANY));
    }
    job.charge(rows);
    let snapshot = job.serving.snapshot();
    let common = Common {
        trunk: Some(job.trunk_id),
        max: job.said.max,
        ..Common::default()
    };
    let prepared =
        Prepared::new(snapshot, job.serving.view.as_ref(), &common).map_err(Stop::Core)?;
    let unknown = || Stop::Core(QueryError::UnknownTrunk(job.trunk_id));
    let trunk = snapshot.access.trunk(job.trunk_id).ok_or_else(unknown)?;
    let broken =
        |e: arrow_schema::ArrowError| bad_body(format!("The Arrow stream breaks off: {e}"));
    let schema = many::schema();
    let mut writer = StreamWriter::try_new(&mut *body, &schema).map_err(broken)?;
    let mut first = 0;
    for batch in StreamReader::try_new(Cursor::new(&job.body), None).map_err(broken)? {
        let batch = batch.map_err(broken)?;
        let calls = Columns::of(&batch).map_err(|e| bad_body(format!("{e}.")))?;
        let default_at_us = job.said.at_us.unwrap_or(job.now_us);
        let call = |i: usize| {
            let read = call_of(&calls.get(i), trunk, default_at_us).map(|call| Call {
                dip: job.known_dip(trunk, &call),
                ..call
            });
            if read.is_none() {
                work.counters.bad_rows.fetch_add(1, Ordering::Relaxed);
            }
            read
        };
        for from in (0..batch.num_rows()).step_by(SLICE) {
            if (work.left)() {
                return Err(Stop::Left);
            }
            let until = (from + SLICE).min(batch.num_rows());
            let answered =
                many::answer(&prepared, call, first, from..until, &schema).map_err(Stop::Core)?;
            writer.write(&answered).map_err(broken)?;
        }
        first += batch.num_rows();
        let count = u64::try_from(batch.num_rows()).unwrap_or(0);
        work.counters.rows.fetch_add(count, Ordering::Relaxed);
    }
    writer.finish().map_err(broken)?;
    drop(writer);
    Ok(ARROW)
}

/// One row, read as a single question is; `None` = a number in it is none.
fn call_of(cells: &Cells<'_>, trunk: &lcr_core::access::Trunk, at_us: i64) -> Option<Call> {
    let mut parameters = Parameters::default();
    for (name, value) in [
        ("dnis", cells.dnis),
        ("ani", cells.ani),
        ("lrn", cells.lrn),
        ("a_lrn", cells.a_lrn),
        ("call_id", cells.call_id),
    ] {
        row::put(&mut parameters, name, Cow::Borrowed(value.unwrap_or(""))).ok()?;
    }
    let read = row::read(&parameters, trunk, cells.at_us.unwrap_or(at_us)).ok()?;
    Some(read.call)
}

/// Walks the messages of the stream: each one whole, only flat columns of text and 64-bit integers, every buffer inside its
/// message. Returns the number of rows.
pub fn check(bytes: &[u8]) -> Result<usize, Stop> {
    const MARK: [u8; 4] = [0xff; 4];
    let cut = || bad_body("The Arrow stream is cut off or not one.".to_owned());
    let mut rest = bytes;
    let mut rows = 0usize;
    let mut fields = None;
    while let Some((mark, behind)) = rest.split_first_chunk::<4>() {
        let (length, behind) = behind.split_first_chunk::<4>().ok_or_else(cut)?;
        if *mark != MARK {
            return Err(cut());
        }
        let length = u32::from_le_bytes(*length) as usize;
        if length == 0 {
            rest = &[];
            break;
        }
        let meta = behind.get(..length).ok_or_else(cut)?;
        let message = arrow_ipc::root_as_message(meta).map_err(|_| cut())?;
        let behind = behind.get(length..).ok_or_else(cut)?;
        let body = usize::try_from(message.bodyLength()).map_err(|_| cut())?;
        rest = behind.get(body..).ok_or_else(cut)?;
        match (message.header_type(), &fields) {
            (MessageHeader::Schema, None) => {
                let schema = message.header_as_schema().ok_or_else(cut)?;
                fields = Some(flat_fields(&schema)?);
            }
            (MessageHeader::RecordBatch, Some(columns)) => {
                let batch = message.header_as_record_batch().ok_or_else(cut)?;
                rows = rows
                    .checked_add(whole_batch(&batch, columns, body).ok_or_else(cut)?)
                    .ok_or_else(cut)?;
            }
            _ => {
                return Err(bad_body(
                    "The Arrow stream holds other things than one schema and its batches."
                        .to_owned(),
                ));
            }
        }
    }
    if fields.is_none() || !rest.is_empty() {
        return Err(cut());
    }
    Ok(rows)
}

/// What a column is made of.
#[derive(Clone, Copy)]
enum Column {
    /// Validity, offsets of so many bytes each, text.
    Text(usize),
    /// Validity, values of so many bytes each.
    Plain(usize),
}

/// The columns of a schema, all of them flat.
fn flat_fields(schema: &arrow_ipc::Schema<'_>) -> Result<Vec<Column>, Stop> {
    const MOST: usize = 32;
    // The reader of the library takes a schema without a list of fields for granted to have one.
    let fields = schema
        .fields()
        .ok_or_else(|| bad_body("The schema of the Arrow stream has no columns.".to_owned()))?;
    if fields.len() > MOST {
        return Err(bad_body(
            "The Arrow stream has more than 32 columns.".to_owned(),
        ));
    }
    let column = |field: arrow_ipc::Field<'_>| {
        let nested = field.children().is_some_and(|c| !c.is_empty());
        if nested || field.dictionary().is_some() {
            return None;
        }
        match field.type_type() {
            Type::Utf8 => Some(Column::Text(4)),
            Type::LargeUtf8 => Some(Column::Text(8)),
            Type::Int => field
                .type_as_int()
                .filter(|int| int.bitWidth() == 64 && int.is_signed())
                .map(|_| Column::Plain(8)),
            _ => None,
        }
    };
    fields
        .iter()
        .map(|field| {
            column(field).ok_or_else(|| {
                let name = crate::query::shown(field.name().unwrap_or(""));
                bad_body(format!(
                    "The Arrow column {name} is neither utf8 nor int64."
                ))
            })
        })
        .collect()
}

/// The rows of a batch whose buffers all lie inside its body and hold whole elements, as many as there are rows.
fn whole_batch(
    batch: &arrow_ipc::RecordBatch<'_>,
    columns: &[Column],
    body: usize,
) -> Option<usize> {
    let length = batch.length();
    let rows = usize::try_from(length).ok()?;
    let nodes = batch.nodes()?;
    let flat = batch.compression().is_none() && batch.variadicBufferCounts().is_none();
    (flat && nodes.len() == columns.len()).then_some(())?;
    nodes
        .iter()
        .all(|n| n.length() == length && (0..=length).contains(&n.null_count()))
        .then_some(())?;
    let mut buffers = batch.buffers()?.iter();
    let mut next = || {
        let buffer = buffers.next()?;
        let end = buffer.offset().checked_add(buffer.length())?;
        let inside = buffer.offset() >= 0 && usize::try_from(end).ok()? <= body;
        usize::try_from(buffer.length()).ok().filter(|_| inside)
    };
    for (column, node) in columns.iter().zip(nodes) {
        let validity = next()?;
        (node.null_count() == 0 || validity >= rows.div_ceil(8)).then_some(())?;
        let (wide, elements) = match column {
            Column::Text(wide) => (*wide, rows.checked_add(1)?),
            Column::Plain(wide) => (*wide, rows),
        };
        let bytes = next()?;
        let enough = bytes >= elements.checked_mul(wide)? || (rows == 0 && bytes == 0);
        (enough && bytes % wide == 0).then_some(())?;
        if matches!(column, Column::Text(_)) {
            next()?;
        }
    }
    buffers.next().is_none().then_some(rows)
}

/// What passes the check is read to its end without a panic.
#[cfg(fuzzing)]
pub fn fuzz(bytes: &[u8]) {
    let Ok(rows) = check(bytes) else { return };
    if rows > 100_000 {
        return;
    }
    let Ok(reader) = StreamReader::try_new(Cursor::new(bytes), None) else {
        return;
    };
    for batch in reader.flatten() {
        if let Ok(calls) = Columns::of(&batch) {
            (0..batch.num_rows()).for_each(|i| {
                let _ = calls.get(i);
            });
        }
    }
}
