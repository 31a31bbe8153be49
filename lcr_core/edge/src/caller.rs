//! Who is asking: a key, or the source address of a trunk. Fails closed; a credential that is presented
//! and wrong never falls through to the address.
use std::borrow::Cow;
use std::net::IpAddr;

use lcr_core::access::{Key, Trunk};
use sha2::{Digest, Sha256};

use crate::answer::{Answer, Problem};
use crate::engine::Loaded;
use crate::head::Head;

/// The asking trunk and what it may do.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    pub trunk: &'a Trunk,
    pub may_explain: bool,
    /// What the rate limit counts by.
    pub limit_id: u64,
}

/// Why a caller is refused: status, code, detail, hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denied {
    pub status: u16,
    pub code: &'static str,
    pub detail: &'static str,
    pub hint: &'static str,
}

impl Denied {
    pub fn answer(&self, body: &mut Vec<u8>) -> Answer {
        let problem = Problem {
            status: self.status,
            code: self.code,
            detail: self.detail,
            hint: self.hint,
            parameter: None,
        };
        let mut answer = problem.answer(body);
        if self.status == 401 {
            answer.challenge = Some("Bearer realm=\"tandem\"");
        }
        answer
    }
}

const fn denied(
    status: u16,
    code: &'static str,
    detail: &'static str,
    hint: &'static str,
) -> Denied {
    Denied {
        status,
        code,
        detail,
        hint,
    }
}

pub const QUERY_SCOPE: &str = "lcr:query";
pub const CONTROL_SCOPE: &str = "lcr:control";
pub const EXPLAIN_SCOPE: &str = "lcr:explain";

const NO_CREDENTIAL: Denied = denied(
    401,
    "unauthenticated",
    "No key was sent, and no trunk has this source address.",
    "send Authorization: Bearer tk_..., or add the address to the trunk",
);
const BAD_SCHEME: Denied = denied(
    401,
    "bad_credential",
    "The Authorization field is neither a bearer key nor a user name with a key as password.",
    "send Authorization: Bearer tk_..., or the key as password",
);
const TWO_CREDENTIALS: Denied = denied(
    401,
    "two_credentials",
    "Authorization and X-Api-Key were both sent.",
    "send one of them",
);
pub const UNKNOWN_KEY: Denied = denied(
    401,
    "unknown_key",
    "This key is not known, or was revoked.",
    "create a key in the marketplace and use it",
);
const EXPIRED_KEY: Denied = denied(
    401,
    "expired_key",
    "This key has expired.",
    "create a new key in the marketplace",
);
const ELSEWHERE: Denied = denied(
    401,
    "key_from_elsewhere",
    "This key may not be used from this address.",
    "add the address to the key's networks: make a new key in the marketplace",
);
const TRUNK_OFF: Denied = denied(
    403,
    "trunk_disabled",
    "The trunk is switched off.",
    "switch the trunk on in the marketplace",
);
const NO_TRUNK: Denied = denied(
    403,
    "key_without_trunk",
    "This key belongs to no trunk.",
    "create a key for a trunk",
);
const NO_SCOPE: Denied = denied(
    403,
    "missing_scope",
    "This key does not have the scope lcr:query.",
    "create a key with the scope lcr:query",
);
const NO_CONTROL_SCOPE: Denied = denied(
    403,
    "missing_scope",
    "This key does not have the scope lcr:control.",
    "the operator creates such keys",
);
pub const NO_CONTROL: Denied = denied(
    401,
    "unauthenticated",
    "No key was sent, and this address may not command.",
    "send a key with the scope lcr:control, or name the address in control_from",
);
const AMBIGUOUS: Denied = denied(
    401,
    "ambiguous_source",
    "Several trunks have this source address and nothing tells them apart.",
    "send a key, or give the trunks different tech prefixes and dial them",
);

/// Longest key that is looked at, in bytes.
const MAX_KEY_BYTES: usize = 128;

/// Under which keys are looked up: the SHA-256 of a key.
pub type KeyDigest = [u8; 32];

/// That of the key a head presents, if it presents one that can be looked up.
pub fn key_digest(head: &Head<'_>) -> Option<KeyDigest> {
    Some(digest(&credential(head).ok()??))
}

fn digest(key: &str) -> KeyDigest {
    Sha256::digest(key.as_bytes()).into()
}

/// Identify the caller. `known` is the digest of the head's key, where it was worked out before; `dnis` is the number as
/// dialled: trunks that share an address differ by tech prefix.
pub fn identify<'a>(
    loaded: &'a Loaded,
    (head, known): (&Head<'_>, Option<&KeyDigest>),
    peer: Option<IpAddr>,
    dnis: &str,
    now_us: i64,
) -> Result<Caller<'a>, Denied> {
    if let Some(known) = known {
        return by_key(loaded, known, peer, now_us);
    }
    match credential(head)? {
        Some(key) => by_key(loaded, &digest(&key), peer, now_us),
        None => by_address(loaded, peer, dnis),
    }
}

#[cfg(fuzzing)]
pub fn fuzz(head: &Head<'_>) {
    let _ = credential(head);
}

/// The key as presented, if one is.
fn credential<'h>(head: &Head<'h>) -> Result<Option<Cow<'h, str>>, Denied> {
    let key = match (head.authorization, head.api_key) {
        (Some(_), Some(_)) => return Err(TWO_CREDENTIALS),
        (None, None) => return Ok(None),
        (None, Some(key)) => key.trim(),
        (Some(value), None) => match value.trim().split_once(' ') {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => key.trim(),
            Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
                return basic(pair.trim()).map(|key| Some(Cow::Owned(key)));
            }
            _ => return Err(BAD_SCHEME),
        },
    };
    let key = Cow::Borrowed(key);
    if key.len() > MAX_KEY_BYTES || !key.starts_with("tk_") {
        return Err(UNKNOWN_KEY);
    }
    Ok(Some(key))
}

/// The key of `user:key` in base64, the way of switches that know only user names and passwords. The user name is not looked at.
fn basic(text: &str) -> Result<String, Denied> {
    let pair = base64(text)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(BAD_SCHEME)?;
    let key = pair.split_once(':').ok_or(BAD_SCHEME)?.1;
    if key.len() > MAX_KEY_BYTES || !key.starts_with("tk_") {
        return Err(UNKNOWN_KEY);
    }
    Ok(key.to_owned())
}

/// RFC 4648, with or without padding; `None` for anything else.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if text.len() > 4 * MAX_KEY_BYTES || digits.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut held, mut bits) = (0u32, 0u32);
    for byte in digits.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    Some(out)
}

/// The id of a key that may command.
pub fn control_key(
    loaded: &Loaded,
    head: &Head<'_>,
    peer: Option<IpAddr>,
    now_us: i64,
) -> Result<i64, Denied> {
    let key = credential(head)?.ok_or(UNKNOWN_KEY)?;
    let found = valid_key(loaded, &digest(&key), peer, now_us)?;
    if !found.has_scope(CONTROL_SCOPE) {
        return Err(NO_CONTROL_SCOPE);
    }
    Ok(found.key_id)
}

fn valid_key<'a>(
    loaded: &'a Loaded,
    digest: &KeyDigest,
    peer: Option<IpAddr>,
    now_us: i64,
) -> Result<&'a Key, Denied> {
    let found = loaded.key(digest).ok_or(UNKNOWN_KEY)?;
    if found.is_expired(now_us) {
        return Err(EXPIRED_KEY);
    }
    if !found.may_come_from(peer) {
        return Err(ELSEWHERE);
    }
    Ok(found)
}

fn by_key<'a>(
    loaded: &'a Loaded,
    digest: &KeyDigest,
    peer: Option<IpAddr>,
    now_us: i64,
) -> Result<Caller<'a>, Denied> {
    let found = valid_key(loaded, digest, peer, now_us)?;
    if !found.has_scope(QUERY_SCOPE) {
        return Err(NO_SCOPE);
    }
    let trunk = found
        .trunk_id
        .and_then(|id| loaded.trunk(id))
        .ok_or(NO_TRUNK)?;
    if !trunk.enabled {
        return Err(TRUNK_OFF);
    }
    Ok(Caller {
        trunk,
        may_explain: found.has_scope(EXPLAIN_SCOPE),
        limit_id: found.key_id as u64,
    })
}

fn by_address<'a>(
    loaded: &'a Loaded,
    peer: Option<IpAddr>,
    dnis: &str,
) -> Result<Caller<'a>, Denied> {
    let Some(ip) = peer else {
        return Err(NO_CREDENTIAL);
    };
    let (mut best, mut tied, mut off): (Option<(usize, &'a Trunk)>, bool, bool) =
        (None, false, false);
    for trunk in loaded.trunks_at(ip) {
        if !trunk.enabled {
            off = true;
            continue;
        }
        // A tech prefix that is dialled counts by its length; one that is not, less than none at all.
        let rank = match trunk.tech_prefix.as_deref() {
            Some(prefix) if dnis.starts_with(prefix) => prefix.len() + 1,
            Some(_) => 0,
            None => 1,
        };
        match &best {
            Some((seen, _)) if *seen > rank => {}
            Some((seen, _)) if *seen == rank => tied = true,
            _ => {
                best = Some((rank, trunk));
                tied = false;
            }
        }
    }
    match best {
        Some(_) if tied => Err(AMBIGUOUS),
        // Ids of trunks and of keys are different series: the top bit keeps their limits apart.
        Some((_, trunk)) => Ok(Caller {
            trunk,
            may_explain: false,
            limit_id: trunk.trunk_id as u64 | 1 << 63,
        }),
        None if off => Err(TRUNK_OFF),
        None => Err(NO_CREDENTIAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_come_as_a_password() {
        // kamailio:tk_acme_live
        assert_eq!(
            basic("a2FtYWlsaW86dGtfYWNtZV9saXZl").as_deref(),
            Ok("tk_acme_live")
        );
        assert_eq!(basic("OnRrX2E=").as_deref(), Ok("tk_a"));
        assert_eq!(basic("dTpw").unwrap_err().code, "unknown_key");
        for bad in ["", "?", "dGtfYQ==", "A", "____"] {
            assert_eq!(basic(bad).unwrap_err().code, "bad_credential", "{bad}");
        }
    }
}
