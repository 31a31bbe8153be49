//! Digest authentication (RFC 7616, RFC 8760): MD5 and SHA-256, as the side that asks (`server`) and that answers (`client`).
pub mod client;
pub mod params;
pub mod server;

use md5::Md5;
use sha2::{Digest, Sha256};

/// Strongest first: the order in which they are offered and chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    Sha256,
    Md5,
}

impl Algorithm {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    /// Absent means MD5. None: one that is not spoken here (`-sess`, SHA-512-256).
    #[must_use]
    pub fn parse(text: Option<&[u8]>) -> Option<Self> {
        match text {
            None => Some(Self::Md5),
            Some(t) if t.eq_ignore_ascii_case(b"MD5") => Some(Self::Md5),
            Some(t) if t.eq_ignore_ascii_case(b"SHA-256") => Some(Self::Sha256),
            Some(_) => None,
        }
    }

    /// Hash of the parts with colons between them, in lower-case hexadecimal.
    #[must_use]
    pub fn hash(self, parts: &[&[u8]]) -> String {
        let text = parts.join(&b':');
        match self {
            Self::Sha256 => hex(&Sha256::digest(&text)),
            Self::Md5 => hex(&Md5::digest(&text)),
        }
    }

    /// `user:realm:password`, what a server keeps instead of the password.
    #[must_use]
    pub fn ha1(self, user: &[u8], realm: &[u8], password: &[u8]) -> String {
        self.hash(&[user, realm, password])
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

/// The response of RFC 7616 section 3.4.1, `qop=auth` or none (RFC 2069).
fn response(
    algorithm: Algorithm,
    ha1: &str,
    nonce: &[u8],
    counted: Option<(&[u8], &[u8])>,
    method: &[u8],
    uri: &[u8],
) -> String {
    let ha2 = algorithm.hash(&[method, uri]);
    match counted {
        Some((nc, cnonce)) => {
            algorithm.hash(&[ha1.as_bytes(), nonce, nc, cnonce, b"auth", ha2.as_bytes()])
        }
        None => algorithm.hash(&[ha1.as_bytes(), nonce, ha2.as_bytes()]),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// RFC 7616 section 3.9.1.
    #[test]
    fn the_vectors_of_the_standard_come_out() {
        let nonce = b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let cnonce = b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (algorithm, expected) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                Algorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let ha1 = algorithm.ha1(b"Mufasa", b"http-auth@example.org", b"Circle of Life");
            let got = response(
                algorithm,
                &ha1,
                nonce,
                Some((b"00000001", cnonce)),
                b"GET",
                b"/dir/index.html",
            );
            assert_eq!(got, expected);
        }
        // RFC 2069 as RFC 2617 section 3.5 has it, without qop.
        let ha1 = Algorithm::Md5.ha1(b"Mufasa", b"testrealm@host.com", b"CircleOfLife");
        let got = response(
            Algorithm::Md5,
            &ha1,
            b"dcd98b7102dd2f0e8b11d0f600bfb0c093",
            None,
            b"GET",
            b"/dir/index.html",
        );
        assert_eq!(got, "1949323746fe6a43ef61f9606e7febea");
    }
}
