//! Verification, RFC 8224 6.2: known kind, numbers of the call, freshness, certificate, signature.

use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

use crate::IdentityError;
use crate::certificate::{Authority, CertificateChain, Roots};
use crate::header::{IdentityHeader, decode};
use crate::passport::{Passport, canonical_number};

/// Seconds an assertion may be old, or ahead of our clock.
const FRESH_SECONDS: i64 = 60;

/// The numbers of the call: of P-Asserted-Identity, else From; of To.
#[derive(Debug, Clone, Copy)]
pub struct Claimed<'a> {
    pub origin: &'a str,
    pub destination: &'a str,
}

/// An identity that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub passport: Passport,
    pub authority: Authority,
}

/// What is told to the next hop and kept with the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verstat {
    Passed,
    Failed,
    NoValidation,
}

impl Verstat {
    /// The value of the `verstat` parameter (3GPP TS 24.229).
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "TN-Validation-Passed",
            Self::Failed => "TN-Validation-Failed",
            Self::NoValidation => "No-TN-Validation",
        }
    }
}

/// A call without an identity, or whose certificate could not be asked for, was not validated; anything else that fails has failed.
pub fn verstat(result: &Result<Verified, IdentityError>) -> Verstat {
    match result {
        Ok(_) => Verstat::Passed,
        Err(
            IdentityError::Missing
            | IdentityError::CertificateUnavailable
            | IdentityError::CertificateAddress(_),
        ) => Verstat::NoValidation,
        Err(_) => Verstat::Failed,
    }
}

/// One Identity header against the call. `certificates` = what was fetched from its `info`; `now_seconds` UTC.
pub fn verify(
    value: &str,
    claimed: &Claimed,
    certificates: Option<&CertificateChain>,
    roots: &Roots,
    now_seconds: i64,
) -> Result<Verified, IdentityError> {
    let header = IdentityHeader::parse(value)?;
    let known = |word: Option<&str>, expected: &str| word.is_none_or(|word| word == expected);
    if !known(header.ppt, "shaken") || !known(header.alg, "ES256") {
        return Err(IdentityError::Missing);
    }
    let passport = Passport::read(&decode(header.header)?, &decode(header.claims)?)?;
    if passport.x5u != header.info {
        return Err(IdentityError::Mismatch {
            what: "the certificate's address",
            signed: passport.x5u,
            claimed: header.info.to_owned(),
        });
    }
    same("the caller", &[&passport.origin], claimed.origin)?;
    let destinations: Vec<&str> = passport.destinations.iter().map(String::as_str).collect();
    same("the called number", &destinations, claimed.destination)?;
    let apart = now_seconds.saturating_sub(passport.issued_at);
    if apart.saturating_abs() > FRESH_SECONDS {
        return Err(IdentityError::Stale(apart));
    }
    let certificates = certificates.ok_or(IdentityError::CertificateUnavailable)?;
    let point = certificates.trusted_key(roots, now_seconds)?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(header.signed.as_bytes(), &decode(header.signature)?)
        .map_err(|_| IdentityError::Signature)?;
    let origin = canonical_number(&passport.origin).unwrap_or_default();
    let authority = certificates.authority(&origin)?;
    Ok(Verified {
        passport,
        authority,
    })
}

fn same(what: &'static str, signed: &[&str], claimed: &str) -> Result<(), IdentityError> {
    let number = canonical_number(claimed);
    let found = number.is_some() && signed.iter().any(|one| canonical_number(one) == number);
    if found {
        return Ok(());
    }
    Err(IdentityError::Mismatch {
        what,
        signed: signed.join(", "),
        claimed: claimed.to_owned(),
    })
}
