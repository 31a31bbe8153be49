//! The claims of a SHAKEN PASSporT (RFC 8588) and their canonical JSON: keys sorted, no spaces (RFC 8225 9).

use serde::{Deserialize, Serialize};

use crate::IdentityError;

/// A = the signer knows the customer and its right to the number; B = the customer only; C = it is a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Attestation {
    A,
    B,
    C,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passport {
    pub attestation: Attestation,
    /// Called numbers, E.164 digits.
    pub destinations: Vec<String>,
    /// Seconds since 1970.
    pub issued_at: i64,
    pub origin: String,
    /// A UUID for traceback.
    pub origination_id: String,
    /// Where the certificate lies.
    pub x5u: String,
}

// Fields in the order of the alphabet: serde writes them as they stand.
#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    ppt: String,
    typ: String,
    x5u: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    attest: Attestation,
    dest: Destinations,
    iat: i64,
    orig: Origin,
    origid: String,
}

#[derive(Serialize, Deserialize)]
struct Destinations {
    tn: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Origin {
    tn: String,
}

/// More called numbers than any call has.
const MAX_DESTINATIONS: usize = 16;
const MAX_DIGITS: usize = 15;

impl Passport {
    /// Header and claims as canonical JSON.
    pub(crate) fn json(&self) -> Result<(String, String), IdentityError> {
        let header = Header {
            alg: "ES256".to_owned(),
            ppt: "shaken".to_owned(),
            typ: "passport".to_owned(),
            x5u: self.x5u.clone(),
        };
        let claims = Claims {
            attest: self.attestation,
            dest: Destinations {
                tn: self.destinations.clone(),
            },
            iat: self.issued_at,
            orig: Origin {
                tn: self.origin.clone(),
            },
            origid: self.origination_id.clone(),
        };
        let write = |error: serde_json::Error| IdentityError::Malformed(error.to_string());
        let header = serde_json::to_string(&header).map_err(write)?;
        Ok((header, serde_json::to_string(&claims).map_err(write)?))
    }

    /// Of decoded header and claims. `Missing` when it is a PASSporT of a kind we do not know.
    pub(crate) fn read(header: &[u8], claims: &[u8]) -> Result<Self, IdentityError> {
        let read = |error: serde_json::Error| IdentityError::Malformed(error.to_string());
        let header: Header = serde_json::from_slice(header).map_err(read)?;
        if header.typ != "passport" || header.alg != "ES256" || header.ppt != "shaken" {
            return Err(IdentityError::Missing);
        }
        let claims: Claims = serde_json::from_slice(claims).map_err(read)?;
        let wrong = |what: &str| IdentityError::Malformed(what.to_owned());
        if claims.dest.tn.is_empty() || claims.dest.tn.len() > MAX_DESTINATIONS {
            return Err(wrong("dest names no number, or too many"));
        }
        if canonical_number(&claims.orig.tn).is_none()
            || claims
                .dest
                .tn
                .iter()
                .any(|tn| canonical_number(tn).is_none())
        {
            return Err(wrong("orig and dest must be numbers"));
        }
        Ok(Self {
            attestation: claims.attest,
            destinations: claims.dest.tn,
            issued_at: claims.iat,
            origin: claims.orig.tn,
            origination_id: claims.origid,
            x5u: header.x5u,
        })
    }
}

/// A number as RFC 8224 8.3 compares it: digits only, without the plus. None when it holds anything but digits and the usual marks.
pub fn canonical_number(text: &str) -> Option<String> {
    let mut digits = String::new();
    for letter in text.strip_prefix('+').unwrap_or(text).chars() {
        match letter {
            '0'..='9' | '*' | '#' => digits.push(letter),
            ' ' | '-' | '.' | '(' | ')' => {}
            _ => return None,
        }
    }
    (1..=MAX_DIGITS).contains(&digits.len()).then_some(digits)
}
