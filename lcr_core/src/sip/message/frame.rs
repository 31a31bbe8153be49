//! Bytes into start line, header lines and body. One pass, bounded, nothing copied.
use smallvec::SmallVec;

use super::{Line, Span, Start};
use crate::sip::chars::{is_lws, is_token, number, span, trim};
use crate::sip::fault::Fault;
use crate::sip::limits;
use crate::sip::method::Method;
use crate::sip::name::Name;

pub(super) struct Framed {
    pub start: Start,
    pub lines: SmallVec<[Line; 24]>,
    pub body: Span,
    /// The lines could be told apart, but one of them is broken: the request may still be answered.
    pub fault: Option<Fault>,
}

/// Where `part` lies in `whole`; both are slices of one message below 64 KiB.
pub(super) fn span_of(whole: &[u8], part: &[u8]) -> Span {
    let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
    let end = start.wrapping_add(part.len());
    match (u16::try_from(start), u16::try_from(end)) {
        (Ok(start), Ok(end)) if usize::from(end) <= whole.len() => Span { start, end },
        _ => Span::default(),
    }
}

/// The line that begins `text`, folds included, without its line end; and what follows. Bare CR or LF, and NUL outside a quoted
/// pair, make the message unreadable: another parser would cut it elsewhere.
fn line(text: &[u8], foldable: bool) -> Result<(&[u8], &[u8]), Fault> {
    let mut at = 0;
    loop {
        let Some(hit) = memchr::memchr3(b'\r', b'\n', 0, &text[at..]) else {
            return Err(Fault::bad("Head Does Not End"));
        };
        at += hit;
        if text[at] == 0 {
            if at == 0 || text[at - 1] != b'\\' {
                return Err(Fault::bad("NUL In Head"));
            }
            at += 1;
            continue;
        }
        if text[at] != b'\r' || text.get(at + 1) != Some(&b'\n') {
            return Err(Fault::bad("Bare CR Or LF"));
        }
        let folded = foldable && at > 0 && matches!(text.get(at + 2), Some(b' ' | b'\t'));
        if !folded {
            return Ok((&text[..at], &text[at + 2..]));
        }
        at += 2;
    }
}

fn start_line(whole: &[u8], text: &[u8]) -> Result<(Start, Option<Fault>), Fault> {
    const BAD: Fault = Fault::bad("Bad Start Line");
    if let Some(rest) = text.strip_prefix(b"SIP/") {
        let rest = rest.strip_prefix(b"2.0 ").ok_or(BAD)?;
        let len = span(rest, |b| b.is_ascii_digit());
        let code = number(&rest[..len]).filter(|_| len == 3);
        let code = code
            .and_then(|c| u16::try_from(c).ok())
            .filter(|c| (100..700).contains(c));
        let reason = match &rest[len..] {
            [] => &rest[len..],
            [b' ', reason @ ..] => reason,
            _ => return Err(BAD),
        };
        let start = Start::Response {
            code: code.ok_or(BAD)?,
            reason: span_of(whole, reason),
        };
        return Ok((start, None));
    }
    let first = memchr::memchr(b' ', text).ok_or(BAD)?;
    let last = memchr::memrchr(b' ', trim(text))
        .unwrap_or(first)
        .max(first);
    let method = Method::parse(&text[..first]).ok_or(BAD)?;
    let version = &text[last..];
    let uri = text.get(first + 1..last).unwrap_or(b"");
    let start = Start::Request {
        method,
        text: span_of(whole, &text[..first]),
        uri: span_of(whole, uri),
    };
    let version = version.strip_prefix(b" ").unwrap_or(version);
    let is_version = |v: &[u8]| {
        v.len() > 4
            && v[..4].eq_ignore_ascii_case(b"SIP/")
            && v[4..].iter().all(|b| b.is_ascii_digit() || *b == b'.')
    };
    let fault = if version.eq_ignore_ascii_case(b"SIP/2.0") {
        (uri.is_empty() || uri.iter().any(|b| is_lws(*b))).then_some(Fault::bad("Bad Request Line"))
    } else if is_version(version) {
        Some(Fault {
            status: 505,
            what: "Version Not Supported",
        })
    } else {
        // No protocol name at all, or blanks behind it (RFC 4475 3.1.2.10): answered only where it was SIP.
        Some(Fault::bad("Bad Request Line"))
    };
    Ok((start, fault))
}

pub(super) fn frame(whole: &[u8]) -> Result<Framed, Fault> {
    if whole.len() > limits::MESSAGE_BYTES {
        return Err(Fault::too_large("Message Too Large"));
    }
    let mut rest = whole;
    for _ in 0..limits::LEADING_EMPTY_LINES {
        rest = rest.strip_prefix(b"\r\n").unwrap_or(rest);
    }
    let (text, mut rest) = line(rest, false)?;
    let (start, mut fault) = start_line(whole, text)?;
    let mut lines = SmallVec::new();
    let mut seen = 0_u64;
    let mut length = None;
    loop {
        let (text, after) = line(rest, true)?;
        rest = after;
        if text.is_empty() {
            break;
        }
        if lines.len() == limits::HEADER_LINES {
            return Err(Fault::too_large("Too Many Headers"));
        }
        let len = span(text, is_token);
        let behind = &text[len..];
        let Some(value) = behind[span(behind, is_lws)..]
            .strip_prefix(b":")
            .filter(|_| len > 0)
        else {
            fault = fault.or(Some(Fault::bad("Bad Header Name")));
            continue;
        };
        let (name, value) = (Name::parse(&text[..len]), trim(value));
        if name.once() && seen & name.bit() != 0 {
            fault = fault.or(Some(Fault::bad("Header Given Twice")));
        }
        seen |= name.bit();
        if name == Name::ContentLength && length.is_none() {
            length = Some(value);
        }
        lines.push(Line {
            name,
            text: span_of(whole, &text[..len]),
            value: span_of(whole, value),
        });
    }
    if whole.len() - rest.len() > limits::HEAD_BYTES {
        return Err(Fault::too_large("Head Too Large"));
    }
    let mut body = rest;
    if let Some(value) = length {
        match number(value)
            .and_then(|n| usize::try_from(n).ok())
            .and_then(|n| rest.get(..n))
        {
            Some(exact) => body = exact,
            None => fault = fault.or(Some(Fault::bad("Bad Content-Length"))),
        }
    }
    Ok(Framed {
        start,
        lines,
        body: span_of(whole, body),
        fault,
    })
}
