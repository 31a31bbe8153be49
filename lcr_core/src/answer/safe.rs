//! Text on its way into formats that are read as programs: dial plans, XML, URIs, form data.
//! Two ways only: escape what the format can carry, or replace what it cannot.

/// What may stand in the user part of a SIP URI in every format (`#`, `*`, `+` are dialled); the rest is percent-encoded.
/// `|` `,` `&` `;` `$` `{` `[` `'` `"` `\` and blanks are thereby never written.
fn plain_in_user(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'*' | b'+' | b'#')
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn percent(out: &mut String, byte: u8) {
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

/// The user part of a SIP URI, safe in every format.
pub fn user(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if plain_in_user(byte) {
            out.push(char::from(byte));
        } else {
            percent(out, byte);
        }
    }
}

/// Is this host free of everything that means something in one of the formats?
pub fn is_plain_host(host: &str) -> bool {
    let inner = host.trim_start_matches('[').trim_end_matches(']');
    !inner.is_empty()
        && inner
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'_'))
}

/// A name shown to people in formats without quoting: letters, digits, blank, `.` `_` `-`; anything else becomes `_`.
pub fn label(out: &mut String, text: &str) {
    for c in text.chars().take(80) {
        if c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-') {
            out.push(c);
        } else {
            out.push('_');
        }
    }
}

/// `application/x-www-form-urlencoded` value.
pub fn form(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            out.push(char::from(byte));
        } else {
            percent(out, byte);
        }
    }
}

/// The same of what stands behind `from`, in its place.
pub fn form_from(out: &mut String, from: usize) {
    let end = out.len();
    for at in from..end {
        let byte = out.as_bytes()[at];
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            out.push(char::from(byte));
        } else {
            percent(out, byte);
        }
    }
    out.drain(from..end);
}

/// Text of an XML attribute in double quotes; characters XML 1.0 cannot carry become U+FFFD.
pub fn attribute(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c if (c as u32) < 0x20 || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// Is this a name a switch may use for a context or a profile: 1–64 of letters, digits, `.` `_` `-`?
#[must_use]
pub fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}
