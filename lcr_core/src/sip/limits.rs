//! What a message may weigh. Everything past these is refused after a bounded look, never stored.

/// Largest datagram that is looked at. The edge caps UDP lower still (8 KiB) before it parses.
pub const MESSAGE_BYTES: usize = 65_535;
/// Start line and headers together, the empty line included.
pub const HEAD_BYTES: usize = 16 * 1024;
/// Header lines of one message (a folded line counts once).
pub const HEADER_LINES: usize = 160;
/// Comma-separated values of one kind that are looked at (Via, Contact, Route ...).
pub const VALUES: usize = 128;
/// Parameters of one value.
pub const PARAMETERS: usize = 64;
/// Body of a message on a stream.
pub const BODY_BYTES: usize = 48 * 1024;
/// Empty lines in front of a message (keep-alives) that are skipped.
pub const LEADING_EMPTY_LINES: usize = 8;
