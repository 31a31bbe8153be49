//! Signed calls under a public-key infrastructure of our own: root, intermediate, signers with a TNAuthList.
#![allow(clippy::unwrap_used)]

use lcr_identity::*;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, date_time_ymd,
};

const NOW: i64 = 1_763_750_000;
const X5U: &str = "https://certs.example/shaken.pem";
const TN_AUTH_LIST: [u64; 9] = [1, 3, 6, 1, 5, 5, 7, 1, 26];

/// TNAuthList entries as DER.
fn provider(code: &str) -> Vec<u8> {
    tagged(0xa0, &tagged(0x16, code.as_bytes()))
}

fn range(start: &str, count: u8) -> Vec<u8> {
    let body = [tagged(0x16, start.as_bytes()), tagged(0x02, &[count])].concat();
    tagged(0xa1, &tagged(0x30, &body))
}

fn one(number: &str) -> Vec<u8> {
    tagged(0xa2, &tagged(0x16, number.as_bytes()))
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, content.len() as u8][..], content].concat()
}

struct Pki {
    roots: Roots,
    chain: CertificateChain,
    signer: Signer,
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn pki(entries: Option<Vec<u8>>, algorithm: &'static rcgen::SignatureAlgorithm) -> Pki {
    let root_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let root_params = authority("STI root");
    let root = root_params.self_signed(&root_key).unwrap();
    let root_issuer = Issuer::new(root_params, root_key);
    let middle_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let middle_params = authority("STI intermediate");
    let middle = middle_params.signed_by(&middle_key, &root_issuer).unwrap();
    let middle_issuer = Issuer::new(middle_params, middle_key);
    let key = KeyPair::generate_for(algorithm).unwrap();
    let mut params = named("SHAKEN 1234");
    if let Some(entries) = entries {
        let content = tagged(0x30, &entries);
        params.custom_extensions = vec![CustomExtension::from_oid_content(&TN_AUTH_LIST, content)];
    }
    let signer = params.signed_by(&key, &middle_issuer).unwrap();
    let signing = if algorithm == &PKCS_ECDSA_P256_SHA256 {
        key.serialize_der()
    } else {
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
            .unwrap()
            .serialize_der()
    };
    Pki {
        roots: Roots::from_der(&[root.der().to_vec()]).unwrap(),
        chain: CertificateChain {
            signer: signer.der().to_vec(),
            others: vec![middle.der().to_vec()],
        },
        signer: Signer::new(&signing, X5U).unwrap(),
    }
}

fn usual() -> Pki {
    pki(Some(provider("1234")), &PKCS_ECDSA_P256_SHA256)
}

fn passport() -> Passport {
    Passport {
        attestation: Attestation::A,
        destinations: vec!["12125551213".to_owned()],
        issued_at: NOW - 5,
        origin: "12155551212".to_owned(),
        origination_id: "123e4567-e89b-12d3-a456-426655440000".to_owned(),
        x5u: X5U.to_owned(),
    }
}

const CALL: Claimed = Claimed {
    origin: "+1 (215) 555-1212",
    destination: "+12125551213",
};

fn check(pki: &Pki, header: &str) -> Result<Verified, IdentityError> {
    verify(header, &CALL, Some(&pki.chain), &pki.roots, NOW)
}

fn base64url(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

#[test]
fn what_we_sign_is_verified() {
    let pki = usual();
    let header = pki.signer.sign(&passport()).unwrap();
    let result = check(&pki, &header);
    let verified = result.as_ref().unwrap();
    assert_eq!(verified.passport, passport());
    assert_eq!(verified.authority, Authority::Provider("1234".to_owned()));
    assert_eq!(verstat(&result).word(), "TN-Validation-Passed");
    assert!(header.ends_with(";info=<https://certs.example/shaken.pem>;alg=ES256;ppt=\"shaken\""));
}

#[test]
fn the_token_is_the_canonical_json_of_the_rfc() {
    let header = usual().signer.sign(&passport()).unwrap();
    let claims = format!(
        r#"{{"attest":"A","dest":{{"tn":["12125551213"]}},"iat":{},"orig":{{"tn":"12155551212"}},"origid":"123e4567-e89b-12d3-a456-426655440000"}}"#,
        NOW - 5
    );
    let protected = format!(r#"{{"alg":"ES256","ppt":"shaken","typ":"passport","x5u":"{X5U}"}}"#);
    let parsed = IdentityHeader::parse(&header).unwrap();
    assert_eq!(
        (parsed.header, parsed.claims),
        (&*base64url(&protected), &*base64url(&claims))
    );
    assert_eq!(parsed.signature.len(), 86, "64 bytes, r and s");
}

#[test]
fn every_changed_byte_of_the_token_is_noticed() {
    let pki = usual();
    let header = pki.signer.sign(&passport()).unwrap();
    let end = header.find(';').unwrap();
    for at in (0..end).step_by(3) {
        let mut bytes = header.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        // The last letter of the signature holds bits that are not used.
        assert!(check(&pki, &changed).is_err() || at + 1 == end, "byte {at}");
    }
}

#[test]
fn other_numbers_than_those_signed_fail() {
    let pki = usual();
    let header = pki.signer.sign(&passport()).unwrap();
    for claimed in [
        Claimed {
            origin: "+12155551213",
            ..CALL
        },
        Claimed {
            destination: "+12125551214",
            ..CALL
        },
        Claimed {
            origin: "anonymous",
            ..CALL
        },
    ] {
        let result = verify(&header, &claimed, Some(&pki.chain), &pki.roots, NOW);
        assert!(
            matches!(result, Err(IdentityError::Mismatch { .. })),
            "{claimed:?}"
        );
        assert_eq!(verstat(&result).word(), "TN-Validation-Failed");
        assert_eq!(result.unwrap_err().sip(), (438, "Invalid Identity Header"));
    }
}

#[test]
fn sixty_seconds_are_fresh_and_sixty_one_are_not() {
    let pki = usual();
    for (issued_at, fresh) in [
        (NOW - 60, true),
        (NOW - 61, false),
        (NOW + 60, true),
        (NOW + 61, false),
        (i64::MIN, false),
    ] {
        let header = pki
            .signer
            .sign(&Passport {
                issued_at,
                ..passport()
            })
            .unwrap();
        let result = check(&pki, &header);
        assert_eq!(result.is_ok(), fresh, "{issued_at}");
        if let Err(error) = result {
            assert_eq!(error.sip(), (403, "Stale Date"));
        }
    }
}

#[test]
fn another_root_and_a_missing_intermediate_are_not_trusted() {
    let (pki, other) = (usual(), usual());
    let header = pki.signer.sign(&passport()).unwrap();
    let wrong_root = verify(&header, &CALL, Some(&pki.chain), &other.roots, NOW).unwrap_err();
    assert_eq!(wrong_root.sip(), (437, "Unsupported Credential"));
    let alone = CertificateChain {
        others: Vec::new(),
        ..pki.chain.clone()
    };
    let result = verify(&header, &CALL, Some(&alone), &pki.roots, NOW);
    assert!(matches!(result, Err(IdentityError::Certificate(_))));
    let wrong_signer = verify(&header, &CALL, Some(&other.chain), &other.roots, NOW);
    assert_eq!(wrong_signer, Err(IdentityError::Signature));
}

#[test]
fn a_certificate_counts_only_within_its_time() {
    let pki = usual();
    let later = NOW + 3 * 366 * 86_400;
    let header = pki
        .signer
        .sign(&Passport {
            issued_at: later,
            ..passport()
        })
        .unwrap();
    let result = verify(&header, &CALL, Some(&pki.chain), &pki.roots, later);
    assert!(
        matches!(result, Err(IdentityError::Certificate(_))),
        "{result:?}"
    );
}

#[test]
fn the_authority_list_must_hold_the_caller() {
    let cases = [
        (Some(one("12155551212")), Some(Authority::Number)),
        (Some(one("12155551299")), None),
        (Some(range("12155551200", 13)), Some(Authority::Number)),
        (Some(range("12155551200", 12)), None),
        (
            Some([one("1"), provider("709J")].concat()),
            Some(Authority::Provider("709J".to_owned())),
        ),
        (None, None),
    ];
    for (entries, authority) in cases {
        let pki = pki(entries.clone(), &PKCS_ECDSA_P256_SHA256);
        let header = pki.signer.sign(&passport()).unwrap();
        let result = check(&pki, &header);
        assert_eq!(
            result.clone().ok().map(|one| one.authority),
            authority,
            "{entries:?}"
        );
        if let Err(error) = result {
            assert_eq!(error.sip().0, 437);
        }
    }
}

#[test]
fn a_key_of_another_curve_is_refused() {
    let pki = pki(Some(provider("1234")), &PKCS_ECDSA_P384_SHA384);
    let header = pki.signer.sign(&passport()).unwrap();
    assert!(matches!(
        check(&pki, &header),
        Err(IdentityError::Certificate(_))
    ));
}

#[test]
fn unknown_kinds_and_absent_certificates_are_not_validated() {
    let pki = usual();
    let header = pki.signer.sign(&passport()).unwrap();
    let other_kind = header.replace("shaken\"", "div\"");
    let result = check(&pki, &other_kind);
    assert_eq!(
        (&result, verstat(&result)),
        (&Err(IdentityError::Missing), Verstat::NoValidation)
    );
    let absent = verify(&header, &CALL, None, &pki.roots, NOW);
    assert_eq!(verstat(&absent).word(), "No-TN-Validation");
    assert_eq!(absent.unwrap_err().sip(), (436, "Bad Identity Info"));
}

#[test]
fn malformed_headers_are_refused_with_the_reason() {
    let pki = usual();
    let header = pki.signer.sign(&passport()).unwrap();
    let token = header.split(';').next().unwrap();
    let none = base64url("{}");
    for bad in [
        String::new(),
        "a.b".to_owned(),
        token.to_owned(),
        format!("{token};info=https://certs.example/shaken.pem"),
        format!("{header};ppt=shaken"),
        format!(
            "..{};info=<{X5U}>;ppt=shaken",
            token.rsplit('.').next().unwrap()
        ),
        format!("{none}.{none}.AAAA;info=<{X5U}>;ppt=shaken"),
        format!("@@.{none}.AAAA;info=<{X5U}>;ppt=shaken"),
        "x".repeat(10_000),
    ] {
        assert!(
            matches!(check(&pki, &bad), Err(IdentityError::Malformed(_))),
            "{bad:.80}"
        );
    }
    let other_address = header.replace("info=<https://certs.example", "info=<https://certs.evil");
    assert!(matches!(
        check(&pki, &other_address),
        Err(IdentityError::Mismatch { .. })
    ));
}

#[test]
fn chains_are_read_as_pem_and_as_der() {
    let pki = usual();
    let pem: String = [&pki.chain.signer, &pki.chain.others[0]]
        .iter()
        .map(|der| {
            use base64::Engine;
            let body = base64::engine::general_purpose::STANDARD.encode(der);
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        })
        .collect();
    assert_eq!(CertificateChain::read(pem.as_bytes()).unwrap(), pki.chain);
    assert_eq!(
        CertificateChain::read(&pki.chain.signer).unwrap().signer,
        pki.chain.signer
    );
    assert!(CertificateChain::read(b"-----BEGIN CERTIFICATE-----\nAAA").is_err());
    let garbage = CertificateChain::read(b"garbage").unwrap();
    assert!(matches!(
        garbage.authority("1"),
        Err(IdentityError::Certificate(_))
    ));
}
