//! `;name=value` of headers (RFC 3261 generic-param): white space round the signs, quoted values.
use crate::sip::chars::{is_lws, is_token, span, trim};
use crate::sip::fault::Fault;
use crate::sip::limits;

/// One parameter as it stands; `value` keeps its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    pub name: &'a [u8],
    pub value: Option<&'a [u8]>,
}

/// Length of a quoted string that `text` begins with, both quotes counted. None: it does not end.
#[must_use]
pub fn quoted_len(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The text inside the quotes, escapes taken away; other text as it is.
#[must_use]
pub fn unquote(text: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    let [b'"', inside @ .., b'"'] = text else {
        return text.into();
    };
    if !inside.contains(&b'\\') {
        return inside.into();
    }
    let mut out = Vec::with_capacity(inside.len());
    let mut bytes = inside.iter();
    while let Some(byte) = bytes.next() {
        out.extend(if *byte == b'\\' {
            bytes.next()
        } else {
            Some(byte)
        });
    }
    out.into()
}

/// Parameters one after another. `text` is empty or begins, after white space, with `;`.
#[derive(Debug, Clone)]
pub struct Params<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Params<'a> {
    #[must_use]
    pub const fn new(text: &'a [u8]) -> Self {
        Self {
            rest: text,
            left: limits::PARAMETERS,
        }
    }

    /// The first parameter of this name, any case.
    #[must_use]
    pub fn find(text: &'a [u8], name: &[u8]) -> Option<Param<'a>> {
        Params::new(text)
            .map_while(Result::ok)
            .find(|p| p.name.eq_ignore_ascii_case(name))
    }

    /// Its value without quotes, where it has one.
    #[must_use]
    pub fn value(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
        let value = Self::find(text, name)?.value?;
        match value {
            [b'"', inside @ .., b'"'] => Some(inside),
            _ => Some(value),
        }
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Result<Param<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = trim(self.rest);
        if text.is_empty() {
            return None;
        }
        self.rest = b"";
        if self.left == 0 {
            return Some(Err(Fault::too_large("Too Many Parameters")));
        }
        self.left -= 1;
        let [b';', text @ ..] = text else {
            return Some(Err(Fault::bad("Bad Parameter Separator")));
        };
        let text = &text[span(text, is_lws)..];
        let len = span(text, is_token);
        if len == 0 {
            return Some(Err(Fault::bad("Empty Parameter")));
        }
        let (name, text) = text.split_at(len);
        let text = &text[span(text, is_lws)..];
        let [b'=', text @ ..] = text else {
            self.rest = text;
            return Some(Ok(Param { name, value: None }));
        };
        let text = &text[span(text, is_lws)..];
        let len = if text.first() == Some(&b'"') {
            match quoted_len(text) {
                Some(len) => len,
                None => return Some(Err(Fault::bad("Unbalanced Quotes"))),
            }
        } else {
            span(text, is_param_value)
        };
        if len == 0 {
            return Some(Err(Fault::bad("Empty Parameter Value")));
        }
        self.rest = &text[len..];
        Some(Ok(Param {
            name,
            value: Some(&text[..len]),
        }))
    }
}

/// A token, a host, an IPv6 address with or without brackets (RFC 5118 4.5), and what the field writes beside.
const fn is_param_value(byte: u8) -> bool {
    is_token(byte)
        || matches!(
            byte,
            b'[' | b']' | b':' | b'/' | b'@' | b'?' | b'&' | b'$' | b'(' | b')' | b'='
        )
        || byte >= 0x80
}

/// All of them are well-formed.
pub fn check(text: &[u8]) -> Result<(), Fault> {
    Params::new(text).try_for_each(|p| p.map(|_| ()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn white_space_quotes_and_missing_values_are_read() {
        let text = br#" ; newparam =
      newvalue ;secondparam ; q = 0.33;x="a;b\"c""#;
        let all: Vec<_> = Params::new(text).map(Result::unwrap).collect();
        assert_eq!(all.len(), 4);
        assert_eq!(Params::value(text, b"NEWPARAM"), Some(&b"newvalue"[..]));
        assert_eq!(Params::value(text, b"q"), Some(&b"0.33"[..]));
        assert_eq!(&*unquote(all[3].value.unwrap()), br#"a;b"c"#);
    }

    #[test]
    fn empty_parameters_and_open_quotes_are_faults() {
        for text in [";;", ";", ";a=", ";a=\"x", ";a=\"x\\", "a", ";a b"] {
            assert!(check(text.as_bytes()).is_err(), "{text}");
        }
        let many = ";a".repeat(15_000);
        assert_eq!(check(many.as_bytes()).unwrap_err().status, 513);
    }
}
