//! The Identity header: `<header>.<claims>.<signature>;info=<address>;alg=ES256;ppt="shaken"` (RFC 8224 4).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::IdentityError;

/// Longer ones are no PASSporT.
const MAX_BYTES: usize = 8 * 1024;

/// The parts of one header, the token still encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityHeader<'a> {
    /// `<header>.<claims>`: what was signed.
    pub signed: &'a str,
    pub header: &'a str,
    pub claims: &'a str,
    pub signature: &'a str,
    pub info: &'a str,
    pub ppt: Option<&'a str>,
    pub alg: Option<&'a str>,
}

impl<'a> IdentityHeader<'a> {
    /// The compact form (`..signature`) is refused: SHAKEN demands the full one.
    pub fn parse(value: &'a str) -> Result<Self, IdentityError> {
        let malformed = |why: &str| IdentityError::Malformed(why.to_owned());
        if value.len() > MAX_BYTES {
            return Err(malformed("longer than 8 KiB"));
        }
        let mut parts = value.split(';').map(str::trim);
        let token = parts.next().unwrap_or("");
        let (signed, signature) = token
            .rsplit_once('.')
            .ok_or_else(|| malformed("no token of three parts"))?;
        let (header, claims) = signed
            .split_once('.')
            .ok_or_else(|| malformed("no token of three parts"))?;
        if header.is_empty() || claims.is_empty() || signature.is_empty() || claims.contains('.') {
            return Err(malformed("no token of three parts"));
        }
        let (mut info, mut ppt, mut alg) = (None, None, None);
        for part in parts {
            let (name, text) = part.split_once('=').unwrap_or((part, ""));
            let text = text.trim();
            let (place, text) = match name.trim() {
                name if name.eq_ignore_ascii_case("info") => {
                    let inner = text
                        .strip_prefix('<')
                        .and_then(|text| text.strip_suffix('>'));
                    (
                        &mut info,
                        inner.ok_or_else(|| malformed("info is not in angle brackets"))?,
                    )
                }
                name if name.eq_ignore_ascii_case("ppt") => (&mut ppt, text.trim_matches('"')),
                name if name.eq_ignore_ascii_case("alg") => (&mut alg, text.trim_matches('"')),
                _ => continue,
            };
            if place.replace(text).is_some() {
                return Err(malformed("a parameter stands there twice"));
            }
        }
        Ok(Self {
            signed,
            header,
            claims,
            signature,
            info: info.ok_or_else(|| malformed("no info parameter"))?,
            ppt,
            alg,
        })
    }

    pub(crate) fn write(signed: &str, signature: &[u8], info: &str) -> String {
        let signature = encode(signature);
        format!("{signed}.{signature};info=<{info}>;alg=ES256;ppt=\"shaken\"")
    }
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Result<Vec<u8>, IdentityError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| IdentityError::Malformed("no base64url".to_owned()))
}
