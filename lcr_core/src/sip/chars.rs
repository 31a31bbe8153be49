//! Character classes of RFC 3261 section 25.1, one table.

const TOKEN: u8 = 1;
const USER: u8 = 2;
const PASSWORD: u8 = 4;
const PARAMETER: u8 = 8;
const URI_HEADER: u8 = 16;
const HOST: u8 = 32;
const WORD: u8 = 64;

static CLASS: [u8; 256] = table();

const fn put(mut table: [u8; 256], chars: &[u8], class: u8) -> [u8; 256] {
    let mut i = 0;
    while i < chars.len() {
        table[chars[i] as usize] |= class;
        i += 1;
    }
    table
}

const fn table() -> [u8; 256] {
    let mut out = [0; 256];
    let mut b = 0;
    while b < 128 {
        if (b as u8).is_ascii_alphanumeric() {
            out[b] = TOKEN | USER | PASSWORD | PARAMETER | URI_HEADER | HOST | WORD;
        }
        b += 1;
    }
    out = put(out, b"-_.!~*'()", USER | PASSWORD | PARAMETER | URI_HEADER);
    out = put(out, b"-.!%*_+`'~", TOKEN | WORD);
    out = put(out, b"&=+$,;?/", USER);
    out = put(out, b"&=+$,", PASSWORD);
    out = put(out, b"[]/:&+$", PARAMETER);
    out = put(out, b"[]/?:+$", URI_HEADER);
    out = put(out, b"-._", HOST);
    put(out, b"()<>:\\\"/[]?{}@", WORD)
}

const fn is(byte: u8, class: u8) -> bool {
    CLASS[byte as usize] & class != 0
}

#[must_use]
pub const fn is_token(byte: u8) -> bool {
    is(byte, TOKEN)
}

#[must_use]
pub const fn is_user(byte: u8) -> bool {
    is(byte, USER)
}

#[must_use]
pub const fn is_password(byte: u8) -> bool {
    is(byte, PASSWORD)
}

#[must_use]
pub const fn is_uri_parameter(byte: u8) -> bool {
    is(byte, PARAMETER)
}

#[must_use]
pub const fn is_uri_header(byte: u8) -> bool {
    is(byte, URI_HEADER)
}

/// Letters of a host name; the underscore stands in no standard but in many SRV targets.
#[must_use]
pub const fn is_host(byte: u8) -> bool {
    is(byte, HOST)
}

/// Letters of a Call-ID: `word [ "@" word ]`, the at sign allowed anywhere as the field does.
#[must_use]
pub const fn is_word(byte: u8) -> bool {
    is(byte, WORD)
}

/// Linear white space. Line ends occur inside a value only where it was folded: the framing sees to it.
#[must_use]
pub const fn is_lws(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[must_use]
pub const fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text {
        if !is_lws(*first) {
            break;
        }
        text = rest;
    }
    while let [rest @ .., last] = text {
        if !is_lws(*last) {
            break;
        }
        text = rest;
    }
    text
}

/// `text` begins with this many bytes of the class.
#[must_use]
pub fn span(text: &[u8], class: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|b| !class(*b)).unwrap_or(text.len())
}

/// Every byte is of the class, and there is one.
#[must_use]
pub fn all(text: &[u8], class: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.iter().all(|b| class(*b))
}

/// Every byte is of the class or a `%` with two hexadecimal digits.
#[must_use]
pub fn all_escaped(text: &[u8], class: impl Fn(u8) -> bool) -> bool {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if class(*byte) && *byte != b'%' {
            at += 1;
        } else if *byte == b'%'
            && text
                .get(at + 1..at + 3)
                .is_some_and(|h| h.iter().all(u8::is_ascii_hexdigit))
        {
            at += 3;
        } else {
            return false;
        }
    }
    true
}

/// Decimal digits that fit: no sign, no blank, not empty.
#[must_use]
pub fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut out = 0_u64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        out = out.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    Some(out)
}
