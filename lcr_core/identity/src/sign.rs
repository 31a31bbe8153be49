//! Our own signature under a call we originate.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use crate::IdentityError;
use crate::header::{IdentityHeader, encode};
use crate::passport::Passport;

/// A key of P-256 and where its certificate lies.
pub struct Signer {
    key: EcdsaKeyPair,
    x5u: String,
    random: SystemRandom,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Signer")
            .field("x5u", &self.x5u)
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// PKCS#8 DER.
    pub fn new(pkcs8: &[u8], x5u: &str) -> Result<Self, IdentityError> {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random)
            .map_err(|error| IdentityError::Key(error.to_string()))?;
        if !x5u.starts_with("https://")
            || !x5u
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'>')
        {
            return Err(IdentityError::CertificateAddress("not https".to_owned()));
        }
        Ok(Self {
            key,
            x5u: x5u.to_owned(),
            random,
        })
    }

    pub fn x5u(&self) -> &str {
        &self.x5u
    }

    /// The value of the Identity header. `x5u` is the signer's, whatever the passport says.
    pub fn sign(&self, passport: &Passport) -> Result<String, IdentityError> {
        let (header, claims) = Passport {
            x5u: self.x5u.clone(),
            ..passport.clone()
        }
        .json()?;
        let signed = format!(
            "{}.{}",
            encode(header.as_bytes()),
            encode(claims.as_bytes())
        );
        let signature = self
            .key
            .sign(&self.random, signed.as_bytes())
            .map_err(|_| IdentityError::Key("no randomness".to_owned()))?;
        Ok(IdentityHeader::write(
            &signed,
            signature.as_ref(),
            &self.x5u,
        ))
    }
}
