//! `Digest name=value, name="value"` of challenges and credentials.
use crate::sip::chars::{is_lws, is_token, span, trim};
use crate::sip::value::params::{quoted_len, unquote};

/// Fields in one header; more is no honest message.
const FIELDS: usize = 32;

/// The fields of a header whose scheme is Digest. None: another scheme, or broken.
#[must_use]
pub fn fields(value: &[u8]) -> Option<Vec<(&[u8], Vec<u8>)>> {
    let text = trim(value);
    let len = span(text, is_token);
    if !text[..len].eq_ignore_ascii_case(b"Digest") || !text.get(len).is_some_and(|b| is_lws(*b)) {
        return None;
    }
    let mut rest = trim(&text[len..]);
    let mut out = Vec::with_capacity(12);
    while !rest.is_empty() {
        if out.len() == FIELDS {
            return None;
        }
        let (name, after) = rest.split_at(span(rest, is_token));
        let after = trim(trim(after).strip_prefix(b"=")?);
        let len = match after.first()? {
            b'"' => quoted_len(after)?,
            _ => after
                .iter()
                .position(|b| *b == b',' || is_lws(*b))
                .unwrap_or(after.len()),
        };
        if name.is_empty()
            || out
                .iter()
                .any(|(n, _): &(&[u8], _)| n.eq_ignore_ascii_case(name))
        {
            return None;
        }
        out.push((name, unquote(&after[..len]).into_owned()));
        let after = trim(&after[len..]);
        rest = match after.split_first() {
            None => after,
            Some((b',', more)) => trim(more),
            Some(_) => return None,
        };
    }
    Some(out)
}

/// A field by name, any case.
#[must_use]
pub fn get<'a>(fields: &'a [(&[u8], Vec<u8>)], name: &str) -> Option<&'a [u8]> {
    fields
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, value)| value.as_slice())
}

/// In quotes, with what needs it escaped.
#[must_use]
pub fn quote(text: &[u8]) -> String {
    let mut out = String::from("\"");
    for ch in String::from_utf8_lossy(text).chars() {
        if matches!(ch, '"' | '\\') {
            out.push('\\');
        }
        if !ch.is_control() {
            out.push(ch);
        }
    }
    out.push('"');
    out
}
