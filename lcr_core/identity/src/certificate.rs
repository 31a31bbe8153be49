//! STI certificates: a chain to one of our roots, and what the TNAuthList (RFC 8226) lets its holder speak for.

use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{
    EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert,
};

use crate::IdentityError;
use crate::der::{self, Elements};

/// 1.3.6.1.5.5.7.1.26
const TN_AUTH_LIST: [u8; 8] = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1a];
/// What stands before the point of a P-256 key in its SubjectPublicKeyInfo.
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const MAX_CHAIN: usize = 6;
const PEM_BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const PEM_END: &str = "-----END CERTIFICATE-----";

/// The roots of the trust list we were configured with.
#[derive(Debug, Default)]
pub struct Roots {
    anchors: Vec<TrustAnchor<'static>>,
}

impl Roots {
    /// DER of each root. A damaged one is refused.
    pub fn from_der(roots: &[Vec<u8>]) -> Result<Self, IdentityError> {
        let mut anchors = Vec::with_capacity(roots.len());
        for root in roots {
            let der = CertificateDer::from(root.as_slice());
            anchors.push(
                anchor_from_trusted_cert(&der)
                    .map_err(untrusted)?
                    .to_owned(),
            );
        }
        Ok(Self { anchors })
    }
}

/// What was fetched from x5u: the signer's certificate, then those that lead to a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateChain {
    pub signer: Vec<u8>,
    pub others: Vec<Vec<u8>>,
}

/// What a certificate lets its holder speak for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// A provider code: the numbers are that provider's affair.
    Provider(String),
    /// The number stands in the list itself.
    Number,
}

/// STI certificates are for calls, not for TLS: any extended use is accepted.
struct AnyUse;

impl ExtendedKeyUsageValidator for AnyUse {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

fn untrusted(error: webpki::Error) -> IdentityError {
    IdentityError::Certificate(error.to_string())
}

impl CertificateChain {
    /// PEM (one or more) or the DER of one certificate.
    pub fn read(bytes: &[u8]) -> Result<Self, IdentityError> {
        let wrong = |why: &str| IdentityError::Certificate(why.to_owned());
        let mut found = match std::str::from_utf8(bytes) {
            Ok(text) if text.contains(PEM_BEGIN) => pem(text)?,
            _ => vec![bytes.to_vec()],
        };
        if found.len() > MAX_CHAIN {
            return Err(wrong("more than 6 certificates"));
        }
        let signer = found.remove(0);
        Ok(Self {
            signer,
            others: found,
        })
    }

    /// The P-256 point of the signer's key, when its chain leads to a root at that time.
    pub(crate) fn trusted_key(
        &self,
        roots: &Roots,
        now_seconds: i64,
    ) -> Result<Vec<u8>, IdentityError> {
        let wrong = |why: &str| IdentityError::Certificate(why.to_owned());
        let der = CertificateDer::from(self.signer.as_slice());
        let signer = EndEntityCert::try_from(&der).map_err(untrusted)?;
        let others: Vec<_> = self
            .others
            .iter()
            .map(|other| CertificateDer::from(other.as_slice()))
            .collect();
        let seconds = u64::try_from(now_seconds).map_err(|_| wrong("a time before 1970"))?;
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let algorithms = webpki::ALL_VERIFICATION_ALGS;
        signer
            .verify_for_usage(
                algorithms,
                &roots.anchors,
                &others,
                time,
                AnyUse,
                None,
                None,
            )
            .map_err(untrusted)?;
        let spki = signer.subject_public_key_info();
        let point = spki
            .strip_prefix(&P256_PREFIX[..])
            .filter(|point| point.len() == 65)
            .ok_or_else(|| wrong("the key is not of P-256"))?;
        Ok(point.to_vec())
    }

    /// Whether the signer may speak for a number (digits).
    pub fn authority(&self, number: &str) -> Result<Authority, IdentityError> {
        let wrong = |why: &str| IdentityError::Certificate(why.to_owned());
        let value = der::extension(&self.signer, &TN_AUTH_LIST)
            .ok_or_else(|| wrong("it has no TNAuthList"))?;
        let list =
            der::only(value, der::SEQUENCE).ok_or_else(|| wrong("its TNAuthList is damaged"))?;
        let mut provider = None;
        for entry in Elements(list) {
            match entry.tag {
                0xa0 => {
                    let code = der::only(entry.content, der::IA5)
                        .and_then(|code| std::str::from_utf8(code).ok());
                    provider = provider.or(code);
                }
                0xa1 if covers(entry.content, number) == Some(true) => {
                    return Ok(Authority::Number);
                }
                0xa2 if der::only(entry.content, der::IA5) == Some(number.as_bytes()) => {
                    return Ok(Authority::Number);
                }
                _ => {}
            }
        }
        provider
            .map(|code| Authority::Provider(code.to_owned()))
            .ok_or_else(|| wrong("its TNAuthList does not hold the caller's number"))
    }
}

/// TelephoneNumberRange: start, count. Numbers of one length only.
fn covers(range: &[u8], number: &str) -> Option<bool> {
    let mut parts = Elements(der::only(range, der::SEQUENCE)?);
    let start = parts.next().filter(|part| part.tag == der::IA5)?;
    let count = parts
        .next()
        .filter(|part| part.tag == der::INTEGER && part.content.len() <= 8)?;
    let count = count
        .content
        .iter()
        .fold(0u64, |count, byte| count << 8 | u64::from(*byte));
    let start = std::str::from_utf8(start.content).ok()?;
    let (first, asked): (u64, u64) = (start.parse().ok()?, number.parse().ok()?);
    Some(start.len() == number.len() && asked >= first && asked - first < count)
}

fn pem(text: &str) -> Result<Vec<Vec<u8>>, IdentityError> {
    use base64::Engine;
    let damaged = || IdentityError::Certificate("damaged PEM".to_owned());
    let mut found = Vec::new();
    for part in text.split(PEM_BEGIN).skip(1) {
        let (body, _) = part.split_once(PEM_END).ok_or_else(damaged)?;
        let joined: String = body.split_ascii_whitespace().collect();
        let der = base64::engine::general_purpose::STANDARD.decode(joined);
        found.push(der.map_err(|_| damaged())?);
        if found.len() > MAX_CHAIN {
            break;
        }
    }
    Ok(found)
}
