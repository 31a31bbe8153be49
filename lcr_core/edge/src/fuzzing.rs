//! The way of a stranger's bytes through the parsers, for the fuzz targets (built with `--cfg fuzzing` only).
use lcr_core::answer::Format;

use crate::query::{self, Parameters};
use crate::route::Target;
use crate::{batch, clock, head, switches};

/// The body of a batch, as JSON, as lines and as an Arrow stream.
pub fn batch(bytes: &[u8]) {
    batch::fuzz(bytes);
}

/// Everything that happens to a request before anybody knows who sent it.
pub fn request(bytes: &[u8]) {
    let Some(end) = head::find_end(bytes, 0) else {
        return;
    };
    let (text, body) = bytes.split_at(end);
    let Ok(head) = head::parse(text) else { return };
    let target = Target::at(head.path);
    assert!(target.body_limit() <= head::MAX_BODY_BYTES);
    let mut parameters = query::parse(head.query).unwrap_or_default();
    for format in [Format::Freeswitch, Format::Httapi, Format::Siphon] {
        let _ = switches::read(format, body, &mut Parameters::default());
    }
    if let Some(format) = target.format {
        let _ = switches::read(format, body, &mut parameters);
    }
    if let Some(at) = parameters.get("at") {
        let _ = clock::parse_instant(at);
    }
    crate::caller::fuzz(&head);
    let _ = head.accept.and_then(Format::accepted);
}
