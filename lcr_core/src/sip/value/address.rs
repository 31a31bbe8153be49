//! `name-addr / addr-spec` with header parameters: From, To, Contact, Route, P-Asserted-Identity ...
use super::params::{self, Params, quoted_len};
use super::uri::Uri;
use crate::sip::chars::{is_lws, is_token, trim};
use crate::sip::fault::Fault;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// Tokens or a quoted string as it stands; empty where there is none.
    pub display: &'a [u8],
    /// Without the brackets.
    pub uri: &'a [u8],
    /// Header parameters, `;` first.
    pub params: &'a [u8],
}

impl<'a> Address<'a> {
    /// One value, its address and its parameters checked.
    pub fn parse(text: &'a [u8]) -> Result<Self, Fault> {
        let out = Self::split(text)?;
        Uri::parse(out.uri)?;
        params::check(out.params)?;
        Ok(out)
    }

    /// Without a look inside: for values that were checked before.
    pub fn split(text: &'a [u8]) -> Result<Self, Fault> {
        let text = trim(text);
        let mut at = 0;
        if text.first() == Some(&b'"') {
            at = quoted_len(text).ok_or(Fault::bad("Unbalanced Quotes"))?;
            at += text[at..].iter().take_while(|b| is_lws(**b)).count();
            if text.get(at) != Some(&b'<') {
                return Err(Fault::bad("Bad Display Name"));
            }
        }
        let Some(open) = memchr::memchr(b'<', &text[at..]).map(|o| at + o) else {
            // A bare address: what follows the first `;` belongs to the header, and it may hold neither comma nor question mark.
            let end = memchr::memchr(b';', text).unwrap_or(text.len());
            let uri = trim(&text[..end]);
            if uri.iter().any(|b| matches!(b, b',' | b'?')) {
                return Err(Fault::bad("Address Needs Angle Brackets"));
            }
            return Ok(Address {
                display: b"",
                uri,
                params: &text[end..],
            });
        };
        let display = trim(&text[..open]);
        if at == 0
            && !display
                .iter()
                .all(|b| is_token(*b) || is_lws(*b) || *b >= 0x80)
        {
            return Err(Fault::bad("Bad Display Name"));
        }
        let close = memchr::memchr(b'>', &text[open..]).ok_or(Fault::bad("Bad Angle Brackets"))?;
        Ok(Address {
            display,
            uri: &text[open + 1..open + close],
            params: &text[open + close + 1..],
        })
    }

    #[must_use]
    pub fn parsed(&self) -> Option<Uri<'a>> {
        Uri::parse(self.uri).ok()
    }

    #[must_use]
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.param(b"tag")
    }

    #[must_use]
    pub fn param(&self, name: &[u8]) -> Option<&'a [u8]> {
        Params::value(self.params, name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_brackets_and_tags_are_read() {
        let a = Address::parse(br#""J \"R\" <x>" <sip:j@example.com;lr> ; tag = 98asjd8"#).unwrap();
        assert_eq!(
            (a.uri, a.tag()),
            (&b"sip:j@example.com;lr"[..], Some(&b"98asjd8"[..]))
        );
        let a = Address::parse(b"caller<sip:caller@example.com>;tag=323").unwrap();
        assert_eq!((a.display, a.tag()), (&b"caller"[..], Some(&b"323"[..])));
        let a = Address::parse(b"sip:watson@example.com;tag=DkfV").unwrap();
        assert_eq!(
            (a.uri, a.tag()),
            (&b"sip:watson@example.com"[..], Some(&b"DkfV"[..]))
        );
        assert_eq!(
            Address::parse("Jürgen <sip:j@x.example>".as_bytes())
                .unwrap()
                .display,
            "Jürgen".as_bytes()
        );
        assert!(
            Address::parse(b"J\xfcrgen <sip:j@x.example>").is_ok(),
            "a Latin-1 byte"
        );
    }

    #[test]
    fn broken_addresses_are_refused() {
        for text in [
            &b"\"Mr. J. User <sip:j.user@example.com>"[..],
            b"Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
            b"\"Watson, Thomas\" < sip:t.watson@example.org >",
            b"sip:user@example.com?Route=%3Csip:sip.example.com%3E",
            b"<sip:joe@example.org>;;;;",
            b"\"\" <>",
            b"",
            b"<sip:a@b",
            b"\"x\" sip:a@b",
        ] {
            assert!(
                Address::parse(text).is_err(),
                "{}",
                String::from_utf8_lossy(text)
            );
        }
    }
}
