//! Signed caller identity: SHAKEN PASSporTs (RFC 8225, 8588) in the Identity header (RFC 8224), signed and verified.
//!
//! Map: `der` (just enough ASN.1) · `header` (the Identity header's parts) · `passport` (claims, canonical JSON) · `certificate` (chain to
//! our roots, TNAuthList of RFC 8226) · `sign` · `verify` (one answer per call: verstat, or the SIP code that refuses it) · `fetch` (which
//! certificate addresses may be asked at all). Pure: the caller gives the time and the certificates it fetched.
#![deny(unsafe_code)]

mod certificate;
mod der;
mod error;
mod fetch;
mod header;
mod passport;
mod sign;
mod verify;

pub use certificate::{Authority, CertificateChain, Roots};
pub use error::IdentityError;
pub use fetch::{MAX_CERTIFICATE_BYTES, x5u_host};
pub use header::IdentityHeader;
pub use passport::{Attestation, Passport, canonical_number};
pub use sign::Signer;
pub use verify::{Claimed, Verified, Verstat, verify, verstat};
