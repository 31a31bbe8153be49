//! Answering a challenge of a carrier.
use super::params::{fields, get, quote};
use super::{Algorithm, response};
use crate::sip::message::Message;
use crate::sip::name::Name;

/// What a carrier gave us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

/// Header name and value that answer a 401 or 407: of the challenges that can be answered the strongest, the first of equals.
/// `nonce_count` counts requests with one nonce, from 1. None: nothing that can be answered.
#[must_use]
pub fn answer(
    refusal: &Message,
    credentials: &Credentials,
    method: &str,
    uri: &[u8],
    cnonce: &str,
    nonce_count: u32,
) -> Option<(&'static str, String)> {
    let (asked, name) = match refusal.code() {
        401 => (Name::WwwAuthenticate, "Authorization"),
        407 => (Name::ProxyAuthenticate, "Proxy-Authorization"),
        _ => return None,
    };
    let mut best = None;
    for line in refusal.lines(asked).take(8) {
        let Some(challenge) = fields(line) else {
            continue;
        };
        let Some(algorithm) = Algorithm::parse(get(&challenge, "algorithm")) else {
            continue;
        };
        let auth = match get(&challenge, "qop") {
            None => false,
            Some(qop)
                if qop
                    .split(|b| *b == b',')
                    .any(|q| q.trim_ascii().eq_ignore_ascii_case(b"auth")) =>
            {
                true
            }
            Some(_) => continue,
        };
        if get(&challenge, "nonce").is_some()
            && best.as_ref().is_none_or(|(a, _, _)| algorithm < *a)
        {
            best = Some((algorithm, auth, challenge));
        }
    }
    let (algorithm, auth, challenge) = best?;
    let (realm, nonce) = (
        get(&challenge, "realm").unwrap_or(b""),
        get(&challenge, "nonce")?,
    );
    let ha1 = algorithm.ha1(
        credentials.user.as_bytes(),
        realm,
        credentials.password.as_bytes(),
    );
    let nc = format!("{nonce_count:08x}");
    let counted = auth.then_some((nc.as_bytes(), cnonce.as_bytes()));
    let response = response(algorithm, &ha1, nonce, counted, method.as_bytes(), uri);
    let mut out = format!(
        "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\", algorithm={}",
        quote(credentials.user.as_bytes()),
        quote(realm),
        quote(nonce),
        quote(uri),
        algorithm.as_str(),
    );
    if let Some(opaque) = get(&challenge, "opaque") {
        out += &format!(", opaque={}", quote(opaque));
    }
    if auth {
        out += &format!(", qop=auth, nc={nc}, cnonce=\"{cnonce}\"");
    }
    Some((name, out))
}
