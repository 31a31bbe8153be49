//! Why an identity was not believed, and the SIP answer RFC 8224 6.2.2 gives.

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    #[error("no Identity header of a known kind (ppt shaken, ES256)")]
    Missing,
    #[error("the certificate's address may not be asked: {0}")]
    CertificateAddress(String),
    #[error("the certificate could not be fetched")]
    CertificateUnavailable,
    #[error("the certificate is not trusted: {0}")]
    Certificate(String),
    #[error("the Identity header is malformed: {0}")]
    Malformed(String),
    #[error("the signature does not fit")]
    Signature,
    #[error("{what} is {signed} in the signature and {claimed} in the call")]
    Mismatch {
        what: &'static str,
        signed: String,
        claimed: String,
    },
    #[error("signed {0} s ago or ahead, at most 60 s are accepted")]
    Stale(i64),
    #[error("the key cannot sign: {0}")]
    Key(String),
}

impl IdentityError {
    /// Status and reason phrase.
    pub fn sip(&self) -> (u16, &'static str) {
        match self {
            Self::Missing => (428, "Use Identity Header"),
            Self::CertificateAddress(_) | Self::CertificateUnavailable => {
                (436, "Bad Identity Info")
            }
            Self::Certificate(_) => (437, "Unsupported Credential"),
            Self::Malformed(_) | Self::Signature | Self::Mismatch { .. } => {
                (438, "Invalid Identity Header")
            }
            Self::Stale(_) => (403, "Stale Date"),
            Self::Key(_) => (500, "Server Internal Error"),
        }
    }

    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "identity_missing",
            Self::CertificateAddress(_) => "identity_certificate_address",
            Self::CertificateUnavailable => "identity_certificate_unavailable",
            Self::Certificate(_) => "identity_certificate",
            Self::Malformed(_) => "identity_malformed",
            Self::Signature => "identity_signature",
            Self::Mismatch { .. } => "identity_mismatch",
            Self::Stale(_) => "identity_stale",
            Self::Key(_) => "identity_key",
        }
    }
}
