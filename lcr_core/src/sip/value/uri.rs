//! SIP addresses: parsing, escaping, comparing (RFC 3261 sections 19.1 and 25.1).
use super::host::{Host, parse_host_port};
use crate::sip::chars::{
    all, all_escaped, is_password, is_token, is_uri_header, is_uri_parameter, is_user,
};
use crate::sip::fault::Fault;
use crate::sip::limits;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme<'a> {
    Sip,
    Sips,
    Tel,
    /// Well-formed, but nothing here can follow it: 416 in a Request-URI.
    Other(&'a [u8]),
}

/// Slices of the text; escapes still in place. Of a `tel:` address `user` is all after the colon up to the parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    pub scheme: Scheme<'a>,
    pub user: Option<&'a [u8]>,
    pub password: Option<&'a [u8]>,
    /// None for `tel:` and for unknown schemes.
    pub host: Option<Host<'a>>,
    pub port: Option<u16>,
    /// Begins with `;` where there are any.
    pub params: &'a [u8],
    /// After the `?`.
    pub headers: &'a [u8],
}

fn scheme(text: &[u8]) -> Result<(Scheme<'_>, &[u8]), Fault> {
    const BAD: Fault = Fault::bad("Bad URI");
    let colon = memchr::memchr(b':', text).ok_or(BAD)?;
    let (name, rest) = (&text[..colon], &text[colon + 1..]);
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    if !name.first().is_some_and(u8::is_ascii_alphabetic) || !name.iter().all(plain) {
        return Err(BAD);
    }
    let scheme = match name.len() {
        3 if name.eq_ignore_ascii_case(b"sip") => Scheme::Sip,
        3 if name.eq_ignore_ascii_case(b"tel") => Scheme::Tel,
        4 if name.eq_ignore_ascii_case(b"sips") => Scheme::Sips,
        _ => Scheme::Other(name),
    };
    Ok((scheme, rest))
}

impl<'a> Uri<'a> {
    /// The whole of `text` is one address without white space.
    pub fn parse(text: &'a [u8]) -> Result<Self, Fault> {
        let (scheme, rest) = scheme(text)?;
        let mut out = Uri {
            scheme,
            user: None,
            password: None,
            host: None,
            port: None,
            params: b"",
            headers: b"",
        };
        match scheme {
            Scheme::Other(_) => {
                let printable =
                    |b: &u8| (0x21..0x7f).contains(b) && !matches!(b, b'<' | b'>' | b'"');
                if rest.is_empty() || !rest.iter().all(printable) {
                    return Err(Fault::bad("Bad URI"));
                }
                out.user = Some(rest);
            }
            Scheme::Tel => {
                let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
                let number = &rest[..end];
                let dialled = |b: u8| {
                    b.is_ascii_hexdigit()
                        || matches!(b, b'+' | b'*' | b'#' | b'-' | b'.' | b'(' | b')')
                };
                if !all(number, dialled) {
                    return Err(Fault::bad("Bad Telephone Number"));
                }
                (out.user, out.params) = (Some(number), &rest[end..]);
                check_params(out.params)?;
            }
            Scheme::Sip | Scheme::Sips => out.parse_sip(rest)?,
        }
        Ok(out)
    }

    fn parse_sip(&mut self, text: &'a [u8]) -> Result<(), Fault> {
        let mut rest = text;
        if let Some(at) = memchr::memchr(b'@', text) {
            let (user, password) = match memchr::memchr(b':', &text[..at]) {
                Some(colon) => (&text[..colon], Some(&text[colon + 1..at])),
                None => (&text[..at], None),
            };
            if user.is_empty()
                || !all_escaped(user, is_user_or_hash)
                || !all_escaped(password.unwrap_or(b""), is_password)
            {
                return Err(Fault::bad("Bad User Part"));
            }
            (self.user, self.password, rest) = (Some(user), password, &text[at + 1..]);
        }
        let (host, port, rest) = parse_host_port(rest)?;
        (self.host, self.port) = (Some(host), port);
        let question = memchr::memchr(b'?', rest);
        self.params = &rest[..question.unwrap_or(rest.len())];
        self.headers = question.map_or(b"", |at| &rest[at + 1..]);
        check_params(self.params)?;
        if question.is_some() {
            check_headers(self.headers)?;
        }
        Ok(())
    }

    /// A parameter of the address, any case; escapes in place. `Some(b"")` where it has no value.
    #[must_use]
    pub fn param(&self, name: &[u8]) -> Option<&'a [u8]> {
        pieces(self.params)
            .find_map(|(n, value)| n.eq_ignore_ascii_case(name).then_some(value.unwrap_or(b"")))
    }

    /// User part without escapes.
    #[must_use]
    pub fn user_text(&self) -> Option<Vec<u8>> {
        self.user.map(unescape)
    }

    /// Equal by the rules of RFC 3261 section 19.1.4 (SIP and SIPS; others byte for byte, without case in the scheme).
    #[must_use]
    pub fn same(&self, other: &Uri<'_>) -> bool {
        let users = match (self.user, other.user) {
            (Some(a), Some(b)) => unescape(a) == unescape(b),
            (None, None) => true,
            _ => false,
        };
        let hosts = match (&self.host, &other.host) {
            (Some(a), Some(b)) => a.same(b),
            (None, None) => true,
            _ => false,
        };
        same_scheme(self.scheme, other.scheme)
            && users
            && hosts
            && self.password.map(unescape) == other.password.map(unescape)
            && self.port == other.port
            && same_params(self, other)
            && same_headers(self.headers, other.headers)
    }
}

/// `#` is no user character in the standard, but telephones send it.
const fn is_user_or_hash(byte: u8) -> bool {
    is_user(byte) || byte == b'#'
}

fn same_scheme(a: Scheme<'_>, b: Scheme<'_>) -> bool {
    match (a, b) {
        (Scheme::Other(a), Scheme::Other(b)) => a.eq_ignore_ascii_case(b),
        _ => a == b,
    }
}

/// In both: equal. In one only: these five make a difference, others do not.
fn same_params(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    let one_way = |a: &Uri<'_>, b: &Uri<'_>| {
        pieces(a.params).all(|(name, value)| {
            let plain = unescape(name);
            match pieces(b.params).find(|(n, _)| unescape(n).eq_ignore_ascii_case(&plain)) {
                Some((_, other)) => unescape(value.unwrap_or(b""))
                    .eq_ignore_ascii_case(&unescape(other.unwrap_or(b""))),
                None => !["user", "ttl", "method", "maddr", "transport"]
                    .iter()
                    .any(|n| plain.eq_ignore_ascii_case(n.as_bytes())),
            }
        })
    };
    one_way(a, b) && one_way(b, a)
}

fn same_headers(a: &[u8], b: &[u8]) -> bool {
    let sorted = |text: &[u8]| {
        let mut parts: Vec<Vec<u8>> = text.split(|b| *b == b'&').map(unescape).collect();
        parts.sort();
        parts
    };
    a == b || sorted(a) == sorted(b)
}

/// Name and value of each `;name=value`.
fn pieces(params: &[u8]) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    params
        .split(|b| *b == b';')
        .skip(1)
        .map(|piece| match memchr::memchr(b'=', piece) {
            Some(at) => (&piece[..at], Some(&piece[at + 1..])),
            None => (piece, None),
        })
}

fn check_params(params: &[u8]) -> Result<(), Fault> {
    if params.is_empty() {
        return Ok(());
    }
    if params[0] != b';' {
        return Err(Fault::bad("Bad URI"));
    }
    for (count, (name, value)) in pieces(params).enumerate() {
        if count == limits::PARAMETERS {
            return Err(Fault::too_large("Too Many Parameters"));
        }
        let ok = |text: &[u8]| !text.is_empty() && all_escaped(text, is_uri_parameter);
        if !ok(name) || value.is_some_and(|v| !ok(v)) {
            return Err(Fault::bad("Bad URI Parameter"));
        }
    }
    Ok(())
}

fn check_headers(headers: &[u8]) -> Result<(), Fault> {
    let well = |piece: &[u8]| {
        memchr::memchr(b'=', piece).is_some_and(|at| {
            at > 0
                && all_escaped(&piece[..at], is_uri_header)
                && all_escaped(&piece[at + 1..], is_uri_header)
        })
    };
    if headers
        .split(|b| *b == b'&')
        .take(limits::PARAMETERS)
        .all(well)
    {
        Ok(())
    } else {
        Err(Fault::bad("Bad URI Headers"))
    }
}

/// `%41` becomes `A`; what is no escape stays.
#[must_use]
pub fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let hex = |i: usize| text.get(i).and_then(|b| char::from(*b).to_digit(16));
        match (byte, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.extend(u8::try_from(high * 16 + low));
                at += 3;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

/// Escapes what may not stand in a user part, `;` and `/` included: callers' text never becomes a parameter.
pub fn escape_user(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        if (is_user(*byte) && !matches!(byte, b';' | b'?' | b'/' | b',')) || (*byte == b'+') {
            out.push(*byte);
        } else {
            out.extend_from_slice(&[
                b'%',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]);
        }
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// A token such as a transport or a method parameter holds it.
#[must_use]
pub fn is_plain(text: &[u8]) -> bool {
    all(text, is_token)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri<'_> {
        Uri::parse(text.as_bytes()).unwrap_or_else(|f| panic!("{text}: {f}"))
    }

    #[test]
    fn an_address_is_taken_apart() {
        let u = uri("sip:alice:secret@atlanta.com:5070;transport=tcp;lr?subject=x&a=b");
        assert_eq!(
            (u.user, u.password),
            (Some(&b"alice"[..]), Some(&b"secret"[..]))
        );
        assert_eq!(
            (u.host, u.port),
            (Some(Host::Name("atlanta.com")), Some(5070))
        );
        assert_eq!(
            (u.param(b"Transport"), u.param(b"lr"), u.param(b"x")),
            (Some(&b"tcp"[..]), Some(&b""[..]), None)
        );
        assert_eq!(u.headers, b"subject=x&a=b");
        assert_eq!(
            uri("sip:I%20have%20spaces@example.net")
                .user_text()
                .unwrap(),
            b"I have spaces"
        );
        assert_eq!(
            uri("tel:+1-212-555-1212;npdi;rn=+12125550000").param(b"rn"),
            Some(&b"+12125550000"[..])
        );
        assert_eq!(
            uri("nobodyKnowsThisScheme:totallyopaquecontent").scheme,
            Scheme::Other(b"nobodyKnowsThisScheme")
        );
    }

    #[test]
    fn addresses_that_are_none_are_refused() {
        for text in [
            "<sip:user@example.com>",
            "sip:user@example.com; lr",
            "sip:2001:db8::10",
            "sip:a b@c",
            "sip:%4@c",
            "sip:@c",
            "sip:a@",
            "sip:a@b;;c",
            "sip:a@b;c=",
            "sip:a@b?x",
            "sip:",
            ":a",
            "tel:",
            "tel:hello",
        ] {
            assert!(Uri::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    /// The examples of RFC 3261 section 19.1.4.
    #[test]
    fn addresses_compare_by_the_rules_of_the_standard() {
        for (a, b) in [
            (
                "sip:%61lice@atlanta.com;transport=TCP",
                "sip:alice@AtLanTa.CoM;Transport=tcp",
            ),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
        ] {
            assert!(uri(a).same(&uri(b)) && uri(b).same(&uri(a)), "{a} {b}");
        }
        for (a, b) in [
            (
                "SIP:ALICE@AtLanTa.CoM;Transport=udp",
                "sip:alice@AtLanTa.CoM;Transport=UDP",
            ),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            (
                "sip:bob@biloxi.com",
                "sip:bob@biloxi.com:6000;transport=tcp",
            ),
            (
                "sip:carol@chicago.com",
                "sip:carol@chicago.com?Subject=next%20meeting",
            ),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            (
                "sip:carol@chicago.com;security=on",
                "sip:carol@chicago.com;security=off",
            ),
        ] {
            assert!(!uri(a).same(&uri(b)), "{a} {b}");
        }
    }

    #[test]
    fn a_strangers_text_never_becomes_syntax() {
        let mut out = Vec::new();
        escape_user(b"+44 7\r\n;x=1@h>,\"", &mut out);
        assert_eq!(out, b"+44%207%0D%0A%3Bx=1%40h%3E%2C%22");
        assert_eq!(unescape(&out), b"+44 7\r\n;x=1@h>,\"");
    }
}
