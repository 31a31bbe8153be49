//! Signed callers (STIR/SHAKEN) with the keys of the configuration: our own signature under ordered calls, verification of those
//! that come back. Our own certificate is a file; those of other signers are fetched where the configuration allows it (`certificates`).
use std::path::Path;

use lcr_identity::{
    Attestation, CertificateChain, Claimed, IdentityHeader, Passport, Roots, Signer, verify,
    verstat,
};
use serde_json::{Value, json};
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::certificates::Certificates;
use super::config::IdentityWords;
use crate::EdgeError;
use crate::decision_id;

pub struct Signing {
    signer: Signer,
    attest: Attestation,
    chain: Option<CertificateChain>,
    roots: Roots,
    fetched: Option<Certificates>,
}

fn fault(text: String) -> EdgeError {
    EdgeError::config(format!("sip.identity: {text}"))
}

fn read(path: &Path) -> Result<Vec<u8>, EdgeError> {
    std::fs::read(path).map_err(|e| fault(format!("{} cannot be read: {e}", path.display())))
}

impl Signing {
    pub fn open(words: &IdentityWords) -> Result<Self, EdgeError> {
        let bytes = read(&words.key)?;
        let key = match PrivatePkcs8KeyDer::from_pem_slice(&bytes) {
            Ok(key) => key.secret_pkcs8_der().to_vec(),
            Err(_) => bytes,
        };
        let signer = Signer::new(&key, &words.x5u).map_err(|e| fault(e.to_string()))?;
        let attest = match words.attest.as_str() {
            "A" => Attestation::A,
            "B" => Attestation::B,
            "C" => Attestation::C,
            other => return Err(fault(format!("attest \"{other}\" is not A, B or C"))),
        };
        let chain = match &words.certificate {
            None => None,
            Some(path) => {
                let chain = CertificateChain::read(&read(path)?);
                Some(chain.map_err(|e| fault(format!("{}: {e}", path.display())))?)
            }
        };
        let roots = match &words.roots {
            None => Roots::default(),
            Some(path) => {
                let found = crate::tls::certificates("roots", path).map_err(fault)?;
                let der: Vec<Vec<u8>> = found.iter().map(|c| c.as_ref().to_vec()).collect();
                Roots::from_der(&der).map_err(|e| fault(e.to_string()))?
            }
        };
        Ok(Self {
            signer,
            attest,
            chain,
            roots,
            fetched: Certificates::open(words)?,
        })
    }

    /// Value of the Identity header, attestation and origination id.
    pub fn sign(&self, from: &str, number: &str, now_us: i64) -> Option<(String, String, String)> {
        let id = decision_id::DecisionIds::new(usize::MAX).next(now_us);
        let hex = decision_id::hex(id);
        let text = std::str::from_utf8(&hex).ok()?;
        let origid = [
            &text[..8],
            &text[8..12],
            &text[12..16],
            &text[16..20],
            &text[20..],
        ]
        .join("-");
        let passport = Passport {
            attestation: self.attest,
            destinations: vec![number.to_owned()],
            issued_at: now_us.div_euclid(1_000_000),
            origin: from.to_owned(),
            origination_id: origid.clone(),
            x5u: self.signer.x5u().to_owned(),
        };
        let value = self.signer.sign(&passport).ok()?;
        Some((value, format!("{:?}", self.attest), origid))
    }

    /// The certificates an Identity header names: our own from its file, others from where they may be fetched.
    pub async fn certificates(&self, value: &str) -> Option<CertificateChain> {
        let info = IdentityHeader::parse(value).ok()?.info;
        if info == self.signer.x5u() && self.chain.is_some() {
            return self.chain.clone();
        }
        self.fetched.as_ref()?.of(info).await
    }

    /// What an Identity header that arrived is worth.
    pub fn verify(
        &self,
        value: &str,
        chain: Option<&CertificateChain>,
        (from, number): (&str, &str),
        now_us: i64,
    ) -> Value {
        let claimed = Claimed {
            origin: from,
            destination: number,
        };
        let result = verify(
            value,
            &claimed,
            chain,
            &self.roots,
            now_us.div_euclid(1_000_000),
        );
        let word = verstat(&result).word();
        match result {
            Ok(verified) => {
                json!({"verstat": word, "attest": format!("{:?}", verified.passport.attestation), "orig": verified.passport.origin,
                "origid": verified.passport.origination_id})
            }
            Err(error) => json!({"verstat": word, "why": error.to_string()}),
        }
    }
}
