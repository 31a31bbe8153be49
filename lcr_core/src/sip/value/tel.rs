//! Telephone numbers in addresses: `tel:` and `sip:…;user=phone` with the portability parameters of RFC 4694.
use super::uri::{Scheme, Uri, unescape};

/// The number of an address and what is known of its porting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Telephone {
    /// Without visual separators; a leading `+` stays.
    pub number: String,
    /// Routing number.
    pub rn: Option<String>,
    /// Somebody looked already.
    pub npdi: bool,
    /// Carrier chosen by the caller.
    pub cic: Option<String>,
    /// Digits or domain a local number counts in.
    pub context: Option<String>,
}

/// Visual separators away. None: a letter that stands in no number.
fn digits(text: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'-' | b'.' | b'(' | b')' => {}
            b'+' if at == 0 => out.push('+'),
            b'0'..=b'9' | b'*' | b'#' | b'A'..=b'F' | b'a'..=b'f' => out.push(char::from(*byte)),
            _ => return None,
        }
    }
    (!out.is_empty() && out.len() <= 32).then_some(out)
}

impl Telephone {
    /// None: the address holds no telephone number. In a SIP address the parameters of the number stand inside the user part
    /// (RFC 3261 section 19.1.6); behind the host they are read too, because switches put them there.
    #[must_use]
    pub fn of(uri: &Uri<'_>) -> Option<Self> {
        let user = uri.user?;
        let (number, inner) = match uri.scheme {
            Scheme::Tel => (user, &b""[..]),
            Scheme::Sip | Scheme::Sips => {
                let end = memchr::memchr(b';', user).unwrap_or(user.len());
                user.split_at(end)
            }
            Scheme::Other(_) => return None,
        };
        let mut out = Self {
            number: digits(&unescape(number))?,
            ..Self::default()
        };
        for piece in inner
            .split(|b| *b == b';')
            .chain(uri.params.split(|b| *b == b';'))
        {
            let (name, value) = match memchr::memchr(b'=', piece) {
                Some(at) => (&piece[..at], unescape(&piece[at + 1..])),
                None => (piece, Vec::new()),
            };
            let slot = match name.to_ascii_lowercase().as_slice() {
                b"npdi" => {
                    out.npdi = true;
                    continue;
                }
                b"rn" => &mut out.rn,
                b"cic" => &mut out.cic,
                b"phone-context" => {
                    out.context = out.context.or_else(|| String::from_utf8(value).ok());
                    continue;
                }
                _ => continue,
            };
            if slot.is_none() {
                *slot = digits(&value);
            }
        }
        Some(out)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_porting_are_read_from_both_schemes() {
        for text in [
            "tel:+1-202-533-1234;npdi;rn=+1-202-544-0000;cic=+16789",
            "sip:+12025331234;npdi;rn=+12025440000;cic=+1-6789@h.example;user=phone",
            "sip:+12025331234@h.example;user=phone;npdi;rn=+12025440000;cic=+16789",
        ] {
            let tel = Telephone::of(&Uri::parse(text.as_bytes()).unwrap()).unwrap();
            assert_eq!(
                (tel.number.as_str(), tel.npdi),
                ("+12025331234", true),
                "{text}"
            );
            assert_eq!(tel.rn.as_deref(), Some("+12025440000"), "{text}");
            assert_eq!(tel.cic.as_deref(), Some("+16789"), "{text}");
        }
        let local =
            Telephone::of(&Uri::parse(b"tel:7042;phone-context=example.com").unwrap()).unwrap();
        assert_eq!(
            (local.number.as_str(), local.context.as_deref()),
            ("7042", Some("example.com"))
        );
        assert_eq!(
            Telephone::of(&Uri::parse(b"sip:alice@example.com").unwrap()),
            None
        );
        assert_eq!(
            Telephone::of(&Uri::parse(b"sip:example.com").unwrap()),
            None
        );
    }
}
