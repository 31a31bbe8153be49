//! RFC 4475: what becomes of each of its 49 messages. 24 lie bit-exact among the shared fixtures (skipped, and said so, where
//! those are not there); of the other 25 `torture_texts` has messages of our own with the same features.
use std::path::PathBuf;

use super::torture_texts::text;
use crate::sip::message::{Message, Rejected};
use crate::sip::screen::{CALLS, screen};

/// 0: accepted (a request acted on, a response used). 1: dropped without an answer. Else the status it is refused with.
const VERDICTS: [(&str, u16); 49] = [
    ("wsinv", 0),
    ("intmeth", 501),
    ("esc01", 0),
    ("escnull", 405),
    ("esc02", 501),
    ("lwsdisp", 0),
    ("longreq", 0),
    ("dblreq", 405),
    ("semiuri", 0),
    ("transports", 0),
    ("mpart01", 405),
    ("unreason", 0),
    ("noreason", 0),
    ("badinv01", 400),
    ("clerr", 400),
    ("ncl", 400),
    ("scalar02", 400),
    ("scalarlg", 1),
    ("quotbal", 400),
    ("ltgtruri", 400),
    ("lwsruri", 400),
    ("lwsstart", 400),
    ("trws", 400),
    ("escruri", 400),
    ("baddate", 400),
    ("regbadct", 400),
    ("badaspec", 400),
    ("baddn", 400),
    ("badvers", 505),
    ("mismatch01", 400),
    ("mismatch02", 400),
    ("bigcode", 1),
    // A cookie without an identifier falls back to the matching of RFC 2543: see `transaction`.
    ("badbranch", 0),
    ("insuf", 400),
    ("unkscm", 416),
    ("novelsc", 416),
    // The scheme is strange in To alone: a registrar's business, and REGISTER is none of ours.
    ("unksm2", 405),
    ("bext01", 420),
    ("invut", 415),
    ("regaut01", 405),
    ("multi01", 400),
    ("mcl01", 400),
    // Well-formed; its topmost Via names no transaction of ours, so it goes nowhere.
    ("bcast", 0),
    ("zeromf", 0),
    ("cparam01", 405),
    ("cparam02", 405),
    ("regescrt", 405),
    ("sdp01", 406),
    ("inv2543", 0),
];

fn verdict(bytes: &[u8]) -> (u16, String) {
    match Message::parse(bytes) {
        Ok(message) => match screen(&message, &CALLS) {
            None => (0, "taken".into()),
            Some(refusal) => (refusal.status, format!("{:?}", refusal.header)),
        },
        Err(Rejected {
            fault,
            request: Some(_),
        }) => (fault.status, fault.what.into()),
        Err(Rejected {
            fault,
            request: None,
        }) => (1, fault.what.into()),
    }
}

fn shared() -> PathBuf {
    std::env::var_os("TANDEM_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        PathBuf::from,
    )
}

fn message(name: &str) -> Option<Vec<u8>> {
    if let Some(text) = text(name) {
        return Some(text.into_bytes());
    }
    std::fs::read(
        shared()
            .join("fixtures/sip/php-sip/rfc4475")
            .join(format!("{name}.dat")),
    )
    .ok()
}

#[test]
fn every_message_of_rfc_4475_gets_its_verdict() {
    let mut missing = Vec::new();
    for (name, expected) in VERDICTS {
        let Some(bytes) = message(name) else {
            missing.push(name);
            continue;
        };
        let (status, what) = verdict(&bytes);
        assert_eq!(status, expected, "{name}: {what}");
    }
    println!(
        "{} of 49 messages have their verdict",
        VERDICTS.len() - missing.len()
    );
    if !missing.is_empty() {
        println!("skipped, shared fixtures are not there: {missing:?}");
    }
}

#[test]
fn the_tortuous_invite_is_read_to_the_last_parameter() {
    use crate::sip::name::Name;
    let Some(bytes) = message("wsinv") else {
        println!("skipped, shared fixtures are not there");
        return;
    };
    let m = Message::parse(&bytes).unwrap();
    assert_eq!(
        (m.from_tag(), m.to_tag()),
        (Some(&b"98asjd8"[..]), Some(&b"1918181833n"[..]))
    );
    assert_eq!((m.cseq(), m.seconds(Name::MaxForwards)), (9, Some(68)));
    assert_eq!(m.branch(), Some(&b"390skdjuw"[..]));
    assert_eq!(m.values(Name::Via).count(), 3);
    assert_eq!(m.values(Name::Route).count(), 1);
    assert_eq!(m.contact().unwrap().param(b"q"), Some(&b"0.33"[..]));
    assert_eq!(m.header(Name::Subject), Some(&b""[..]));
    assert_eq!(m.body().len(), 150);
}

#[test]
fn the_second_message_of_a_datagram_is_left_alone() {
    let Some(bytes) = message("dblreq") else {
        println!("skipped, shared fixtures are not there");
        return;
    };
    let m = Message::parse(&bytes).unwrap();
    assert_eq!((m.method_text(), m.body()), (&b"REGISTER"[..], &b""[..]));
}
